"""The bodies around the car as pictures to learn from: a coarse map from above, and sectors of the front camera."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.model.action import BODY_CLASSES
from automot_ros.policy.preprocess import BEV_CELL_M, BEV_CELLS, BEV_LOW_M
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import AHEAD_WORDS, DISTANCES_M, body_word, said_distance
from automot_ros.scene.sensing import CameraModel
from automot_ros.training.samples import NO_MAP

MAP_CELLS = (BEV_CELLS[0] // 8, BEV_CELLS[1] // 8)
MAP_CELL_M = 8 * BEV_CELL_M
SECTORS = 16
_CLASS = {BodyKind.CAR: 1, BodyKind.TRUCK: 1, BodyKind.BICYCLE: 1, BodyKind.EMERGENCY: 1, BodyKind.WALKER: 2}
_GRID_M, _BEFORE_M = 0.5, 0.5
_SIGHT_M = 60.0


def body_pictures(bodies_N7: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """`cells` and `motion` of `body_map`, `sectors` of `body_sectors`. bodies_N7: kind, x, y, yaw, length, width, speed
    in the ego frame, SI.
    """
    cells, motion = body_map(bodies_N7)
    return {"cells": cells, "motion": motion, "sectors": body_sectors(bodies_N7)}


def unknown_bodies() -> dict[str, NDArray[np.generic]]:
    """The pictures of a drive whose surroundings nobody told."""
    return {"cells": np.full(MAP_CELLS, NO_MAP, np.uint8), "motion": np.zeros((2, *MAP_CELLS), np.float16),
            "sectors": np.full((2, SECTORS), NO_MAP, np.uint8)}


def body_map(bodies_N7: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """BODY_CLASSES of each 4 m cell (16, 24), and the velocity (2, 16, 24) of what is there, m/s in the ego frame."""
    cells, motion = np.zeros(MAP_CELLS, np.uint8), np.zeros((2, *MAP_CELLS), np.float16)
    obstacle = BODY_CLASSES.index("obstacle")
    # People last: in a cell with a car and a walker, the walker counts.
    for body in sorted(bodies_N7, key=lambda row: _CLASS.get(BodyKind(int(row[0])), obstacle) == 2):
        kind, yaw, speed = int(body[0]), float(body[3]), float(body[6])
        cell = np.floor((_footprint(body, 1.0) - BEV_LOW_M) / MAP_CELL_M).astype(np.int64)
        i, j = cell[np.all((cell >= 0) & (cell < MAP_CELLS), axis=1)].T
        cells[i, j] = _CLASS.get(BodyKind(kind), obstacle)
        motion[:, i, j] = np.array([[speed * math.cos(yaw)], [speed * math.sin(yaw)]])
    return cells, motion


def body_sectors(bodies_N7: NDArray[np.float32], camera: CameraModel | None = None) -> NDArray[np.uint8]:
    """(2, 16): for each of 16 equal parts of the camera's width, left to right, the nearest body in it.

    Row 0: its place in AHEAD_WORDS (0 nothing within 60 m); row 1: its distance from the camera, place in DISTANCES_M.
    """
    camera = camera or CameraModel()
    nearest, words = np.full(SECTORS, np.inf), np.zeros(SECTORS, np.uint8)
    for body in bodies_N7:
        xy = _footprint(body, _GRID_M) - np.array(camera.position_ego_m[:2])
        xy = xy[xy[:, 0] > _BEFORE_M]
        u = camera.width_px / 2.0 - camera.focal_px * xy[:, 1] / xy[:, 0]
        sector = np.floor(u * SECTORS / camera.width_px).astype(np.int64)
        within = (sector >= 0) & (sector < SECTORS)
        if not within.any():
            continue
        # What a body covers has no gaps, however near it is.
        covered = np.arange(max(0, sector.min()), min(SECTORS, sector.max() + 1))
        distance = np.full(SECTORS, np.inf)
        np.minimum.at(distance, sector[within], np.hypot(*xy[within].T))
        distance[covered] = np.minimum(distance[covered], distance[covered][np.isfinite(distance[covered])].max())
        nearer = (distance < nearest) & (distance < _SIGHT_M)
        nearest[nearer], words[nearer] = distance[nearer], AHEAD_WORDS.index(body_word(BodyKind(int(body[0]))))
    places = [0 if math.isinf(d) else DISTANCES_M.index(said_distance(float(d)) or DISTANCES_M[0]) for d in nearest]
    return np.stack([words, np.array(places, np.uint8)])


def _footprint(body_7: NDArray[np.float32], step_m: float) -> NDArray[np.float64]:
    """(P, 2) points of a body, at most `step_m` apart."""
    _, x, y, yaw, length, width, _ = (float(v) for v in body_7)
    along, across = (np.linspace(-0.5, 0.5, max(2, math.ceil(size / step_m) + 1)) * size for size in (length, width))
    a, b = (grid.ravel() for grid in np.meshgrid(along, across))
    return np.column_stack([x + a * math.cos(yaw) - b * math.sin(yaw), y + a * math.sin(yaw) + b * math.cos(yaw)])
