"""The cores of the nodes, fed from a bag in lockstep: each through the same conversions as its node.

A stage gets moments in order and gives the messages its node would have published for each. Where the recorded drive
was in lockstep its own rule says which context is due. In real time that was a matter of milliseconds: the recorded
outputs say at which stamps a node computed and which context it read. A bag without outputs is driven on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from automot_ros.base.quantity import build, describe
from automot_ros.context.codec import decode, in_band
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from automot_ros.driving.action import ActionCore
from automot_ros.driving.controller import ControllerCore
from automot_ros.driving.order import order_of
from automot_ros.driving.refiner import RefinerConfig, RefinerCore
from automot_ros.driving.understanding import UnderstandingCore
from automot_ros.guard.config import GuardConfig
from automot_ros.nodes import convert, convert_plan
from automot_ros.nodes.action import ActionNodeConfig
from automot_ros.nodes.camera_input import CameraInput, points_of
from automot_ros.nodes.controller import ControllerNodeConfig
from automot_ros.nodes.interfaces import contract
from automot_ros.nodes.policies import action_policy, refiner_policy, understanding_policy
from automot_ros.nodes.refiner import RefinerNodeConfig
from automot_ros.nodes.replay_input import Moment
from automot_ros.nodes.understanding import UnderstandingNodeConfig
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.sensing import SECOND_NS

T = TypeVar("T")
Parameters = Mapping[str, Any]
Made = dict[str, Any]
STEP_NS = 45_000_000  # a bag without outputs: at most this often, 20 Hz with some jitter
FOREIGN_LAG_NS = 100_000_000
MOST_CONTEXTS = 64
_GUESSED_EPOCH = 1


def config_of(kind: type[T], parameters: Parameters, prefix: str = "") -> T:
    """A config from the parameters of a recorded node; what it was not told has its default."""
    names = {prefix + spec.name: spec.name for spec in describe(kind)}
    return build(kind, {names[key]: value for key, value in parameters.items() if key in names})


class Stage(Protocol):
    """One node. `makes`: the roles of its outputs; the first is the one that says when it computed."""

    makes: tuple[str, ...]

    def reset(self) -> None:
        """A new drive begins."""

    def step(self, moment: Moment) -> Made:
        """Its outputs at a moment, by role. Reads the moment's messages; AutomotError for what cannot be read."""


class UnderstandingStage:
    """See nodes/understanding.py."""

    makes: tuple[str, ...] = ("attention_context", "scene_report")

    def __init__(self, parameters: Parameters, recorded: frozenset[str]) -> None:
        self._config = config_of(UnderstandingNodeConfig, parameters)
        self._claimed = not self._config.lockstep and self.makes[0] in recorded
        self._camera = CameraInput(read_rig(self._config.rig).cameras[0])
        self._policy, self.model_hash = understanding_policy(self._config.policy)
        self._route: Any = None
        self.reset()

    def reset(self) -> None:
        """A new drive begins."""
        config = self._config
        if self._claimed:  # the outputs say when: no period of its own beside
            config = replace(config, context_period_s=0.05)
        self._core = UnderstandingCore(config, self._policy, _GUESSED_EPOCH)
        if self._route is not None:
            self._core.observe_route(self._route)

    def step(self, moment: Moment) -> Made:
        """A context, when one is computed at this moment."""
        m = moment.messages
        if "route" in m:
            self._route = convert.route_from_msg(m["route"])
            self._core.observe_route(self._route)
        if "odometry" in m:
            self._core.observe_ego(convert.ego_from_msg(m["odometry"]))
        if "image" in m:
            self._core.observe_image(self._camera.frame(m["image"]))
        if self._claimed and self.makes[0] not in m:
            return {}
        context = self._core.step(moment.stamp_ns)
        if context is None:
            return {}
        return {"attention_context": convert_plan.context_to_msg(in_band(context, self._config.dtype)),
                "scene_report": convert_plan.report_to_msg(context)}


