"""Driving lanes as centre lines in the direction of travel, and how they connect.

Sampled through carla.Map, y and yaw negated: everything here is right-handed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import wrap_angle
from automot_ros.scene.decision import Lateral
from automot_ros.simulation.maps.reader import MapTables, RoadRow, SectionRow

SPACING_M = 0.84  # along the reference line; outer lanes of sharp bends still get a point every metre
CONFLICT_M = 2.5
DEFAULT_SPEED_MPS = 50.0 / 3.6
TRAVELLED = frozenset({"driving", "entry", "exit", "onramp", "offramp", "connectingramp", "bus", "taxi", "hov"})
_TURN_RAD = math.radians(35.0)
_END_GAP_M = 1e-3
_TOUCH_M = 0.3
Floats = NDArray[np.float64]
Strips = dict[tuple[int, int, int], "Strip"]


@dataclass(frozen=True, slots=True)
class Strip:
    """A lane of any kind as samples in the direction of travel: (N, 2) centre, (N,) heading, (N,) width."""

    kind: str
    center_N2: Floats
    yaw_N: Floats
    width_N: Floats

    def edge(self, left: bool) -> Floats:
        """(N, 2) left or right edge."""
        normal = np.stack([-np.sin(self.yaw_N), np.cos(self.yaw_N)], axis=1)
        edge: Floats = self.center_N2 + (0.5 if left else -0.5) * self.width_N[:, None] * normal
        return edge


@dataclass(frozen=True, slots=True)
class Lane:
    """A driving lane of one lane section, in the direction of travel.

    `center` has points at most 1 m apart. `next` and `previous` are lane indices; `left`, `right` neighbours that run
    the same way. `junction_id` is -1 outside junctions; `turn` is what a connecting lane does, STRAIGHT elsewhere.
    """

    index: int
    road_id: int
    section_id: int
    lane_id: int
    center: Polyline
    width_m: float
    speed_limit_mps: float
    junction_id: int
    next: tuple[int, ...]
    previous: tuple[int, ...]
    left: int | None
    right: int | None
    turn: Lateral


@dataclass(frozen=True, slots=True)
class Junction:
    """A junction: its connecting lanes, and for each the lanes whose centre lines come within 2.5 m of it.

    Conflicts include lanes that leave from the same approach lane (they share its end) and lanes that merge.
    """

    id: int
    lanes: tuple[int, ...]
    signalised: bool
    conflicts: dict[int, frozenset[int]]


def sample(engine: Any, road: RoadRow, section: SectionRow, lane_id: int) -> Strip | None:
    """A lane as samples about a metre apart or closer, or None where carla.Map does not know it or it has no width."""
    span = section.end_m - section.start_m
    gap = min(_END_GAP_M, span / 10.0)
    count = max(2, math.ceil(span / SPACING_M) + 1)
    rows = []
    for s in np.linspace(section.start_m + gap, section.end_m - gap, count).tolist():
        waypoint = engine.get_waypoint_xodr(road.id, lane_id, s)
        if waypoint is None:
            return None
        place = waypoint.transform
        rows.append((place.location.x, -place.location.y, -place.rotation.yaw, waypoint.lane_width))
    table = np.array(rows, dtype=np.float64)
    if not np.all(np.isfinite(table)) or table[:, 3].max() < 0.05:
        return None
    if not road.forward(lane_id):
        table = table[::-1]
    yaw = np.unwrap(np.radians(table[:, 2]))
    return Strip(section.lanes[lane_id].kind, table[:, :2].copy(), yaw, np.abs(table[:, 3]))


def driving_lanes(name: str, engine: Any, tables: MapTables) -> tuple[tuple[Lane, ...], Strips]:
    """Every driving lane with its links, and the samples they were made from by (road, section, lane)."""
    strips: Strips = {}
    lanes: list[Lane] = []
    index: dict[tuple[int, int, int], int] = {}
    for road in tables.roads:
        for place, section in enumerate(road.sections):
            for lane_id, row in section.lanes.items():
                if row.kind not in TRAVELLED or lane_id == 0:
                    continue
                strip = sample(engine, road, section, lane_id)
                if strip is None or float(np.hypot(*np.ptp(strip.center_N2, axis=0))) < 1e-3:
                    continue
                key = (road.id, place, lane_id)
                strips[key], index[key] = strip, len(lanes)
                lanes.append(_lane(len(lanes), road, place, lane_id, strip))
    if not lanes:
        raise MapError("a map without driving lanes", where=name)
    return _linked(engine, tables, lanes, index), strips


def _lane(index: int, road: RoadRow, place: int, lane_id: int, strip: Strip) -> Lane:
    section = road.sections[place]
    turn = Lateral.STRAIGHT
    turned = float(strip.yaw_N[-1] - strip.yaw_N[0])
    if road.junction_id >= 0 and abs(turned) > _TURN_RAD:
        turn = Lateral.TURN_LEFT if turned > 0 else Lateral.TURN_RIGHT
    own = section.lanes[lane_id].speeds
    speed = own[0][1] if own else road.speed_at(0.5 * (section.start_m + section.end_m))
    return Lane(index, road.id, place, lane_id, Polyline(strip.center_N2), float(np.median(strip.width_N)),
                speed if speed else DEFAULT_SPEED_MPS, road.junction_id, (), (), None, None, turn)


def _linked(engine: Any, tables: MapTables, lanes: list[Lane], index: dict[tuple[int, int, int], int]) -> tuple[
        Lane, ...]:
    """Fill in next, previous, left and right. Links come from carla.Map, kept only where the lanes really meet.

    Asked in both directions, since some maps write a link at one of its two lanes only; where a junction lane still has
    no neighbour at one end, the lanes that touch it there are taken.
    """
    roads = {road.id: road for road in tables.roads}
    links: set[tuple[int, int]] = set()
    for lane in lanes:
        road = roads[lane.road_id]
        section = road.sections[lane.section_id]
        gap = min(0.01, (section.end_m - section.start_m) / 4.0)
        low, high = section.start_m + gap, section.end_m - gap
        first_s, last_s = (low, high) if road.forward(lane.lane_id) else (high, low)
        first, last = (engine.get_waypoint_xodr(road.id, lane.lane_id, s) for s in (first_s, last_s))
        reach = 2.0 * gap + _END_GAP_M
        for found, onward in ((last.next(reach), True), (first.previous(reach), False)):
            for there in found:
                other = index.get((there.road_id, _section_at(roads[there.road_id], there.s), there.lane_id))
                if other is not None and other != lane.index:
                    links.add((lane.index, other) if onward else (other, lane.index))
    links |= _touching(lanes, links)
    onward_of: dict[int, list[int]] = {lane.index: [] for lane in lanes}
    before_of: dict[int, list[int]] = {lane.index: [] for lane in lanes}
    for a, b in sorted(links):
        if _meet(lanes[a], lanes[b]):
            onward_of[a].append(b)
            before_of[b].append(a)
    made = []
    for lane in lanes:
        inward, outward = _beside(lane.lane_id)
        left, right = (index.get((lane.road_id, lane.section_id, beside)) for beside in (inward, outward))
        if not roads[lane.road_id].right_hand:
            left, right = right, left
        made.append(replace(lane, next=tuple(onward_of[lane.index]), previous=tuple(before_of[lane.index]), left=left,
                            right=right))
    return tuple(made)


def _touching(lanes: list[Lane], links: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs (lane, next lane) at open ends of junction lanes, where an ordinary lane meets them within 0.3 m."""
    has_next, has_previous = {a for a, _ in links}, {b for _, b in links}
    ordinary = [lane for lane in lanes if lane.junction_id < 0]
    if not ordinary:
        return set()
    starts = cKDTree([lane.center.points_N2[0] for lane in ordinary])
    ends = cKDTree([lane.center.points_N2[-1] for lane in ordinary])
    found: set[tuple[int, int]] = set()
    for lane in lanes:
        if lane.junction_id >= 0 and lane.index not in has_next:
            hits = starts.query_ball_point(lane.center.points_N2[-1], _TOUCH_M)
            found |= {(lane.index, ordinary[k].index) for k in hits}
        if lane.junction_id >= 0 and lane.index not in has_previous:
            hits = ends.query_ball_point(lane.center.points_N2[0], _TOUCH_M)
            found |= {(ordinary[k].index, lane.index) for k in hits}
    return found


