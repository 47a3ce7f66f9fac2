"""Paths over lanes for scripted vehicles, and routes of a drawn row of lanes: between two places, with lane changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.changes import Leg, assemble
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.maps.routing import dense
from automot_ros.simulation.scenarios.drawing import RouteView

_EVERY_M = 3.0
_BESIDE_M = 1.2
Floats = NDArray[np.float64]


def pose_on(path: Polyline, s_m: float) -> Pose2:
    """The pose of a path at an arc length."""
    x, y = path.at(s_m)
    return Pose2(float(x), float(y), path.yaw_at(s_m))


def lanes_on(road_map: RoadMap, path: Polyline) -> set[int]:
    """The lanes that a path runs along."""
    found = set()
    for s in np.append(np.arange(0.0, path.length_m, _EVERY_M), path.length_m):
        lane = road_map.lane_along(path.at(float(s)), path.yaw_at(float(s)), _BESIDE_M)
        if lane is not None:
            found.add(lane[0])
    return found


def beside(path: Polyline, other: Polyline, from_m: float, over_m: float) -> Polyline:
    """A path that leaves `path` at an arc length and is on `other` after `over_m` metres: a lane change."""
    s = np.arange(0.0, path.length_m, 1.0)
    u = np.clip((s - from_m) / over_m, 0.0, 1.0)
    share = u * u * u * (10.0 + u * (6.0 * u - 15.0))
    own = path.at(s)
    there = np.array([other.at(other.project(p)[0]) for p in own])
    return Polyline(own + share[:, None] * (there - own))


def view_over(road_map: RoadMap, junctions: Junctions, lanes: Sequence[int], from_m: float, to_m: float,
              changes: Sequence[float] = ()) -> RouteView:
    """A route over a row of lanes, from an arc length on the first to one on the last.

    changes: for each step to a neighbour, the middle of the change as an arc length on the lane that is left.
    MapError where the lanes do not connect or a change has no room.
    """
    middles = iter(changes)
    legs = [Leg(here, None if after in road_map.lanes[here].next else next(middles))
            for here, after in pairwise(lanes)]
    points = dense(assemble(road_map.lanes, [*legs, Leg(lanes[-1])], from_m, to_m), None)
    return RouteView(road_map, junctions, points, list(lanes))


def view_through(road_map: RoadMap, junctions: Junctions, inner: int, before_m: float, behind_m: float) -> (
        RouteView | None):
    """A route through a junction on one of its lanes, as straight as possible before and behind; None if short."""
    lanes = road_map.lanes
    row, ahead = [inner], 0.0
    while lanes[row[0]].previous and ahead < before_m:
        row.insert(0, min(lanes[row[0]].previous, key=lambda i: abs(_bend(road_map, i))))
        ahead += lanes[row[0]].center.length_m
    behind = 0.0
    while lanes[row[-1]].next and behind < behind_m:
        row.append(min(lanes[row[-1]].next, key=lambda i: abs(_bend(road_map, i))))
        behind += lanes[row[-1]].center.length_m
    if ahead < before_m or behind < behind_m or len(set(row)) < len(row):
        return None
    return view_over(road_map, junctions, row, ahead - before_m, lanes[row[-1]].center.length_m - (behind - behind_m))


def _bend(road_map: RoadMap, lane: int) -> float:
    line = road_map.lanes[lane].center
    return line.yaw_at(line.length_m) - line.yaw_at(0.0)
