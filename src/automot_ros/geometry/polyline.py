"""A path as points with arc length: where am I on it, what lies ahead, how does it bend."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError

Points = NDArray[np.float64]


class Polyline:
    """(N, 2) points in metres, N >= 2, consecutive duplicates dropped."""

    def __init__(self, points_N2: Points) -> None:
        p = np.asarray(points_N2, dtype=np.float64)
        if p.ndim != 2 or p.shape[1] != 2 or not np.all(np.isfinite(p)):
            raise AutomotError("not a path", got=f"shape {p.shape}", wanted="finite (N, 2)")
        keep = np.concatenate([[True], np.hypot(*np.diff(p, axis=0).T) > 1e-6]) if len(p) else np.zeros(0, bool)
        p = p[keep]
        if len(p) < 2:
            raise AutomotError("a path needs two different points", got=len(p), wanted=">= 2")
        self.points_N2: Points = p
        self._steps_m = np.hypot(*np.diff(p, axis=0).T)
        self.s_N: Points = np.concatenate([[0.0], np.cumsum(self._steps_m)])
        self._yaw = np.unwrap(np.arctan2(np.diff(p[:, 1]), np.diff(p[:, 0])))

    @property
    def length_m(self) -> float:
        """Arc length from the first point to the last."""
        return float(self.s_N[-1])

    def at(self, s_m: float | Points) -> Points:
        """Points at arc lengths (clamped to the ends): (2,) for a number, (K, 2) for an array."""
        s = np.asarray(s_m, dtype=np.float64)
        p = self.points_N2
        return np.stack([np.interp(s, self.s_N, p[:, 0]), np.interp(s, self.s_N, p[:, 1])], axis=-1)

    def yaw_at(self, s_m: float) -> float:
        """Heading of the path at an arc length, radians, interpolated between segment centres."""
        centres = 0.5 * (self.s_N[:-1] + self.s_N[1:])
        return float(np.interp(s_m, centres, self._yaw))

    def curvature_at(self, s_m: float, window_m: float = 2.0) -> float:
        """Mean signed curvature (1/m, left positive) over `window_m` around an arc length."""
        a, b = max(0.0, s_m - window_m / 2), min(self.length_m, s_m + window_m / 2)
        return (self.yaw_at(b) - self.yaw_at(a)) / max(b - a, 1e-6)

    def project(self, point_2: Points, s_low_m: float = 0.0, s_high_m: float = math.inf) -> tuple[float, float]:
        """Arc length of the nearest point within [s_low_m, s_high_m] and the signed offset (left positive)."""
        lo = min(max(0, int(np.searchsorted(self.s_N, s_low_m, side="right")) - 1), len(self._steps_m) - 1)
        hi = min(len(self._steps_m), max(lo + 1, int(np.searchsorted(self.s_N, s_high_m, side="left"))))
        a, b, step = self.points_N2[lo:hi], self.points_N2[lo + 1 : hi + 1], self._steps_m[lo:hi]
        q = np.asarray(point_2, dtype=np.float64)
        along = np.clip(np.einsum("ij,ij->i", q - a, b - a) / (step * step), 0.0, 1.0)
        foot = a + along[:, None] * (b - a)
        i = int(np.argmin(np.sum((foot - q) ** 2, axis=1)))
        direction = (b[i] - a[i]) / step[i]
        offset = q - foot[i]
        side = direction[0] * offset[1] - direction[1] * offset[0]
        return float(self.s_N[lo + i] + along[i] * step[i]), math.copysign(float(np.hypot(*offset)), side)

    def resampled(self, spacing_m: float) -> Polyline:
        """The same path with points every `spacing_m` (the last step may be shorter)."""
        s = np.append(np.arange(0.0, self.length_m, spacing_m), self.length_m)
        return Polyline(self.at(s))
