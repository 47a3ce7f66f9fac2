"""The expert's way: the route, moved sideways where something is passed; and what lies on it.

Suffixes: G grid points of the way, 1 m apart, the first at the ego's place; M bodies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes

Floats = NDArray[np.float64]

REACH_M = 95.0
STEP_M = 1.0
_BASE_STEP_M = 0.5
GRID_G: Floats = np.arange(0.0, REACH_M + 1e-9, STEP_M)


class Base:
    """The route as arrays, and its continuation straight on behind its end."""

    def __init__(self, line: Polyline) -> None:
        self.line = line
        at = np.arange(0.0, line.length_m, _BASE_STEP_M)
        self._xy = line.at(at)
        step = np.diff(self._xy, axis=0)
        yaw = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
        self._yaw = np.append(yaw, yaw[-1])

    def points(self, s_G: Floats) -> tuple[Floats, Floats]:
        """(G, 2) points and (G,) headings at arc lengths."""
        f = np.clip(s_G / _BASE_STEP_M, 0.0, len(self._xy) - 1.001)
        low = f.astype(np.int64)
        w = (f - low)[:, None]
        return self._xy[low] * (1.0 - w) + self._xy[low + 1] * w, self._yaw[low]


@dataclass(frozen=True, slots=True)
class Shift:
    """Sideways by `offset_m` (left positive) between two arc lengths of the route, with ramps of `ramp_m` before and
    behind. Changing back costs as much road as changing over.
    """

    from_s_m: float
    to_s_m: float
    offset_m: float
    ramp_m: float

    def at(self, s: Floats) -> Floats:
        """Offset at arc lengths: smooth, and a function of the place alone."""
        up = np.clip((s - (self.from_s_m - self.ramp_m)) / self.ramp_m, 0.0, 1.0)
        down = np.clip((self.to_s_m + self.ramp_m - s) / self.ramp_m, 0.0, 1.0)
        w = np.minimum(up, down)
        offset: Floats = self.offset_m * w * w * (3.0 - 2.0 * w)
        return offset


@dataclass(frozen=True, slots=True)
class EgoPath:
    """A way from the ego's place on. xy_G2, yaw_G on the grid; offset_G: metres left of the route."""

    s_m: float
    xy_G2: Floats
    yaw_G: Floats
    offset_G: Floats

    def at(self, ahead_m: Floats) -> Floats:
        """Points at distances ahead of the ego, clamped to the way."""
        f = np.clip(ahead_m / STEP_M, 0.0, len(GRID_G) - 1.001)
        low = f.astype(np.int64)
        w = (f - low)[..., None]
        points: Floats = self.xy_G2[low] * (1.0 - w) + self.xy_G2[low + 1] * w
        return points

    def yaw(self, ahead_m: Floats) -> Floats:
        """Headings at distances ahead of the ego."""
        low = np.clip(ahead_m / STEP_M, 0.0, len(GRID_G) - 1.001).astype(np.int64)
        headings: Floats = self.yaw_G[low]
        return headings


def ego_path(base: Base, s_m: float, lateral_m: float, shift: Shift | None, recovery_m: float) -> EgoPath:
    """The way for a wished shift (none: the route itself), led over from where the ego is now."""
    s = s_m + GRID_G
    xy, yaw = base.points(s)
    wish = np.zeros_like(s) if shift is None else shift.at(s)
    error = lateral_m - float(wish[0])
    reach = max(recovery_m, 3.5 * abs(error))
    offset = wish + error * np.exp(-((GRID_G / reach) ** 2))
    moved = xy + offset[:, None] * np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    step = np.diff(moved, axis=0)
    heading = np.unwrap(np.arctan2(step[:, 1], step[:, 0]))
    return EgoPath(s_m, moved, np.append(heading, heading[-1]), offset)


@dataclass(frozen=True, slots=True)
class OnPath:
    """Where bodies are on a way: ahead_M of their centre, left_M of the way; how far they reach along and across;
    along_M: cosine of their heading against the way's.
    """

    ahead_M: Floats
    left_M: Floats
    reach_ahead_M: Floats
    reach_left_M: Floats
    along_M: Floats

    def overlaps(self, half_width_m: float | Floats) -> NDArray[np.bool_]:
        """Which reach into a corridor of this half width."""
        inside: NDArray[np.bool_] = np.abs(self.left_M) < half_width_m + self.reach_left_M
        return inside


def on_path(path: EgoPath, boxes: Boxes) -> OnPath:
    """Project bodies on a way."""
    d = boxes.xy_N2[:, None, :] - path.xy_G2[None, ::2]
    near = 2 * np.argmin(d[..., 0] ** 2 + d[..., 1] ** 2, axis=1)
    yaw = path.yaw_G[near]
    r = boxes.xy_N2 - path.xy_G2[near]
    c, s = np.cos(yaw), np.sin(yaw)
    rel = boxes.yaw_N - yaw
    cr, sr = np.abs(np.cos(rel)), np.abs(np.sin(rel))
    half = 0.5 * boxes.sizes_N3
    return OnPath(GRID_G[near] + c * r[:, 0] + s * r[:, 1], c * r[:, 1] - s * r[:, 0],
                  half[:, 0] * cr + half[:, 1] * sr, half[:, 0] * sr + half[:, 1] * cr, np.cos(rel))


def in_ego_frame(pose: Pose2, points_N2: Floats) -> Floats:
    """(N, 2) map points seen from a pose."""
    c, s = math.cos(pose.yaw_rad), math.sin(pose.yaw_rad)
    d = points_N2 - (pose.x_m, pose.y_m)
    return np.stack([c * d[:, 0] + s * d[:, 1], -s * d[:, 0] + c * d[:, 1]], axis=1)
