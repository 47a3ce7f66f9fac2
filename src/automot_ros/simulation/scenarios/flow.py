"""A flow of road users from a source along a path to a sink, with random gaps: what crosses, comes or merges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.cast import SIZES, Actor

if TYPE_CHECKING:
    from automot_ros.simulation.scenarios.scenario import Scenario, Script

_CURVE_MPS2, _CURVE_BRAKING_MPS2 = 2.5, 2.0
_CLEAR_M = 2.5
_SINK_M = 1.0
_DRIVE_ON_TICKS = 600
_STUCK_TICKS, _STUCK_M = 200, 1.0
_DRIVES_MPS, _NEAR_M, _ACROSS_RAD = 1.0, 8.0, 0.8


class Flow:
    """Actors that drive along `path` at `speed_mps` (slower in its bends) from its begin to its end, where they vanish.

    gap_m: clear distance between one and the next, drawn from U(low, high) for each. filled: whether they are all over
    the path from the first step on (`dense`: with gaps of the first third only); else the first starts at the source.
    thirds: of three gaps in a row, one is in each third of the interval, so that a wide one is never long in coming.
    heeds: everybody brakes for what is on its way, the ego included; with `priority` not for an ego that drives across,
    only for one that stands there or goes ahead of it. Nobody is put where somebody stands, and who is stuck vanishes.
    Source: scenario_runner, atomic_behaviors.py, ActorFlow (MIT).
    """

    def __init__(self, scenario: Scenario, path: Polyline, speed_mps: float, gap_m: tuple[float, float],
                 kind: BodyKind = BodyKind.CAR, filled: bool = True, thirds: bool = False,
                 heeds: bool = True, priority: bool = False,
                 dense: bool = False) -> None:
        self._scenario, self._path, self._gap_m, self._kind = scenario, path, gap_m, kind
        self._speed_mps = _allowed(path, speed_mps)
        self._half_m = 0.5 * SIZES[kind][0]
        self._next_gap_m = 0.0
        self._filled, self._heeds, self._priority = filled, heeds, priority
        self._dense = dense
        self._thirds: list[int] | None = [] if thirds else None
        self._moved: dict[int, tuple[int, float]] = {}
        self.cars: list[Actor] = []
        """Those on the way now, the last to start at the end of the list."""

    def step(self) -> None:
        """One tick: who has arrived vanishes, and a new one starts when the last has left room enough."""
        if self._filled:
            self._filled = False
            self._fill()
        self._drive()
        last = self.cars[-1].s_m if self.cars else math.inf
        if last - 2.0 * self._half_m >= self._next_gap_m and self._add(0.0, self._users()):
            self._next_gap_m = self._gap()

    def during(self, script: Script) -> Script:
        """Run the flow for as long as a script runs; then nobody new comes, and the last ones drive on to the sink."""
        try:
            for _ in script:
                self.step()
                yield
            for _ in range(_DRIVE_ON_TICKS):
                self._drive()
                if not self.cars:
                    break
                yield
        finally:
            self.clear()

    def clear(self) -> None:
        """Take everybody off the stage."""
        self._scenario.cleared(self.cars)
        self.cars = []

    def _drive(self) -> None:
        """Speeds for the bends, and away with those at the sink."""
        gone = [c for c in self.cars if c.left_m < _SINK_M or self._is_stuck(c)]
        if gone:
            self._scenario.cleared(gone)
            self.cars = [c for c in self.cars if c not in gone]
        table = self._speed_mps
        heeds = self._heeds and not (self._priority and self._ego_cuts_across())
        for car in self.cars:
            car.heeds = heeds
            car.wanted_mps = float(table[min(int(car.s_m) + 1, len(table) - 1)])

    def _is_stuck(self, car: Actor) -> bool:
        """Whether one has not got on for ten seconds: it and the ego may wait for each other for ever."""
        now = self._scenario.world.tick
        since, at_m = self._moved.get(car.id, (now, car.s_m))
        if abs(car.s_m - at_m) > _STUCK_M:
            since, at_m = now, car.s_m
        self._moved[car.id] = (since, at_m)
        return now - since > _STUCK_TICKS

    def _fill(self) -> None:
        """From the sink back to the source."""
        users = self._users()
        first = self._between(0.0, 1.0 / 3.0) if self._dense else self._gap_m[1]
        s = self._path.length_m - self._half_m - float(self._scenario.rng.uniform(0.0, first))
        while s > 0.0:
            self._add(s, users)
            self._next_gap_m = self._between(0.0, 1.0 / 3.0) if self._dense else self._gap()
            s -= 2.0 * self._half_m + self._next_gap_m

    def _add(self, s_m: float, users: Boxes) -> bool:
        """One more; False where there is no room."""
        x, y = self._path.at(s_m)
        pose = Pose2(float(x), float(y), self._path.yaw_at(s_m))
        local = np.abs(pose.inverse_apply(users.xy_N2))
        if np.any((local[:, 0] < self._half_m + 0.5 * users.sizes_N3[:, 0] + _CLEAR_M) & (local[:, 1] < _CLEAR_M)):
            return False
        car = self._scenario.world.cast.add(self._kind, pose)
        now = float(self._speed_mps[min(int(s_m), len(self._speed_mps) - 1)])
        car.go(self._path, now, start_s_m=s_m, now_mps=now, heeds=self._heeds)
        self.cars.append(car)
        return True

    def _gap(self) -> float:
        if self._thirds is None:
            return self._between(0.0, 1.0)
        self._thirds = self._thirds or [int(k) for k in self._scenario.rng.permutation(3)]
        third = self._thirds.pop()
        return self._between(third / 3.0, (third + 1) / 3.0)

    def _between(self, low: float, high: float) -> float:
        """A gap from a part of the interval (0 to 1 is all of it)."""
        least, most = self._gap_m
        return least + (most - least) * float(self._scenario.rng.uniform(low, high))

    def _ego_cuts_across(self) -> bool:
        """Whether the ego drives over the path, neither along it nor standing on it."""
        ego = self._scenario.world.ego
        s, off = self._path.project(ego.pose_map_to_ego.position_m)
        turned = abs(wrap_angle(ego.pose_map_to_ego.yaw_rad - self._path.yaw_at(s)))
        return ego.speed_mps > _DRIVES_MPS and abs(off) < _NEAR_M and turned > _ACROSS_RAD

    def _users(self) -> Boxes:
        """Whom not to be put into: everybody on the road, and the ego."""
        world = self._scenario.world
        near = world.moving_boxes()
        return Boxes.join(near.select(near.base_z_N < 1.5), world.ego_box())


def _allowed(path: Polyline, speed_mps: float) -> NDArray[np.float64]:
    """Speed at every metre of a path: as wanted, slower in bends, and in time before them."""
    at = np.arange(0.0, path.length_m + 1.0)
    bend = np.array([abs(path.curvature_at(float(s), 3.0)) for s in at])
    speed: NDArray[np.float64] = np.minimum(speed_mps, np.sqrt(_CURVE_MPS2 / np.maximum(bend, 1e-6)))
    for i in range(len(speed) - 2, -1, -1):
        speed[i] = min(speed[i], math.sqrt(speed[i + 1] ** 2 + 2.0 * _CURVE_BRAKING_MPS2))
    return speed
