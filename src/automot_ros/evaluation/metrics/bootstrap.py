"""Confidence interval of a mean by the percentile bootstrap over routes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automot_ros.base.errors import AutomotError
from automot_ros.base.seeds import stream

DRAWS = 4000
LEVEL = 0.95


def bootstrap_ci(values: Sequence[float], seed: int) -> tuple[float, float]:
    """(low, high) that hold the mean of `values` with 95 %: same values and seed, same interval. Needs one value."""
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or len(data) == 0 or not np.all(np.isfinite(data)):
        raise AutomotError("no confidence interval", where="bootstrap", got=f"shape {data.shape}",
                           wanted="one or more finite values")
    rng = stream(seed, "bootstrap")
    # Counts instead of indices: the mean of a resample needs only how often each value was drawn.
    counts = rng.multinomial(len(data), np.full(len(data), 1.0 / len(data)), size=DRAWS)
    means = counts @ data / len(data)
    low, high = np.quantile(means, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0])
    return float(low), float(high)
