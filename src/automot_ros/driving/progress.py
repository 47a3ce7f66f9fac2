"""How far along the route the car is, where the route may cross itself."""

from __future__ import annotations

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.route import Route

BACK_M, AHEAD_M = 5.0, 25.0
LOST_M = 15.0


class RouteProgress:
    """Follows the projection from step to step: looks near the last place first, everywhere when the car is lost."""

    def __init__(self, route: Route) -> None:
        self.stamp_ns = route.stamp_ns
        self.points_map_N2 = route.points_map_N2
        self.line: Polyline = route.line()
        self._s_m: float | None = None

    def is_of(self, route: Route) -> bool:
        """Whether `route` is the same route, sent again perhaps."""
        return np.array_equal(self.points_map_N2, route.points_map_N2)

    def advance(self, pose_map_to_ego: Pose2) -> float:
        """Arc length (m) of the car's projection on the route."""
        at = pose_map_to_ego.position_m
        if self._s_m is not None:
            low = min(max(0.0, self._s_m - BACK_M), self.line.length_m - 0.1)
            s_m, offset_m = self.line.project(at, low, self._s_m + AHEAD_M)
            if abs(offset_m) < LOST_M:
                self._s_m = s_m
                return s_m
        self._s_m, _ = self.line.project(at)
        return self._s_m
