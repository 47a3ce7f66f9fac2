"""What stands beside the road: parked cars, buildings, trees, street lamps, and the posts of lights and signs.

All seeded, near the route only, never on a lane or a sidewalk (posts stand at the kerb).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.maps.road_map import RoadMap

Floats = NDArray[np.float64]

FIRST_ID = 10_000
REACH_M = 80.0
_CELL_M = 0.5
_WIDE_SHOULDER_M = 1.5
_HOUSES = np.array([(176, 150, 128), (150, 92, 76), (200, 190, 170), (128, 134, 142), (188, 170, 110),
                    (108, 120, 136), (212, 208, 200)], dtype=np.uint8)
_LEAVES = np.array([(52, 96, 44), (70, 116, 52), (40, 82, 48), (96, 120, 50)], dtype=np.uint8)
_CARS = np.array([(180, 40, 40), (50, 70, 140), (220, 220, 220), (50, 50, 55), (140, 145, 150), (60, 100, 70)],
                 dtype=np.uint8)
_BARK, _STEEL, _SLATE = (84, 62, 44), (96, 98, 100), (60, 62, 66)


class BoxList:
    """Boxes one by one, then as arrays."""

    def __init__(self, first_id: int) -> None:
        self._first_id = first_id
        self._rows: list[tuple[int, float, float, float, float, float, float, float]] = []
        self._colors: list[tuple[int, int, int]] = []

    def add(self, kind: BodyKind, xy: Iterable[float], yaw: float, size: tuple[float, float, float],
            color: Iterable[int], base_z: float = 0.0) -> None:
        """One box: centre, heading, length width height, RGB, height of the underside."""
        x, y = xy
        r, g, b = color
        self._rows.append((int(kind), float(x), float(y), base_z, yaw, *size))
        self._colors.append((int(r), int(g), int(b)))

    def boxes(self) -> Boxes:
        """All boxes so far; ids count up from the first."""
        t = np.array(self._rows, dtype=np.float64).reshape(-1, 8)
        n = len(t)
        return Boxes(self._first_id + np.arange(n), t[:, 0].astype(np.int64), t[:, 1:3].copy(), t[:, 3].copy(),
                     t[:, 4].copy(), t[:, 5:8].copy(), np.zeros(n), np.array(self._colors, np.uint8).reshape(-1, 3),
                     np.zeros(n, np.bool_))


class Ground:
    """Half-metre cells round the route: where something is already."""

    def __init__(self, route: Polyline) -> None:
        self._low = route.points_N2.min(axis=0) - REACH_M - 30.0
        size = route.points_N2.max(axis=0) + REACH_M + 30.0 - self._low
        self._taken = np.zeros(tuple(np.ceil(size / _CELL_M).astype(int)), dtype=np.bool_)

    def _cells(self, points_N2: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        c = np.floor((points_N2 - self._low) / _CELL_M).astype(np.int64)
        inside = np.all((c >= 0) & (c < self._taken.shape), axis=1)
        return c[inside, 0], c[inside, 1]

    def take_strip(self, points_N2: Floats, half_width_m: float) -> None:
        """Take everything within a distance of a path."""
        r = np.arange(-half_width_m, half_width_m + 0.3, _CELL_M)
        disc = np.stack(np.meshgrid(r, r), axis=-1).reshape(-1, 2)
        disc = disc[np.hypot(disc[:, 0], disc[:, 1]) <= half_width_m + 0.25]
        margin, high = half_width_m + 1.0, self._low + _CELL_M * np.array(self._taken.shape)
        points_N2 = points_N2[np.all((points_N2 > self._low - margin) & (points_N2 < high + margin), axis=1)]
        self._taken[self._cells((points_N2[:, None, :] + disc).reshape(-1, 2))] = True

    def take(self, xy: Floats, yaw: float, length_m: float, width_m: float, margin_m: float = 0.0) -> bool:
        """Take a rectangle if all of it is free and within reach; says whether it was."""
        u = np.linspace(-0.5, 0.5, max(2, int(length_m / 0.4) + 1)) * (length_m + 2 * margin_m)
        v = np.linspace(-0.5, 0.5, max(2, int(width_m / 0.4) + 1)) * (width_m + 2 * margin_m)
        g = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
        c, s = math.cos(yaw), math.sin(yaw)
        cells = self._cells(xy + g @ np.array([[c, s], [-s, c]]))
        if len(cells[0]) < len(g) or self._taken[cells].any():
            return False
        self._taken[cells] = True
        return True


@dataclass(frozen=True, slots=True)
class _Kerb:
    """A place at the right edge of a road: point on the outer lane's centre, unit right normal, heading of the lane."""

    xy: Floats
    right: Floats
    yaw: float
    half_lane_m: float
    s_m: float
    to_end_m: float


def build_scenery(road_map: RoadMap, route: Polyline, parked: int, seed: int) -> Boxes:
    """Parked cars, buildings, trees and street lamps. Posts of lights are in `signal_posts`."""
    rng = stream(seed, "scenery")
    boxes = BoxList(FIRST_ID)
    ground = Ground(route)
    sidewalk_points = [p.points_N2 for p in road_map.sidewalks]
    for lane in road_map.lanes:
        ground.take_strip(lane.center.resampled(_CELL_M).points_N2, 0.5 * lane.width_m + 0.6)
    for line in road_map.sidewalks:
        ground.take_strip(line.resampled(_CELL_M).points_N2, 1.6)
    for line in road_map.parking:
        ground.take_strip(line.resampled(_CELL_M).points_N2, 1.5)
    for strip in road_map.strips.values():
        if strip.kind == "shoulder" and float(strip.width_N.max()) > _WIDE_SHOULDER_M:
            ground.take_strip(strip.center_N2, 0.5 * float(strip.width_N.max()))
    _park(boxes, road_map, route, parked, stream(seed, "parked"))
    walk = np.concatenate(sidewalk_points) if sidewalk_points else np.zeros((0, 2))
    kerbs = list(_kerbs(road_map, route))
    urban = [bool(len(walk)) and float(np.min(np.hypot(*(walk - k.xy).T))) < 10.0 for k in kerbs]
    _build(boxes, ground, kerbs, urban, rng)
    _plant(boxes, ground, kerbs, urban, rng)
    return boxes.boxes()


