"""What the ground looks like: triangles by kind for the camera, and which places are paved.

Heights: grass -0.05 m, road 0, paint 0.02, sidewalk 0.12. Suffixes: M triangles, N samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.simulation.maps.lanes import TRAVELLED, Lane, Strip, Strips
from automot_ros.simulation.maps.reader import MapTables

GRASS_Z_M, ROAD_Z_M, PAINT_Z_M, SIDEWALK_Z_M = -0.05, 0.0, 0.02, 0.12
ROAD_KINDS = TRAVELLED | {"bidirectional", "shoulder", "stop", "biking", "border", "restricted", "tram"}
WALK_KINDS = frozenset({"sidewalk", "walking"})
JUNCTION_REACH_M = 45.0
_GRASS_MARGIN_M = 250.0
_BEND_RAD = math.radians(1.5)
_STEP_M = 4.0
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles of one look. kind: road, marking_white, marking_yellow, sidewalk, parking, crosswalk, stop_line, grass.

    triangles_M33: M triangles of three map-frame corners (x, y, z), float32.
    """

    kind: str
    triangles_M33: NDArray[np.float32]


def as_surface(kind: str, parts: Iterable[Floats], z_m: float) -> Surface:
    """One surface from (M, 3, 2) parts at one height."""
    rows = [p for p in parts if len(p)]
    flat = np.concatenate(rows) if rows else np.zeros((0, 3, 2))
    return Surface(kind, np.concatenate([flat, np.full((*flat.shape[:2], 1), z_m)], axis=2).astype(np.float32))


def band(left_N2: Floats, right_N2: Floats) -> Floats:
    """(2 (N - 1), 3, 2) triangles between two edges with the same number of points."""
    a, b, c, d = left_N2[:-1], right_N2[:-1], right_N2[1:], left_N2[1:]
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])


def ribbon(points_N2: Floats, width_m: float) -> Floats:
    """Triangles of a painted line along points."""
    heading = np.gradient(points_N2, axis=0)
    normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    normal *= 0.5 * width_m / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    return band(points_N2 + normal, points_N2 - normal)


def sparse(points_N2: Floats) -> NDArray[np.int64]:
    """Indices of the samples worth keeping: every 4 m, more where the line bends."""
    step = np.diff(points_N2, axis=0)
    length = np.hypot(*step.T)
    turn = np.abs(np.diff(np.unwrap(np.arctan2(step[:, 1], step[:, 0])), prepend=0.0))
    turn[0] = 0.0
    kept, run, bent = [0], 0.0, 0.0
    for i, (d, t) in enumerate(zip(length.tolist(), turn.tolist(), strict=True)):
        if i > 0 and (run + d > _STEP_M or bent + t > _BEND_RAD):
            kept.append(i)
            run = bent = 0.0
        run += d
        bent += t
    return np.array([*kept, len(points_N2) - 1])


def strip_triangles(strip: Strip) -> Floats:
    """A lane's area."""
    kept = sparse(strip.center_N2)
    left, right = strip.edge(left=True)[kept], strip.edge(left=False)[kept]
    along = np.stack([np.cos(strip.yaw_N), np.sin(strip.yaw_N)], axis=1)
    for row in (left, right):  # close the seam of the sampling between consecutive lanes
        row[0] -= 2e-3 * along[0]
        row[-1] += 2e-3 * along[-1]
    return band(left, right)


def junction_fill(tables: MapTables, lanes: Sequence[Lane], strips: Strips) -> list[Floats]:
    """Triangles that close the ground of each junction between its lanes, arms and kerbs.

    Everything is fanned to the junction's middle, which suits crossings of ordinary size; wider ones are left alone.
    """
    junction_of = {road.id: road.junction_id for road in tables.roads}
    members: dict[int, list[Strip]] = {}
    for (road_id, _, _), strip in strips.items():
        if junction_of[road_id] >= 0 and strip.kind in ROAD_KINDS | WALK_KINDS:
            members.setdefault(junction_of[road_id], []).append(strip)
    arms = _arm_sections(lanes, strips)
    fills = []
    for junction_id, inside in members.items():
        driven = [s.center_N2 for s in inside if s.kind in TRAVELLED]
        if not driven:
            continue
        ends = np.concatenate([p[[0, -1]] for p in driven])
        middle = 0.5 * (ends.min(axis=0) + ends.max(axis=0))
        if np.hypot(*(ends - middle).T).max() > JUNCTION_REACH_M:
            continue
        for strip in inside:
            kept = sparse(strip.center_N2)
            line = strip.center_N2[kept]
            if strip.kind in WALK_KINDS:
                line = min((strip.edge(left=True)[kept], strip.edge(left=False)[kept]),
                           key=lambda p: float(np.hypot(*(p - middle).T).sum()))
            fills.append(_fan(line, middle))
        fills += [_fan(section, middle) for section in arms.get(junction_id, [])]
    return fills


