"""The cast: bodies that scenarios put on the road and direct. Each stands, or goes along a path of its own.

A body either heeds what is in its way (it brakes as traffic does) or goes on regardless; touching another body stops it
in either case: nobody drives through anybody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation import following
from automot_ros.simulation.collisions import CLEARANCE_M
from automot_ros.simulation.following import Bodies

Floats = NDArray[np.float64]
Color = tuple[int, int, int]

FIRST_ID = 3000
_TICK_S = 0.05
_STEP_M = 0.5
_AXLE_M = 1.3
_FROZEN_TICKS = 40
_LONG_M = 3.0
SIZES: dict[BodyKind, tuple[float, float, float]] = {
    BodyKind.CAR: (4.5, 1.85, 1.5), BodyKind.TRUCK: (6.4, 2.2, 2.7), BodyKind.EMERGENCY: (5.4, 2.1, 2.4),
    BodyKind.BICYCLE: (1.75, 0.6, 1.7), BodyKind.WALKER: (0.45, 0.6, 1.75), BodyKind.CONE: (0.4, 0.4, 0.8),
    BodyKind.SIGN: (0.5, 1.9, 1.9), BodyKind.DOOR: (0.15, 0.95, 1.2), BodyKind.CONTAINER: (1.2, 2.2, 2.1),
    BodyKind.DEBRIS: (0.7, 0.7, 0.12), BodyKind.OBSTACLE: (1.0, 1.0, 1.0)}
_COLORS: dict[BodyKind, Color] = {
    BodyKind.EMERGENCY: (236, 238, 240), BodyKind.CONE: (240, 100, 20), BodyKind.SIGN: (235, 120, 20),
    BodyKind.CONTAINER: (60, 96, 140), BodyKind.DEBRIS: (110, 96, 80), BodyKind.OBSTACLE: (150, 150, 150)}
_PAINT: tuple[Color, ...] = ((196, 32, 32), (36, 66, 160), (232, 232, 232), (44, 44, 50), (150, 155, 160),
                             (24, 100, 64), (196, 156, 44), (124, 62, 34))
WHEELED = frozenset({BodyKind.CAR, BodyKind.TRUCK, BodyKind.EMERGENCY, BodyKind.BICYCLE})


@dataclass(slots=True, eq=False)
class Actor:
    """One body. Scenarios set `wanted_mps`, `heeds` and the rates; the rest follows from `Cast.step`.

    s_m: arc length of the box centre on its path; moved_m: metres gone since it was put there. lights: emissive.
    """

    id: int
    kind: BodyKind
    size: tuple[float, float, float]
    color: Color
    pose: Pose2
    base_z_m: float = 0.0
    speed_mps: float = 0.0
    wanted_mps: float = 0.0
    acceleration_mps2: float = 2.5
    braking_mps2: float = 5.0
    heeds: bool = False
    s_m: float = 0.0
    moved_m: float = 0.0
    touched: bool = False
    _xs: list[float] | None = None
    _ys: list[float] | None = None
    _length_m: float = 0.0
    _frozen: int = 0
    _limit_mps2: float = math.inf

    def go(self, path: Polyline, speed_mps: float, *, start_s_m: float | None = None, now_mps: float | None = None,
           heeds: bool = False) -> None:
        """Follow `path` (from the nearest point, or from `start_s_m`) towards a speed; `now_mps`: at once this fast."""
        points = path.resampled(_STEP_M).points_N2
        self._xs, self._ys = points[:, 0].tolist(), points[:, 1].tolist()
        self._length_m = path.length_m
        self.s_m = path.project(self.pose.position_m)[0] if start_s_m is None else start_s_m
        self.wanted_mps, self.heeds = speed_mps, heeds
        if now_mps is not None:
            self.speed_mps = now_mps
        self._settle()

    def stop(self, braking_mps2: float = 5.0) -> None:
        """Brake to a halt and stay."""
        self.wanted_mps, self.braking_mps2 = 0.0, braking_mps2

    @property
    def left_m(self) -> float:
        """Metres of path that are left; 0 without a path."""
        return max(0.0, self._length_m - self.s_m)

    def _advance(self) -> None:
        if self._frozen > 0:
            self._frozen -= 1
            self.speed_mps = 0.0
            return
        if self._xs is None:
            return
        wish = (self.wanted_mps - self.speed_mps) / _TICK_S
        rate = max(-self.braking_mps2, min(self.acceleration_mps2, wish))
        if self.heeds:
            rate = min(rate, self._limit_mps2)
        before = self.speed_mps
        self.speed_mps = max(0.0, before + rate * _TICK_S)
        step = min(0.5 * (before + self.speed_mps) * _TICK_S, self.left_m)
        if self.left_m <= 1e-6:
            self.speed_mps = 0.0
        self.s_m += step
        self.moved_m += step
        if step > 0.0:
            self._settle()

    def _point(self, s_m: float) -> tuple[float, float]:
        xs, ys = self._xs, self._ys
        assert xs is not None and ys is not None
        f = min(max(s_m, 0.0), self._length_m) / _STEP_M
        i = min(int(f), len(xs) - 2)
        f = min(f - i, 1.0)
        x, y = xs[i] + f * (xs[i + 1] - xs[i]), ys[i] + f * (ys[i + 1] - ys[i])
        beyond = s_m - self._length_m if s_m > self._length_m else min(s_m, 0.0)
        if beyond:  # a bumper may reach over the end: straight on
            a = 0 if beyond < 0.0 else len(xs) - 2
            dx, dy = xs[a + 1] - xs[a], ys[a + 1] - ys[a]
            scale = beyond / max(math.hypot(dx, dy), 1e-9)
            x, y = x + scale * dx, y + scale * dy
        return x, y

    def _settle(self) -> None:
        reach = _AXLE_M if self.size[0] > _LONG_M else 0.25
        ax, ay = self._point(self.s_m - reach)
        bx, by = self._point(self.s_m + reach)
        self.pose = Pose2(0.5 * (ax + bx), 0.5 * (ay + by), math.atan2(by - ay, bx - ax))

    def push_back(self, metres: float) -> None:
        """After a touch: back along its path, and stand for two seconds."""
        self._frozen, self.touched = _FROZEN_TICKS, True
        self.speed_mps = 0.0
        if self._xs is not None and metres > 0.0:
            self.s_m = max(0.0, self.s_m - metres)
            self._settle()

    def shove(self, by_2: Floats) -> None:
        """Move a body, and the path it follows with it."""
        if self._xs is not None and self._ys is not None:
            self._xs = [x + float(by_2[0]) for x in self._xs]
            self._ys = [y + float(by_2[1]) for y in self._ys]
        self.pose = Pose2(self.pose.x_m + float(by_2[0]), self.pose.y_m + float(by_2[1]), self.pose.yaw_rad)


class Cast:
    """All bodies of all scenarios of a world."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._next_id = FIRST_ID
        self.actors: list[Actor] = []
        self._boxes: Boxes | None = None
        self._solid: tuple[Boxes, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self.actors)

    def add(self, kind: BodyKind, pose: Pose2, *, size: tuple[float, float, float] | None = None,
            color: Color | None = None, base_z_m: float = 0.0) -> Actor:
        """A new body standing at `pose`; the usual size of its kind and a drawn colour where none is given."""
        if kind not in SIZES and size is None:
            raise AutomotError("no usual size for this kind", where="Cast.add", got=kind.name, wanted="a size")
        drawn = _PAINT[int(self._rng.integers(len(_PAINT)))]
        actor = Actor(self._next_id, kind, size or SIZES[kind], color or _COLORS.get(kind, drawn), pose, base_z_m)
        self._next_id += 1
        self.actors.append(actor)
        self._boxes = None
        return actor

    def remove(self, actors: Iterable[Actor]) -> None:
        """Take bodies off the stage; those already gone are ignored."""
        gone = {a.id for a in actors}
        self.actors = [a for a in self.actors if a.id not in gone]
        self._boxes = None

    def move(self, actor: Actor, pose: Pose2) -> None:
        """Put a body somewhere else: for what turns on a hinge rather than goes along a path."""
        actor.pose = pose
        self._boxes = None

    def boxes(self) -> Boxes:
        """All bodies as boxes."""
        if self._boxes is None:
            self._solid = None
            rows = [(a.pose.x_m, a.pose.y_m, a.pose.yaw_rad, a.base_z_m, *a.size, a.speed_mps) for a in self.actors]
            t = np.array(rows, dtype=np.float64).reshape(-1, 8)
            self._boxes = Boxes(
                np.array([a.id for a in self.actors], np.int64), np.array([int(a.kind) for a in self.actors], np.int64),
                t[:, :2].copy(), t[:, 3].copy(), t[:, 2].copy(), t[:, 4:7].copy(), t[:, 7].copy(),
                np.array([a.color for a in self.actors], np.uint8).reshape(-1, 3), np.zeros(len(t), np.bool_))
        return self._boxes

    def solid(self) -> tuple[Boxes, NDArray[np.int64]]:
        """The bodies that can be touched, and their places in `actors`."""
        boxes = self.boxes()  # a new picture forgets the old list
        if self._solid is None:
            index = np.flatnonzero((boxes.base_z_N < CLEARANCE_M) & (boxes.kinds_N != int(BodyKind.DEBRIS)))
            self._solid = boxes.select(index), index
        return self._solid

    def bodies(self) -> Bodies:
        """Bodies that traffic brakes for."""
        b, n = self.solid()[0], len(self.solid()[1])
        return Bodies(b.xy_N2[:, 0], b.xy_N2[:, 1], b.yaw_N, np.cos(b.yaw_N), np.sin(b.yaw_N), 0.5 * b.sizes_N3[:, 0],
                      0.5 * b.sizes_N3[:, 1], b.speed_N, np.full(n, -1), np.zeros(n, np.bool_))

    def step(self, tick: int, others: Boxes) -> None:
        """Move one tick. others: vehicles, walkers and the ego as they stand, without the cast."""
        if not self.actors:
            return
        heeding = [a for a in self.actors if a.heeds and a._xs is not None]
        if heeding and tick % 2 == 0:
            self._look(heeding, Boxes.join(others, self.boxes()))
        moving = False
        for actor in self.actors:
            before = actor.pose
            actor._advance()
            moving = moving or actor.pose is not before or actor.speed_mps > 0.0
        if moving:
            self._boxes = None

    def _look(self, heeding: list[Actor], seen: Boxes) -> None:
        """How hard each heeding body may accelerate, from what is on its path (intelligent driver model)."""
        seen = seen.select((seen.base_z_N < CLEARANCE_M) & (seen.kinds_N != int(BodyKind.DEBRIS)))
        at = following.SAMPLES_S.astype(np.float64)
        x, y, yaw = (np.empty((len(heeding), len(at))) for _ in range(3))
        for n, a in enumerate(heeding):
            p = [a._point(a.s_m + 0.5 * a.size[0] + float(s)) for s in at]
            q = np.array([*p, a._point(a.s_m + 0.5 * a.size[0] + float(at[-1]) + 1.0)])
            x[n], y[n] = q[:-1, 0], q[:-1, 1]
            yaw[n] = np.arctan2(np.diff(q[:, 1]), np.diff(q[:, 0]))
        place = {int(i): k for k, i in enumerate(seen.ids_N)}
        owner = np.full(len(seen), -1)
        for n, a in enumerate(heeding):
            owner[place[a.id]] = n
        bodies = Bodies(seen.xy_N2[:, 0], seen.xy_N2[:, 1], seen.yaw_N, np.cos(seen.yaw_N), np.sin(seen.yaw_N),
                        0.5 * seen.sizes_N3[:, 0], 0.5 * seen.sizes_N3[:, 1], seen.speed_N, owner,
                        np.zeros(len(seen), np.bool_))
        half = np.array([0.5 * a.size[1] for a in heeding])
        found = following.obstacles_on_paths(x, y, yaw, np.zeros(len(heeding)), half, np.arange(len(heeding)), bodies)
        speed = np.array([a.speed_mps for a in heeding])
        k = found.follower_K
        taken = np.zeros(len(heeding))
        np.maximum.at(taken, k, following.interaction(speed[k], found.gap_K, found.speed_K))
        for n, a in enumerate(heeding):
            a._limit_mps2 = max(-following.HARDEST_MPS2, a.acceleration_mps2 - float(taken[n]))
