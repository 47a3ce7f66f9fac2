"""People on foot: up and down the sidewalks, and over crosswalks when nothing comes.

Suffixes: W walkers, M samples of all sidewalks, M bodies on the road.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.following import Bodies
from automot_ros.simulation.lights import Lights
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.traffic import EgoView

Floats = NDArray[np.float64]

FIRST_ID = 2000
_REACH_M = 60.0
_SHORTEST_M = 8.0
_AT_CROSSWALK_M = 1.0
_KERB_REACH_M = 7.0
_DECIDE_TICKS = 10
_CAR_NEAR_M = 28.0
_EGO_MPS = 8.0
_SPARE_S = 3.0
_COLORS = np.array([(210, 60, 60), (60, 90, 190), (240, 200, 60), (60, 150, 80), (170, 80, 170), (230, 120, 40)],
                   dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Walker:
    """A person as they stand. `crossing`: on a crosswalk, or off the sidewalk on the way to or from it."""

    id: int
    pose: Pose2
    speed_mps: float
    crossing: bool


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A way over a road: points from kerb to kerb, where it leaves and joins sidewalks, and the light over the cars."""

    points_42: Floats
    sidewalks: tuple[int, int]
    s_m: tuple[float, float]
    centre: tuple[float, float]
    route_s_m: float
    signal_id: int | None


class Walkers:
    """All people of a world. `step` once a tick."""

    def __init__(self, road_map: RoadMap, route: Polyline, count: int, seed: int) -> None:
        self._rng = stream(seed, "walkers")
        near = [line for line in road_map.sidewalks if line.length_m > _SHORTEST_M and _near(line, route)]
        self._lines = near
        n = count if near else 0
        lengths = np.array([line.length_m for line in near])
        self._line_W = (self._rng.choice(len(near), n, p=lengths / lengths.sum()) if n
                        else np.zeros(0, np.int64)).astype(np.int64)
        self._length_W = lengths[self._line_W] if n else np.zeros(0)
        self._s_W: Floats = self._rng.uniform(0.05, 0.95, n) * self._length_W
        self._way_W: Floats = self._rng.choice(np.array([-1.0, 1.0]), n)
        self._pace_W: Floats = self._rng.uniform(0.9, 1.6, n)
        self._side_W: Floats = self._rng.uniform(-0.35, 0.35, n)
        self._color_W3 = _COLORS[self._rng.integers(0, len(_COLORS), n)]
        self._height_W: Floats = self._rng.uniform(1.55, 1.9, n)
        samples = [line.resampled(1.0) for line in near]
        self._first_L = np.cumsum([0, *(len(s.points_N2) for s in samples)]).astype(np.int64)
        self._points_M2 = np.concatenate([s.points_N2 for s in samples]) if samples else np.zeros((0, 2))
        self._crossings = _find_crossings(road_map, near, route)
        self._over: dict[int, tuple[Polyline, _Crossing, int]] = {}
        self._progress_W = np.zeros(n)
        self._rest_W = np.zeros(n, dtype=np.int64)
        self.speed_W: Floats = self._pace_W.copy()
        self.xy_W2, self.yaw_W = np.zeros((n, 2)), np.zeros(n)
        self._pose()

    def __len__(self) -> int:
        return len(self._s_W)

    def step(self, tick: int, ego: EgoView, cars_xy_A2: Floats, cars_speed_A: Floats, lights: Lights) -> None:
        """Walk one tick."""
        if not len(self):
            return
        resting = self._rest_W > 0
        np.maximum(self._rest_W - 1, 0, out=self._rest_W)
        self.speed_W = np.where(resting, 0.0, self._pace_W)
        advance = self.speed_W * 0.05
        for w in sorted(self._over):
            line, crossing, other = self._over[w]
            self._progress_W[w] += advance[w]
            advance[w] = 0.0
            if self._progress_W[w] >= line.length_m:
                del self._over[w]
                self._line_W[w], self._s_W[w] = crossing.sidewalks[other], crossing.s_m[other]
                self._length_W[w] = self._lines[int(self._line_W[w])].length_m
                self._way_W[w] = 1.0 if self._rng.random() < 0.5 else -1.0
        self._s_W = self._s_W + self._way_W * advance
        self._way_W = np.where(self._s_W > self._length_W - 0.5, -1.0, np.where(self._s_W < 0.5, 1.0, self._way_W))
        if tick % _DECIDE_TICKS == 0 and self._crossings:
            self._decide(tick, ego, cars_xy_A2, cars_speed_A, lights)
        self._pose()

    def hit(self, index: int) -> None:
        """A collision: the person stands still for three seconds."""
        self._rest_W[index] = 60

    def shove(self, index: int, by_2: Floats) -> None:
        """Move a person who was hit, for as long as they stand still."""
        self.xy_W2[index] += by_2

    def on_road(self) -> Bodies:
        """Those who are on the road, as bodies for traffic."""
        who = np.array(sorted(self._over), dtype=np.int64)
        n = len(who)
        yaw = self.yaw_W[who]
        return Bodies(self.xy_W2[who, 0], self.xy_W2[who, 1], yaw, np.cos(yaw), np.sin(yaw), np.full(n, 0.5),
                      np.full(n, 0.5), self.speed_W[who], np.full(n, -1), np.zeros(n, np.bool_))

    def walkers(self) -> tuple[Walker, ...]:
        """All people, for those who read states rather than boxes."""
        return tuple(Walker(FIRST_ID + w, Pose2(float(x), float(y), float(yaw)), float(v), w in self._over)
                     for w, ((x, y), yaw, v) in enumerate(zip(self.xy_W2, self.yaw_W, self.speed_W, strict=True)))

    def boxes(self) -> Boxes:
        """All people as boxes."""
        n = len(self)
        sizes = np.stack([np.full(n, 0.45), np.full(n, 0.6), self._height_W], axis=1)
        return Boxes(FIRST_ID + np.arange(n), np.full(n, int(BodyKind.WALKER)), self.xy_W2, np.full(n, 0.1), self.yaw_W,
                     sizes, self.speed_W, self._color_W3, np.zeros(n, np.bool_))

    def _pose(self) -> None:
        """Positions from arc lengths; whoever was hit stays where they were pushed."""
        if not len(self):
            return
        at = np.clip(self._s_W, 0.0, self._length_W - 1e-3)
        # The last step of a resampled sidewalk is shorter than 1 m; the error that makes there is small.
        low = np.minimum(at.astype(np.int64) + self._first_L[self._line_W], self._first_L[self._line_W + 1] - 2)
        f = np.minimum(at - np.floor(at), 1.0)[:, None]
        a, b = self._points_M2[low], self._points_M2[low + 1]
        step = b - a
        yaw = np.arctan2(step[:, 1], step[:, 0])
        side = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
        xy = a + f * step + self._side_W[:, None] * side
        yaw = np.where(self._way_W < 0.0, yaw + math.pi, yaw)
        for w, (line, _, _) in self._over.items():
            xy[w] = line.at(float(self._progress_W[w]))
            yaw[w] = line.yaw_at(float(self._progress_W[w]))
        still = (self._rest_W > 0)[:, None]
        self.xy_W2 = np.where(still, self.xy_W2, xy)
        self.yaw_W = np.where(still[:, 0], self.yaw_W, np.arctan2(np.sin(yaw), np.cos(yaw)))

    def _decide(self, tick: int, ego: EgoView, cars_xy_A2: Floats, cars_speed_A: Floats, lights: Lights) -> None:
        for crossing in self._crossings:
            for side in (0, 1):
                here = (self._line_W == crossing.sidewalks[side]) & (
                    np.abs(self._s_W - crossing.s_m[side]) < _AT_CROSSWALK_M)
                for w in np.flatnonzero(here):
                    # Every walker who passes draws, whether or not the road is free.
                    wish = float(self._rng.random()) < 0.5
                    if wish and int(w) not in self._over and self._free(
                            tick, crossing, int(w), ego, cars_xy_A2, cars_speed_A, lights):
                        points = crossing.points_42 if side == 0 else crossing.points_42[::-1]
                        start = self.xy_W2[w][None]
                        self._over[int(w)] = (Polyline(np.concatenate([start, points[1:]])), crossing, 1 - side)
                        self._progress_W[w] = 0.0

    def _free(self, tick: int, crossing: _Crossing, w: int, ego: EgoView, cars_xy_A2: Floats, cars_speed_A: Floats,
              lights: Lights) -> bool:
        """Nobody drives near, cars are held back for as long as it takes, and the ego will not come meanwhile."""
        needed_s = (float(np.hypot(*np.diff(crossing.points_42, axis=0).T).sum()) + 2.0) / float(self._pace_W[w])
        if crossing.signal_id is not None and lights.red_ticks_left(crossing.signal_id, tick) * 0.05 < needed_s:
            return False
        if len(cars_xy_A2):
            d = cars_xy_A2 - crossing.centre
            if bool(np.any((np.hypot(d[:, 0], d[:, 1]) < _CAR_NEAR_M) & (cars_speed_A > 0.3))):
                return False
        ahead = crossing.route_s_m - ego.route_s_m
        if math.isfinite(ahead) and -8.0 < ahead < _EGO_MPS * (needed_s + _SPARE_S):
            return False
        return math.hypot(ego.pose.x_m - crossing.centre[0], ego.pose.y_m - crossing.centre[1]) > 12.0