def without(boxes: Boxes, places: Iterable[tuple[Floats, float]]) -> Boxes:
    """The boxes whose centres lie in none of the places ((2,) point, radius in metres); buildings stay."""
    keep = np.ones(len(boxes), dtype=np.bool_)
    for xy, radius_m in places:
        keep &= (np.hypot(*(boxes.xy_N2 - xy).T) > radius_m) | (boxes.kinds_N == int(BodyKind.BUILDING))
    return boxes if keep.all() else boxes.select(keep)


def _kerbs(road_map: RoadMap, route: Polyline) -> Iterable[_Kerb]:
    coarse = route.points_N2[::6]
    for lane in road_map.lanes:
        if lane.junction_id >= 0 or lane.right is not None:
            continue
        for s in np.arange(2.0, lane.center.length_m - 1.0, 5.0):
            xy = lane.center.at(float(s))
            if float(np.min(np.hypot(*(coarse - xy).T))) < REACH_M - 25.0:
                yaw = lane.center.yaw_at(float(s))
                yield _Kerb(xy, np.array([math.sin(yaw), -math.cos(yaw)]), yaw, 0.5 * lane.width_m, float(s),
                            lane.center.length_m - float(s))


def _park(boxes: BoxList, road_map: RoadMap, route: Polyline, count: int, rng: np.random.Generator) -> None:
    """Cars on parking lanes, the nearest places to the route first, with gaps; not near their ends."""
    places = []
    for line in road_map.parking:
        for s in np.arange(9.0, line.length_m - 9.0, 6.4):
            xy = line.at(float(s))
            off = abs(route.project(xy)[1])
            clear = all(float(np.hypot(*(np.mean(c, axis=0) - xy))) > 9.0 for c in road_map.crosswalks)
            if off < 40.0 and clear:
                places.append((xy, line.yaw_at(float(s))))
    chosen = rng.permutation(len(places))[:count]
    for i in sorted(int(k) for k in chosen):
        xy, yaw = places[i]
        length, width = float(rng.uniform(3.9, 4.7)), float(rng.uniform(1.7, 1.85))
        shift = rng.uniform(-0.3, 0.3) * np.array([math.cos(yaw), math.sin(yaw)])
        boxes.add(BodyKind.CAR, xy + shift, yaw + float(rng.normal(0.0, 0.02)),
                  (length, width, float(rng.uniform(1.4, 1.7))), _CARS[int(rng.integers(len(_CARS)))])


def _build(boxes: BoxList, ground: Ground, kerbs: list[_Kerb], urban: list[bool], rng: np.random.Generator) -> None:
    """Buildings facing the road: a row in town, a house now and then elsewhere."""
    for kerb, town in zip(kerbs, urban, strict=True):
        wish, front, depth = float(rng.random()), float(rng.uniform(9.0, 18.0)), float(rng.uniform(8.0, 13.0))
        height = float(rng.uniform(5.0, 16.0)) if town else float(rng.uniform(4.0, 7.0))
        color = _HOUSES[int(rng.integers(len(_HOUSES)))]
        if wish > (0.75 if town else 0.05):
            continue
        for setback in (2.0, 4.0, 6.0, 9.0) if town else (8.0, 14.0):
            xy = kerb.xy + (kerb.half_lane_m + setback + 0.5 * depth) * kerb.right
            if ground.take(xy, kerb.yaw, front, depth, 0.6):
                boxes.add(BodyKind.BUILDING, xy, kerb.yaw, (front, depth, height), color)
                break


def _plant(boxes: BoxList, ground: Ground, kerbs: list[_Kerb], urban: list[bool], rng: np.random.Generator) -> None:
    """Trees and street lamps where there is room left beside the road."""
    for kerb, town in zip(kerbs, urban, strict=True):
        wish, across = float(rng.random()), float(rng.uniform(1.8, 5.0 if town else 16.0))
        crown, height = float(rng.uniform(1.8, 3.6)), float(rng.uniform(2.5, 5.0))
        leaf = _LEAVES[int(rng.integers(len(_LEAVES)))]
        xy = kerb.xy + (kerb.half_lane_m + across) * kerb.right
        if wish < (0.3 if town else 0.5):
            # The crown may hang over a sidewalk, its trunk may not stand on it.
            if ground.take(xy, kerb.yaw, 0.6, 0.6):
                boxes.add(BodyKind.TREE, xy, kerb.yaw, (0.35, 0.35, 2.4), _BARK)
                boxes.add(BodyKind.TREE, xy, kerb.yaw, (crown, crown, height), leaf, 2.2)
        elif wish > 0.82:
            for setback in (1.2, 2.4, 3.6, 5.0):
                xy = kerb.xy + (kerb.half_lane_m + setback) * kerb.right
                if ground.take(xy, kerb.yaw, 0.3, 0.3):
                    boxes.add(BodyKind.POLE, xy, kerb.yaw, (0.16, 0.16, 6.0), _STEEL)
                    break
