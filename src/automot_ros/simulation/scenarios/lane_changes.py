"""SequentialLaneChange: the route changes lane twice within a hundred metres."""

from __future__ import annotations

import numpy as np

from automot_ros.base.errors import MapError
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.drawing import RouteView, Wish
from automot_ros.simulation.scenarios.lane_paths import view_over
from automot_ros.simulation.scenarios.scenario import Scenario, Script

DRIVEN_M = 200.0
_FIRST_M, _SECOND_M, _ROUTE_M = (32.0, 42.0), (82.0, 92.0), 132.0
_ROOM_M = 14.0


class SequentialLaneChange(Scenario):
    """Nobody is staged: the route itself changes lane twice, one change some 50 m behind the other, among others.

    The ego has to find its gaps. Ends when it has driven 200 m; 240 s. No parameters.
    Source: Bench2Drive, scenario_runner/srunner/scenarios/sequentially_lane_change.py (MIT).
    """

    map_kinds = ("arterial", "highway")
    timeout_s = 240.0

    def script(self) -> Script:
        """The route does it."""
        yield from self.driven(DRIVEN_M)

    @classmethod
    def route(cls, road_map: RoadMap, junctions: Junctions, rng: np.random.Generator) -> RouteView | None:
        """A stretch without a junction, over two lanes to one side, or to the next lane and back."""
        long = [lane for lane in road_map.lanes if lane.junction_id < 0
                and lane.center.length_m > _ROUTE_M + 2.0 * _ROOM_M and (lane.left, lane.right) != (None, None)]
        if not long:
            return None
        first = long[int(rng.integers(len(long)))]
        second = road_map.lanes[int(rng.choice([i for i in (first.left, first.right) if i is not None]))]
        beyond = second.left if second.index == first.left else second.right
        third = first if beyond is None else road_map.lanes[beyond]
        begin = float(rng.uniform(_ROOM_M, first.center.length_m - _ROUTE_M - _ROOM_M))
        middle_m = begin + float(rng.uniform(*_SECOND_M))
        along_second = second.center.project(first.center.at(middle_m))[0]
        end = third.center.project(first.center.at(begin + _ROUTE_M))[0]
        try:
            return view_over(road_map, junctions, [first.index, second.index, third.index], begin, end,
                             [begin + float(rng.uniform(*_FIRST_M)), along_second])
        except MapError:
            return None

    @classmethod
    def place(cls, view: RouteView, rng: np.random.Generator) -> Wish | None:
        """Everywhere: the whole route is the incident."""
        return Wish(3.0, begin_m=0.0, end_m=view.line.length_m)