def _near(line: Polyline, route: Polyline) -> bool:
    d = line.points_N2[::5, None, :] - route.points_N2[None, ::5]
    return bool(np.min(np.einsum("ijk,ijk->ij", d, d)) < _REACH_M**2)


def _find_crossings(road_map: RoadMap, lines: list[Polyline], route: Polyline) -> list[_Crossing]:
    """Crosswalks that join two of the given sidewalks."""
    found = []
    for corners in road_map.crosswalks:
        c = np.asarray(corners, dtype=np.float64)
        kerbs = (0.5 * (c[0] + c[3]), 0.5 * (c[1] + c[2]))
        ends = []
        for kerb in kerbs:
            best = min(((abs(line.project(kerb)[1]), i) for i, line in enumerate(lines)), default=(math.inf, -1))
            if best[0] < _KERB_REACH_M:
                ends.append((best[1], lines[best[1]].project(kerb)[0]))
        if len(ends) < 2 or (ends[0][0] == ends[1][0] and abs(ends[0][1] - ends[1][1]) < 3.0):
            continue
        # Off the very end of a sidewalk, so that people who turn round there pass the place.
        places = [(i, min(max(s, 0.6), lines[i].length_m - 0.6)) for i, s in ends]
        points = np.stack([lines[places[0][0]].at(places[0][1]), *kerbs, lines[places[1][0]].at(places[1][1])])
        centre = 0.5 * (kerbs[0] + kerbs[1])
        s_route, off = route.project(centre)
        signals = [s for s in road_map.signals if s.kind == "light"]
        gaps = [float(np.hypot(*(np.asarray(s.stop_line).mean(axis=0) - centre))) for s in signals]
        held = signals[int(np.argmin(gaps))].id if gaps and min(gaps) < 9.0 else None
        found.append(_Crossing(points, (places[0][0], places[1][0]), (places[0][1], places[1][1]),
                               (float(centre[0]), float(centre[1])), s_route if abs(off) < 10.0 else math.inf, held))
    return found
