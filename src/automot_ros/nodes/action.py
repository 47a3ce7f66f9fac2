"""The action node: sensors and the newest context in, a draft out, 20 times a second. See driving/action.py."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from automot_ros.base.errors import AutomotError, ContextError
from automot_ros.base.quantity import choice, quantity
from automot_ros.context.codec import decode
from automot_ros.context.ring import RingReader
from automot_ros.data.vehicle_files import read_rig
from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.msg import ActionDraft, AttentionContext, DrivingDecision
from automot_ros.nodes import convert, convert_plan, qos
from automot_ros.nodes.camera_input import CameraConfig, CameraInput, points_of
from automot_ros.nodes.lifecycle import ERROR, OK, WARN, DrivingNode, run_node, settle
from automot_ros.nodes.liveness import InputLiveness
from automot_ros.nodes.lockstep import Answer, Intake
from automot_ros.nodes.pacing import Pacer
from automot_ros.nodes.policies import POLICY_TEXT, action_policy
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS


@dataclass(frozen=True, kw_only=True)
class ActionNodeConfig(ActionConfig, CameraConfig):
    """ActionConfig and what the node adds to it."""

    policy: str = choice("nano", (), f"What plans: {POLICY_TEXT}.")
    rate_hz: float = quantity(20.0, "Hz", "Real time: drafts a second.", low=1.0, high=50.0)


class ActionNode(DrivingNode):
    """Carries messages to and from ActionCore."""

    CONFIG: ClassVar = {"": ActionNodeConfig}

    def __init__(self) -> None:
        super().__init__("action")
        self._ring = RingReader()
        self._route: Route | None = None
        self._timer: Any = None

    def set_up(self) -> None:
        """Load the action expert, then open the topics."""
        self._config = self.config(ActionNodeConfig)
        rig = read_rig(self._config.rig)
        self._camera, self._lidar = CameraInput(rig.cameras[0]), rig.lidar
        self._policy, self.model_hash = action_policy(self._config.policy, rig.lidar.position_ego_m)
        self.get_logger().info(f"policy {self._config.policy}, model hash {self.model_hash}")
        lockstep = self._config.lockstep
        self._draft = Answer(self.publish_on(ActionDraft, "~/output/draft", qos.PLAN))
        self._decision_pub = self.publish_on(DrivingDecision, "~/output/decision", qos.PLAN)
        self._taken_pub = self.publish_on(Header, "~/output/taken", qos.TAKEN)
        self.subscribe(Path, "~/input/route", self._on_route, qos.LATCHED, always=True)
        self.subscribe(AttentionContext, "~/input/attention_context", self._on_context, qos.context(lockstep))
        self.subscribe(Odometry, "~/input/odometry", self._on_odometry, qos.sensor(lockstep))
        self.subscribe(PointCloud2, "~/input/points", self._on_points, qos.sensor(lockstep))
        if self._config.image_transport == "compressed":
            self.subscribe(CompressedImage, "~/input/image", self._on_image, qos.sensor(lockstep))
        else:
            self.subscribe(Image, "~/input/image", self._on_image, qos.sensor(lockstep))
        settle()

    def reset(self) -> None:
        """A new drive: nothing seen but the route."""
        self._core = ActionCore(self._config, self._policy, self.model_hash)
        if self._route is not None:
            self._core.observe_route(self._route)
        self._liveness = InputLiveness("points", "image")
        self._pacer = Pacer(self._config.rate_hz, self.pace_s)
        self._intake = Intake("odometry", "points", "image")
        self._draft.forget()

    def start(self) -> None:
        """Real time: the timer steps in when the inputs do not set the beat."""
        if not self._config.lockstep:
            self._timer = self.every(0.5 / self._config.rate_hz, self._on_timer)

    def stop(self) -> None:
        """No more drafts."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def tear_down(self) -> None:
        """Let go of the ring."""
        self._ring.close()

    def _on_route(self, message: Path) -> None:
        self._route = convert.route_from_msg(message)
        if self.active:
            self._core.observe_route(self._route)

    def _on_context(self, message: AttentionContext) -> None:
        record = convert_plan.context_from_msg(message)
        if record.model_hash != self.model_hash:
            raise ContextError("context of another model", where=f"context {record.sequence}",
                               got=record.model_hash[:16], wanted=self.model_hash)
        context = self._ring.take(record) if record.payload is None else decode(record, record.payload)
        self._core.observe_context(context)
        self._beat()

    def _on_odometry(self, message: Odometry) -> None:
        ego = convert.ego_from_msg(message)
        self._liveness.odometry(message.header.frame_id, ego)
        self._draft.again(ego.stamp_ns)
        self._core.observe_ego(ego)
        self._seen("odometry", ego.stamp_ns)

    def _on_points(self, message: PointCloud2) -> None:
        points = points_of(message, self._lidar)
        self._liveness.sensor("points", message.header.frame_id, points.stamp_ns, message.data)
        self._core.observe_points(points)
        self._seen("points", points.stamp_ns)

    def _on_image(self, message: Image | CompressedImage) -> None:
        frame = self._camera.frame(message)
        self._liveness.sensor("image", message.header.frame_id, frame.stamp_ns, message.data)
        self._core.observe_image(frame)
        self._seen("image", frame.stamp_ns)

    def _seen(self, name: str, stamp_ns: int) -> None:
        if self._intake.take(name, self.seen(stamp_ns)) and self._config.lockstep and self._route is not None:
            self._taken_pub.publish(convert.header(stamp_ns, self.get_name()))
        self._beat()

    def _beat(self) -> None:
        if self._config.lockstep or self._pacer.complete(*self._intake.stamps_ns.values()):
            self._step()

    def _on_timer(self) -> None:
        if self._pacer.overdue():
            self._step()

    def _step(self) -> None:
        now_ns = self.now_ns()
        begin = time.perf_counter()
        try:
            draft = self._core.step(now_ns)
        except AutomotError as error:
            self.count_bad("step", error)
            self.diagnose(ERROR, str(error), self._figures(now_ns))
            return
        compute_s = time.perf_counter() - begin
        if draft is None:
            if not self._config.lockstep:
                self.diagnose(WARN, "no draft: waiting for inputs or the first context", self._figures(now_ns))
            return
        self._draft.send(draft.stamp_ns, convert_plan.draft_to_msg(draft, compute_s))
        self._decision_pub.publish(convert_plan.decision_to_msg(draft.decision, draft.stamp_ns))
        self.diagnose(OK, "planning", self._figures(now_ns) | {
            "context_age_s": draft.context_age_s, "inference_s": compute_s,
            "input_to_output_s": (self.now_ns() - draft.stamp_ns) / SECOND_NS})

    def _figures(self, now_ns: int) -> dict[str, object]:
        ages: dict[str, object] = {f"{name}_age_s": (now_ns - stamp) / SECOND_NS if stamp > 0 else "never seen"
                                   for name, stamp in self._intake.stamps_ns.items()}
        return ages | {"model_hash": self.model_hash}


def main() -> int:
    """Run the node."""
    return run_node(ActionNode)


if __name__ == "__main__":
    raise SystemExit(main())
