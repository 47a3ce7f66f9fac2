"""Other vehicles: intelligent drivers on lane paths that mind lights, right of way, leaders, walkers and the ego.

Suffixes: A vehicles, N the vehicles that look at this tick (every other), M bodies, S samples along a path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation import following
from automot_ros.simulation.following import Bodies, Obstacles
from automot_ros.simulation.junctions import Approach, Claim, EgoClaim, Junctions, arbitrate
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.paths import PATH_SAMPLES, LanePath, build_path
from automot_ros.simulation.spawning import FARTHEST_M, choose_spot, find_spots, seen_from

Floats = NDArray[np.float64]

FIRST_ID = 1000
ARBITRATION_TICKS = 4
_LIFE_TICKS = 20
_TOWN_LIMIT_MPS = 50.0 / 3.6
_BEHIND_M = 8.0
_REBUILD_AT_M = 110.0
_ENOUGH_PATH_M = PATH_SAMPLES + 10.0
_AXLE_M = 1.35
_STUCK_UNSEEN_TICKS = 300
_STUCK_NEAR_EGO_TICKS = 360
_EGO_WAITS_TICKS = 240
_COLORS = np.array([(200, 30, 30), (30, 60, 160), (230, 230, 230), (40, 40, 45), (150, 155, 160), (20, 95, 60),
                    (190, 150, 40), (120, 60, 30)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A road user as it stands: lane_path from its present lane on; pose of the box centre; speed along yaw."""

    id: int
    kind: BodyKind
    lane_path: tuple[int, ...]
    pose: Pose2
    speed_mps: float
    length_m: float
    width_m: float


@dataclass(frozen=True, slots=True)
class EgoView:
    """What others see of the ego.

    ahead_xy_K2: its route from its place on, every 2 m; phantoms_P3: x, y, yaw of where it will be shortly; claim: the
    junction it is in or about to enter; waiting_ticks: how long it has stood.
    """

    pose: Pose2
    speed_mps: float
    length_m: float
    width_m: float
    route_s_m: float
    ahead_xy_K2: Floats
    phantoms_P3: Floats
    claim: EgoClaim | None
    waiting_ticks: int


