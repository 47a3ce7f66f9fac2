"""Listens to a model while it drives and asks the privileged expert what there is to say."""

from __future__ import annotations

from collections import deque
from typing import Any

from automot_ros.base.errors import MessageError
from automot_ros.driving.clock import TICK_NS, TICK_S
from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.metrics.hazard_naming import LOOK_S, HazardNaming, Look
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.report import Report
from automot_ros.simulation.expert import Expert
from automot_ros.simulation.world import START_NS, World

LOOK_TICKS = round(LOOK_S / TICK_S)
_BACK_M, _AHEAD_M = 5.0, 10.0


class HazardWatch:
    """Called after every tick of one drive; a report is out as long after its images as the driver's lag is."""

    def __init__(self, world: World, lag_s: float) -> None:
        self._expert = Expert(world)
        self._lag_ns = round(lag_s / TICK_S) * TICK_NS
        self._coming: deque[AttentionContext] = deque()
        self._said: Report | None = None
        self._naming = HazardNaming()

    def __call__(self, world: World, telemetry: Telemetry) -> None:
        """Keep what the tick brought; four times a second, compare."""
        if telemetry.context is not None:
            self._coming.append(telemetry.context)
        if world.tick % LOOK_TICKS:
            return
        while self._coming and self._coming[0].stamp_ns + self._lag_ns <= world.stamp_ns:
            self._said = Report.parse(self._coming.popleft().text)
        expert = Report.parse(self._expert.plan(only_seen=True).report)
        if expert is None:
            raise MessageError("the expert's report is none", where="HazardWatch")
        pose, s_m = world.ego.pose_map_to_ego, world.route_s_m
        _, aside_m = world.route_line.project(pose.position_m, s_m - _BACK_M, s_m + _AHEAD_M)
        self._naming.observe(Look((world.stamp_ns - START_NS) / 1e9, expert, self._said, world.ego.speed_mps, aside_m))

    def as_json(self) -> dict[str, Any]:
        """See HazardNaming."""
        return self._naming.as_json()
