"""Lane paths as arrays: where a road user will go, sampled every metre, with the speed that curves allow.

Suffixes: P path samples (1 m apart).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.simulation.maps.road_map import Lane

Floats = NDArray[np.float64]

PATH_SAMPLES = 192
BEHIND_M = 8.0
LATERAL_MPS2 = 2.0
_COMFORT_MPS2 = 1.5
_SLOWEST_CURVE_MPS = 2.5


@dataclass(frozen=True, slots=True)
class Piece:
    """One lane of a path, from `begin_m` to `end_m` in the path's own arc length."""

    lane: int
    begin_m: float
    end_m: float


@dataclass(frozen=True, slots=True)
class LanePath:
    """table_4P: x, y, yaw (unwrapped) and the square of the allowed speed; `length_m` is what is really there."""

    table_4P: Floats
    length_m: float
    pieces: tuple[Piece, ...]


def build_path(lanes: Sequence[Lane], sequence: Sequence[int], from_s_m: float) -> LanePath:
    """The path over the lanes `sequence`, connected by `next`. Arc length 0 is `from_s_m` of the first lane."""
    parts: list[Floats] = []
    marks: list[Floats] = []
    pieces: list[Piece] = []
    limit_s: list[float] = []
    limit_v: list[float] = []
    begin = -from_s_m
    for index in sequence:
        line = lanes[index].center
        keep = slice(1, None) if parts else slice(None)
        parts.append(line.points_N2[keep])
        marks.append(begin + line.s_N[keep])
        end = begin + line.length_m
        pieces.append(Piece(index, begin, end))
        limit_s += [begin + 1e-3, end]
        limit_v += [lanes[index].speed_limit_mps] * 2
        begin = end
    points, s = np.concatenate(parts), np.concatenate(marks)
    length = float(s[-1])
    at = np.arange(PATH_SAMPLES, dtype=np.float64)
    x, y = np.interp(at, s, points[:, 0]), np.interp(at, s, points[:, 1])
    # Beyond the end the path runs straight on, so that a bumper reaching over the end has a place to be.
    heading = points[-1] - points[-2]
    heading = heading / np.hypot(heading[0], heading[1])
    beyond = np.maximum(0.0, at - length)
    x, y = x + beyond * heading[0], y + beyond * heading[1]
    yaw = np.unwrap(np.arctan2(np.diff(y), np.diff(x)))
    yaw = np.append(yaw, yaw[-1])
    bend = np.abs(np.gradient(yaw))
    bend = np.convolve(np.pad(bend, 1, mode="edge"), np.full(3, 1.0 / 3.0), mode="valid")
    speed2 = np.maximum(LATERAL_MPS2 / np.maximum(bend, 1e-4), _SLOWEST_CURVE_MPS**2)
    speed2 = np.minimum(speed2, np.interp(at, limit_s, limit_v) ** 2)
    # Slow down in time for what comes: v^2 may fall by 2 b a metre.
    slope = 2.0 * _COMFORT_MPS2 * at
    speed2 = np.minimum.accumulate((speed2 + slope)[::-1])[::-1] - slope
    return LanePath(np.stack([x, y, yaw, speed2]), length, tuple(pieces))
