"""A flow of cars on the lane opposite to the ego's, with random gaps, for the TwoWays scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import Actor

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.scenario import Scenario, Script

SPEED_OF_LIMIT = 0.8
SOURCE_OF_LIMIT_S, SOURCE_M = 1.5, 30.0


class OncomingFlow:
    """Cars from a source ahead of an obstacle to a sink behind it, gaps U(from, to) m, as OppositeActorFlow has them.

    Source and sink lie 1.5 s at the speed limit plus 30 m from the obstacle. Each car heeds what stands on its lane.
    Source: scenario_runner, atomic_behaviors.py, OppositeActorFlow (MIT).
    """

    def __init__(self, scenario: Scenario, at_s_m: float, gap_m: tuple[float, float]) -> None:
        self._scenario, self._gap_m = scenario, gap_m
        found = scenario.around.opposite(at_s_m)
        self._path: Polyline | None = None
        self._cars: list[Actor] = []
        if found is None:
            return
        lane = scenario.world.map.lanes[found[0]]
        reach = SOURCE_OF_LIMIT_S * lane.speed_limit_mps + SOURCE_M
        s_here = lane.center.project(scenario.on_route(at_s_m).position_m)[0]
        self._path = scenario.around.through(found[0], s_here, reach, reach)
        self._speed_mps = SPEED_OF_LIMIT * lane.speed_limit_mps
        self._next_gap_m = 0.0

    @staticmethod
    def lanes(scenario: Scenario, at_s_m: float) -> set[int]:
        """The oncoming lane beside an arc length."""
        found = scenario.around.opposite(at_s_m)
        return set() if found is None else {found[0]}

    def during(self, script: Script) -> Script:
        """Run the flow for as long as a script runs; then its cars drive on and vanish at the sink."""
        for _ in script:
            self.step()
            yield
        while self._cars:
            self._retire()
            yield

    def step(self) -> None:
        """One tick: a new car when the last is far enough from the source."""
        self._retire()
        if self._path is None:
            return
        last = self._cars[-1].s_m if self._cars else float("inf")
        if last >= self._next_gap_m:
            x, y = self._path.at(0.0)
            car = self._scenario.world.cast.add(BodyKind.CAR, Pose2(float(x), float(y), self._path.yaw_at(0.0)))
            car.go(self._path, self._speed_mps, start_s_m=0.0, now_mps=self._speed_mps, heeds=True)
            self._cars.append(car)
            self._next_gap_m = car.size[0] + float(self._scenario.rng.uniform(*self._gap_m))

    def _retire(self) -> None:
        gone = [c for c in self._cars if c.left_m < 1.0]
        if gone:
            self._scenario.cleared(gone)
            self._cars = [c for c in self._cars if c not in gone]
