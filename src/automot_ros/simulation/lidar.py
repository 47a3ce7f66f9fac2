"""Analytic LiDAR: every beam against upright yawed boxes and the ground plane z = 0, without a mesh.

A half sweep is a grid of C channels x A azimuths. All beams of one azimuth share one vertical plane, so a box is cut
by that plane once (an interval of horizontal ranges) and each channel only asks where its slope meets the interval.
P counts (box, azimuth) pairs that can meet at all.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import LidarModel

Floats = NDArray[np.float64]

GROUND_INTENSITY = 0.12
# Returned energy of each BodyKind at short range; a lamp is glass and metal, leaves swallow light.
_INTENSITIES = {
    BodyKind.CAR: 0.55, BodyKind.TRUCK: 0.60, BodyKind.BICYCLE: 0.45, BodyKind.WALKER: 0.35, BodyKind.BUILDING: 0.40,
    BodyKind.TREE: 0.25, BodyKind.POLE: 0.65, BodyKind.LIGHT_HOUSING: 0.70, BodyKind.LAMP: 0.75,
    BodyKind.OBSTACLE: 0.80, BodyKind.EMERGENCY: 0.68, BodyKind.CONE: 0.78, BodyKind.SIGN: 0.90, BodyKind.DOOR: 0.55,
    BodyKind.CONTAINER: 0.58, BodyKind.DEBRIS: 0.22,
}
KIND_INTENSITIES = np.array([_INTENSITIES[kind] for kind in BodyKind])
# Ranges travel as integers of 1 um in the high bits of a key whose low bits name the box: one minimum gives both.
_TICKS_PER_M = 1e6
_BOX_BITS = 20
_FAR_KEY = np.iinfo(np.int64).max


def azimuths(model: LidarModel, half: int) -> Floats:
    """(A,) beam azimuths of a half sweep, radians, left positive: half 0 looks left, half 1 looks right."""
    if half not in (0, 1):
        raise AutomotError("no such half sweep", where="lidar.azimuths", got=half, wanted="0 or 1")
    steps = (np.arange(model.azimuths_per_half_sweep) + 0.5) / model.azimuths_per_half_sweep
    return np.asarray(steps * math.pi - (math.pi if half else 0.0))


def sweep(model: LidarModel, ego_pose: Pose2, boxes: Boxes, half: int) -> NDArray[np.float32]:
    """One half sweep from `ego_pose` (ego in the map) over `boxes` (map frame, without the ego).

    Returns (N, 4) float32 x, y, z in metres and intensity 0..1 in the LiDAR frame (origin at the sensor, axes of the
    ego), azimuth by azimuth, lowest channel first; beams that meet nothing within range leave no point.
    """
    az_A, cos_A, sin_A, slope_C, far_C, ground_C = _beams(model, half)
    key_AC = np.full((len(az_A), len(slope_C)), _FAR_KEY, dtype=np.int64)
    is_near = _near(model, ego_pose, boxes)
    near = np.flatnonzero(is_near)
    if len(near):
        _cast(key_AC, model, ego_pose, boxes.select(is_near), az_A, cos_A, sin_A, slope_C)
    hit_AC = key_AC != _FAR_KEY
    range_AC = np.where(hit_AC, (key_AC >> _BOX_BITS) / _TICKS_PER_M, np.inf)
    nearer_AC = range_AC < ground_C
    range_AC = np.where(nearer_AC, range_AC, ground_C)
    a, c = np.nonzero(range_AC <= far_C)
    r = range_AC[a, c]
    intensity = np.full(len(a), GROUND_INTENSITY)
    on_box = nearer_AC[a, c]
    if len(near):
        kind = boxes.kinds_N[near[(key_AC[a, c] & ((1 << _BOX_BITS) - 1))[on_box]]]
        intensity[on_box] = KIND_INTENSITIES[kind]
    intensity *= 1.0 - 0.5 * r / model.range_m
    return np.stack([r * cos_A[a], r * sin_A[a], r * slope_C[c], intensity], axis=1).astype(np.float32)


def drop_out(points_N4: NDArray[np.float32], share: float, seed: int, tick: int) -> NDArray[np.float32]:
    """The points that are left when a share (0..1) of the returns is lost, drawn from the seed and the tick."""
    kept = stream(seed, "lidar-dropout", tick).random(len(points_N4), dtype=np.float32) >= share
    return points_N4[kept]


@functools.lru_cache(maxsize=8)
def _beams(model: LidarModel, half: int) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Azimuths with cosine and sine; per channel its slope, its horizontal reach and where it meets the ground."""
    az = azimuths(model, half)
    elevation = np.linspace(model.lowest_rad, model.highest_rad, model.channels)
    slope = np.tan(elevation)
    height = model.position_ego_m[2]
    ground = np.where(slope < 0.0, -height / np.where(slope < 0.0, slope, -1.0), np.inf)
    return az, np.cos(az), np.sin(az), slope, model.range_m * np.cos(elevation), ground


