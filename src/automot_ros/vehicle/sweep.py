"""The space a body sweeps: its poses along a path, and how far it may go before it meets a point.

The body is swept as a car moves: its centre along the path, its heading dragged behind by the rear axle. N points, P
poses, K points of a path; all in the ego frame of now.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.vehicle.specification import VehicleSpec

Values = NDArray[np.float64]
POSE_STEP_M = 0.5
FAR_M = 20.0
RETURN_MIN_M, RETURN_S = 4.0, 1.0


def swept_poses(spec: VehicleSpec, path_K2: Values, speed_mps: float, range_m: float) -> Values:
    """(P, 3) x, y, heading of the body every half metre along the path from where the car is now.

    A car beside its path returns to it gently. Nothing is assumed beyond the end of the path.
    """
    line = Polyline(path_K2)
    start_m, aside_m = line.project(np.zeros(2))
    ahead = np.arange(0.0, min(range_m, line.length_m - start_m) + 1e-9, POSE_STEP_M)
    if len(ahead) < 2:
        return np.zeros((1, 3))
    points = line.at(start_m + ahead)
    back = np.clip(1.0 - ahead / max(RETURN_MIN_M, RETURN_S * speed_mps), 0.0, 1.0)
    back = back * back * (3.0 - 2.0 * back)
    steps = np.gradient(points, axis=0)
    left = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / np.maximum(1e-6, np.hypot(*steps.T))[:, None]
    points = points + (aside_m * back)[:, None] * left
    # A path that starts ahead of the car is reached straight from where the car stands.
    points = points - points[0] * back[:, None]
    moves = np.diff(points, axis=0)
    headings = [0.0]
    for course, length in zip(np.arctan2(moves[:, 1], moves[:, 0]).tolist(), np.hypot(*moves.T).tolist(), strict=True):
        headings.append(headings[-1] + length / spec.rear_axle_m * math.sin(course - headings[-1]))
    return np.column_stack([points, headings])


def free_way(spec: VehicleSpec, poses_P3: Values, points_N2: Values, *, near_m: float, far_m: float,
             agreeing: int) -> float:
    """Metres the car may drive along its poses before the bumper meets an obstacle; infinite when there is none.

    near_m, far_m: margin beside the body here and 20 m ahead. `agreeing` points make an obstacle: a stray one none.
    """
    half_length, half_width = spec.length_m / 2.0, spec.width_m / 2.0
    inside_now_N = np.all(np.abs(points_N2) < (half_length, half_width), axis=1)
    reach = half_length + half_width + near_m + POSE_STEP_M
    low, high = poses_P3[:, :2].min(axis=0) - reach, poses_P3[:, :2].max(axis=0) + reach
    x, y = points_N2[np.all((points_N2 > low) & (points_N2 < high), axis=1) & ~inside_now_N].T
    if len(x) < agreeing:
        return math.inf
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(poses_P3[:, :2], axis=0).T))])
    cos, sin = np.cos(poses_P3[:, 2])[:, None], np.sin(poses_P3[:, 2])[:, None]
    dx, dy = x[None] - poses_P3[:, :1], y[None] - poses_P3[:, 1:2]
    forward_PN, left_PN = cos * dx + sin * dy, np.abs(cos * dy - sin * dx)
    margin_P = np.interp(along, (0.0, FAR_M), (near_m, far_m))
    # What is already beside the body must not stop it: only the bare body counts there.
    beside_N = (np.abs(x) < half_length) & (np.abs(y) < half_width + near_m)
    margin_PN = np.where(beside_N[None], 0.0, margin_P[:, None])
    hit_PN = (np.abs(forward_PN) < half_length) & (left_PN < half_width + margin_PN)
    first_N, met_N = hit_PN.argmax(axis=0), hit_PN.any(axis=0)
    # The pose that contains the point is up to a step too far: take back how deep the point sits behind the bumper.
    depth_N = np.clip(half_length - forward_PN[first_N, np.arange(len(x))], 0.0, POSE_STEP_M)
    free = np.sort(np.maximum(0.0, along[first_N] - depth_N)[met_N])
    return float(free[agreeing - 1]) if len(free) >= agreeing else math.inf
