"""What stands or drives on whose path, and how hard to brake for it: geometry for many road users at once, and IDM.

Suffixes: N followers, M bodies, K near pairs, S samples along a follower's path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOOK_AHEAD_M = 44.0
SAMPLE_M = 2.0
SAMPLES_S: Ints = np.arange(0, int(LOOK_AHEAD_M), int(SAMPLE_M))
SIDE_MARGIN_M = 0.25

ACCELERATION_MPS2 = 1.6
BRAKING_MPS2 = 2.2
HEADWAY_S = 1.2
STANDING_GAP_M = 2.5
HARDEST_MPS2 = 7.0


@dataclass(frozen=True, slots=True)
class Bodies:
    """What followers see: centres, yaw (with cosine and sine), half length and half width, speed along yaw; all (M,).

    owner_M: index of the follower this body is, -1 for others. phantom_M: only counts while wholly ahead of a
    follower's bumper (a place where the ego is about to be).
    """

    x_M: Floats
    y_M: Floats
    yaw_M: Floats
    cos_M: Floats
    sin_M: Floats
    half_length_M: Floats
    half_width_M: Floats
    speed_M: Floats
    owner_M: Ints
    phantom_M: NDArray[np.bool_]

    @staticmethod
    def join(*parts: Bodies) -> Bodies:
        """All bodies of `parts`, in order."""
        return Bodies(*(np.concatenate([getattr(p, name) for p in parts]) for name in Bodies.__slots__))


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Pairs (follower, body): gap from the follower's bumper, m, and the body's speed along the follower's path."""

    follower_K: Ints
    body_K: Ints
    gap_K: Floats
    speed_K: Floats


def obstacles_on_paths(path_x_NS: Floats, path_y_NS: Floats, path_yaw_NS: Floats, front_N: Floats, half_width_N: Floats,
                       index_N: Ints, bodies: Bodies) -> Obstacles:
    """Every body that stands in the way of a follower within LOOK_AHEAD_M.

    path_*_NS: each follower's path, sampled SAMPLES_S metres from a point at or shortly behind its bumper; front_N: arc
    length from that point to the bumper; index_N: which `owner_M` each follower is.
    """
    dx = bodies.x_M[None, :] - path_x_NS[:, :1]
    dy = bodies.y_M[None, :] - path_y_NS[:, :1]
    c, s = np.cos(path_yaw_NS[:, :1]), np.sin(path_yaw_NS[:, :1])
    near = (dx * dx + dy * dy < (LOOK_AHEAD_M + 4.0) ** 2) & (dx * c + dy * s > -6.0)
    near &= bodies.owner_M[None, :] != index_N[:, None]
    i, m = np.nonzero(near)
    if not len(i):
        return Obstacles(i, m, np.zeros(0), np.zeros(0))
    bx, by, bc, bs = bodies.x_M[m], bodies.y_M[m], bodies.cos_M[m], bodies.sin_M[m]
    spine = np.maximum(bodies.half_length_M[m] - bodies.half_width_M[m], 0.0)
    reach = half_width_N[i] + bodies.half_width_M[m] + SIDE_MARGIN_M
    rx, ry = path_x_NS[i] - bx[:, None], path_y_NS[i] - by[:, None]
    along = rx * bc[:, None] + ry * bs[:, None]
    along = np.minimum(np.maximum(along, -spine[:, None]), spine[:, None])
    rx -= along * bc[:, None]
    ry -= along * bs[:, None]
    hits = rx * rx + ry * ry < (reach * reach)[:, None]
    first = hits.argmax(axis=1)
    k = np.flatnonzero(hits[np.arange(len(first)), first])
    i, m, first = i[k], m[k], first[k]
    yaw = path_yaw_NS[i, first]
    # From the path sample to the nearest point of the body's spine, along the path: the gap loses its raster.
    rest = -(rx[k, first] * np.cos(yaw) + ry[k, first] * np.sin(yaw))
    gap = first * SAMPLE_M + rest - bodies.half_width_M[m] - front_N[i]
    speed = np.maximum(bodies.speed_M[m] * np.cos(bodies.yaw_M[m] - yaw), 0.0)
    keep = ~bodies.phantom_M[m] | (gap > 0.0)
    return Obstacles(i[keep], m[keep], gap[keep], speed[keep])


def free_acceleration(speed_N: Floats, wanted_N: Floats) -> Floats:
    """Acceleration on a free road towards the wanted speed, m/s^2."""
    ratio = speed_N / np.maximum(wanted_N, 0.1)
    gentle: Floats = np.maximum(ACCELERATION_MPS2 * (1.0 - ratio**4), -2.0 * BRAKING_MPS2)
    return gentle


def interaction(speed: Floats, gap: Floats, leader_speed: Floats, standing_gap_m: float = STANDING_GAP_M) -> Floats:
    """What the intelligent driver model takes off the free acceleration because of a leader, m/s^2 (>= 0)."""
    closing = speed * (speed - leader_speed) / (2.0 * math.sqrt(ACCELERATION_MPS2 * BRAKING_MPS2))
    desired = standing_gap_m + np.maximum(0.0, HEADWAY_S * speed + closing)
    taken: Floats = ACCELERATION_MPS2 * (desired / np.maximum(gap, 0.05)) ** 2
    return taken
