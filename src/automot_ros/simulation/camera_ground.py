"""Road surfaces as the camera wants them: coloured triangles in square cells, so that only near cells are drawn.

V counts vertices, three a triangle; T triangles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.simulation.camera_meshes import welded

CELL_M = 32.0
GRASS_Z_M = -0.05
GRASS_GRAIN = 0.9
# Colour (0..1) and grain of each kind of surface; "grass" is left to the terrain that fills the view anyway.
SURFACE_LOOKS = {
    "road": (0.245, 0.25, 0.26, 1.0),
    "parking": (0.29, 0.29, 0.295, 1.0),
    "sidewalk": (0.50, 0.485, 0.46, 0.55),
    "marking_white": (0.80, 0.80, 0.78, 0.30),
    "marking_yellow": (0.80, 0.62, 0.14, 0.30),
    "crosswalk": (0.80, 0.80, 0.78, 0.35),
    "stop_line": (0.84, 0.84, 0.82, 0.25),
}
CURB_LOOK = (0.43, 0.42, 0.41, 0.4)


class SurfaceLike(Protocol):
    """What the camera needs of a map surface."""

    @property
    def kind(self) -> str:
        """One of SURFACE_LOOKS, or "grass"."""

    @property
    def triangles_M33(self) -> NDArray[np.float32]:
        """(M, 3, 3) corners in the map frame, metres."""


@dataclass(frozen=True, slots=True)
class GroundMesh:
    """vertices_V7: position, colour, grain; corners_M: three vertex numbers a triangle, sorted by cell.

    Each cell has a centre, its first corner and its number of corners.
    """

    vertices_V7: NDArray[np.float32]
    corners_M: NDArray[np.int32]
    centres_C2: NDArray[np.float64]
    first_C: NDArray[np.int64]
    count_C: NDArray[np.int64]


def ground_mesh(surfaces: Sequence[SurfaceLike]) -> GroundMesh:
    """Colour, curb and sort the surfaces of a map. An unknown kind of surface is an error."""
    parts = []
    for surface in surfaces:
        if surface.kind == "grass":
            continue
        if surface.kind not in SURFACE_LOOKS:
            raise AutomotError("unknown surface", where="camera", got=surface.kind, wanted=" | ".join(SURFACE_LOOKS))
        tri = np.asarray(surface.triangles_M33, dtype=np.float32).reshape(-1, 3, 3)
        tri = _facing_up(tri)
        parts.append(_coloured(tri, SURFACE_LOOKS[surface.kind]))
        if surface.kind == "sidewalk":
            parts.append(_coloured(_curbs(tri), CURB_LOOK))
    rows = np.concatenate(parts) if parts else np.zeros((0, 3, 7), np.float32)
    cell = np.floor(rows[:, :, :2].mean(axis=1) / CELL_M).astype(np.int64)
    key = cell[:, 0] * (1 << 20) + cell[:, 1]
    order = np.argsort(key, kind="stable")
    rows, cell, key = rows[order], cell[order], key[order]
    first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    count = np.diff(np.append(first, len(key)))
    vertices, corners = welded(rows.reshape(-1, 7))
    return GroundMesh(vertices, corners, (cell[first] + 0.5) * CELL_M, first * 3, count * 3)


def terrain_mesh(grass: tuple[float, float, float]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Vertices and corners, as in GroundMesh, of rings of grass round the origin.

    Finer near it, because haze is worked out at the corners.
    """
    radii = np.array([0.0, 6.0, 14.0, 28.0, 50.0, 80.0, 120.0, 170.0, 240.0, 330.0])
    turn = np.linspace(0.0, 2.0 * np.pi, 25)
    at = radii[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    at = np.concatenate([at, np.full((*at.shape[:2], 1), GRASS_Z_M)], axis=2)
    a, b, c, d = at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]
    tri = np.concatenate([np.stack([a, b, c], axis=2).reshape(-1, 3, 3), np.stack([a, c, d], axis=2).reshape(-1, 3, 3)])
    return welded(_coloured(tri.astype(np.float32), (*grass, GRASS_GRAIN)).reshape(-1, 7))


def _facing_up(tri_T33: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b = tri_T33[:, 1, :2] - tri_T33[:, 0, :2], tri_T33[:, 2, :2] - tri_T33[:, 0, :2]
    down = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0.0
    return np.where(down[:, None, None], tri_T33[:, ::-1], tri_T33)


def _curbs(tri_T33: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vertical faces below the free edges of sidewalks (triangles counter-clockwise), seen from outside."""
    a, b = tri_T33[:, [0, 1, 2]].reshape(-1, 3), tri_T33[:, [1, 2, 0]].reshape(-1, 3)
    ka, kb = (np.round(p[:, :2] * 100.0).astype(np.int64) @ np.array([1 << 24, 1]) for p in (a, b))
    pair = np.stack([np.minimum(ka, kb), np.maximum(ka, kb)], axis=1)
    _, inverse, uses = np.unique(pair, axis=0, return_inverse=True, return_counts=True)
    free = uses[inverse.reshape(-1)] == 1
    a, b = a[free], b[free]
    a0, b0 = a * [1, 1, 0], b * [1, 1, 0]
    faces = [np.stack(t, axis=1) for t in ((a0, b0, b), (a0, b, a))]
    return np.concatenate(faces).astype(np.float32)


def _coloured(tri_T33: NDArray[np.float32], look: tuple[float, float, float, float]) -> NDArray[np.float32]:
    colour = np.broadcast_to(np.array(look, dtype=np.float32), (len(tri_T33), 3, 4))
    return np.concatenate([tri_T33, colour], axis=2).astype(np.float32)