class Traffic:
    """All other vehicles of a world. `step` once a tick."""

    def __init__(self, road_map: RoadMap, junctions: Junctions, route: Polyline, count: int, seed: int,
                 ego: Pose2, closed: frozenset[int] = frozenset()) -> None:
        """closed: lanes that nobody is put on or chooses to drive into."""
        self._map, self._junctions = road_map, junctions
        self._rng = stream(seed, "traffic")
        self._closed = _with_dead_ends(road_map, closed)
        self._spots = find_spots(road_map, route, self._closed)
        self.cap_mps = math.inf
        self._route_lanes = frozenset(int(i) for i in self._spots.lane_N[self._spots.on_route_N]) | frozenset(
            i for p in junctions.on_route(route) for i in p.lanes)
        places: list[int] = []
        for _ in range(count):
            spot = choose_spot(self._rng, self._spots, ego, 0.0, self._spots.xy_N2[places], True)
            if spot is not None:
                places.append(spot)
        n = len(places)
        van = self._rng.random(n) < 0.12
        self.kind_A = np.where(van, int(BodyKind.TRUCK), int(BodyKind.CAR)).astype(np.int64)
        self.size_A3: Floats = np.stack([
            np.where(van, 6.2, self._rng.uniform(4.0, 4.8, n)),
            np.where(van, 2.2, self._rng.uniform(1.75, 1.95, n)),
            np.where(van, 2.6, self._rng.uniform(1.4, 1.7, n))], axis=1)
        self.color_A3 = _COLORS[self._rng.integers(0, len(_COLORS), n)]
        # On fast roads they drive faster; in town as slowly as people do there.
        fast = max(1.0, float(np.median([lane.speed_limit_mps for lane in road_map.lanes])) / _TOWN_LIMIT_MPS)
        self.cruise_A: Floats = self._rng.uniform(5.0, 10.0, n) * fast
        self.s_A, self.speed_A, self.acceleration_A = np.zeros(n), np.zeros(n), np.zeros(n)
        self.xy_A2, self.yaw_A = np.zeros((n, 2)), np.zeros(n)
        self._table_A4P = np.zeros((n, 4, PATH_SAMPLES))
        self._paths: list[LanePath] = []
        self._claims: list[list[Claim]] = [[] for _ in range(n)]
        self._stop_A, self._rebuild_A, self._end_A = np.full(n, math.inf), np.zeros(n), np.full(n, math.inf)
        self._gap_A, self._gap_speed_A = np.full(n, math.inf), np.zeros(n)
        self._still_A = np.zeros(n, dtype=np.int64)
        self._frozen_A = np.zeros(n, dtype=np.int64)
        for a, spot in enumerate(places):
            self._paths.append(build_path(road_map.lanes, [int(self._spots.lane_N[spot])], 0.0))
            self._place(a, spot)
        self._pose()

    def __len__(self) -> int:
        return len(self.s_A)

    def step(self, tick: int, ego: EgoView, walkers: Bodies, states: Mapping[int, LightState]) -> None:
        """Drive one tick. walkers: those on the road; states: what the lights show."""
        if not len(self):
            return
        for a in np.flatnonzero(self.s_A > self._rebuild_A):
            self._extend(int(a))
        bodies = self._bodies(ego, walkers)
        if tick % ARBITRATION_TICKS == 0:
            self._arbitrate(tick, states, ego.claim)
        self._look(np.arange(tick % 2, len(self), 2), bodies, ego)
        self.acceleration_A[self._frozen_A > 0] = -following.HARDEST_MPS2
        np.maximum(self._frozen_A - 1, 0, out=self._frozen_A)
        before = self.speed_A
        after = np.maximum(0.0, before + self.acceleration_A * 0.05)
        after[(after < 0.05) & (self.acceleration_A < 0.1)] = 0.0
        self.s_A = self.s_A + 0.5 * (before + after) * 0.05
        self.speed_A = after
        self._pose()
        self._still_A = np.where(after < 0.1, self._still_A + 1, 0)
        if tick % _LIFE_TICKS == 0:
            self._renew(ego)

    def hit(self, index: int, speed_mps: float) -> None:
        """A collision with the ego: the vehicle takes the given speed and stands on its brakes for two seconds."""
        self.speed_A[index] = speed_mps
        self._frozen_A[index] = 40

    def vehicles(self) -> tuple[Vehicle, ...]:
        """All vehicles, for those who read states rather than boxes."""
        made = []
        for a in range(len(self)):
            path = tuple(p.lane for p in self._paths[a].pieces if p.end_m > self.s_A[a])
            x, y = self.xy_A2[a]
            made.append(Vehicle(FIRST_ID + a, BodyKind(int(self.kind_A[a])), path,
                                Pose2(float(x), float(y), float(self.yaw_A[a])), float(self.speed_A[a]),
                                float(self.size_A3[a, 0]), float(self.size_A3[a, 1])))
        return tuple(made)

    def boxes(self) -> Boxes:
        """All vehicles as boxes."""
        n = len(self)
        return Boxes(FIRST_ID + np.arange(n), self.kind_A, self.xy_A2, np.zeros(n), self.yaw_A, self.size_A3,
                     self.speed_A, self.color_A3, np.zeros(n, np.bool_))

    def _bodies(self, ego: EgoView, walkers: Bodies) -> Bodies:
        n, p = len(self), len(ego.phantoms_P3)
        own = np.concatenate([[[ego.pose.x_m, ego.pose.y_m, ego.pose.yaw_rad]], ego.phantoms_P3])
        yaw = np.concatenate([self.yaw_A, own[:, 2], walkers.yaw_M])
        w = len(walkers.x_M)
        return Bodies(
            np.concatenate([self.xy_A2[:, 0], own[:, 0], walkers.x_M]),
            np.concatenate([self.xy_A2[:, 1], own[:, 1], walkers.y_M]),
            yaw, np.cos(yaw), np.sin(yaw),
            np.concatenate([0.5 * self.size_A3[:, 0], np.full(1 + p, 0.5 * ego.length_m), walkers.half_length_M]),
            np.concatenate([0.5 * self.size_A3[:, 1], np.full(1 + p, 0.5 * ego.width_m), walkers.half_width_M]),
            np.concatenate([self.speed_A, np.full(1 + p, ego.speed_mps), walkers.speed_M]),
            np.concatenate([np.arange(n), np.full(1 + p + w, -1)]),
            np.concatenate([np.zeros(n + 1, np.bool_), np.ones(p, np.bool_), np.zeros(w, np.bool_)]),
        )

    def _look(self, index_N: NDArray[np.int64], bodies: Bodies, ego: EgoView) -> None:
        """New accelerations for some vehicles, from what is on their paths."""
        if not len(index_N):
            return
        front = self.s_A[index_N] + 0.5 * self.size_A3[index_N, 0]
        first = np.minimum(front.astype(np.int64), PATH_SAMPLES - 1)
        at = np.minimum(first[:, None] + following.SAMPLES_S, PATH_SAMPLES - 1)
        rows = index_N[:, None]
        table = self._table_A4P
        found = following.obstacles_on_paths(table[rows, 0, at], table[rows, 1, at], table[rows, 2, at], front - first,
                                             0.5 * self.size_A3[index_N, 1], index_N, bodies)
        found = self._without_own_phantoms(found, index_N, bodies, ego)
        speed = self.speed_A[index_N]
        wanted = np.minimum(first + (0.3 * speed).astype(np.int64) + 1, PATH_SAMPLES - 1)
        allowed = np.sqrt(table[index_N, 3, wanted])
        free = following.free_acceleration(speed, np.minimum(np.minimum(self.cruise_A[index_N], self.cap_mps), allowed))
        taken = np.zeros(len(index_N))
        gap = np.full(len(index_N), math.inf)
        k = found.follower_K
        np.maximum.at(taken, k, following.interaction(speed[k], found.gap_K, found.speed_K))
        np.minimum.at(gap, k, found.gap_K)
        leader_speed = np.zeros(len(index_N))
        nearest = found.gap_K == gap[k]
        leader_speed[k[nearest]] = found.speed_K[nearest]
        self._gap_A[index_N], self._gap_speed_A[index_N] = gap, leader_speed
        stop = self._stop_A[index_N] - front
        line = following.interaction(speed, np.maximum(stop, 0.1), np.zeros_like(speed), 0.8)
        taken = np.maximum(taken, np.where(stop < following.LOOK_AHEAD_M, line, 0.0))
        self.acceleration_A[index_N] = np.maximum(free - taken, -following.HARDEST_MPS2)

    def _without_own_phantoms(self, found: Obstacles, index_N: NDArray[np.int64], bodies: Bodies,
                              ego: EgoView) -> Obstacles:
        """Who drives ahead of the ego on its route need not brake for where the ego is about to be."""
        phantom = bodies.phantom_M[found.body_K]
        if not phantom.any() or not len(ego.ahead_xy_K2):
            return found
        d = self.xy_A2[index_N][:, None, :] - ego.ahead_xy_K2[None]
        leads = np.min(np.einsum("nkj,nkj->nk", d, d), axis=1) < 2.0**2
        keep = ~(phantom & leads[found.follower_K])
        return Obstacles(found.follower_K[keep], found.body_K[keep], found.gap_K[keep], found.speed_K[keep])

    def _arbitrate(self, tick: int, states: Mapping[int, LightState], ego: EgoClaim | None) -> None:
        approaches, who = [], []
        for a in range(len(self)):
            claims, half = self._claims[a], 0.5 * float(self.size_A3[a, 0])
            s = float(self.s_A[a])
            while claims and s - half > claims[0].passage.end_m:
                claims.pop(0)
            if not claims:
                self._set_stop(a)
                continue
            approaches.append(Approach(claims[0], s + half, s - half, float(self.speed_A[a]), 2.0 * half,
                                       float(self._gap_A[a]), float(self._gap_speed_A[a])))
            who.append(a)
        arbitrate(tick, self._junctions, approaches, states, ego)
        for a in who:
            self._set_stop(a)

    def _set_stop(self, a: int) -> None:
        """Where the front bumper has to stop: the first line not granted, or the end of the road."""
        waits = next((c.passage.stop_m for c in self._claims[a] if not c.granted), math.inf)
        self._stop_A[a] = min(waits, float(self._end_A[a]))

    def _place(self, a: int, spot: int) -> None:
        """Put vehicle `a` on a spot, with a new path and a speed at which it can still stop at the line."""
        lane, s = int(self._spots.lane_N[spot]), float(self._spots.s_N[spot])
        from_s = max(0.0, s - _BEHIND_M)
        self._adopt(a, self._grow([lane], from_s), from_s, s - from_s, [])
        room = max(0.0, self._stop_A[a] - self.s_A[a] - 0.5 * self.size_A3[a, 0] - 2.0)
        allowed = math.sqrt(float(self._table_A4P[a, 3, int(self.s_A[a])]))
        self.speed_A[a] = min(0.8 * float(self.cruise_A[a]), 0.8 * allowed, math.sqrt(2.0 * room))
        self.acceleration_A[a] = 0.0
        self._gap_A[a], self._still_A[a], self._frozen_A[a] = math.inf, 0, 0

    def _grow(self, sequence: list[int], from_s_m: float) -> list[int]:
        """Add lanes at random, more often the ego's own, until the path is long enough or the road ends."""
        lanes = self._map.lanes
        length = sum(lanes[i].center.length_m for i in sequence) - from_s_m
        while length < _ENOUGH_PATH_M and lanes[sequence[-1]].next:
            options = lanes[sequence[-1]].next
            options = tuple(i for i in options if i not in self._closed) or options
            weight = np.array([1.3 if i in self._route_lanes else 1.0 for i in options])
            sequence.append(int(options[int(self._rng.choice(len(options), p=weight / weight.sum()))]))
            length += lanes[sequence[-1]].center.length_m
        return sequence

    def _adopt(self, a: int, sequence: list[int], from_s_m: float, s_m: float, old: list[Claim]) -> None:
        path = build_path(self._map.lanes, sequence, from_s_m)
        self._paths[a], self._table_A4P[a], self.s_A[a] = path, path.table_4P, s_m
        ends = not self._map.lanes[sequence[-1]].next and path.length_m < PATH_SAMPLES
        self._rebuild_A[a] = math.inf if ends else _REBUILD_AT_M
        claims = []
        for passage in self._junctions.passages(path.pieces):
            if passage.begin_m < PATH_SAMPLES and s_m - 0.5 * self.size_A3[a, 0] < passage.end_m:
                known = next((c for c in old if c.passage.lanes[-1] == passage.lanes[-1]), None)
                claims.append(Claim(passage) if known is None else Claim(
                    passage, known.granted, known.since_tick, known.has_stopped))
                if known is not None:
                    old.remove(known)
        self._claims[a] = claims
        self._end_A[a] = path.length_m - 1.0 if ends else math.inf
        self._set_stop(a)

    def _extend(self, a: int) -> None:
        path, s = self._paths[a], float(self.s_A[a])
        pieces = [p for p in path.pieces if p.end_m > s - _BEHIND_M]
        from_s = max(0.0, s - _BEHIND_M - pieces[0].begin_m)
        self._adopt(a, self._grow([p.lane for p in pieces], from_s), from_s, s - pieces[0].begin_m - from_s,
                    list(self._claims[a]))

    def _pose(self) -> None:
        """Box centres from two axles on the path: the rear cuts corners as a car's does."""
        if not len(self):
            return
        at = np.clip(np.stack([self.s_A + _AXLE_M, self.s_A - _AXLE_M]), 0.0, PATH_SAMPLES - 1.001)
        low = at.astype(np.int64)
        f = at - low
        rows = np.arange(len(self))
        t = self._table_A4P
        x = t[rows, 0, low] * (1.0 - f) + t[rows, 0, low + 1] * f
        y = t[rows, 1, low] * (1.0 - f) + t[rows, 1, low + 1] * f
        self.xy_A2 = np.stack([0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1])], axis=1)
        self.yaw_A = np.arctan2(y[0] - y[1], x[0] - x[1])

    def _renew(self, ego: EgoView) -> None:
        """Bring back, out of the ego's view, who is far away, at the end of a road, or stuck."""
        d = self.xy_A2 - (ego.pose.x_m, ego.pose.y_m)
        distance = np.hypot(d[:, 0], d[:, 1])
        seen = seen_from(ego.pose, self.xy_A2)
        at_light = np.array([bool(c) and not c[0].granted and c[0].passage.signal is not None
                             and c[0].passage.signal.kind == "light" for c in self._claims])
        dead_end = self.s_A + 8.0 > self._end_A
        gone = ~seen & ((distance > FARTHEST_M + 10.0) | dead_end | (
            (self._still_A > _STUCK_UNSEEN_TICKS) & ~at_light))
        # Last resort: two that wait for each other in the ego's way are worse than one that vanishes.
        if ego.waiting_ticks > _EGO_WAITS_TICKS:
            gone |= (self._still_A > _STUCK_NEAR_EGO_TICKS) & ~at_light & (distance < 30.0)
        for a in np.flatnonzero(gone):
            others = np.delete(self.xy_A2, a, axis=0)
            spot = choose_spot(self._rng, self._spots, ego.pose, ego.route_s_m, others, False)
            if spot is not None:
                self._place(int(a), spot)
                self.xy_A2[a] = self._spots.xy_N2[spot]
        if gone.any():
            self._pose()


def _with_dead_ends(road_map: RoadMap, closed: frozenset[int]) -> frozenset[int]:
    """The closed lanes, and those from which one can only drive into them."""
    lanes, found = road_map.lanes, set(closed)
    while True:
        more = {lane.index for lane in lanes if lane.index not in found and lane.next
                and all(i in found for i in lane.next)}
        if not more:
            return frozenset(found)
        found |= more