def _near(model: LidarModel, ego_pose: Pose2, boxes: Boxes) -> NDArray[np.bool_]:
    """Which boxes any beam could reach."""
    sensor = ego_pose.apply(np.array([model.position_ego_m[:2]]))[0]
    reach = model.range_m + 0.5 * np.hypot(boxes.sizes_N3[:, 0], boxes.sizes_N3[:, 1])
    offset = boxes.xy_N2 - sensor
    return np.asarray(np.einsum("ij,ij->i", offset, offset) < reach * reach)


def _cast(key_AC: NDArray[np.int64], model: LidarModel, ego_pose: Pose2, boxes: Boxes, az_A: Floats, cos_A: Floats,
          sin_A: Floats, slope_C: Floats) -> None:
    """Write the nearest box hit of each beam into `key_AC`."""
    centre = ego_pose.inverse_apply(boxes.xy_N2) - np.array(model.position_ego_m[:2])
    yaw = boxes.yaw_N - ego_pose.yaw_rad
    c, s = np.cos(yaw), np.sin(yaw)
    half = 0.5 * boxes.sizes_N3[:, :2]
    # The sensor's position in each box's own frame.
    own_x, own_y = -(c * centre[:, 0] + s * centre[:, 1]), s * centre[:, 0] - c * centre[:, 1]
    first, count = _spans(centre, c, s, half, (np.abs(own_x) <= half[:, 0]) & (np.abs(own_y) <= half[:, 1]), az_A)
    box_P = np.repeat(np.arange(len(boxes)), count)
    column_P = np.arange(len(box_P)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    # Rotate the beam directions into the boxes' frames and cut with the two vertical slabs.
    cb, sb, ca, sa = c[box_P], s[box_P], cos_A[column_P], sin_A[column_P]
    dx, dy = ca * cb + sa * sb, sa * cb - ca * sb
    ox, oy, hx, hy = own_x[box_P], own_y[box_P], half[box_P, 0], half[box_P, 1]
    dx, dy = np.where(np.abs(dx) < 1e-9, 1e-9, dx), np.where(np.abs(dy) < 1e-9, 1e-9, dy)
    ax, bx, ay, by = (-hx - ox) / dx, (hx - ox) / dx, (-hy - oy) / dy, (hy - oy) / dy
    enter = np.maximum(np.maximum(np.minimum(ax, bx), np.minimum(ay, by)), 0.0)
    leave = np.minimum(np.maximum(ax, bx), np.maximum(ay, by))
    meets = enter < leave
    box_P, column_P, enter, leave = box_P[meets], column_P[meets], enter[meets], leave[meets]
    if len(box_P) == 0:
        return
    order = np.argsort(column_P, kind="stable")
    box_P, column_P, enter_P1, leave_P1 = box_P[order], column_P[order], enter[order, None], leave[order, None]
    # Where each channel is between the underside and the top: again an interval of horizontal ranges.
    low = boxes.base_z_N - model.position_ego_m[2]
    slope = np.where(np.abs(slope_C) < 1e-9, 1e-9, slope_C)
    to_low, to_top = low[:, None] / slope, (low + boxes.sizes_N3[:, 2])[:, None] / slope
    near_NC, far_NC = np.minimum(to_low, to_top), np.maximum(to_low, to_top)
    range_PC = np.maximum(enter_P1, near_NC[box_P])
    missed = range_PC > np.minimum(leave_P1, far_NC[box_P])
    np.minimum(range_PC, 1e6, out=range_PC)
    key_PC = ((range_PC * _TICKS_PER_M).astype(np.int64) << _BOX_BITS) | box_P[:, None]
    key_PC[missed] = _FAR_KEY
    starts = np.flatnonzero(np.concatenate([[True], column_P[1:] != column_P[:-1]]))
    key_AC[column_P[starts]] = np.minimum.reduceat(key_PC, starts, axis=0)


def _spans(centre: Floats, c: Floats, s: Floats, half: Floats, inside: NDArray[np.bool_],
           az_A: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First azimuth index and number of azimuths that can meet each box (all of them when the sensor is inside)."""
    bearing = np.arctan2(centre[:, 1], centre[:, 0])
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    corner = half[:, None, :] * signs
    x = centre[:, 0, None] + c[:, None] * corner[..., 0] - s[:, None] * corner[..., 1]
    y = centre[:, 1, None] + s[:, None] * corner[..., 0] + c[:, None] * corner[..., 1]
    off = (np.arctan2(y, x) - bearing[:, None] + math.pi) % (2.0 * math.pi) - math.pi
    step = az_A[1] - az_A[0]
    low = (bearing + off.min(axis=1) - (az_A[0] - 0.5 * step)) % (2.0 * math.pi)
    low = np.where(low >= math.pi, low - 2.0 * math.pi, low)  # a half sweep covers 0..pi from its first azimuth
    high = low + off.max(axis=1) - off.min(axis=1)
    n = len(az_A)
    first = np.where(inside, 0, np.clip(np.floor(low / step - 0.5), 0, n)).astype(np.int64)
    last = np.where(inside, n - 1, np.clip(np.ceil(high / step - 0.5), -1, n - 1)).astype(np.int64)
    return first, np.maximum(0, last - first + 1)
