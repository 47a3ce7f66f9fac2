"""Outside route lanes: share of the driven route with the ego's middle off the road or on a lane against its direction.

Off the road: more than half a lane plus 0.5 m from the middle of the nearest driving (or parking) lane. Against its
direction: told at each change of lane, never inside junctions. A route point passed in either state adds its metres.
Source: OutsideRouteLanesTest of scenario_runner's atomic_criteria.py (MIT).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import wrap_angle
from automot_ros.simulation.maps.lanes import Lane
from automot_ros.simulation.maps.road_map import RoadMap

WINDOW = 3
ALLOWED_OUT_M = 0.5
EXIT_ANGLE_RAD = math.radians(120.0)  # between ego and lane, on leaving a junction
TURNED_ANGLE_RAD = math.radians(150.0)  # between one lane and the next

LEAVES_TEST_OFF = "HazardAtSideLaneTwoWays"
"""The class that, once over, leaves the wrong-direction test switched off in scenario_runner (route_obstacles.py)."""


def is_off_road(distance_m: float, lane_width_m: float) -> bool:
    """Whether a point so far from the middle of its nearest lane lies outside it, shoulder allowed."""
    return distance_m > 0.5 * lane_width_m + ALLOWED_OUT_M


class WrongWay:
    """Whether the ego drives against the direction of its lane. Call `observe` at every tick on a driving lane."""

    def __init__(self) -> None:
        self.active = False
        self._last: tuple[Lane, float] | None = None

    def observe(self, lane: Lane, s_m: float, ego_yaw_rad: float) -> None:
        """The nearest driving lane, the ego's place on it, the ego's heading."""
        last = self._last
        self._last = (lane, s_m)
        if lane.junction_id >= 0:
            self.active = False
        elif last is not None and (last[0].road_id, last[0].lane_id) != (lane.road_id, lane.lane_id):
            yaw = lane.center.yaw_at(s_m)
            if last[0].junction_id >= 0:
                self.active = abs(wrap_angle(yaw - ego_yaw_rad)) >= EXIT_ANGLE_RAD
            elif abs(wrap_angle(last[0].center.yaw_at(last[1]) - yaw)) > TURNED_ANGLE_RAD:
                self.active = not self.active


class WrongWaySwitch:
    """Whether driving on the opposite lane is a fault now: not while a scenario runs that opens it.

    `observe` takes (class name, state) of every scenario; those whose name ends in TwoWays open the opposite lane.
    """

    def __init__(self) -> None:
        self.on = True
        self._was: dict[int, str] = {}

    def observe(self, index: int, kind: str, state: str) -> None:
        """Look at scenario number `index` of the route."""
        was = self._was.get(index)
        if state == was:
            return
        self._was[index] = state
        if not kind.endswith("TwoWays"):
            return
        if state == "running":
            self.on = False
        elif was == "running":
            self.on = kind != LEAVES_TEST_OFF


class OutsideShare:
    """Metres of route passed, and those passed while outside."""

    def __init__(self) -> None:
        self.driven_m = self.outside_m = 0.0

    def observe(self, newly_passed_m: float, outside: bool) -> None:
        """Add what was passed since the last call."""
        self.driven_m += newly_passed_m
        if outside:
            self.outside_m += newly_passed_m

    @property
    def percent(self) -> float:
        """0..100 of the driven (not the whole) route."""
        return 100.0 * self.outside_m / self.driven_m if self.driven_m > 0.0 else 0.0


class ParkingLanes:
    """Where the parking lanes of a map are, for an ego that stands on one."""

    def __init__(self, road_map: RoadMap) -> None:
        strips = [strip for strip in road_map.strips.values() if strip.kind == "parking" and len(strip.center_N2) > 1
                  and np.hypot(*np.ptp(strip.center_N2, axis=0)) > 0.5]
        self._lines = [Polyline(strip.center_N2) for strip in strips]
        self._widths = [float(np.median(strip.width_N)) for strip in strips]
        self._low_K2 = np.array([line.points_N2.min(axis=0) for line in self._lines]).reshape(-1, 2)
        self._high_K2 = np.array([line.points_N2.max(axis=0) for line in self._lines]).reshape(-1, 2)

    def nearest(self, point_2: NDArray[np.float64], within_m: float) -> tuple[float, float] | None:
        """(distance, width) of the nearest parking lane that is not farther than `within_m`."""
        close = np.all((point_2 > self._low_K2 - within_m) & (point_2 < self._high_K2 + within_m), axis=1)
        found = [(abs(self._lines[i].project(point_2)[1]), self._widths[i]) for i in np.flatnonzero(close)]
        return min((row for row in found if row[0] <= within_m), default=None)
