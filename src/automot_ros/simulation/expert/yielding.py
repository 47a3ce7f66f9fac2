"""Giving way: who goes first where two ways meet, and where the ego waits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from automot_ros.geometry.se2 import wrap_angle
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import body_word
from automot_ros.simulation.expert.conflicts import Conflict
from automot_ros.simulation.expert.hazards import PRIORITY_M, Hazard
from automot_ros.simulation.expert.path import OnPath
from automot_ros.simulation.expert.prediction import HORIZON_S, STEP_S
from automot_ros.simulation.expert.profile import roll_out
from automot_ros.simulation.junctions import Passage

if TYPE_CHECKING:
    from automot_ros.simulation.expert.choice import Choice, Situation

_ROUNDS = 3
_SLACK_S, _FIRST_SLACK_S = 1.0, 0.25
_HARD_FOR_OTHERS_MPS2, _HARDEST_FOR_OTHERS_MPS2 = 2.8, 6.0
_BEFORE_M = 1.5
_TURN_RAD = 0.6
_TOWARDS = -0.7


def yields(now: Situation, choice: Choice, at: OnPath, hazards: list[Hazard]) -> list[Hazard]:
    """The hazards, and those of everybody to whom the ego has to give way; who gives way to the ego blocks nothing."""
    found = list(hazards)
    keep = now.answerable(choice.path)
    known = {h.body_id for h in hazards if h.kind != "walker"}
    done: set[int] = set()
    waiting: set[int] = set()
    for _ in range(_ROUNDS):
        blocking = [h for h in found if h.blocks]
        s, _ = roll_out(now.config, now.limit, now.s_m, now.speed_mps, blocking, STEP_S, HORIZON_S, choice.cap_mps)
        ahead = s - now.s_m
        added = False
        for slack in (_SLACK_S, _FIRST_SLACK_S):
            conflicts = now.field.conflicts(choice.path, ahead, slack, keep)
            for conflict in conflicts:
                body = int(now.field.tracks.body_H[conflict.track])
                number = int(now.boxes.ids_N[body])
                if number in known or number in done:
                    continue
                patient = _gives_way(now, choice, conflict)
                if slack == _SLACK_S and not patient:
                    meet = _passage(now, now.s_m + conflict.ahead_m)
                    if conflict.ahead_m < PRIORITY_M and (conflict.same_way or meet is not None):
                        waiting.add(number)
                    continue
                if slack == _FIRST_SLACK_S and not patient and not _imminent(now, choice, conflict, conflicts):
                    continue
                done.add(number)
                found.append(_place(now, conflict, at, body))
                added = True
            if added:
                break
        if not added:
            break
    others = [Hazard("car", "junction", math.inf, now.s_m, 0.0, 0.0, False, False, body_id=number, ego_first=True)
              for number in sorted(waiting - done)]
    return [*found, *others]


def _passage(now: Situation, s_m: float) -> Passage | None:
    return next((p for p in now.world.passages if p.begin_m - 3.0 < s_m + now.half_m[0] and s_m - 2.0 < p.end_m), None)


def _gives_way(now: Situation, choice: Choice, conflict: Conflict) -> bool:
    """Whether the other goes first by right, or by its nature."""
    kind = now.field.kind(conflict)
    if kind in (BodyKind.WALKER, BodyKind.BICYCLE, BodyKind.EMERGENCY):
        return True
    s = now.s_m + conflict.ahead_m
    way = _passage(now, s)
    if way is None:
        return choice.gives_way or (not choice.committed and _changes_lane(now, s))
    line = now.world.route_line
    turn = wrap_angle(line.yaw_at(way.end_m) - line.yaw_at(way.begin_m))
    yaw = float(now.field.tracks.yaw_HK[conflict.track, 0])
    towards = math.cos(yaw - line.yaw_at(max(0.0, way.begin_m - 1.0))) < -0.7
    control = "none" if way.signal is None else way.signal.kind
    if control in ("stop", "yield"):
        return True
    if turn > _TURN_RAD and towards:
        return True
    if control == "light":
        return False
    return turn < -_TURN_RAD or turn > _TURN_RAD or conflict.same_way


def _changes_lane(now: Situation, s_m: float) -> bool:
    """Whether the route leaves one lane for its neighbour about here."""
    before, after = now.lanes.lane(s_m - 14.0), now.lanes.lane(s_m + 14.0)
    if before is None:
        return True
    return after is not None and after.index in (before.left, before.right)


def _imminent(now: Situation, choice: Choice, conflict: Conflict, others: list[Conflict]) -> bool:
    """Whether one who should wait no longer can: all its ways meet the ego, and it would have to brake hard."""
    tracks = now.field.tracks
    body = int(tracks.body_H[conflict.track])
    ways = int(np.sum(tracks.body_H == body))
    hits = sum(int(tracks.body_H[c.track]) == body for c in others)
    v = float(tracks.speed_H[conflict.track])
    return hits >= ways and v * v / (2.0 * max(conflict.other_ahead_m - 4.0, 0.5)) > (
        _HARDEST_FOR_OTHERS_MPS2 if choice.committed else _HARD_FOR_OTHERS_MPS2)


def _place(now: Situation, conflict: Conflict, at: OnPath, body: int) -> Hazard:
    """Where to wait: behind who goes ahead the same way, at the line, or before the place where the ways meet."""
    kind = BodyKind(int(now.boxes.kinds_N[body]))
    word = "walker" if kind is BodyKind.WALKER else "car"
    number, speed = int(now.boxes.ids_N[body]), float(now.boxes.speed_N[body])
    name, thing = kind.name.lower(), body_word(kind)
    gap = float(at.ahead_M[body] - at.reach_ahead_M[body]) - now.half_m[0]
    if conflict.same_way and gap > 0.0:
        return Hazard(word, why_give_way(now, conflict, thing), gap, now.s_m, speed, 3.0, True, body_id=number,
                      detail=f"{name} merging", thing=thing, others_first=True)
    stop = conflict.ahead_m - _BEFORE_M
    way = _passage(now, now.s_m + conflict.ahead_m)
    if way is not None:
        line = way.stop_m - now.s_m - now.half_m[0]
        if line > -0.5:
            stop = min(stop, line)
    return Hazard(word if word == "walker" else "yield", why_give_way(now, conflict, thing), max(stop, 0.05),
                  now.s_m, 0.0, 0.8, False, body_id=number, detail=f"{name} crossing", thing=thing, others_first=True)


def why_give_way(now: Situation, conflict: Conflict, thing: str) -> str:
    """Why to give way, in the report's words."""
    if thing in ("walker", "bicycle", "emergency"):
        return thing
    if conflict.same_way:
        return "merging"
    heading = now.field.tracks.yaw_HK[conflict.track, 0] - now.world.ego.pose_map_to_ego.yaw_rad
    return "oncoming" if math.cos(float(heading)) < _TOWARDS else "crossing"
