"""What the expert answers to, and the report of it: who or what binds its speed or its way at one instant."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automot_ros.scene.actors import BodyKind
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.scene.report import Report, body_word, said_distance
from automot_ros.simulation.expert.choice import Choice, Situation
from automot_ros.simulation.expert.conflicts import Conflict
from automot_ros.simulation.expert.hazards import PRIORITY_M, Hazard, nearest_ahead
from automot_ros.simulation.expert.path import Floats, in_ego_frame, on_path
from automot_ros.simulation.expert.plan import lateral, longitudinal
from automot_ros.simulation.expert.profile import acceleration
from automot_ros.simulation.expert.yielding import why_give_way

_AHEAD_RAD, _BEHIND_RAD = math.radians(20.0), math.radians(160.0)
_OTHERS_FIRST = ("crossing", "oncoming", "emergency", "walker")
_CURVE_AHEAD_M, _TURN_AHEAD_M = 15.0, 25.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The binding hazard. reason and thing in the report's words ("none" for no hazard); gap_m to where the ego stops
    for it; seen_m, bearing_rad (left positive) of the thing itself from the front bumper, seen_m infinite for none.
    """

    reason: str
    thing: str = "none"
    gap_m: float = math.inf
    seen_m: float = math.inf
    bearing_rad: float = 0.0
    body_id: int = -1
    detail: str = ""

    @property
    def side(self) -> str:
        """Where the thing is now: ahead within 20 degrees, - behind or nowhere."""
        if not math.isfinite(self.seen_m) or abs(self.bearing_rad) > _BEHIND_RAD:
            return "-"
        if abs(self.bearing_rad) <= _AHEAD_RAD:
            return "ahead"
        return "left" if self.bearing_rad > 0.0 else "right"


def answer(now: Situation, choice: Choice, hazards: list[Hazard], crash: Conflict | None) -> Answer:
    """A crash about to happen, else the hazard that asks for the least acceleration, else what the way goes round,
    else curve or free road.
    """
    if crash is not None:
        body = int(now.field.tracks.body_H[crash.track])
        thing = body_word(BodyKind(int(now.boxes.kinds_N[body])))
        return _of_body(now, why_give_way(now, crash, thing), int(now.boxes.ids_N[body]), max(crash.ahead_m, 0.0),
                        "about to crash")
    s, v = now.s_m, now.speed_mps
    limit = max(0.3, min(now.limit.at(s + 0.3 * v), choice.cap_mps))
    free = acceleration(now.config, limit, s, v, 0.0, [])
    asked = [(acceleration(now.config, limit, s, v, 0.0, [h]), k) for k, h in enumerate(hazards) if h.blocks]
    if asked and min(asked)[0] < min(free - 0.3, 1.0):
        worst = hazards[min(asked)[1]]
        if worst.thing not in ("light", "stop_sign"):
            return _of_body(now, worst.why, worst.body_id, worst.gap_m, worst.detail)
        seen, bearing = _seen(now, _line_point(now, worst))
        return Answer(worst.why, worst.thing, worst.gap_m, seen, bearing, -1, worst.detail)
    if choice.reason:
        return _of_body(now, choice.reason, choice.body_id, None, None)
    limits = min(now.config.top_speed_mps, now.lanes.speed_limit_mps(s + _CURVE_AHEAD_M))
    if now.limit.at(s + _CURVE_AHEAD_M) < 0.9 * limits:
        inside = any(p.begin_m < s + _CURVE_AHEAD_M and s < p.end_m for p in now.world.passages)
        return Answer("junction" if inside else "curve", detail="curve")
    return Answer("free_road", detail="free road")


def report(now: Situation, choice: Choice, hazards: list[Hazard], found: Answer, speeds_31: Floats) -> Report:
    """The report of an instant. speeds_31: m/s now and every 0.1 s for 3 s."""
    light = next(((h.light, h.gap_m) for h in now.signals if h.light), (0, math.inf))
    ahead, ahead_m = nearest_ahead(now.boxes, on_path(choice.path, now.boxes), now.half_m[1], now.half_m[0])
    turn = now.base.line.yaw_at(now.s_m + _TURN_AHEAD_M) - now.base.line.yaw_at(now.s_m)
    v = speeds_31
    do = [longitudinal(v[0], v[5], 0.5), *(longitudinal(v[i - 10], v[i]) for i in (10, 20, 30))]
    now_, in_1s, in_2s, in_3s = (LONGITUDINAL_WORDS[d] for d in do)
    return Report(
        light=("none", "red", "yellow", "green")[light[0]], light_m=said_distance(light[1]), ahead=ahead,
        ahead_m=said_distance(ahead_m), hazard=found.thing, hazard_side=found.side,
        hazard_m=said_distance(found.seen_m), priority=_priority(now, choice, hazards, found),
        turn=LATERAL_WORDS[lateral(turn)], do_now=now_, do_1s=in_1s, do_2s=in_2s, do_3s=in_3s, reason=found.reason)


def _priority(now: Situation, choice: Choice, hazards: list[Hazard], found: Answer) -> str:
    if any(h.others_first for h in hazards) or found.reason in _OTHERS_FIRST:
        return "theirs"
    if any(h.ego_first for h in hazards):
        return "mine"
    green = any(h.light == 3 and h.gap_m < PRIORITY_M for h in now.signals)
    return "mine" if green else "none"


def _of_body(now: Situation, reason: str, body_id: int, gap_m: float | None, detail: str | None) -> Answer:
    """The answer to a box. gap_m None: as far as it is seen; detail None: what it is."""
    body = int(np.flatnonzero(now.boxes.ids_N == body_id)[0])
    thing = body_word(BodyKind(int(now.boxes.kinds_N[body])))
    seen, bearing = _seen(now, now.boxes.xy_N2[body], float(now.boxes.yaw_N[body]), 0.5 * now.boxes.sizes_N3[body, :2])
    return Answer(reason, thing, seen if gap_m is None else gap_m, seen, bearing, body_id,
                  thing if detail is None else detail)


def _line_point(now: Situation, hazard: Hazard) -> Floats:
    """Where a stop line crosses the route."""
    return now.base.line.at(hazard.from_s_m + hazard.gap_m + now.half_m[0])


def _seen(now: Situation, xy: Floats, yaw_rad: float = 0.0, half_m: Floats | None = None) -> tuple[float, float]:
    """Distance of the nearest point of a box (or of a point) from the middle of the front bumper, and the bearing of
    its centre from there.
    """
    pose = now.world.ego.pose_map_to_ego
    x, y = in_ego_frame(pose, xy[None])[0] - (now.half_m[0], 0.0)
    rel = yaw_rad - pose.yaw_rad
    along, across = math.cos(rel) * x + math.sin(rel) * y, -math.sin(rel) * x + math.cos(rel) * y
    half_x, half_y = (0.0, 0.0) if half_m is None else half_m
    nearest = math.hypot(max(abs(along) - half_x, 0.0), max(abs(across) - half_y, 0.0))
    return float(nearest), math.atan2(y, x)
