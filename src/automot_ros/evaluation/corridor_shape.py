"""The strip that the guard watches, as two edges for the page and RViz: where the body will be, margin beside it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.evaluation.view import View
from automot_ros.guard.config import GuardConfig
from automot_ros.vehicle.specification import VehicleSpec
from automot_ros.vehicle.sweep import FAR_M, swept_poses

Floats = NDArray[np.float64]
CONFIG = GuardConfig()
LEAST_SHOWN_M = 2.0


def corridor_outline(view: View, vehicle: VehicleSpec, config: GuardConfig = CONFIG) -> tuple[Floats, Floats] | None:
    """(N, 2) left and right edge in the map, up to what the guard sees in the way. None without a plan."""
    if view.ego is None or view.trajectory is None or len(view.trajectory.path_K2) < 2:
        return None
    to_map = view.ego.pose_map_to_ego
    reach = config.corridor_range_m
    if view.guard is not None and math.isfinite(view.guard.time_to_collision_s):
        reach = min(reach, max(LEAST_SHOWN_M, view.guard.time_to_collision_s * view.ego.speed_mps))
    poses = swept_poses(vehicle, to_map.inverse_apply(view.trajectory.path_K2), view.ego.speed_mps,
                        reach + 0.5 * vehicle.length_m)
    if len(poses) < 2:
        return None
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(poses[:, :2], axis=0).T))])
    margin = np.interp(along, (0.0, FAR_M), (config.corridor_margin_m, config.corridor_margin_far_m))
    half = 0.5 * vehicle.width_m + margin
    left = half[:, None] * np.stack([-np.sin(poses[:, 2]), np.cos(poses[:, 2])], axis=1)
    return to_map.apply(poses[:, :2] + left), to_map.apply(poses[:, :2] - left)
