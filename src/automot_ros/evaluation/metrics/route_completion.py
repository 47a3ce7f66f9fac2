"""Route completion: share of the route whose points were passed; complete above 99 % and within 10 m of the end.

Source: RouteCompletionTest of scenario_runner's atomic_criteria.py (MIT).
"""

from __future__ import annotations

import math

from automot_ros.evaluation.metrics.route_progress import RoutePoints, RouteProgress

WINDOW = 2
DONE_PERCENT = 99.0
DONE_M = 10.0


class RouteCompletion:
    """Call `observe` at every tick; `percent` 0..100 with two decimals, `done` at the end."""

    def __init__(self, points: RoutePoints) -> None:
        self._points = points
        self._progress = RouteProgress(points, WINDOW)
        self.percent = 0.0
        self.done = False

    @property
    def passed_m(self) -> float:
        """Metres of route passed."""
        return self._progress.passed_m

    def observe(self, x_m: float, y_m: float) -> None:
        """Look at the ego's place."""
        if self.done:
            return
        self._progress.advance(x_m, y_m)
        self.percent = round(100.0 * self._progress.passed_m / self._points.length_m, 2)
        to_end = math.hypot(x_m - self._points.x[-1], y_m - self._points.y[-1])
        if self.percent > DONE_PERCENT and to_end < DONE_M:
            self.percent, self.done = 100.0, True
