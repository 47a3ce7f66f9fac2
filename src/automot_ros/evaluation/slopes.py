"""Does something grow? The slope of a line through samples, with its confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

HOUR_S = 3600.0
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Slope:
    """Per hour, with a 95 % confidence interval; `mean` of the samples; infinite bounds where too few say nothing."""

    per_hour: float
    low: float
    high: float
    mean: float
    samples: int


def slope_of(times_s: Sequence[float], values: Sequence[float]) -> Slope:
    """Least squares. Neighbouring samples are alike, so they count for less: as many as their correlation leaves."""
    t, y = np.asarray(times_s, np.float64), np.asarray(values, np.float64)
    if len(t) < FEWEST or np.ptp(t) <= 0.0:
        return Slope(0.0, -np.inf, np.inf, float(y.mean()) if len(y) else 0.0, len(y))
    away = t - t.mean()
    slope = float(away @ (y - y.mean()) / (away @ away))
    rest = y - y.mean() - slope * away
    spread = float(rest @ rest)
    if spread <= 1e-18:
        return Slope(slope * HOUR_S, slope * HOUR_S, slope * HOUR_S, float(y.mean()), len(y))
    alike = float(np.clip(rest[1:] @ rest[:-1] / spread, 0.0, 0.99))
    free = max(len(t) * (1.0 - alike) / (1.0 + alike) - 2.0, 1.0)
    error = np.sqrt(spread / free / (away @ away))
    half = float(stats.t.ppf(0.975, free) * error)
    return Slope(slope * HOUR_S, (slope - half) * HOUR_S, (slope + half) * HOUR_S, float(y.mean()), len(y))
