"""StaticCutIn: out of a queue that stands on the lane beside, one car pulls out right before the ego."""

from __future__ import annotations

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.cast import SIZES
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.scenario import KMH, Scenario, Script, changed

DISTANCE_M, QUEUE_GAP_M, BEHIND, BEFORE = 100.0, 11.0, 2, 3
ARRIVAL_S, ARRIVAL_M = 2.7, 15.0
CHANGE_S, OTHER_LANE_S, SPEED_MPS, END_M = 3.0, 2.0, 60.0 * KMH, 70.0
_CHANGE_M, _TAKE_OFF_MPS2, _LEAST_MPS = 14.0, 1.8, 4.0
_STUCK_S = 30.0


class StaticCutIn(Scenario):
    """Six cars stand in a queue on the lane beside the ego's, 11 m apart, the first `distance` m behind the trigger.

    When the ego is 2.7 s or 15 m from the third, that one moves into the ego's lane as fast as the ego is then, and
    after 5 s speeds up to 60 km/h. Once it is 70 m on (or 30 s later) all are gone. Parameters: distance (m, 100),
    direction (left | right, right: where the queue stands). Source: scenario_runner, cut_in_with_static_vehicle.py
    (MIT); there the queue appears at the trigger, here it stands from the start.
    """

    map_kinds = ("arterial", "highway", "town")
    after_m = 150.0

    def prepare(self) -> None:
        """The queue."""
        self._queue = []
        for k in range(BEHIND + 1 + BEFORE):
            s_m = self._first_s_m + QUEUE_GAP_M * k
            self._queue.append(self.world.cast.add(BodyKind.CAR, self.on_route(s_m, self._aside_m(s_m))))

    @property
    def _first_s_m(self) -> float:
        return self.trigger_s_m + self.number("distance", DISTANCE_M)

    @property
    def _left(self) -> bool:
        return self.word("direction", "right") == "left"

    def _aside_m(self, s_m: float) -> float:
        """Metres to the left of the route at which the queue stands."""
        lane = self.around.same_way(s_m, self._left)
        own = self.around.lane(s_m)
        width = own.width_m if lane is None else 0.5 * (own.width_m + self.world.map.lanes[lane].width_m)
        return width if self._left else -width

    def closed_lanes(self) -> set[int]:
        """The ego's lane and the queue's."""
        begin, end = self.trigger_s_m - 20.0, self._first_s_m + QUEUE_GAP_M * BEHIND + END_M
        beside = {self.around.same_way(float(s), self._left)
                  for s in np.arange(self._first_s_m, self._first_s_m + QUEUE_GAP_M * (BEHIND + BEFORE) + 1.0, 4.0)}
        return self.around.lanes_between(begin, end) | {i for i in beside if i is not None}

    def script(self) -> Script:
        """Wait for the ego, cut in, drive on, be gone."""
        car = self._queue[BEHIND]
        out = self._first_s_m + QUEUE_GAP_M * BEHIND
        yield from self.arriving(self.on_route(out).position_m, ARRIVAL_S, ARRIVAL_M)
        aside = self._aside_m(out)
        end = min(out + END_M + SIZES[BodyKind.CAR][0], self.world.route_line.length_m)
        car.acceleration_mps2 = _TAKE_OFF_MPS2
        car.go(self.along_route(out, end, lambda s: aside * (1.0 - changed(s, out, _CHANGE_M))),
               max(self.world.ego.speed_mps, _LEAST_MPS), start_s_m=0.0)
        begin = self.world.tick
        yield from self.until(lambda: car.moved_m >= _CHANGE_M, at_most_s=_STUCK_S)
        car.heeds = True
        spent = 0.05 * (self.world.tick - begin)
        yield from self.wait(max(0.0, CHANGE_S + OTHER_LANE_S - spent))
        car.wanted_mps = SPEED_MPS
        yield from self.until(lambda: car.moved_m >= END_M or car.left_m < 1.0, at_most_s=_STUCK_S)
        self.cleared(self._queue)

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """A long block with a lane at the right of the ego's."""
        distance = round(float(rng.uniform(40.0, 45.0)))
        queue = QUEUE_GAP_M * (BEHIND + BEFORE)
        need = distance + QUEUE_GAP_M * BEHIND + END_M + 8.0
        for a, b in view.blocks(need - 20.0):
            low, high = max(a - 20.0, 12.0), b - need
            if high <= low:
                continue
            trigger = float(rng.uniform(low, high))
            first = trigger + distance
            if view.everywhere(first - 8.0, first + queue + 8.0, lambda s: view.around.same_way(s, False), 4.0) and (
                    view.is_straight(first - 10.0, first + queue, 0.3)):
                return Wish(trigger, {"distance": {"value": str(distance)}, "direction": {"value": "right"}})
        return None