def _fan(line_N2: Floats, middle: Floats) -> Floats:
    return np.stack([line_N2[:-1], line_N2[1:], np.broadcast_to(middle, (len(line_N2) - 1, 2))], axis=1)


def _arm_sections(lanes: Sequence[Lane], strips: Strips) -> dict[int, list[Floats]]:
    """By junction: (2, 2) ends across every paved lane of the roads that meet there."""
    touching: dict[tuple[int, int], list[tuple[int, bool]]] = {}
    for lane in lanes:
        if lane.junction_id < 0:
            for others, at_end in ((lane.next, True), (lane.previous, False)):
                for junction_id in {lanes[i].junction_id for i in others} - {-1}:
                    row = (junction_id, (lane.lane_id < 0) == at_end)
                    touching.setdefault((lane.road_id, lane.section_id), []).append(row)
    found: dict[int, list[Floats]] = {}
    for (road_id, section_id, lane_id), strip in strips.items():
        if strip.kind not in ROAD_KINDS | {"parking"}:
            continue
        for junction_id, high_s in dict.fromkeys(touching.get((road_id, section_id), [])):
            last = -1 if high_s == (lane_id < 0) else 0
            found.setdefault(junction_id, []).append(
                np.stack([strip.edge(left=True)[last], strip.edge(left=False)[last]]))
    return found


def ground(strips: Strips, fill: list[Floats]) -> list[Surface]:
    """Road, parking, sidewalk and grass."""
    areas = [(strip.kind, strip_triangles(strip)) for strip in strips.values()]
    points = np.concatenate([strip.center_N2 for strip in strips.values()])
    (x0, y0), (x1, y1) = points.min(axis=0) - _GRASS_MARGIN_M, points.max(axis=0) + _GRASS_MARGIN_M
    meadow = band(np.array([[x0, y1], [x1, y1]]), np.array([[x0, y0], [x1, y0]]))
    return [
        as_surface("grass", [meadow], GRASS_Z_M),
        as_surface("road", [t for kind, t in areas if kind in ROAD_KINDS] + fill, ROAD_Z_M),
        as_surface("parking", [t for kind, t in areas if kind == "parking"], ROAD_Z_M),
        as_surface("sidewalk", [t for kind, t in areas if kind in WALK_KINDS], SIDEWALK_Z_M),
    ]


class PavedGrid:
    """Which cells of the ground one may drive on: driving and parking lanes and junctions, to about 0.2 m."""

    CELL_M = 0.2

    def __init__(self, strips: Strips, fill: list[Floats]) -> None:
        import cv2  # only those who ask for the drivable area pay for it

        areas = [strip_triangles(s) for s in strips.values() if s.kind in TRAVELLED | {"parking", "bidirectional"}]
        triangles = np.concatenate(areas + fill)
        self.low = triangles.min(axis=(0, 1)) - 1.0
        size = np.ceil((triangles.max(axis=(0, 1)) + 1.0 - self.low) / self.CELL_M).astype(int)
        self.cells = np.zeros((int(size[1]), int(size[0])), np.uint8)
        # cv2 counts from cell centres, in sixteenths of a cell
        corners = np.round(((triangles - self.low) / self.CELL_M - 0.5) * 16.0).astype(np.int32)
        for corner in corners:
            cv2.fillConvexPoly(self.cells, corner, (1,), shift=4)

    def __call__(self, xy_N2: Floats) -> NDArray[np.bool_]:
        """(N,) whether each point lies on paved ground."""
        place = np.floor((np.asarray(xy_N2, dtype=np.float64) - self.low) / self.CELL_M)
        known = np.all((place >= 0) & (place < self.cells.shape[::-1]), axis=1)
        column, row = np.where(known[:, None], place, 0.0).astype(int).T
        paved: NDArray[np.bool_] = known & (self.cells[row, column] > 0)
        return paved
