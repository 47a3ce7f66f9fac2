"""Which way to take: along the route, round something, or aside for an emergency vehicle."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.report import body_word
from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.conflicts import Field
from automot_ros.simulation.expert.hazards import Hazard, on_way
from automot_ros.simulation.expert.lanes import RouteLanes
from automot_ros.simulation.expert.passing import Obstacle, first_obstacle, shift_round, to_be_passed
from automot_ros.simulation.expert.path import Base, EgoPath, OnPath, Shift, ego_path, on_path
from automot_ros.simulation.expert.prediction import HORIZON_S, STEP_S, TIMES_K
from automot_ros.simulation.expert.profile import SpeedLimit, roll_out

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

_COMMITTED, _BEGUN = 0.3, 0.08
_STOPS_MPS2, _STEER_OUT_M = 3.0, 7.5
_BACK_M = 1.3
_SLACK_S = 1.0
_AWAY_M = 1e4
_EMERGENCY_BEHIND_M, _EMERGENCY_PAST_M = 60.0, 9.0
_KERB_M = 0.05
_WARY_MPS = 4.5
_NEARER = 0.4
_ROOM_S, _ROOM_M = 1.0, 8.0


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything one plan looks at. s_m, lateral_m: the ego's place along and left of the route."""

    config: ExpertConfig
    world: World
    base: Base
    lanes: RouteLanes
    limit: SpeedLimit
    s_m: float
    lateral_m: float
    speed_mps: float
    boxes: Boxes
    field: Field
    half_m: tuple[float, float]
    signals: list[Hazard]

    def way(self, shift: Shift | None) -> EgoPath:
        """The ego's way for a sideways move."""
        recovery = max(4.0, self.speed_mps * self.config.path_recovery_s)
        return ego_path(self.base, self.s_m, self.lateral_m, shift, recovery)

    def answerable(self, path: EgoPath) -> NDArray[np.bool_]:
        """(H,) hypotheses the ego has to look out for: not those of bodies that follow in its own lane, or lead it."""
        at = on_path(path, self.boxes)
        close = np.abs(at.left_M) < self.half_m[1] + at.reach_left_M + 0.2
        follows = close & (at.ahead_M < 0.0) & (at.along_M > 0.5)
        leads = close & (at.ahead_M > 0.0) & (at.along_M > 0.6)
        keep: NDArray[np.bool_] = ~(follows | leads)[self.field.tracks.body_H]
        return keep


@dataclass(frozen=True, slots=True)
class Choice:
    """A way, how fast at most, and what is waited for on it. gives_way: the way leaves the ego's lane, others go first.

    committed: the ego is already on its way round; why: a few words for people. reason: why the way or its speed is not
    the route's, in the report's words, because of box `body_id`; "" and -1 for none.
    """

    path: EgoPath
    cap_mps: float = math.inf
    waits: list[Hazard] = field(default_factory=list)
    waited_for: frozenset[int] = frozenset()
    gives_way: bool = False
    committed: bool = False
    why: str = ""
    reason: str = ""
    body_id: int = -1


def choose_way(now: Situation) -> Choice:
    """The way for this instant."""
    route = ego_path(now.base, now.s_m, 0.0, None, 4.0)
    at = on_path(route, now.boxes)
    aside = _for_emergency(now, at)
    if aside is not None:
        return aside
    passed = to_be_passed(now.boxes, at)
    obstacle = first_obstacle(now.boxes, at, passed, now.half_m[1], now.half_m[0] + 1.5)
    if obstacle is not None:
        return _round(now, obstacle)
    invader = _invader(now, at)
    if invader is not None:
        shift, body = invader
        return Choice(now.way(shift), cap_mps=now.config.passing_speed_mps, why="keep right of ", reason="oncoming",
                      body_id=body)
    wary_of = _wary(now, at)
    cap = math.inf if wary_of is None else _WARY_MPS
    reason, body = ("", -1) if wary_of is None else ("emergency", wary_of)
    lane = now.lanes.beside_m(now.s_m, now.lateral_m > 0.0, True)
    if lane is not None and abs(now.lateral_m) > _NEARER * lane and _occupied(now, now.way(None)):
        stay = Shift(now.s_m - _AWAY_M, now.s_m + _AWAY_M, math.copysign(lane, now.lateral_m), 1.0)
        return Choice(now.way(stay), why="stay in the next lane, ", reason=reason, body_id=body)
    returns = abs(now.lateral_m) > _BACK_M
    return Choice(now.way(None), cap_mps=cap, gives_way=returns and lane is not None,
                  committed=returns and lane is None, reason=reason, body_id=body)


