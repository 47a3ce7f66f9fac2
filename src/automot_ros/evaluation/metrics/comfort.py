"""Comfort: share of chunks of 20 frames whose accelerations, jerks and yaw rate stay inside bounds.

`comfort_as_published` is Bench2Drive's tools/efficiency_smoothness_benchmark.py with its quirks, so that figures
compare with published ones: frames are recorded at 20 Hz (a chunk is one second) but differentiated as if 0.1 s apart,
which halves every jerk; the yaw rate comes in degrees per second and meets a bound in radians; what is called yaw
acceleration is the smoothed yaw rate once more; a drive of 20 frames or fewer is one chunk; and the magnitude of jerk
is the slope of the magnitude of acceleration. `comfort_corrected` takes frames 0.1 s apart (a chunk is two seconds),
radians, and the slope of the yaw rate; the rest is the same. `jerk` is no share: how hard the car jerks on the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHUNK = 20
STEP_S = 0.1
FRAME_S = 0.05
_WINDOW, _ORDER = 7, 2
MIN_LON_ACCEL, MAX_LON_ACCEL = -4.05, 2.40
MAX_LAT_ACCEL, MAX_JERK, MAX_LON_JERK = 4.89, 8.37, 4.13
MAX_YAW_ACCEL, MAX_YAW_RATE = 1.93, 0.95


def chunk_passes(lon_CN: Floats, lat_CN: Floats, yaw_rate_CN: Floats, *,
                 true_yaw_acceleration: bool) -> NDArray[np.bool_]:
    """(C,) whether each chunk of N frames is comfortable.

    lon, lat: acceleration along and across the ego, m/s2; yaw_rate: compared with 0.95 in whatever unit it has;
    true_yaw_acceleration: differentiate the yaw rate before comparing it with 1.93.
    """
    # A second of import that the running world must not wait for.
    from scipy.signal import savgol_filter

    window = min(_WINDOW, lon_CN.shape[-1])

    def smooth(x_CN: Floats, order: int = 0) -> Floats:
        return np.asarray(savgol_filter(x_CN, window, _ORDER, deriv=order, delta=STEP_S, axis=-1))

    # The source unwraps the yaw rate as if it were an angle.
    turns = np.cumsum(np.round(np.diff(yaw_rate_CN, axis=-1) / (2.0 * np.pi)), axis=-1)
    rate = yaw_rate_CN.copy()
    rate[:, 1:] -= 2.0 * np.pi * turns
    lon, lat = smooth(lon_CN), smooth(lat_CN)
    jerk = smooth(smooth(np.hypot(lon_CN, lat_CN)), 1)
    yaw_acceleration = smooth(rate, 1) if true_yaw_acceleration else smooth(rate)
    inside = ((lon > MIN_LON_ACCEL) & (lon < MAX_LON_ACCEL) & (np.abs(lat) < MAX_LAT_ACCEL) & (np.abs(jerk) < MAX_JERK)
              & (np.abs(smooth(lon, 1)) < MAX_LON_JERK) & (np.abs(yaw_acceleration) < MAX_YAW_ACCEL)
              & (np.abs(smooth(rate)) < MAX_YAW_RATE))
    return np.asarray(np.all(inside, axis=-1))


def _share(lon_N: Floats, lat_N: Floats, yaw_rate_N: Floats, *, true_yaw_acceleration: bool) -> float | None:
    n = len(lon_N)
    if n <= _ORDER:
        return None
    size = CHUNK if n > CHUNK else n
    kept = n // size * size
    parts = [x[:kept].reshape(-1, size) for x in (lon_N, lat_N, yaw_rate_N)]
    return float(np.mean(chunk_passes(*parts, true_yaw_acceleration=true_yaw_acceleration)))


def accelerations(speed_N: Floats, yaw_N: Floats, step_s: float) -> tuple[Floats, Floats]:
    """(N,) acceleration along and across (left) the ego from its speed and heading: change of velocity per step.

    The first value is zero: a drive begins at rest.
    """
    velocity = speed_N[:, None] * np.stack([np.cos(yaw_N), np.sin(yaw_N)], axis=1)
    change = np.diff(velocity, axis=0, prepend=velocity[:1]) / step_s
    lon = change[:, 0] * np.cos(yaw_N) + change[:, 1] * np.sin(yaw_N)
    lat = change[:, 1] * np.cos(yaw_N) - change[:, 0] * np.sin(yaw_N)
    return lon, lat


def comfort_as_published(speed_N: Floats, yaw_N: Floats, yaw_rate_radps_N: Floats) -> float | None:
    """0..1 from (N,) frames at 20 Hz: m/s, radians, radians per second; None for fewer than three frames."""
    lon, lat = accelerations(speed_N, yaw_N, FRAME_S)
    return _share(lon, lat, np.degrees(yaw_rate_radps_N), true_yaw_acceleration=False)


def comfort_corrected(speed_N: Floats, yaw_N: Floats, yaw_rate_radps_N: Floats) -> float | None:
    """0..1 from (N,) frames at 20 Hz, of which every second is taken; None for fewer than five frames."""
    every = round(STEP_S / FRAME_S)
    lon, lat = accelerations(speed_N[::every], yaw_N[::every], STEP_S)
    return _share(lon, lat, yaw_rate_radps_N[::every], true_yaw_acceleration=True)


def jerk(speed_N: Floats, yaw_N: Floats) -> float | None:
    """Root mean square of the jerk along the ego, m/s3, smoothed as above; None for fewer than five frames.

    From (N,) frames at 20 Hz in m/s and radians, of which every second is taken.
    """
    from scipy.signal import savgol_filter

    every = round(STEP_S / FRAME_S)
    lon, _ = accelerations(speed_N[::every], yaw_N[::every], STEP_S)
    if len(lon) <= _ORDER:
        return None
    slope = savgol_filter(lon, min(_WINDOW, len(lon)), _ORDER, deriv=1, delta=STEP_S)
    return float(np.sqrt(np.mean(slope**2)))
