"""The understanding node: reads the scene as often as it can and hands out attention contexts.

Inference has a thread of its own and is the only one to touch the core; callbacks only put messages into an inbox, so
the history of frames keeps growing while the model thinks.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import ClassVar

from nav_msgs.msg import Odometry, Path
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from automot_ros.base.errors import AutomotError, ConfigError
from automot_ros.base.quantity import choice, quantity
from automot_ros.context.codec import in_band
from automot_ros.context.layout import DTYPES, ContextRecord
from automot_ros.context.ring import RingWriter
from automot_ros.data.vehicle_files import read_rig
from automot_ros.driving.interfaces import UnderstandingPolicy
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.geometry.se2 import Pose2
from automot_ros.msg import AttentionContext as ContextMessage
from automot_ros.msg import SceneReport
from automot_ros.nodes import convert, convert_plan, qos
from automot_ros.nodes.camera_input import CameraConfig, CameraInput
from automot_ros.nodes.lifecycle import ERROR, OK, UNEXPECTED, DrivingNode, run_node, settle
from automot_ros.nodes.liveness import InputLiveness
from automot_ros.nodes.lockstep import Again, Intake
from automot_ros.nodes.policies import POLICY_TEXT, understanding_policy
from automot_ros.policy.preprocess import UnderstandingObservation
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.report import spoken
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SECOND_NS, CameraFrame, EgoState

INBOX = 200


@dataclass(frozen=True, kw_only=True)
class UnderstandingNodeConfig(UnderstandingConfig, CameraConfig):
    """UnderstandingConfig and what the node adds to it."""

    policy: str = choice("nano", (), f"What reads the scene: {POLICY_TEXT}.")
    transport: str = choice("shared_memory", ("shared_memory", "in_band"), "How the payload of a context travels.")
    dtype: str = choice("float32", DTYPES, "Number format of the payload.")
    slot_mb: int = quantity(8, "MiB", "Room for one context in shared memory.", low=1, high=512)
    slots: int = quantity(4, "", "Contexts kept in shared memory.", low=2, high=64)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lockstep and self.dtype != "float32":
            raise ConfigError("lockstep promises the same numbers as in one process", where="dtype", got=self.dtype,
                              wanted="float32")


class Timed:
    """A policy that writes on each context how long it took."""

    def __init__(self, policy: UnderstandingPolicy) -> None:
        self._policy = policy

    def understand(self, obs: UnderstandingObservation, epoch: int, sequence: int, pose: Pose2) -> AttentionContext:
        """As the policy, with the time it took."""
        begin = time.perf_counter()
        context = self._policy.understand(obs, epoch, sequence, pose)
        return dataclasses.replace(context, compute_s=time.perf_counter() - begin)


class UnderstandingNode(DrivingNode):
    """Carries messages to and from UnderstandingCore."""

    CONFIG: ClassVar = {"": UnderstandingNodeConfig}

    def __init__(self) -> None:
        super().__init__("understanding")
        self._ring: RingWriter | None = None
        self._inbox: deque[EgoState | CameraFrame | Route | Again] = deque(maxlen=INBOX)
        self._wake = threading.Condition()
        self._running = False
        self._fresh = True
        self._route: Route | None = None
        self._thread: threading.Thread | None = None

    def set_up(self) -> None:
        """Load the understanding expert, take shared memory, open the topics."""
        self._config = self.config(UnderstandingNodeConfig)
        self._camera = CameraInput(read_rig(self._config.rig).cameras[0])
        policy, self.model_hash = understanding_policy(self._config.policy)
        self._policy = Timed(policy)
        self._epoch = time.time_ns()  # larger at each start
        self.get_logger().info(f"policy {self._config.policy}, model hash {self.model_hash}, epoch {self._epoch:016x}")
        if self._config.transport == "shared_memory":
            self._ring = RingWriter(self._epoch, self._config.slot_mb << 20, self._config.slots)
        lockstep = self._config.lockstep
        self._context_pub = self.publish_on(ContextMessage, "~/output/attention_context", qos.context(lockstep))
        self._report_pub = self.publish_on(SceneReport, "~/output/scene_report", qos.PLAN)
        self._taken_pub = self.publish_on(Header, "~/output/taken", qos.TAKEN)
        self.subscribe(Path, "~/input/route", self._on_route, qos.LATCHED, always=True)
        self.subscribe(Odometry, "~/input/odometry", self._on_odometry, qos.sensor(lockstep))
        if self._config.image_transport == "compressed":
            self.subscribe(CompressedImage, "~/input/image", self._on_image, qos.sensor(lockstep))
        else:
            self.subscribe(Image, "~/input/image", self._on_image, qos.sensor(lockstep))
        settle()

    def reset(self) -> None:
        """A new drive: the thread begins with a new core."""
        with self._wake:
            self._inbox.clear()
            self._fresh = True
        self._liveness = InputLiveness("image")
        self._intake = Intake("odometry", "image")

    def start(self) -> None:
        """Begin to think."""
        self._running = True
        self._thread = threading.Thread(target=self._think, name="inference", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread (after the context it is at)."""
        with self._wake:
            self._running = False
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10.0)
            self._thread = None

    def tear_down(self) -> None:
        """Remove the shared memory."""
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def _on_route(self, message: Path) -> None:
        self._route = convert.route_from_msg(message)
        self._put(self._route)

    def _on_odometry(self, message: Odometry) -> None:
        ego = convert.ego_from_msg(message)
        self._liveness.odometry(message.header.frame_id, ego)
        self.seen(ego.stamp_ns)
        self._take("odometry", ego)

    def _on_image(self, message: Image | CompressedImage) -> None:
        frame = self._camera.frame(message)
        self._liveness.sensor("image", message.header.frame_id, frame.stamp_ns, message.data)
        self._take("image", frame)

    def _take(self, name: str, item: EgoState | CameraFrame) -> None:
        """Into the inbox. Odometry that comes again asks for the context that its stamp is waiting for."""
        if self._intake.stamps_ns[name] != item.stamp_ns:
            self._put(item)
        elif isinstance(item, EgoState):
            self._put(Again(item.stamp_ns))
        if self._intake.take(name, item.stamp_ns) and self._config.lockstep and self._route is not None:
            self._taken_pub.publish(convert.header(item.stamp_ns, self.get_name()))

    def _put(self, item: EgoState | CameraFrame | Route | Again) -> None:
        with self._wake:
            if not (isinstance(item, Again) and item in self._inbox):  # twice while thinking is once
                self._inbox.append(item)
            self._wake.notify_all()

    def _think(self) -> None:
        core: UnderstandingCore | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._inbox or not self._running, timeout=0.2)
                if not self._running:
                    return
                items = list(self._inbox)
                self._inbox.clear()
                anew, self._fresh = self._fresh, False
            if anew or core is None:
                core = UnderstandingCore(self._config, self._policy, self._epoch)
                if self._route is not None:
                    core.observe_route(self._route)
            # Lockstep: every tick in order, so that the frames a context sees do not depend on this machine's speed.
            for n, item in enumerate(items):
                try:
                    self._observe(core, item)
                    if self._config.lockstep or n == len(items) - 1:
                        self._step(core)
                except AutomotError as error:
                    self.count_bad("inference", error)
                    self.diagnose(ERROR, str(error), {"model_hash": self.model_hash})
                except UNEXPECTED as error:  # the thread must not end silently
                    self.count_unexpected("inference", error)

    def _observe(self, core: UnderstandingCore, item: EgoState | CameraFrame | Route | Again) -> None:
        if isinstance(item, EgoState):
            core.observe_ego(item)
        elif isinstance(item, CameraFrame):
            core.observe_image(item)
        elif isinstance(item, Route):
            core.observe_route(item)
        elif (context := core.given_for(item.stamp_ns)) is not None:
            self._send(context)

    def _step(self, core: UnderstandingCore) -> None:
        context = core.step(self.now_ns())
        if context is None:
            return
        self._send(context)
        self._report_pub.publish(convert_plan.report_to_msg(context))
        self.diagnose(OK, spoken(context.text) or "reading", {
            "inference_s": context.compute_s, "context_sequence": context.sequence,
            "tokens": context.keys_LGTH.shape[2],
            "input_to_output_s": (self.now_ns() - context.stamp_ns) / SECOND_NS, "model_hash": self.model_hash})

    def _send(self, context: AttentionContext) -> None:
        self._context_pub.publish(convert_plan.context_to_msg(self._record_of(context)))

    def _record_of(self, context: AttentionContext) -> ContextRecord:
        """The payload put into a slot, or in band."""
        if self._ring is not None:
            return self._ring.write(context, self._config.dtype)
        return in_band(context, self._config.dtype)


def main() -> int:
    """Run the node."""
    return run_node(UnderstandingNode)


if __name__ == "__main__":
    raise SystemExit(main())
