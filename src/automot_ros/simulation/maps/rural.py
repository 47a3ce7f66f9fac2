"""A winding country road: a closed loop of bends, with two side roads across that meet it in T junctions.

One of the side roads is nearly straight. Limits go by road, and the junctions have lights, signs or nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError
from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.maps.arcs import Segment, chain, length_of, offset_right, reversed_pose, sharpest
from automot_ros.simulation.maps.network import End, Network
from automot_ros.simulation.maps.opendrive import DRIVING, RURAL, SHOULDER, CrossSection, LaneSpec

LOOP_KMH, SIDE_KMH = (50.0, 60.0), (30.0, 40.0, 50.0, 60.0)
TIGHTEST_M, WIDEST_M = 25.0, 50.0
REACH_M = 13.0
_STEP_M = 16.0
_SIDE = (LaneSpec(DRIVING, 3.4), LaneSpec(SHOULDER, 0.8))
SECTION = CrossSection(right=_SIDE, left=_SIDE)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A closed curve r(angle) = radius (1 + sum of waves), counter-clockwise."""

    radius_m: float
    order_K: NDArray[np.float64]
    size_K: NDArray[np.float64]
    phase_K: NDArray[np.float64]

    def pose(self, angle: float) -> Pose2:
        """Point and heading at a polar angle."""
        wave = self.order_K * angle + self.phase_K
        r = self.radius_m * (1.0 + float(np.sum(self.size_K * np.cos(wave))))
        slope = -self.radius_m * float(np.sum(self.size_K * self.order_K * np.sin(wave)))
        return Pose2(r * math.cos(angle), r * math.sin(angle), wrap_angle(angle + math.atan2(r, slope)))

    def bend(self, angle: float) -> float:
        """Rough curvature round a polar angle, 1/m."""
        a, b = self.pose(angle - 0.05), self.pose(angle + 0.05)
        return abs(wrap_angle(b.yaw_rad - a.yaw_rad)) / math.hypot(b.x_m - a.x_m, b.y_m - a.y_m)


def rural(seed: int) -> str:
    """OpenDRIVE text of the country road of this seed."""
    rng = stream(seed, "map", "rural")
    for _ in range(2000):
        layout = _layout(rng)
        if layout is not None:
            return _build(*layout, rng).write(f"rural-{seed}")
    raise MapError("no country road found", where=f"seed {seed}")


def _layout(rng: np.random.Generator) -> tuple[list[list[Segment]], list[list[Segment]]] | None:
    """Reference lines of the loop between its four junctions and of the two side roads; None when a bend is wrong."""
    loop = _Loop(float(rng.uniform(225.0, 265.0)), np.array([2.0, 3.0, 5.0, 8.0, 11.0]),
                 rng.uniform(0.4, 1.0, 5) * np.array([0.08, 0.07, 0.06, 0.042, 0.03]),
                 rng.uniform(0.0, 2.0 * math.pi, 5))
    base = float(rng.uniform(0.0, 2.0 * math.pi))
    wanted = [base, base + rng.uniform(1.7, 2.1), base + math.pi, base + math.pi + rng.uniform(1.7, 2.1)]
    angles = [min(np.linspace(a - 0.25, a + 0.25, 21).tolist(), key=loop.bend) for a in wanted]
    centres = [loop.pose(a) for a in angles]
    try:
        main = [_along(loop, angles[k], angles[(k + 1) % 4] + (2.0 * math.pi if k == 3 else 0.0)) for k in range(4)]
        side = [_across(rng, centres[a], centres[b], straight) for a, b, straight in ((0, 1, False), (2, 3, True))]
    except MapError:
        return None
    tight = max(sharpest(path) for path in main)
    long_enough = min(length_of(path) for path in (*main, *side)) > 90.0 and sum(map(length_of, main)) > 1500.0
    if not 1.0 / WIDEST_M < tight <= 1.0 / TIGHTEST_M or max(map(sharpest, side)) > 1.0 / TIGHTEST_M:
        return None
    return (main, side) if long_enough else None


def _along(loop: _Loop, a: float, b: float) -> list[Segment]:
    """The loop from the junction at polar angle `a` to the one at `b`."""
    start = offset_right(loop.pose(a), 0.0, REACH_M)
    end = offset_right(loop.pose(b), 0.0, -REACH_M)
    count = int((b - a) * loop.radius_m / _STEP_M)
    between = [loop.pose(angle) for angle in np.linspace(a, b, count + 1)[1:-1].tolist()]
    free = [p for p in between if min(math.hypot(p.x_m - e.x_m, p.y_m - e.y_m) for e in (start, end)) > _STEP_M
            and min(math.hypot(p.x_m - c.x_m, p.y_m - c.y_m) for c in (loop.pose(a), loop.pose(b))) > REACH_M + _STEP_M]
    return chain([start, *free, end])


def _across(rng: np.random.Generator, a: Pose2, b: Pose2, straight: bool) -> list[Segment]:
    """A side road through the inside of the loop: with a swing in its middle, or straight for more than half of it."""
    start = offset_right(Pose2(a.x_m, a.y_m, a.yaw_rad + math.pi / 2.0), 0.0, REACH_M)
    end = reversed_pose(offset_right(Pose2(b.x_m, b.y_m, b.yaw_rad + math.pi / 2.0), 0.0, REACH_M))
    length = math.hypot(end.x_m - start.x_m, end.y_m - start.y_m)
    along = Pose2(start.x_m, start.y_m, math.atan2(end.y_m - start.y_m, end.x_m - start.x_m))
    if straight:
        return chain([start, offset_right(along, 0.0, 0.22 * length), offset_right(along, 0.0, 0.78 * length), end])
    middle = offset_right(along, 0.0, 0.5 * length)
    turned = Pose2(middle.x_m, middle.y_m, along.yaw_rad + float(rng.uniform(-0.6, 0.6)))
    return chain([start, offset_right(turned, float(rng.uniform(-20.0, 20.0))), end])


def _build(main: list[list[Segment]], side: list[list[Segment]], rng: np.random.Generator) -> Network:
    network = Network()
    loop = [network.road(path, SECTION, float(rng.choice(LOOP_KMH)), RURAL) for path in main]
    across = [network.road(path, SECTION, float(rng.choice(SIDE_KMH)), RURAL) for path in side]
    kinds = rng.permutation([*rng.permutation(["light", "none"])[:1], "stop", "yield", "yield"]).tolist()
    for k in range(4):
        stem = End(across[k // 2], "start" if k % 2 == 0 else "end")
        arms = [End(loop[k - 1], "end"), End(loop[k], "start"), stem]
        arms_with = {"light": (0, 1, 2), "none": ()}.get(kinds[k], (2,))
        network.junction(arms, control=dict.fromkeys(arms_with, kinds[k]))
    return network
