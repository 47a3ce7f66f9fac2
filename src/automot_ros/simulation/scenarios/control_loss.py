"""ControlLoss: rubbish on the road makes the ego slip three times."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import Scenario, Script

PLACES_M, REACH_M, END_M = (14.0, 48.0, 74.0), 2.0, 110.0
STEER, SPREAD = 0.055, 0.015
_SIZE_M = (1.8, 1.6, 0.1)


class ControlLoss(Scenario):
    """Dirt lies on the ego's lane 14, 48 and 74 m behind the trigger.

    While the ego is within 2 m of a heap, its steering is off by N(0.055, 0.015) of full lock, to one side or the other
    by heap, drawn anew each tick. Ends 110 m behind the trigger. No parameters. Source: scenario_runner,
    control_loss.py (MIT); its noise of 0.03 on the throttle is left out, and noise works to both sides, as was meant.
    """

    after_m = 125.0

    def prepare(self) -> None:
        """The three heaps."""
        self._heaps = [self.world.cast.add(BodyKind.DEBRIS, self.on_route(self.trigger_s_m + s), size=_SIZE_M)
                       for s in PLACES_M]

    def script(self) -> Script:
        """Three times: come near, slip until past."""
        for heap in self._heaps:
            here = heap.pose.position_m
            s_m = self.world.route_line.project(here)[0]
            yield from self.until(lambda s=s_m: self.world.route_s_m > s - REACH_M)  # type: ignore[misc]
            side = float(self.rng.choice((-1.0, 1.0)))
            while self.world.route_s_m < s_m + REACH_M:
                near = math.dist(self.world.ego.pose_map_to_ego.position_m, here) <= REACH_M
                self.world.disturb_steer(side * float(self.rng.normal(STEER, SPREAD)) if near else 0.0)
                yield
            self.world.disturb_steer(0.0)
        yield from self.passed(self.trigger_s_m + END_M)
        self.cleared(self._heaps)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block that is long enough for all three."""
        need = PLACES_M[-1] + 8.0
        for a, b in view.blocks(need):
            low, high = max(a - 8.0, 12.0), b - need
            if high > low:
                return Wish(float(rng.uniform(low, high)))
        return None
