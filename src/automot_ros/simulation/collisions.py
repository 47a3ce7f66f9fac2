"""Who touches whom: oriented boxes by the separating-axis test, all neighbours at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes

Floats = NDArray[np.float64]

# What hangs higher than this (light heads, signs, tree crowns) is driven under, not hit.
CLEARANCE_M = 1.8


def push_out(pose: Pose2, length_m: float, width_m: float, xy_N2: Floats, yaw_N: Floats,
             sizes_N2: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which of N boxes one box overlaps, and the shortest way out for it.

    pose, length_m, width_m: the one box. xy_N2, yaw_N, sizes_N2 (length, width): the others, same frame.
    Returns hit (N,) and push (N, 2): moving the one box by push[i] parts it from box i (zero where not hit).
    """
    c, s = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    dx, dy = xy_N2[:, 0] - pose.x_m, xy_N2[:, 1] - pose.y_m
    cn, sn = np.cos(yaw_N), np.sin(yaw_N)
    along, across = np.abs(c * cn + s * sn), np.abs(c * sn - s * cn)
    half_l, half_w = 0.5 * length_m, 0.5 * width_m
    other_l, other_w = 0.5 * sizes_N2[:, 0], 0.5 * sizes_N2[:, 1]
    offsets = np.stack([c * dx + s * dy, c * dy - s * dx, cn * dx + sn * dy, cn * dy - sn * dx])
    reach = np.stack([
        half_l + along * other_l + across * other_w,
        half_w + across * other_l + along * other_w,
        other_l + along * half_l + across * half_w,
        other_w + across * half_l + along * half_w,
    ])
    depth = reach - np.abs(offsets)
    hit = np.all(depth > 0.0, axis=0)
    best = np.argmin(depth, axis=0)
    n = np.arange(len(best))
    axis_x = np.choose(best, [np.full_like(cn, c), np.full_like(cn, -s), cn, -sn])
    axis_y = np.choose(best, [np.full_like(cn, s), np.full_like(cn, c), sn, cn])
    amount = np.where(hit, -np.sign(offsets[best, n]) * depth[best, n], 0.0)
    return hit, np.stack([axis_x * amount, axis_y * amount], axis=1)


class StaticField:
    """The static boxes that can be hit, and a short list of those near a moving point."""

    def __init__(self, boxes: Boxes) -> None:
        self.boxes = boxes.select(boxes.base_z_N < CLEARANCE_M)
        self._radius_N = 0.5 * np.hypot(self.boxes.sizes_N3[:, 0], self.boxes.sizes_N3[:, 1])
        self._checked: tuple[float, float] = (math.inf, math.inf)
        self._quiet_m = 0.0

    def touching(self, pose: Pose2, length_m: float, width_m: float) -> tuple[Boxes, Floats]:
        """The static boxes that overlap the given box, with the push (K, 2) out of each."""
        moved = math.hypot(pose.x_m - self._checked[0], pose.y_m - self._checked[1])
        if not len(self.boxes) or moved < self._quiet_m:
            return _NONE
        reach = 0.5 * math.hypot(length_m, width_m)
        gap = np.hypot(self.boxes.xy_N2[:, 0] - pose.x_m, self.boxes.xy_N2[:, 1] - pose.y_m) - self._radius_N - reach
        # Nothing can be touched before the box has moved as far as the nearest circle is away.
        self._checked, self._quiet_m = (pose.x_m, pose.y_m), float(gap.min())
        near = gap < 0.0
        if not near.any():
            return _NONE
        b = self.boxes.select(near)
        hit, push = push_out(pose, length_m, width_m, b.xy_N2, b.yaw_N, b.sizes_N3[:, :2])
        return b.select(hit), push[hit]


_NONE: tuple[Boxes, Floats] = (Boxes.empty(), np.zeros((0, 2)))
