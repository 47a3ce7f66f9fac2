"""Ways through junctions: where they begin and end, which exclude each other, and who may go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.maps.road_map import RoadMap, Signal
from automot_ros.simulation.paths import Piece

_UNSIGNED_SETBACK_M = 1.0
_FIT_M = 1.0
_RANK = {"light": 0, "yield": 1, "stop": 2}
_STARVING_TICKS = 200
_COMMITTED_MPS2 = 3.0


@dataclass(frozen=True, slots=True)
class Passage:
    """One way through one junction: connecting lanes in order; begin, end and the stop line in the path's arc length.

    stop_m: where a front bumper has to wait. signal: what controls the way, if anything.
    """

    junction_id: int
    lanes: tuple[int, ...]
    begin_m: float
    end_m: float
    stop_m: float
    signal: Signal | None


@dataclass(slots=True)
class Claim:
    """A road user's wish to take a passage, and whether it may. `since_tick`: when it came near."""

    passage: Passage
    granted: bool = False
    since_tick: int = -1
    has_stopped: bool = False


@dataclass(frozen=True, slots=True)
class EgoClaim:
    """The passage that the ego is in, or will be in within seconds: everybody else waits for it."""

    passage: Passage


class Junctions:
    """What a map says about right of way, prepared for questions at every tick."""

    def __init__(self, road_map: RoadMap) -> None:
        self._lanes = road_map.lanes
        self._signal: dict[int, Signal] = {}
        for signal in road_map.signals:
            for lane in signal.lanes:
                held = self._signal.get(lane)
                if held is None or _RANK[signal.kind] < _RANK[held.kind]:
                    self._signal[lane] = signal
        self._setback = {lane: self._setback_of(lane) for j in road_map.junctions.values() for lane in j.lanes}
        self._conflicts: dict[int, frozenset[int]] = {}
        for junction in road_map.junctions.values():
            for lane, others in junction.conflicts.items():
                before = set(self._lanes[lane].previous)
                # Ways that fork from one lane are taken one behind the other, not by turns.
                self._conflicts[lane] = frozenset(
                    o for o in others if o != lane and not before & set(self._lanes[o].previous))

    def _setback_of(self, lane: int) -> float:
        signal, before = self._signal.get(lane), self._lanes[lane].previous
        if signal is None or not before:
            return _UNSIGNED_SETBACK_M
        line = self._lanes[before[0]].center
        s, _ = line.project(np.asarray(signal.stop_line, dtype=np.float64).mean(axis=0))
        return max(0.0, line.length_m - s)

    def passages(self, pieces: Sequence[Piece]) -> list[Passage]:
        """The ways through junctions on a path, in order."""
        found: list[Passage] = []
        run: list[Piece] = []
        for piece in [*pieces, None]:
            here = self._lanes[piece.lane].junction_id if piece is not None else -1
            if run and here != self._lanes[run[0].lane].junction_id:
                first = run[0]
                found.append(Passage(self._lanes[first.lane].junction_id, tuple(p.lane for p in run), first.begin_m,
                                     run[-1].end_m, first.begin_m - self._setback.get(first.lane, _UNSIGNED_SETBACK_M),
                                     self._signal.get(first.lane)))
                run = []
            if piece is not None and here >= 0:
                run.append(piece)
        return found

    def exclude(self, one: Sequence[int], other: Sequence[int]) -> bool:
        """Whether two ways (junction lanes) must not be taken at the same time."""
        return any(not self._conflicts.get(a, frozenset()).isdisjoint(other) for a in one)

    def on_route(self, route: Polyline) -> tuple[Passage, ...]:
        """The ways through junctions that a route of map points takes, in order, in the route's arc length."""
        found: list[Piece] = []
        low, high = route.points_N2.min(axis=0) - 2.0, route.points_N2.max(axis=0) + 2.0
        for lane in self._lanes:
            line = lane.center
            if lane.junction_id < 0 or not (np.all(line.points_N2[0] > low) and np.all(line.points_N2[0] < high)):
                continue
            s0, off0 = route.project(line.points_N2[0])
            if abs(off0) > _FIT_M:
                continue
            s1 = min(s0 + line.length_m, route.length_m)
            taken = line.at(np.linspace(0.0, s1 - s0, 5))
            if s1 - s0 > 2.0 and all(abs(route.project(p, s0 - 1.0, s1 + 5.0)[1]) < _FIT_M for p in taken[1:]):
                found.append(Piece(lane.index, s0, route.project(taken[-1], s0, s1 + 5.0)[0]))
        found.sort(key=lambda p: (p.begin_m, p.lane))
        # Parallel fits (a route that ends inside a junction, nearly equal ways): the first that begins wins.
        chain: list[Piece] = []
        for piece in found:
            if not chain or piece.begin_m > chain[-1].end_m - 1.0:
                chain.append(piece)
        return tuple(p for run in _gaps_split(chain) for p in self.passages(run))


