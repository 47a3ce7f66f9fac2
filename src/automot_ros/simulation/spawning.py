"""Where road users may appear: places on lanes near the ego's route, away from each other, out of the ego's view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.road_map import RoadMap

Floats = NDArray[np.float64]

SPACING_M = 6.0
ROUTE_REACH_M = 75.0
FARTHEST_M = 170.0
VIEW_M = 95.0
VIEW_BEHIND_M = 30.0
VIEW_HALF_RAD = math.radians(100.0)
AGENT_GAP_M = 13.0
EGO_GAP_M = 22.0


@dataclass(frozen=True, slots=True)
class Spots:
    """Places for a road user: lane, arc length on it, position, and where the route passes nearest.

    route_s_N: arc length on the ego's route of its nearest point; route_distance_N: metres from it; on_route_N: the
    place lies on the ego's own way.
    """

    lane_N: NDArray[np.int64]
    s_N: Floats
    xy_N2: Floats
    route_s_N: Floats
    route_distance_N: Floats
    on_route_N: NDArray[np.bool_]


def find_spots(road_map: RoadMap, route: Polyline, closed: frozenset[int] = frozenset()) -> Spots:
    """All places within ROUTE_REACH_M of the route, outside junctions and closed lanes, not at the end of a road."""
    lanes, s_all, xy, yaw = [], [], [], []
    for lane in road_map.lanes:
        if lane.junction_id >= 0 or not lane.next or lane.index in closed:
            continue
        for s in np.arange(5.0, lane.center.length_m - 5.0, SPACING_M):
            lanes.append(lane.index)
            s_all.append(float(s))
            xy.append(lane.center.at(float(s)))
            yaw.append(lane.center.yaw_at(float(s)))
    points, s_route = route.points_N2[::3], route.s_N[::3]
    p = np.array(xy).reshape(-1, 2)
    distance = np.empty(len(p))
    nearest = np.empty(len(p), dtype=np.int64)
    for at in range(0, len(p), 512):
        d2 = np.sum((p[at : at + 512, None, :] - points[None]) ** 2, axis=2)
        nearest[at : at + 512] = d2.argmin(axis=1)
        distance[at : at + 512] = np.sqrt(d2.min(axis=1))
    route_yaw = np.array([route.yaw_at(float(s)) for s in s_route])
    along = np.cos(np.array(yaw) - route_yaw[nearest]) > 0.7 if len(p) else np.zeros(0, bool)
    keep = distance < ROUTE_REACH_M
    return Spots(np.array(lanes, dtype=np.int64)[keep], np.array(s_all)[keep], p[keep], s_route[nearest][keep],
                 distance[keep], ((distance < 2.0) & along)[keep])


def seen_from(ego: Pose2, xy_N2: Floats) -> NDArray[np.bool_]:
    """Whether the ego's cameras may show points: within VIEW_M ahead and to the sides, VIEW_BEHIND_M all round."""
    d = xy_N2 - (ego.x_m, ego.y_m)
    distance = np.hypot(d[:, 0], d[:, 1])
    ahead = d[:, 0] * math.cos(ego.yaw_rad) + d[:, 1] * math.sin(ego.yaw_rad)
    seen: NDArray[np.bool_] = (distance < VIEW_BEHIND_M) | (
        (distance < VIEW_M) & (ahead > distance * math.cos(VIEW_HALF_RAD)))
    return seen


def choose_spot(rng: np.random.Generator, spots: Spots, ego: Pose2, ego_route_s_m: float, taken_xy_N2: Floats,
                start: bool) -> int | None:
    """A free place, None where there is none. At the start of the drive also in view, and often on the ego's way."""
    d = spots.xy_N2 - (ego.x_m, ego.y_m)
    distance = np.hypot(d[:, 0], d[:, 1])
    ahead = spots.route_s_N - ego_route_s_m
    free = (distance < FARTHEST_M) & (distance > EGO_GAP_M)
    if start:
        free &= ~(spots.on_route_N & (ahead < EGO_GAP_M))
    else:
        free &= ~seen_from(ego, spots.xy_N2) & (ahead > -20.0) & (ahead < FARTHEST_M)
    if len(taken_xy_N2):
        gap2 = np.min(np.sum((spots.xy_N2[:, None, :] - taken_xy_N2[None]) ** 2, axis=2), axis=1)
        free &= gap2 > AGENT_GAP_M**2
    weight = np.where(free, 1.0 / (1.0 + spots.route_distance_N / 25.0), 0.0)
    weight *= np.where(spots.on_route_N, 0.8 if start else 0.7, 1.0)
    total = float(weight.sum())
    if total <= 0.0:
        return None
    return int(rng.choice(len(weight), p=weight / total))
