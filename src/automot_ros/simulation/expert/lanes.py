"""The lanes along the expert's route: how much room there is beside it, and what may be driven on."""

from __future__ import annotations

import math

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.maps.road_map import Lane, RoadMap

_EVERY_M = 4.0
_USUAL_LIMIT_MPS, _USUAL_WIDTH_M = 13.9, 3.5


class RouteLanes:
    """Answers by arc length, looked up once every 4 m. Beyond the end of the route everything is as at its end."""

    def __init__(self, road_map: RoadMap, line: Polyline, length_m: float) -> None:
        self._map, self._line, self._length_m = road_map, line, length_m
        self._lane: dict[int, Lane | None] = {}
        self._beside: dict[tuple[int, bool, bool], float | None] = {}

    def lane(self, s_m: float) -> Lane | None:
        """The lane of the route; None where the route is off the road (a parking lane)."""
        key = self._key(s_m)
        if key not in self._lane:
            at = key * _EVERY_M
            found = self._map.lane_along(self._line.at(at), self._line.yaw_at(at), 2.2)
            self._lane[key] = None if found is None else self._map.lanes[found[0]]
        return self._lane[key]

    def speed_limit_mps(self, s_m: float) -> float:
        """The legal limit."""
        lane = self.lane(s_m)
        return _USUAL_LIMIT_MPS if lane is None else lane.speed_limit_mps

    def half_width_m(self, s_m: float) -> float:
        """Half the width of the route's lane."""
        lane = self.lane(s_m)
        return 0.5 * (_USUAL_WIDTH_M if lane is None else lane.width_m)

    def beside_m(self, s_m: float, left: bool, same_way: bool) -> float | None:
        """Distance to the centre of the next lane on one side that runs the same way, or against; None if none."""
        key = (self._key(s_m), left, same_way)
        if key not in self._beside:
            self._beside[key] = self._look(key[0] * _EVERY_M, left, same_way)
        return self._beside[key]

    def everywhere_beside_m(self, from_m: float, to_m: float, left: bool, same_way: bool) -> float | None:
        """The distance in the middle of a stretch, None where that lane is missing on any part of it."""
        for s in np.arange(from_m, to_m, 2.0 * _EVERY_M):
            if self.beside_m(float(s), left, same_way) is None:
                return None
        return self.beside_m(0.5 * (from_m + to_m), left, same_way)

    def _key(self, s_m: float) -> int:
        return round(min(max(s_m, 0.0), self._length_m) / _EVERY_M)

    def _look(self, s_m: float, left: bool, same_way: bool) -> float | None:
        xy, yaw = self._line.at(s_m), self._line.yaw_at(s_m)
        side = np.array([-math.sin(yaw), math.cos(yaw)]) * (1.0 if left else -1.0)
        heading = yaw if same_way else yaw + math.pi
        for reach in np.arange(2.4, 5.6, 0.4):
            found = self._map.lane_along(xy + float(reach) * side, heading, 0.5)
            if found is not None:
                centre = self._map.lanes[found[0]].center.at(found[1])
                return float((centre - xy) @ side)
        return None


def with_road_beyond(road_map: RoadMap, route: Polyline, length_m: float) -> Polyline:
    """The route and `length_m` of road behind its end, as straight as it goes; straight on where that ends."""
    points = [route.points_N2]
    end, yaw = route.points_N2[-1], route.yaw_at(route.length_m)
    found = road_map.lane_along(end, yaw)
    got = 0.0
    while found is not None and got < length_m:
        lane = road_map.lanes[found[0]]
        ahead = lane.center.at(np.append(np.arange(found[1] + 1.0, lane.center.length_m, 1.0), lane.center.length_m))
        points.append(ahead)
        got += lane.center.length_m - found[1]
        on = min(lane.next, key=lambda i: abs(_bend(road_map.lanes[i].center)), default=None)
        found = None if on is None else (on, 0.0, 0.0)
    line = Polyline(np.concatenate(points))
    if got < length_m:
        heading = line.yaw_at(line.length_m)
        away = np.arange(1.0, length_m - got + 1.0)[:, None] * np.array([math.cos(heading), math.sin(heading)])
        line = Polyline(np.concatenate([line.points_N2, line.points_N2[-1] + away]))
    return line


def _bend(line: Polyline) -> float:
    return line.yaw_at(line.length_m) - line.yaw_at(0.0)
