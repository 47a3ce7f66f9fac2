"""Route deviation: the ego is 30 m off its route, or has passed 30 % of it more than 15 m off. Ends the drive.

Source: InRouteTest of scenario_runner's atomic_criteria.py (MIT).
"""

from __future__ import annotations

import math

from automot_ros.evaluation.metrics.route_progress import RoutePoints

WINDOW = 5
OFF_M = 30.0
SAFE_M = 15.0
OFF_PERCENT = 30.0


class InRoute:
    """Call `observe` at every tick; `deviated` once it has happened."""

    def __init__(self, points: RoutePoints) -> None:
        self._points = points
        self._index = 0
        self._off_m = 0.0
        self.deviated = False

    def observe(self, x_m: float, y_m: float) -> None:
        """Look at the ego's place."""
        points, nearest, shortest = self._points, self._index, math.inf
        for i in range(self._index, min(self._index + WINDOW + 1, len(points))):
            distance = math.hypot(x_m - points.x[i], y_m - points.y[i])
            if distance <= shortest:
                nearest, shortest = i, distance
        if shortest >= OFF_M:
            self.deviated = True
        if nearest != self._index:
            if shortest >= SAFE_M:
                self._off_m += points.s_m[nearest] - points.s_m[self._index]
                if 100.0 * self._off_m / points.length_m > OFF_PERCENT:
                    self.deviated = True
            self._index = nearest