def _round(now: Situation, obstacle: Obstacle) -> Choice:
    """Past an obstacle on the first side that is free, or wait before it."""
    config = now.config
    first = int(now.boxes.ids_N[obstacle.body_M[0]])
    for offset, foreign in _offsets(now, obstacle):
        shift = shift_round(obstacle, now.s_m, offset, now.half_m[0], now.speed_mps)
        path = now.way(shift)
        going = now.lateral_m * offset > 0.0 and abs(now.lateral_m) > _COMMITTED * abs(offset)
        # Who can no longer stop where there is room to steer out goes on.
        begun = now.lateral_m * offset > 0.0 and abs(now.lateral_m) > _BEGUN * abs(offset) and now.speed_mps > 1.0
        room = obstacle.near_m - now.half_m[0] - now.speed_mps**2 / (2.0 * _STOPS_MPS2)
        going = going or (begun and room < _STEER_OUT_M)
        beside = obstacle.near_m - now.half_m[0] < 1.0 and going
        if not foreign or beside or (going and _free(now, shift, path, 0.25)) or (
                not going and _free(now, shift, path, _SLACK_S)):
            near = shift.from_s_m - shift.ramp_m < now.s_m + 12.0
            return Choice(path, config.passing_speed_mps if near else math.inf,
                          gives_way=foreign and not going, committed=going, why="pass ",
                          reason="obstacle" if near else "", body_id=first if near else -1)
    ids = frozenset(int(i) for i in now.boxes.ids_N[obstacle.body_M])
    kind = BodyKind(int(now.boxes.kinds_N[obstacle.body_M[0]]))
    gap = max(0.0, obstacle.near_m - now.half_m[0])
    wait = Hazard("obstacle", "obstacle", gap, now.s_m, obstacle.speed_mps, config.passing_gap_m,
                  obstacle.speed_mps > 0.3, body_id=first, detail=kind.name.lower(), thing=body_word(kind),
                  others_first=True)
    back = now.way(None)
    return Choice(back, waits=[wait], waited_for=ids, why="wait to pass ", reason="obstacle", body_id=first)


def _offsets(now: Situation, obstacle: Obstacle) -> list[tuple[float, bool]]:
    """Offsets from the route that pass an obstacle, best first, and whether they leave the ego's lane."""
    gap = now.config.side_gap_m + now.half_m[1]
    left, right = obstacle.left_m + gap, obstacle.right_m - gap
    near, far = now.s_m + max(0.0, obstacle.near_m - 12.0), now.s_m + obstacle.far_m + 8.0
    half_lane = now.lanes.half_width_m(0.5 * (near + far))
    room = half_lane - now.half_m[1]
    found: list[tuple[float, bool]] = []
    if left <= room:
        found.append((left, False))
    if -right <= room - _KERB_M:
        found.append((right, False))
    for is_left, need in ((True, left), (False, -right)):
        lane = now.lanes.everywhere_beside_m(near, far, is_left, True)
        if lane is not None and need <= lane + room:
            found.append(((1.0 if is_left else -1.0) * max(lane, need), True))
    oncoming = now.lanes.everywhere_beside_m(near, far, True, False)
    if oncoming is not None and left <= oncoming + room + 0.4:
        found.append((max(left, room), True))
    # Who is on the way round already goes on on that side.
    return sorted(found, key=lambda f: f[1] and not (now.lateral_m * f[0] > 0.0 and abs(now.lateral_m) > 0.5))


def _free(now: Situation, shift: Shift, path: EgoPath, slack_s: float) -> bool:
    """Whether the whole way round is free, and nobody comes while the ego is on it."""
    at = on_path(path, now.boxes)
    found = on_way(now.boxes, at, path, now.half_m[1], now.half_m[0])
    done_m = shift.to_s_m + 0.5 * shift.ramp_m - now.s_m
    if any(not h.moves and h.gap_m < done_m for h in found):
        return False
    s, _ = roll_out(now.config, now.limit, now.s_m, now.speed_mps, [h for h in found if h.blocks], STEP_S, HORIZON_S,
                    now.config.passing_speed_mps)
    ahead = s - now.s_m
    back = np.flatnonzero(ahead > done_m)
    until = float(TIMES_K[back[0]]) if len(back) else HORIZON_S
    return not now.field.conflicts(path, ahead, slack_s, now.answerable(path), until_s=until)


