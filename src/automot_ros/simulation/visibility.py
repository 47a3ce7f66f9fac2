"""What can be seen from the ego: line of sight from LiDAR and cameras to points of each box, past all other boxes.

Suffixes: N boxes; U boxes looked for; E pairs of a box looked for and one that may hide it; Q points of a box in the
plane; Z their heights.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import Boxes
from automot_ros.scene.sensing import Rig

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SIGHT_M = 60.0
# Centre and corners, a little inside, so that what merely touches a box does not hide its edge.
_POINTS_Q2 = 0.45 * np.array([(0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)], dtype=np.float64)
_CORNERS_42 = 0.5 * np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)], dtype=np.float64)
# Shares of a box's height: a sensor needs more than the top of a head to know what there is.
_HEIGHTS_Z = np.array([0.4, 0.8])
# Poles, trunks, cones: between them and past them the sensors see enough.
_THIN_M = 0.45
_TINY_M = 1e-9


def visible(boxes: Boxes, ego_pose: Pose2, rig: Rig) -> Bools:
    """(N,) which of the boxes (map frame, all there are but the ego) a sensor of the rig can see, within 60 m.

    Seen is a box of which the LiDAR (all round), or a camera that looks there, has a free line to one point at least.
    """
    lidar = rig.lidar.position_ego_m
    seen = np.zeros(len(boxes), dtype=np.bool_)
    near = np.flatnonzero(np.hypot(*(boxes.xy_N2 - ego_pose.position_m).T) < SIGHT_M)
    around = boxes.select(near)
    found = _seen_from(around, np.arange(len(around)), ego_pose, lidar, 0.0, math.pi)
    for camera in rig.cameras:
        half_view = 0.5 * camera.horizontal_fov_rad
        x, y = (ego_pose.inverse_apply(around.xy_N2) - camera.position_ego_m[:2]).T
        reach = np.hypot(around.sizes_N3[:, 0], around.sizes_N3[:, 1])
        aside = np.abs(_wrapped(np.arctan2(y, x) - camera.yaw_rad)) - reach / np.maximum(np.hypot(x, y), reach)
        missing = np.flatnonzero(~found & (aside < half_view))
        if len(missing):
            found[missing] = _seen_from(around, missing, ego_pose, camera.position_ego_m, camera.yaw_rad, half_view)
    seen[near] = found
    return seen


def _seen_from(boxes: Boxes, which_U: NDArray[np.intp], ego_pose: Pose2, position_ego_m: tuple[float, float, float],
               yaw_rad: float, half_view_rad: float) -> Bools:
    """(U,) which of the boxes `which_U` an eye on the ego sees, past all the boxes."""
    c, s = np.cos(boxes.yaw_N), np.sin(boxes.yaw_N)
    eye = ego_pose.apply(np.array([position_ego_m[:2]]))[0]
    offset_N2, size_N2 = boxes.xy_N2 - eye, boxes.sizes_N3[:, :2]
    point_UQ2 = offset_N2[which_U, None] + _turned(c[which_U], s[which_U], size_N2[which_U, None] * _POINTS_Q2)
    height_UZ = boxes.base_z_N[which_U, None] + boxes.sizes_N3[which_U, 2, None] * _HEIGHTS_Z
    looked_UQ = _looked_at(point_UQ2, ego_pose.yaw_rad + yaw_rad, half_view_rad)
    open_UQZ = np.repeat(looked_UQ[..., None], len(_HEIGHTS_Z), axis=2)
    u_E, n_E = _pairs(boxes, which_U, offset_N2, c, s, position_ego_m[2], height_UZ, looked_UQ)
    if len(u_E):
        frame = np.stack([c, s], axis=1)[n_E]
        hides = _hides(boxes.select(n_E), frame, offset_N2[n_E], position_ego_m[2], point_UQ2[u_E], height_UZ[u_E])
        begin = np.flatnonzero(np.concatenate([[True], u_E[1:] != u_E[:-1]]))
        open_UQZ[u_E[begin]] &= ~np.logical_or.reduceat(hides, begin, axis=0)
    return np.asarray(open_UQZ.any(axis=(1, 2)))


def _hides(boxes: Boxes, axis_E2: Floats, offset_E2: Floats, eye_z_m: float, point_EQ2: Floats,
           height_EZ: Floats) -> Bools:
    """(E, Q, Z) which lines from the eye to points at heights pass through the box of their row.

    axis_E2: where the boxes' x axes point; offset_E2 of the boxes and point_EQ2 of the points from the eye.
    """
    # From `enter` to `leave`, shares of the line, it is above or below the box's footprint or in the box.
    enter, leave = np.zeros(point_EQ2.shape[:2]), np.ones(point_EQ2.shape[:2])
    cos, sin = axis_E2[:, 0], axis_E2[:, 1]
    for i, (a, b) in enumerate(((cos, sin), (-sin, cos))):
        d = a[:, None] * point_EQ2[..., 0] + b[:, None] * point_EQ2[..., 1]
        d = np.where(np.abs(d) < _TINY_M, _TINY_M, d)
        middle = (a * offset_E2[:, 0] + b * offset_E2[:, 1])[:, None] / d
        reach = 0.5 * boxes.sizes_N3[:, i, None] / np.abs(d)
        np.maximum(enter, middle - reach, out=enter)
        np.minimum(leave, middle + reach, out=leave)
    rise = height_EZ[:, None, :] - eye_z_m
    first, last = eye_z_m + enter[..., None] * rise, eye_z_m + leave[..., None] * rise
    base = boxes.base_z_N[:, None, None]
    top = base + boxes.sizes_N3[:, 2, None, None]
    return np.asarray((enter < leave)[..., None] & (np.maximum(first, last) > base) & (np.minimum(first, last) < top))


def _pairs(boxes: Boxes, which_U: NDArray[np.intp], offset_N2: Floats, c: Floats, s: Floats, eye_z_m: float,
           height_UZ: Floats, looked_UQ: Bools) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (index of a box looked for, index of a box) where the second may hide the first, sorted by the first."""
    sizes = boxes.sizes_N3
    bulky = np.flatnonzero((np.maximum(sizes[:, 0], sizes[:, 1]) > _THIN_M) & (sizes[:, 2] > _THIN_M))
    corner = offset_N2[:, None] + _turned(c, s, sizes[:, None, :2] * _CORNERS_42)
    bearing = np.arctan2(offset_N2[:, 1], offset_N2[:, 0])
    off = _wrapped(np.arctan2(corner[..., 1], corner[..., 0]) - bearing[:, None])
    reach = np.abs(off).max(axis=1)
    distance = np.hypot(offset_N2[:, 0], offset_N2[:, 1])
    radius = 0.5 * np.hypot(sizes[:, 0], sizes[:, 1])
    nearest, farthest = (distance - radius)[bulky], (distance + radius)[which_U]
    top, lowest = (boxes.base_z_N + sizes[:, 2])[bulky], np.minimum(height_UZ[:, 0], eye_z_m)
    apart = np.abs(_wrapped(bearing[which_U, None] - bearing[bulky]))
    may = (apart < reach[which_U, None] + reach[bulky]) & (nearest < farthest[:, None]) & (top > lowest[:, None])
    may &= (which_U[:, None] != bulky) & np.any(looked_UQ, axis=1, keepdims=True)
    u_E, b_E = np.nonzero(may)
    return u_E, bulky[b_E]


def _looked_at(point_UQ2: Floats, yaw_rad: float, half_view_rad: float) -> Bools:
    """(U, Q) which points, seen from the eye, lie within its horizontal view."""
    if half_view_rad >= math.pi:
        return np.ones(point_UQ2.shape[:2], dtype=np.bool_)
    bearing = np.arctan2(point_UQ2[..., 1], point_UQ2[..., 0])
    return np.asarray(np.abs(_wrapped(bearing - yaw_rad)) < half_view_rad)


def _turned(c: Floats, s: Floats, xy_NK2: Floats) -> Floats:
    """(N, K, 2) points of each box's own frame along the axes of the map."""
    x, y = xy_NK2[..., 0], xy_NK2[..., 1]
    return np.stack([c[:, None] * x - s[:, None] * y, s[:, None] * x + c[:, None] * y], axis=-1)


def _wrapped(angle_rad: Floats) -> Floats:
    """Angles in -pi..pi."""
    return np.asarray((angle_rad + math.pi) % (2.0 * math.pi) - math.pi)
