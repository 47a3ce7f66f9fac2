"""A flow of cars on the lane opposite to the ego's, with random gaps, for the TwoWays scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.scenarios.flow import Flow

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.scenario import Scenario, Script
    from automot_ros.simulation.scenarios.surroundings import Surroundings

SPEED_OF_LIMIT = 0.7
SOURCE_OF_LIMIT_S, SOURCE_M = 1.5, 30.0
PASS_S, SHORT_M, PASS_MPS, ROOM_M = 9.0, 8.0, 7.0, 15.0
_LONGEST_M = 20.0
_FROM_M, _TO_M = (40.0, 60.0), (90.0, 200.0)


class OncomingFlow:
    """Cars from a source ahead of an obstacle to a sink behind it, gaps U(from, to) m, as OppositeActorFlow has them.

    The sink lies 1.5 s at the speed limit plus 30 m behind the obstacle, the source as far ahead, or as far as one must
    see to pass (`pass_room_m`), where the road is so long. Neither lies behind a junction. Of three gaps in a row one
    is in each third of the interval. Without an oncoming lane nobody comes.
    Source: scenario_runner, atomic_behaviors.py, OppositeActorFlow (MIT).
    """

    def __init__(self, scenario: Scenario, at_s_m: float, long_m: float, gap_m: tuple[float, float]) -> None:
        self._flow: Flow | None = None
        found = _way(scenario, at_s_m, long_m)
        if found is None:
            return
        path, lanes = found
        speed = SPEED_OF_LIMIT * scenario.world.map.lanes[lanes[0]].speed_limit_mps
        self._flow = Flow(scenario, path, speed, gap_m, thirds=True)

    @property
    def cars(self) -> int:
        """How many are on their way."""
        return 0 if self._flow is None else len(self._flow.cars)

    @staticmethod
    def lanes(scenario: Scenario, at_s_m: float, long_m: float) -> set[int]:
        """The oncoming lanes that the flow is on."""
        found = _way(scenario, at_s_m, long_m)
        return set() if found is None else set(found[1])

    def step(self) -> None:
        """One tick of the flow alone."""
        if self._flow is not None:
            self._flow.step()

    def during(self, script: Script) -> Script:
        """Run the flow for as long as a script runs; then its cars drive on and vanish at the sink."""
        yield from script if self._flow is None else self._flow.during(script)


def fair_gap(around: Surroundings, at_s_m: float, long_m: float, rng: np.random.Generator) -> tuple[float, float]:
    """Gaps (from, to), m, of which one in three lets a driver pass from standstill."""
    low = float(rng.uniform(*_FROM_M))
    wide = pass_room_m(around, at_s_m, long_m) + 0.5 * ROOM_M
    return low, min(max(low + 1.5 * (wide - low), _TO_M[0]), _TO_M[1])


def pass_room_m(around: Surroundings, at_s_m: float, long_m: float) -> float:
    """How far before an obstacle (m) the next oncoming car must be, for a driver to pass from standstill: 9 s."""
    found = around.opposite(at_s_m)
    speed = SPEED_OF_LIMIT * (around.lane(at_s_m) if found is None else around.map.lanes[found[0]]).speed_limit_mps
    return (PASS_S + max(0.0, long_m - SHORT_M) / PASS_MPS) * speed + long_m + ROOM_M


def _way(scenario: Scenario, at_s_m: float, long_m: float) -> tuple[Polyline, list[int]] | None:
    """The flow's path, and its lanes; None without an oncoming lane."""
    found = scenario.around.opposite(at_s_m)
    if found is None:
        return None
    lane = scenario.world.map.lanes[found[0]]
    here = lane.center.project(scenario.on_route(at_s_m).position_m)[0]
    reach = SOURCE_OF_LIMIT_S * lane.speed_limit_mps + SOURCE_M
    seen = max(reach, pass_room_m(scenario.around, at_s_m, min(long_m, _LONGEST_M))) + long_m
    return scenario.around.in_block(found[0], here, seen, reach)