def _beside(lane_id: int) -> tuple[int, int]:
    """Lane ids towards the middle and away from it; 0 (never a driving lane) where the middle is next."""
    step = 1 if lane_id > 0 else -1
    return lane_id - step, lane_id + step


def _section_at(road: RoadRow, s_m: float) -> int:
    for place, section in enumerate(road.sections):
        if s_m <= section.end_m + 1e-6 and s_m >= section.start_m - 1e-6:
            return place
    return 0 if s_m < road.sections[0].start_m else len(road.sections) - 1


def _meet(lane: Lane, after: Lane) -> bool:
    """Whether `after` begins where `lane` ends, in about the same direction."""
    gap = after.center.points_N2[0] - lane.center.points_N2[-1]
    turned = wrap_angle(after.center.yaw_at(0.0) - lane.center.yaw_at(lane.center.length_m))
    return float(np.hypot(*gap)) < 2.0 and abs(turned) < math.radians(60.0)


def find_junctions(lanes: tuple[Lane, ...], signalised: frozenset[int]) -> dict[int, Junction]:
    """Junctions by id with their conflicts."""
    members: dict[int, list[int]] = {}
    for lane in lanes:
        if lane.junction_id >= 0:
            members.setdefault(lane.junction_id, []).append(lane.index)
    if not members:
        return {}
    inside = [lanes[i] for row in members.values() for i in row]
    fine = [lane.center.resampled(0.5).points_N2 for lane in inside]
    owner = np.concatenate([np.full(len(p), lane.index) for p, lane in zip(fine, inside, strict=True)])
    junction_of = np.array([lane.junction_id for lane in lanes])
    pairs = cKDTree(np.concatenate(fine)).query_pairs(CONFLICT_M, output_type="ndarray")
    ab = np.unique(np.sort(owner[pairs], axis=1), axis=0)
    ab = ab[(ab[:, 0] != ab[:, 1]) & (junction_of[ab[:, 0]] == junction_of[ab[:, 1]])]
    conflicts: dict[int, set[int]] = {lane.index: set() for lane in inside}
    for a, b in ab.tolist():
        conflicts[a].add(b)
        conflicts[b].add(a)
    return {key: Junction(key, tuple(row), key in signalised, {i: frozenset(conflicts[i]) for i in row})
            for key, row in members.items()}
