"""The refiner node: one trajectory for each draft. See driving/refiner.py."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from nav_msgs.msg import Path

from automot_ros.base.errors import AutomotError
from automot_ros.base.quantity import choice, quantity
from automot_ros.driving.refiner import RefinerConfig, RefinerCore
from automot_ros.msg import ActionDraft, PlannedTrajectory
from automot_ros.nodes import convert, convert_plan, qos
from automot_ros.nodes.lifecycle import ERROR, OK, WARN, DrivingNode, run_node, settle
from automot_ros.nodes.lockstep import Answer
from automot_ros.nodes.policies import POLICY_TEXT, refiner_policy
from automot_ros.scene.plan import PlanStatus
from automot_ros.scene.sensing import SECOND_NS


@dataclass(frozen=True, kw_only=True)
class RefinerNodeConfig(RefinerConfig):
    """RefinerConfig and what the node adds to it."""

    policy: str = choice("nano", (), f"Whose refiner: {POLICY_TEXT}.")
    seed: int = quantity(0, "", "Seed of the noise.", low=0, high=2**31 - 1)


class RefinerNode(DrivingNode):
    """Carries messages to and from RefinerCore."""

    CONFIG: ClassVar = {"": RefinerNodeConfig}

    def __init__(self) -> None:
        super().__init__("refiner")

    def set_up(self) -> None:
        """Load the refiner, then open the topics."""
        config = self.config(RefinerNodeConfig)
        policy = refiner_policy(config.policy, config.refiner, config.seed)
        self._core = RefinerCore(RefinerConfig(refiner="none" if policy is None else config.refiner), policy)
        self.get_logger().info(f"drafts of {config.policy}, refiner {'none' if policy is None else config.refiner}")
        self._trajectory = Answer(self.publish_on(PlannedTrajectory, "~/output/trajectory", qos.PLAN))
        self._path_pub = self.publish_on(Path, "~/output/path", qos.PLAN)
        self.subscribe(ActionDraft, "~/input/draft", self._on_draft, qos.PLAN)
        settle()

    def reset(self) -> None:
        """A new drive."""
        self._trajectory.forget()

    def _on_draft(self, message: ActionDraft) -> None:
        draft = convert_plan.draft_from_msg(message)
        self.seen(draft.stamp_ns)
        if self._trajectory.again(draft.stamp_ns):
            return
        begin = time.perf_counter()
        try:
            plan = self._core.step(draft)
        except AutomotError as error:
            self.diagnose(ERROR, str(error), {})
            raise
        compute_s = time.perf_counter() - begin
        self._trajectory.send(
            draft.stamp_ns, convert_plan.trajectory_to_msg(plan, draft, message.compute_s, compute_s))
        if self._path_pub.get_subscription_count():
            self._path_pub.publish(convert.path_to_msg(plan.path_K2, plan.stamp_ns))
        self.diagnose(OK if plan.status is PlanStatus.NOMINAL else WARN, plan.reason or "refining", {
            "inference_s": compute_s, "context_age_s": plan.context_age_s,
            "input_to_output_s": (self.now_ns() - plan.stamp_ns) / SECOND_NS})


def main() -> int:
    """Run the node."""
    return run_node(RefinerNode)


if __name__ == "__main__":
    raise SystemExit(main())
