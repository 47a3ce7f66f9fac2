"""A highway: a long ring with a carriageway each way, and beside each a service area with an exit and an on-ramp.

The ring has two straights and two wide bends. The outer carriageway runs counter-clockwise
and has its service area outside, the inner one runs clockwise and has its own inside: no road crosses another. Along a
service area, in the direction of travel: the road widens, the new lane slows down and leaves as the exit ramp, the
ramp meets the service street, the on-ramp leaves it, joins as an extra lane, and that lane ends in its neighbour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.maps.arcs import (
    Segment,
    chain,
    cut,
    join,
    length_of,
    offset_path,
    offset_right,
    pose_on,
    reversed_path,
    reversed_pose,
)
from automot_ros.simulation.maps.network import End, Network, Turn
from automot_ros.simulation.maps.opendrive import (
    DRIVING,
    MOTORWAY,
    PARKING,
    SHOULDER,
    SIDEWALK,
    CrossSection,
    LaneSpec,
    RoadSpec,
)

LANE_M, SHOULDER_M, MEDIAN_M = 3.5, 2.5, 10.0
WIDEN_M, FORK_M = 60.0, 60.0
RAMP_ANGLE_RAD = math.radians(8.0)
RAMP_KMH, STREET_KMH = 50.0, (30.0, 40.0, 50.0)
ARM_M = 16.0
_LANE = LaneSpec(DRIVING, LANE_M)
RAMP = CrossSection(right=(LaneSpec(DRIVING, LANE_M), LaneSpec(SHOULDER, 1.0)), center_mark="solid")


@dataclass(frozen=True, slots=True)
class _Plan:
    """Sizes of one service area along its carriageway, metres; `begin_m` is where the road begins to widen."""

    begin_m: float
    slow_m: float
    ramp_m: float
    street_m: float
    away_m: float
    deep_m: float
    fast_m: float

    @property
    def exit_m(self) -> float:
        """Where the exit ramp parts from the road."""
        return self.begin_m + WIDEN_M + self.slow_m

    @property
    def join_m(self) -> float:
        """Where the on-ramp begins to join."""
        return self.exit_m + 2.0 * FORK_M + 2.0 * self.ramp_m + self.street_m - FORK_M

    @property
    def end_m(self) -> float:
        """Where the extra lane has ended."""
        return self.join_m + FORK_M + self.fast_m + WIDEN_M


def highway(seed: int) -> str:
    """OpenDRIVE text of the highway of this seed."""
    rng = stream(seed, "map", "highway")
    lanes = int(rng.integers(2, 4))
    speed_kmh = float(rng.choice([80.0, 90.0]))
    plans = [_plan(rng) for _ in range(2)]
    straight_m = max(p.end_m for p in plans) + float(rng.uniform(30.0, 80.0))
    ring = _ring(rng, straight_m, float(rng.uniform(255.0, 300.0)))
    network = Network()
    outer = offset_path(ring, 0.5 * MEDIAN_M)
    back = reversed_path(ring)
    inner = offset_path([*back[3:], *back[:3]], 0.5 * MEDIAN_M)  # from the start of the other straight
    for path, plan in ((outer, plans[0]), (inner, plans[1])):
        _carriageway(rng, network, path, plan, lanes, speed_kmh)
    return network.write(f"highway-{seed}")


def _plan(rng: np.random.Generator) -> _Plan:
    return _Plan(begin_m=float(rng.uniform(60.0, 90.0)), slow_m=float(rng.uniform(130.0, 180.0)),
                 ramp_m=float(rng.uniform(100.0, 125.0)), street_m=float(rng.uniform(190.0, 260.0)),
                 away_m=float(rng.uniform(58.0, 75.0)), deep_m=float(rng.uniform(80.0, 120.0)),
                 fast_m=float(rng.uniform(160.0, 210.0)))


def _ring(rng: np.random.Generator, straight_m: float, radius_m: float) -> list[Segment]:
    """The middle of the median, counter-clockwise: a straight, a bend (two quarters and a piece between), twice."""
    middle = float(rng.uniform(120.0, 260.0))
    path = [Segment(Pose2(-0.5 * straight_m, -radius_m - 0.5 * middle, 0.0), straight_m, 0.0)]
    for length, curvature in ((0.5 * math.pi * radius_m, 1.0 / radius_m), (middle, 0.0),
                              (0.5 * math.pi * radius_m, 1.0 / radius_m), (straight_m, 0.0),
                              (0.5 * math.pi * radius_m, 1.0 / radius_m), (middle, 0.0),
                              (0.5 * math.pi * radius_m, 1.0 / radius_m)):
        path.append(Segment(path[-1].end, length, curvature))
    return path


def _section(lanes: int) -> CrossSection:
    return CrossSection(right=(*[_LANE] * lanes, LaneSpec(SHOULDER, SHOULDER_M)), left=(LaneSpec(SHOULDER, 1.0),),
                        center_mark="solid")


def _carriageway(rng: np.random.Generator, network: Network, path: list[Segment], plan: _Plan, lanes: int,
                 speed_kmh: float) -> None:
    """One direction of the ring; the path begins on the straight where the service area lies."""
    total = length_of(path)
    # The long way round, from behind the service area to before it: in three roads that follow each other.
    rounds = [plan.end_m, *np.linspace(plan.end_m, total, 4)[1:3].tolist()]
    pieces = [cut(path, a, b) for a, b in pairwise(rounds)]
    pieces.append([*cut(path, rounds[-1], total), *cut(path, 0.0, plan.begin_m)])
    back = [network.road(piece, _section(lanes), speed_kmh, MOTORWAY) for piece in pieces]
    network.follow(back[0], back[1])
    network.follow(back[1], back[2])
    slow = network.road(cut(path, plan.begin_m + WIDEN_M, plan.exit_m), _section(lanes + 1), speed_kmh, MOTORWAY)
    through = network.road(cut(path, plan.exit_m + FORK_M, plan.join_m), _section(lanes), speed_kmh, MOTORWAY)
    fast = network.road(cut(path, plan.join_m + FORK_M, plan.end_m - WIDEN_M), _section(lanes + 1), speed_kmh, MOTORWAY)
    exit_ramp, on_ramp = _service_area(rng, network, path, plan, lanes)
    _fork(network, back[2], slow, lanes, (lanes - 1, lanes))
    _branch(network, [End(slow, "end"), End(through, "start"), End(exit_ramp, "start")], lanes)
    _branch(network, [End(through, "end"), End(fast, "start"), End(on_ramp, "end")], lanes)
    _fork(network, fast, back[0], lanes, (lanes, lanes - 1))


def _fork(network: Network, before: RoadSpec, after: RoadSpec, lanes: int, extra: tuple[int, int]) -> None:
    """A lane more or a lane less: all lanes go straight on, and one besides as `extra` says (from, to)."""
    a, b = End(before, "end"), End(after, "start")
    turns = _straight_on(a, b, lanes)
    turns.append((a, a.incoming(DRIVING)[extra[0]], b, b.outgoing(DRIVING)[extra[1]]))
    network.junction([a, b], turns=turns, marked=True)


def _branch(network: Network, arms: list[End], lanes: int) -> None:
    """The outermost lane becomes the exit ramp, or the on-ramp becomes the outermost lane."""
    a, b, ramp = arms
    turns = _straight_on(a, b, lanes)
    if ramp.contact == "start":
        turns.append((a, a.incoming(DRIVING)[lanes], ramp, ramp.outgoing(DRIVING)[0]))
    else:
        turns.append((ramp, ramp.incoming(DRIVING)[0], b, b.outgoing(DRIVING)[lanes]))
    network.junction(arms, turns=turns, marked=True)


def _straight_on(a: End, b: End, lanes: int) -> list[Turn]:
    return [(a, a.incoming(DRIVING)[k], b, b.outgoing(DRIVING)[k]) for k in range(lanes)]


def _service_area(rng: np.random.Generator, network: Network, path: list[Segment], plan: _Plan,
                  lanes: int) -> tuple[RoadSpec, RoadSpec]:
    """The streets beside the road and the two ramps: (exit ramp, on-ramp).

    Two junctions A and B on a street that runs along the highway; a second street goes round the block behind it.
    """
    lane_m = (lanes + 0.5) * LANE_M  # the middle of the extra lane
    aside = lane_m + FORK_M * math.tan(0.5 * RAMP_ANGLE_RAD) - 0.5 * LANE_M
    leaves, joins = pose_on(path, plan.exit_m + FORK_M), pose_on(path, plan.join_m)
    out, back = offset_right(leaves, aside), offset_right(joins, aside)
    a = offset_right(leaves, plan.away_m, plan.ramp_m)
    b = offset_right(joins, plan.away_m, -plan.ramp_m)
    exit_path = join(Pose2(out.x_m, out.y_m, out.yaw_rad - RAMP_ANGLE_RAD), offset_right(a, 0.0, -ARM_M))
    on_path = join(offset_right(b, 0.0, ARM_M), Pose2(back.x_m, back.y_m, back.yaw_rad + RAMP_ANGLE_RAD))
    exit_ramp, on_ramp = (network.road(p, RAMP, RAMP_KMH) for p in (exit_path, on_path))
    kmh = float(rng.choice(STREET_KMH))
    front = network.road(join(offset_right(a, 0.0, ARM_M), offset_right(b, 0.0, -ARM_M)),
                         _street(int(rng.integers(1, 3)), 1, False), max(kmh, 40.0))
    behind = network.road(_round_the_block(a, b, plan.deep_m), _street(1, 1, bool(rng.random() < 0.6)), kmh)
    lights = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    at_a = [End(exit_ramp, "end"), End(front, "start"), End(behind, "start")]
    at_b = [End(front, "end"), End(on_ramp, "start"), End(behind, "end")]
    network.junction(at_a, control=dict.fromkeys((0, 1, 2), "light") if lights[0] else {0: "stop"}, crosswalks=(2,))
    network.junction(at_b, control=dict.fromkeys((0, 2), "light") if lights[1] else {2: "stop"}, crosswalks=(2,))
    return exit_ramp, on_ramp


def _street(right: int, left: int, parking: bool) -> CrossSection:
    """A street with sidewalks; `right` and `left` are its lanes along and against the reference line."""
    kerb = (*[LaneSpec(PARKING, 2.2)] * parking, LaneSpec(SIDEWALK, 2.2))
    return CrossSection(right=(*[_LANE] * right, *kerb), left=(*[_LANE] * left, *kerb),
                        center_mark="solid" if right > 1 else "broken")


def _round_the_block(a: Pose2, b: Pose2, deep_m: float) -> list[Segment]:
    """From the arm of A that leads away from the highway, round two corners, to the same arm of B."""
    away = Pose2(a.x_m, a.y_m, a.yaw_rad - 0.5 * math.pi)
    back = reversed_pose(Pose2(b.x_m, b.y_m, b.yaw_rad - 0.5 * math.pi))
    radius = 26.0
    first, last = offset_right(away, 0.0, ARM_M), offset_right(back, 0.0, -ARM_M)
    corner_a, corner_b = offset_right(a, deep_m, radius), offset_right(b, deep_m, -radius)
    return chain([first, offset_right(away, 0.0, deep_m - radius), corner_a, corner_b,
                  offset_right(back, 0.0, -deep_m + radius), last])
