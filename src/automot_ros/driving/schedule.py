"""All cores in one process, with the timing of the nodes in lockstep: for evaluation and training."""

from __future__ import annotations

from dataclasses import dataclass

from automot_ros.base.errors import AutomotError
from automot_ros.driving.action import ActionCore
from automot_ros.driving.controller import ControllerCore
from automot_ros.driving.refiner import RefinerCore
from automot_ros.driving.understanding import UnderstandingCore
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.plan import Draft, DriveCommand, GuardReport, Trajectory
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SensorTick


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What one tick brought. `context` only at the tick that computed it; no draft before the first due context."""

    command: DriveCommand
    guard: GuardReport
    draft: Draft | None
    trajectory: Trajectory | None
    context: AttentionContext | None


class InProcessDrive:
    """Gives the commands that the nodes would give in lockstep. Every core must be configured for lockstep alike."""

    def __init__(self, understanding: UnderstandingCore, action: ActionCore, refiner: RefinerCore,
                 controller: ControllerCore) -> None:
        self._understanding = understanding
        self._action = action
        self._refiner = refiner
        self._controller = controller

    def observe_route(self, route: Route) -> None:
        """Set the route, before the first tick."""
        self._understanding.observe_route(route)
        self._action.observe_route(route)
        self._controller.observe_route(route)

    def step(self, tick: SensorTick) -> Telemetry:
        """The command for a tick with a front image (the first camera). AutomotError when the cores do not agree."""
        now_ns, ego, front = tick.stamp_ns, tick.ego, tick.cameras[0]
        self._understanding.observe_ego(ego)
        self._understanding.observe_image(front)
        context = self._understanding.step(now_ns)
        self._action.observe_ego(ego)
        self._action.observe_image(front)
        self._action.observe_points(tick.points)
        if context is not None:
            self._action.observe_context(context)
        draft = self._action.step(now_ns)
        trajectory = None if draft is None else self._refiner.step(draft)
        self._controller.observe_ego(ego, now_ns)
        self._controller.observe_points(tick.points, now_ns)
        if trajectory is not None:
            self._controller.observe_trajectory(trajectory, now_ns)
        done = self._controller.step(now_ns)
        if done is None:
            raise AutomotError("no command for a tick", where="InProcessDrive.step",
                               got=f"stamp {now_ns}, draft {'missing' if draft is None else 'there'}",
                               wanted="cores in lockstep with one period and lag, a route, and inputs of one stamp")
        return Telemetry(done[0], done[1], draft, trajectory, context)