def _hits(now: Situation, path: EgoPath, until_s: float, slack_s: float) -> bool:
    """Whether driving on along a way meets anybody."""
    at = on_path(path, now.boxes)
    found = on_way(now.boxes, at, path, now.half_m[1], now.half_m[0])
    s, _ = roll_out(now.config, now.limit, now.s_m, now.speed_mps, found, STEP_S, HORIZON_S)
    return bool(now.field.conflicts(path, s - now.s_m, slack_s, now.answerable(path), until_s=until_s))


def _occupied(now: Situation, path: EgoPath) -> bool:
    """Whether the lane to change to has somebody in the way, or who comes up from behind."""
    found = on_way(now.boxes, on_path(path, now.boxes), path, now.half_m[1], now.half_m[0])
    close = any(h.gap_m < _ROOM_S * now.speed_mps + _ROOM_M and h.speed_mps < now.speed_mps + 0.5 for h in found)
    return close or _hits(now, path, HORIZON_S, 0.5)


def _for_emergency(now: Situation, at: OnPath) -> Choice | None:
    """Into the next lane while an emergency vehicle comes from behind; to the kerb where there is none."""
    b = now.boxes
    comes = (b.kinds_N == int(BodyKind.EMERGENCY)) & (b.speed_N > 1.0) & (at.along_M > 0.7)
    comes &= (at.ahead_M > -_EMERGENCY_BEHIND_M) & (at.ahead_M < _EMERGENCY_PAST_M) & (np.abs(at.left_M) < 2.2)
    if not comes.any():
        return None
    here, there = now.s_m, now.s_m + 25.0
    first = int(b.ids_N[np.flatnonzero(comes)[np.abs(at.ahead_M[comes]).argmin()]])
    for left in (False, True):
        lane = now.lanes.everywhere_beside_m(here, there, left, True)
        if lane is None:
            continue
        offset = lane if left else -lane
        path = now.way(Shift(here - 5.0, here + _AWAY_M, offset, 5.0))
        if abs(now.lateral_m) > 0.3 * lane or not _hits(now, path, 5.0, 0.25):
            return Choice(path, why="make room for the emergency vehicle, ", reason="emergency", body_id=first)
    kerb = now.lanes.half_width_m(here) - now.half_m[1]
    way = now.way(Shift(here - 5.0, here + _AWAY_M, -kerb, 5.0))
    return Choice(way, cap_mps=4.0, why="make room for the emergency vehicle, ", reason="emergency", body_id=first)


def _wary(now: Situation, at: OnPath) -> int | None:
    """The emergency vehicle that stands beside the way ahead and looks towards it: it may set off any moment."""
    b = now.boxes
    stands = (b.kinds_N == int(BodyKind.EMERGENCY)) & (b.speed_N < 1.0) & (at.ahead_M > 0.0) & (at.ahead_M < 35.0)
    towards = np.abs(at.along_M) < 0.8
    found = np.flatnonzero(stands & towards & (np.abs(at.left_M) > 5.0))
    return int(b.ids_N[found[at.ahead_M[found].argmin()]]) if len(found) else None


def _invader(now: Situation, at: OnPath) -> tuple[Shift, int] | None:
    """A move to the right edge while somebody comes over the centre line, and the nearest who does."""
    b = now.boxes
    edge = at.left_M - at.reach_left_M
    comes = (b.speed_N > 0.5) & (at.along_M < -0.7) & (at.left_M > 1.0) & (edge < now.half_m[1] + 0.45)
    comes &= (at.ahead_M > -3.0) & (at.ahead_M < 45.0)
    if not comes.any():
        return None
    room = now.lanes.half_width_m(now.s_m) - now.half_m[1]
    need = float(np.min(edge[comes])) - now.half_m[1] - 0.45
    nearest = np.flatnonzero(comes)[at.ahead_M[comes].argmin()]
    return Shift(now.s_m - 4.0, now.s_m + _AWAY_M, max(need, -room - 0.2), 4.0), int(b.ids_N[nearest])
