"""BlockedIntersection: the ego turns, and finds the road behind the junction blocked by a car that stands."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Scenario, Script

BLOCKER_M, NEAR_M, STOP_S = 5.0, 13.0, 10.0
_BEHIND_M, _AFTER_M = 40.0, 60.0


class BlockedIntersection(Scenario):
    """A car stands 5 m behind the end of the junction, on the ego's own lane; it appears at the trigger.

    When the ego is 13 m from it (centre to centre), it stays 10 s more and is gone. Ends then; 240 s. Background
    traffic keeps away from the junction. No parameters. Source: scenario_runner, blocked_intersection.py (MIT).
    """

    timeout_s = 240.0

    def prepare(self) -> None:
        """The junction in question."""
        self._passage = self.around.junction_after(self.trigger_s_m)

    def closed_lanes(self) -> set[int]:
        """The junction, and the lane behind it."""
        way = self.around.junction_after(self.trigger_s_m)
        return self.around.around_junction(way) | self.around.lanes_between(way.end_m + 1.0, way.end_m + _BEHIND_M)

    def script(self) -> Script:
        """Block, wait for the ego, wait ten seconds, be gone."""
        blocker = self.world.cast.add(BodyKind.CAR, self.on_route(self._passage.end_m + BLOCKER_M))
        here = blocker.pose.position_m
        yield from self.until(
            lambda: math.dist(self.world.ego.pose_map_to_ego.position_m, here) <= NEAR_M)
        yield from self.wait(STOP_S)
        self.cleared([blocker])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A junction that the route turns in, and road behind it."""
        for way in view.passages:
            trigger = way.begin_m - float(rng.uniform(30.0, 45.0))
            clear = not any(p is not way and trigger - 5.0 < p.end_m and p.begin_m < way.end_m + _AFTER_M
                            for p in view.passages)
            if trigger > 12.0 and clear and view.turn(way) != "straight" and (
                    way.end_m + _AFTER_M < view.line.length_m):
                return Wish(trigger, end_m=way.end_m + _AFTER_M)
        return None
