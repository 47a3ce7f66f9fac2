"""ParkingCutIn: a parked car pulls out right before the ego, from behind another one that hides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import KMH, Floats, Scenario, Script, changed

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.surroundings import Surroundings

BLOCKER_M, CUT_IN_M = 28.0, 35.0
ARRIVAL_S, ARRIVAL_M = 2.35, 10.0
SPEED_MPS, GONE_M = 20.0 * KMH, 30.0
_CHANGE_M = 12.0
_CLEAR_M = 16.0
_STUCK_S = 60.0


class ParkingCutIn(Scenario):
    """Two cars are parked beside the ego's lane, 28 m and 35 m behind the trigger, at the kerb side of their lane.

    When the ego is 2.35 s or 10 m from the farther one, that one pulls out into the ego's lane and drives on at
    20 km/h; it brakes for what is before it. After 30 m both are gone. Parameters: direction (left | right, right).
    Source: scenario_runner, parking_cut_in.py (MIT).
    """

    map_kinds = ("town",)

    def prepare(self) -> None:
        """The two parked cars."""
        left = self.word("direction", "right") == "left"
        self._out_s_m = self.trigger_s_m + CUT_IN_M
        side = 1.0 if left else -1.0
        self._off_m = side * parked_off_m(self.around, self._out_s_m, left)
        blocker_s_m = self.trigger_s_m + BLOCKER_M
        self._blocker = self.world.cast.add(
            BodyKind.CAR, self.on_route(blocker_s_m, side * parked_off_m(self.around, blocker_s_m, left)))
        self._adversary = self.world.cast.add(BodyKind.CAR, self.on_route(self._out_s_m, self._off_m))

    def keep_clear(self) -> list[tuple[Floats, float]]:
        """The two places, and the room to pull out."""
        left = self.word("direction", "right") == "left"
        places = (self.trigger_s_m + BLOCKER_M, self.trigger_s_m + CUT_IN_M, self.trigger_s_m + CUT_IN_M + 7.0)
        return [(self.on_route(s, (1.0 if left else -1.0) * parked_off_m(self.around, s, left)).position_m, 6.0)
                for s in places]

    def closed_lanes(self) -> set[int]:
        """The ego's lane: nobody else between the ego and the place."""
        return self.around.lanes_between(self.trigger_s_m - 20.0, self.trigger_s_m + CUT_IN_M + GONE_M)

    def script(self) -> Script:
        """Wait for the ego, pull out, drive on, be gone."""
        yield from self.arriving(self.on_route(self._out_s_m).position_m, ARRIVAL_S, ARRIVAL_M)
        path = self.along_route(self._out_s_m, self._out_s_m + GONE_M + 10.0,
                                lambda s: self._off_m * (1.0 - changed(s, self._out_s_m, _CHANGE_M)))
        self._adversary.go(path, SPEED_MPS, start_s_m=0.0, heeds=True)
        yield from self.until(lambda: self._adversary.moved_m >= GONE_M, at_most_s=_STUCK_S)
        self.cleared([self._adversary, self._blocker])

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A block with parking at its right."""
        need = CUT_IN_M + _CLEAR_M
        for a, b in view.blocks(need + 6.0):
            low, high = max(a - 20.0, 12.0), b - need
            if high <= low:
                continue
            trigger = float(rng.uniform(low, high))
            out = trigger + CUT_IN_M
            if view.is_straight(out - 15.0, out + 20.0, 0.15) and (
                    view.everywhere(out - 12.0, out + 12.0, view.around.parking, 4.0)):
                return Wish(trigger, {"direction": {"value": "right"}})
        return None


def parked_off_m(around: Surroundings, s_m: float, left: bool) -> float:
    """Distance (m) from the route to a car parked at the kerb side of the lane beside it, as CARLA shifts it.

    Without a parking lane there (a town's own oddities), the strip of a car's width beside the lane.
    """
    found = around.parking(s_m, left)
    if found is None:
        return 0.5 * around.lane(s_m).width_m + 0.6 * SIZES[BodyKind.CAR][1]
    centre_m, width_m = found
    return centre_m + 0.25 * max(0.0, width_m - 0.5 * SIZES[BodyKind.CAR][1])