def _gaps_split(chain: Sequence[Piece]) -> list[list[Piece]]:
    runs: list[list[Piece]] = []
    for piece in chain:
        if runs and piece.begin_m - runs[-1][-1].end_m < 1.5:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


@dataclass(frozen=True, slots=True)
class Approach:
    """What the arbiter needs to know of one road user: its claim, bumpers, speed, and the nearest body on its path."""

    claim: Claim
    front_m: float
    rear_m: float
    speed_mps: float
    length_m: float
    leader_gap_m: float
    leader_speed_mps: float


def arbitrate(tick: int, junctions: Junctions, approaches: Sequence[Approach], states: Mapping[int, LightState],
              ego: EgoClaim | None) -> None:
    """Grant and withdraw claims, one decision for all. `approaches` in a fixed order: ties go to the first."""
    held: dict[int, list[tuple[int, ...]]] = {}
    wishes: list[tuple[int, int, int]] = []
    for k, a in enumerate(approaches):
        claim, way = a.claim, a.claim.passage
        distance = way.stop_m - a.front_m
        if claim.granted and distance > 0.0 and _must_withdraw(a, distance, junctions, states, ego):
            claim.granted = False
        if distance <= -0.5:
            claim.granted = True  # already in: nothing is left to decide
        if claim.granted:
            held.setdefault(way.junction_id, []).append(way.lanes)
            continue
        if distance < 3.0 and a.speed_mps < 0.3:
            claim.has_stopped = True
        if distance > max(15.0, 4.0 * a.speed_mps):
            continue
        if claim.since_tick < 0:
            claim.since_tick = tick
        rank = _RANK[way.signal.kind] if way.signal is not None else 0
        if tick - claim.since_tick > _STARVING_TICKS:
            rank = -1
        wishes.append((rank, claim.since_tick, k))
    for _, _, k in sorted(wishes):
        a, way = approaches[k], approaches[k].claim.passage
        if _may_go(a, junctions, states, ego) and not any(
                junctions.exclude(way.lanes, other) for other in held.get(way.junction_id, ())):
            a.claim.granted = True
            held.setdefault(way.junction_id, []).append(way.lanes)


def _ego_comes(way: Passage, junctions: Junctions, ego: EgoClaim | None) -> bool:
    return (ego is not None and ego.passage.junction_id == way.junction_id
            and junctions.exclude(way.lanes, ego.passage.lanes))


def _must_withdraw(a: Approach, distance_m: float, junctions: Junctions, states: Mapping[int, LightState],
                   ego: EgoClaim | None) -> bool:
    if distance_m < a.speed_mps**2 / (2.0 * _COMMITTED_MPS2) + 0.5:
        return False
    way = a.claim.passage
    if way.signal is not None and way.signal.kind == "light" and states[way.signal.id] is not LightState.GREEN:
        return True
    if _ego_comes(way, junctions, ego):
        return True
    return a.speed_mps < 0.5 and a.leader_gap_m < distance_m


def _may_go(a: Approach, junctions: Junctions, states: Mapping[int, LightState], ego: EgoClaim | None) -> bool:
    way = a.claim.passage
    if way.signal is not None:
        if way.signal.kind == "light" and states[way.signal.id] is not LightState.GREEN:
            return False
        if way.signal.kind == "stop" and not a.claim.has_stopped:
            return False
    if _ego_comes(way, junctions, ego):
        return False
    if a.leader_speed_mps > 1.5 or not math.isfinite(a.leader_gap_m):
        return True
    # Neither queue up behind somebody who waits, nor stop on the junction for want of room behind it.
    return a.leader_gap_m > way.end_m - a.front_m + a.length_m + 2.0
