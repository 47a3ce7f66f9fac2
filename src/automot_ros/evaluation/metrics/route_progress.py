"""How far along its route the ego has come, the way all route criteria of scenario_runner count it.

A route point is passed once the ego lies in front of it (in the direction of the route); only a few points ahead of
the last passed one are looked at, so that crossings of the route with itself are no short cut.
Source: RouteCompletionTest, MinimumSpeedRouteTest, OutsideRouteLanesTest (atomic_criteria.py), timer.py; MIT.
"""

from __future__ import annotations

import numpy as np

from automot_ros.geometry.polyline import Polyline

SPACING_M = 1.0
"""Distance between route points, as the leaderboard's interpolate_trajectory makes them."""


class RoutePoints:
    """A route as points a metre apart: x, y, direction of travel (unit vector), metres from the start."""

    def __init__(self, line: Polyline) -> None:
        dense = line.resampled(SPACING_M)
        points = dense.points_N2
        ahead = np.gradient(points, axis=0)
        ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
        self.x: list[float] = points[:, 0].tolist()
        self.y: list[float] = points[:, 1].tolist()
        self.forward_x: list[float] = ahead[:, 0].tolist()
        self.forward_y: list[float] = ahead[:, 1].tolist()
        self.s_m: list[float] = dense.s_N.tolist()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def length_m(self) -> float:
        """Metres from the first point to the last."""
        return self.s_m[-1]


class RouteProgress:
    """The last route point that the ego has passed, looking `window` points ahead at every call."""

    def __init__(self, points: RoutePoints, window: int) -> None:
        self._points, self._window = points, window
        self.index = 0

    @property
    def passed_m(self) -> float:
        """Metres of route up to the last passed point."""
        return self._points.s_m[self.index]

    def advance(self, x_m: float, y_m: float) -> float:
        """Look at the ego's place; returns the metres of route newly passed."""
        points, before = self._points, self.index
        for i in range(before + 1, min(before + self._window + 1, len(points))):
            dx, dy = x_m - points.x[i], y_m - points.y[i]
            if dx * points.forward_x[i] + dy * points.forward_y[i] > 0.0:
                self.index = i
        return points.s_m[self.index] - points.s_m[before]
