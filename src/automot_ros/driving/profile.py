"""How fast along the path: a smooth speed profile through the distances that waypoints name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.plan import WAYPOINT_STEP_S, WAYPOINTS

Values = NDArray[np.float64]

STEP_S = 0.1
HORIZON_S = WAYPOINTS * WAYPOINT_STEP_S
STEPS = round(HORIZON_S / STEP_S)
TIMES_S: Values = np.arange(STEPS + 1, dtype=np.float64) * STEP_S
TIMES_S.flags.writeable = False

# The fit trusts a waypoint's distance to this deviation, growing with the horizon, and lets the acceleration wander
# like a random walk of this size a root second. The profile starts at the measured speed, so noise of one waypoint
# must not become a jump of the pedal, while a full stop or a start shows in the first step.
NEAR_DEVIATION_M = 0.08
DEVIATION_M_PER_WAYPOINT = 0.04
ACCELERATION_WALK_MPS2 = 2.5
FIRST_ACCELERATION_MPS2 = 5.0


def _fit_matrix() -> tuple[Values, Values]:
    """(STEPS, WAYPOINTS) accelerations per metre of distance beyond constant speed, and (WAYPOINTS,) instants."""
    instants: Values = WAYPOINT_STEP_S * np.arange(1, WAYPOINTS + 1, dtype=np.float64)
    start = TIMES_S[:-1]
    lasting = np.clip(instants[:, None] - start[None], 0.0, None)
    inside = np.minimum(lasting, STEP_S)
    reach = inside * (lasting - inside / 2.0)
    trust = 1.0 / (NEAR_DEVIATION_M + DEVIATION_M_PER_WAYPOINT * np.arange(WAYPOINTS))
    smooth = np.diff(np.eye(STEPS), axis=0) / (ACCELERATION_WALK_MPS2 * np.sqrt(STEP_S))
    first = np.eye(STEPS)[:1] / FIRST_ACCELERATION_MPS2
    weighted = trust[:, None] * reach
    information = weighted.T @ weighted + smooth.T @ smooth + first.T @ first
    fit: Values = np.linalg.solve(information, weighted.T * trust[None])
    return fit, instants


_FIT, _INSTANTS_S = _fit_matrix()
# Noise of the first waypoints, a few centimetres at a standstill, must not become a leap.
STRONGEST_MPS2, HARDEST_MPS2 = 3.0, 9.0
CATCH_UP_S = 0.7
# A plan whose remaining way is shorter than this, at walking speed, has arrived.
_ARRIVED_M = 0.25
_ARRIVED_MPS = 0.3


def speed_profile(speed_mps: float, distances_6: Values) -> Values:
    """(31,) speeds at TIMES_S, from `speed_mps` now, that reach the distances (m) at 0.5, 1.0 ... 3.0 s.

    Never negative; a car that has arrived stands to the end.
    """
    # Linear in its inputs: six numbers in, thirty accelerations out, no iteration.
    accelerations = _FIT @ (distances_6 - speed_mps * _INSTANTS_S)
    speeds = np.maximum(0.0, speed_mps + np.concatenate([[0.0], np.cumsum(accelerations) * STEP_S]))
    speeds = _drivable(speeds)
    left = distances_6[-1] - distance_along(speeds)
    later = np.flip(np.maximum.accumulate(np.flip(speeds)))
    arrived = (left < _ARRIVED_M) & (later < _ARRIVED_MPS)
    speeds[1:][arrived[1:]] = 0.0
    return speeds


def _drivable(wanted: Values) -> Values:
    """(31,) speeds that a car can give, making up for the way it is behind."""
    if np.all(np.abs(np.diff(wanted)) <= STRONGEST_MPS2 * STEP_S):
        return wanted
    speeds: Values = wanted.copy()
    behind_m = 0.0
    for i in range(STEPS):
        best = wanted[i + 1] + behind_m / CATCH_UP_S
        speeds[i + 1] = max(0.0, min(speeds[i] + STRONGEST_MPS2 * STEP_S, max(speeds[i] - HARDEST_MPS2 * STEP_S, best)))
        behind_m += 0.5 * (wanted[i] + wanted[i + 1] - speeds[i] - speeds[i + 1]) * STEP_S
    return speeds


def distance_along(speeds: Values) -> Values:
    """(31,) distance driven at TIMES_S with these speeds."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (speeds[1:] + speeds[:-1]) * STEP_S)])