class ActionStage:
    """See nodes/action.py."""

    makes: tuple[str, ...] = ("draft", "decision")

    def __init__(self, parameters: Parameters, recorded: frozenset[str]) -> None:
        self._config = config_of(ActionNodeConfig, parameters)
        self._claimed = not self._config.lockstep and self.makes[0] in recorded
        self._foreign = not self._config.lockstep and not self._claimed
        rig = read_rig(self._config.rig)
        self._camera, self._lidar = CameraInput(rig.cameras[0]), rig.lidar
        self._policy, self.model_hash = action_policy(self._config.policy, rig.lidar.position_ego_m)
        self._route: Any = None
        self.reset()

    def reset(self) -> None:
        """A new drive begins."""
        self._core = ActionCore(self._config, self._policy, self.model_hash)
        self._contexts: dict[tuple[int, int], AttentionContext] = {}
        self._stepped_ns = 0
        if self._route is not None:
            self._core.observe_route(self._route)

    def step(self, moment: Moment) -> Made:
        """A draft, when one is computed at this moment."""
        m = moment.messages
        if "route" in m:
            self._route = convert.route_from_msg(m["route"])
            self._core.observe_route(self._route)
        if "attention_context" in m:
            self._take(m["attention_context"])
        if "odometry" in m:
            self._core.observe_ego(convert.ego_from_msg(m["odometry"]))
        if "points" in m:
            self._core.observe_points(points_of(m["points"], self._lidar))
        if "image" in m:
            self._core.observe_image(self._camera.frame(m["image"]))
        if not self._due(moment):
            return {}
        draft = self._core.step(moment.stamp_ns)
        if draft is None:
            return {}
        self._stepped_ns = moment.stamp_ns
        return {"draft": convert_plan.draft_to_msg(draft, 0.0),
                "decision": convert_plan.decision_to_msg(draft.decision, draft.stamp_ns)}

    def _take(self, message: Any) -> None:
        record = convert_plan.context_from_msg(message)
        if record.payload is None:
            return  # the recorder came too late for its numbers
        context = decode(record, record.payload)
        self._contexts[context.epoch, context.sequence] = context
        while len(self._contexts) > MOST_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        if self._config.lockstep:
            self._core.observe_context(context)

    def _due(self, moment: Moment) -> bool:
        if self._claimed:
            draft = moment.messages.get("draft")
            read = None if draft is None else self._contexts.get((draft.context_epoch, draft.context_sequence))
            if read is not None:
                self._core.observe_context(read)
            return read is not None
        if self._foreign:
            for context in self._contexts.values():
                if context.stamp_ns <= moment.stamp_ns - FOREIGN_LAG_NS:
                    self._core.observe_context(context)
            return "odometry" in moment.messages and moment.stamp_ns - self._stepped_ns >= STEP_NS
        return True


class RefinerStage:
    """See nodes/refiner.py."""

    makes: tuple[str, ...] = ("trajectory",)

    def __init__(self, parameters: Parameters, recorded: frozenset[str]) -> None:
        config = config_of(RefinerNodeConfig, parameters)
        policy = refiner_policy(config.policy, config.refiner, config.seed)
        self._core = RefinerCore(RefinerConfig(refiner="none" if policy is None else config.refiner), policy)

    def reset(self) -> None:
        """It remembers nothing."""

    def step(self, moment: Moment) -> Made:
        """A trajectory for a draft."""
        if "draft" not in moment.messages:
            return {}
        draft = convert_plan.draft_from_msg(moment.messages["draft"])
        return {"trajectory": convert_plan.trajectory_to_msg(self._core.step(draft), draft, 0.0, 0.0)}


class ControllerStage:
    """See nodes/controller.py. What a command is in real time depends on arrival times, which a bag does not hold."""

    makes: tuple[str, ...] = ("command", "guard_status")

    def __init__(self, parameters: Parameters, recorded: frozenset[str]) -> None:
        self._config = config_of(ControllerNodeConfig, parameters)
        self._guard = config_of(GuardConfig, parameters, "guard.")
        self._vehicle, self._lidar = read_vehicle(self._config.vehicle), read_rig(self._config.rig).lidar
        self._interface = contract(self._config.drive_interface).Drive()
        self._route: Any = None
        self.exact = self._config.lockstep
        self.reset()

    def reset(self) -> None:
        """A new drive begins."""
        self._core = ControllerCore(self._config, self._guard, self._vehicle, self._lidar.position_ego_m)
        self._stepped_ns = 0
        if self._route is not None:
            self._core.observe_route(self._route)

    def step(self, moment: Moment) -> Made:
        """A command, when all of this moment is there."""
        m, now_ns = moment.messages, moment.stamp_ns
        if "route" in m:
            self._route = convert.route_from_msg(m["route"])
            self._core.observe_route(self._route)
        if "odometry" in m:
            self._core.observe_ego(convert.ego_from_msg(m["odometry"]), now_ns)
        if "points" in m:
            self._core.observe_points(points_of(m["points"], self._lidar), now_ns)
        if "trajectory" in m:
            self._core.observe_trajectory(convert_plan.trajectory_from_msg(m["trajectory"]), now_ns)
        if self._route is None or (not self.exact and (
                "odometry" not in m or now_ns - self._stepped_ns < STEP_NS)):
            return {}
        done = self._core.step(now_ns)
        if done is None:
            return {}
        self._stepped_ns = now_ns
        command, report = done
        guard = self._core.guard
        order = order_of(self._vehicle, command, report, guard.ego, guard.trajectory, now_ns)
        return {"command": self._interface.command(order, now_ns), "guard_status": convert_plan.guard_to_msg(report)}


STAGES: Mapping[str, Callable[[Parameters, frozenset[str]], Stage]] = {
    "understanding": UnderstandingStage, "action": ActionStage, "refiner": RefinerStage, "controller": ControllerStage}


def seconds(stamp_ns: int) -> float:
    """For people."""
    return stamp_ns / SECOND_NS
