"""Share of two-second chunks of a drive that stay inside comfort bounds on acceleration, jerk and yaw.

Bounds and smoothing (Savitzky-Golay, 7 frames, order 2, at 10 Hz) are those of Bench2Drive's tools. Its "yaw
acceleration" is the smoothed yaw rate and its yaw rate is in degrees; here both are the quantities they are named for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CHUNK = 20
_DT_S = 0.1


def comfort_share(speed_mps: NDArray[np.float64], yaw_rad: NDArray[np.float64]) -> float | None:
    """0..1 from (N,) samples at 10 Hz; None for a drive shorter than one chunk."""
    # A second of import that the running world must not wait for.
    from scipy.signal import savgol_filter

    n = len(speed_mps) // _CHUNK
    if n == 0:
        return None
    passed = 0
    for i in range(n):
        part = slice(i * _CHUNK, (i + 1) * _CHUNK)
        v, yaw = speed_mps[part], np.unwrap(yaw_rad[part])

        def smooth(x: NDArray[np.float64], order: int) -> NDArray[np.float64]:
            return np.asarray(savgol_filter(x, 7, 2, deriv=order, delta=_DT_S))

        acceleration, yaw_rate = smooth(v, 1), smooth(yaw, 1)
        lateral = smooth(v, 0) * yaw_rate
        longitudinal_jerk = smooth(v, 2)
        jerk = np.hypot(longitudinal_jerk, np.gradient(lateral, _DT_S))
        passed += bool(
            np.all((acceleration > -4.05) & (acceleration < 2.40)) and np.all(np.abs(lateral) < 4.89)
            and np.all(np.abs(jerk) < 8.37) and np.all(np.abs(longitudinal_jerk) < 4.13)
            and np.all(np.abs(smooth(yaw, 2)) < 1.93) and np.all(np.abs(yaw_rate) < 0.95))
    return passed / n
