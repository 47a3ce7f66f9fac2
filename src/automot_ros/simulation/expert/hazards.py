"""What lies on the expert's way: leaders, people, obstacles, lights and stop signs, with gaps and reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.report import body_word
from automot_ros.simulation.collisions import CLEARANCE_M
from automot_ros.simulation.expert.path import EgoPath, OnPath
from automot_ros.simulation.lights import LightState

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

LOOK_AHEAD_M = 55.0
PRIORITY_M = 30.0
SIDE_MARGIN_M, STANDING_MARGIN_M = 0.3, 0.12
_LIGHT_NUMBER = {LightState.RED: 1, LightState.YELLOW: 2, LightState.GREEN: 3}
NOT_SOLID = (BodyKind.LAMP, BodyKind.LIGHT_HOUSING, BodyKind.DEBRIS)
VEHICLES = (BodyKind.CAR, BodyKind.TRUCK, BodyKind.EMERGENCY, BodyKind.BICYCLE)


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something to slow down for. `gap_m` from the front bumper when the ego stands at arc length `from_s_m`.

    kind: car, walker, obstacle, light, or yield (a place to wait at); why: the reason in the report's words; body_id:
    the box responsible, -1 for none; light: 0 none, 1 red, 2 yellow, 3 green; thing: what it is in the report's words.
    `blocks` is False for what is only worth a word; others_first: the ego gives way to somebody here; ego_first: this
    body has to give way to the ego.
    """

    kind: str
    why: str
    gap_m: float
    from_s_m: float
    speed_mps: float
    standing_gap_m: float
    moves: bool
    blocks: bool = True
    light: int = 0
    body_id: int = -1
    detail: str = ""
    thing: str = "obstacle"
    others_first: bool = False
    ego_first: bool = False


@dataclass(frozen=True, slots=True)
class StopLine:
    """A line on the route with a light or a stop sign: arc length, the signal's id, and what it is."""

    s_m: float
    signal_id: int
    is_light: bool


def stop_lines(world: World, line: Polyline) -> list[StopLine]:
    """Every stop line of lights and stop signs that `line` crosses, in driving order."""
    found = []
    for signal in world.map.signals:
        if signal.kind in ("light", "stop"):
            s_line = _crossing(line, np.asarray(signal.stop_line))
            if s_line is not None:
                found.append(StopLine(s_line, signal.id, signal.kind == "light"))
    return sorted(found, key=lambda f: f.s_m)


def must_stop(state: LightState, gap_m: float, speed_mps: float) -> bool:
    """Red always; yellow where braking at 4.5 m/s^2 still stops before the line: who began to brake for it goes on."""
    if state is LightState.RED:
        return True
    return state is LightState.YELLOW and gap_m > speed_mps * speed_mps / 9.0


def lights_and_signs(world: World, lines: list[StopLine], s_m: float) -> list[Hazard]:
    """Hazards of the stop lines ahead; a stop sign holds until the ego has stopped there."""
    front_m = world.vehicle.length_m / 2.0
    found = []
    for stop in lines:
        gap = stop.s_m - s_m - front_m
        if not -0.5 < gap < LOOK_AHEAD_M:
            continue
        if stop.is_light:
            state = world.light_states[stop.signal_id]
            found.append(Hazard("light", "yellow_light" if state is LightState.YELLOW else "red_light", gap, s_m, 0.0,
                                1.0, False, must_stop(state, gap, world.ego.speed_mps), _LIGHT_NUMBER[state],
                                detail=f"{state.name.lower()} light", thing="light"))
        elif gap > 0.0 and not world.has_stopped_at(stop.signal_id):
            found.append(Hazard("yield", "stop_sign", gap, s_m, 0.0, 0.6, False, detail="stop sign",
                                thing="stop_sign", others_first=gap < PRIORITY_M))
    return found


def solid(boxes: Boxes) -> Boxes:
    """The boxes one must not touch."""
    return boxes.select((boxes.base_z_N < CLEARANCE_M) & _is_solid(boxes.kinds_N))


def on_way(boxes: Boxes, at: OnPath, path: EgoPath, half_width_m: float,
           half_length_m: float) -> list[Hazard]:
    """Hazards of the bodies that reach into the ego's corridor now, those that come towards it left out."""
    rear = at.ahead_M - at.reach_ahead_M
    found = []
    for i in np.flatnonzero(_in_corridor(boxes, at, half_width_m, half_length_m)):
        kind = BodyKind(int(boxes.kinds_N[i]))
        along = float(boxes.speed_N[i] * at.along_M[i])
        if along < -0.5:  # who comes towards the ego is for `conflicts`
            continue
        word = "car" if kind in VEHICLES else "walker" if kind is BodyKind.WALKER else "obstacle"
        why = "bicycle" if kind is BodyKind.BICYCLE else "lead_car" if word == "car" else word
        moves = word == "car" and along > 0.3
        gap = max(float(rear[i]) - half_length_m, 0.0)
        found.append(Hazard(word, why, gap, path.s_m, along if moves else 0.0, 3.0, word == "car",
                            body_id=int(boxes.ids_N[i]), detail=kind.name.lower(), thing=body_word(kind)))
    return found


def nearest_ahead(boxes: Boxes, at: OnPath, half_width_m: float, half_length_m: float) -> tuple[str, float]:
    """(report's word, metres from the front bumper) of the nearest body in the ego's corridor, whichever way it goes;
    ("free", infinite) for none.
    """
    hit = np.flatnonzero(_in_corridor(boxes, at, half_width_m, half_length_m))
    if not len(hit):
        return "free", math.inf
    gap = np.maximum((at.ahead_M - at.reach_ahead_M)[hit] - half_length_m, 0.0)
    first = int(gap.argmin())
    return body_word(BodyKind(int(boxes.kinds_N[hit[first]]))), float(gap[first])


def _in_corridor(boxes: Boxes, at: OnPath, half_width_m: float, half_length_m: float) -> NDArray[np.bool_]:
    margin = np.where(boxes.speed_N > 0.1, SIDE_MARGIN_M, STANDING_MARGIN_M)
    hit = at.overlaps(half_width_m + margin) & (at.ahead_M > 0.0)
    hit &= at.ahead_M + at.reach_ahead_M > half_length_m - 0.5
    hit &= at.ahead_M - at.reach_ahead_M < LOOK_AHEAD_M
    return hit


def _crossing(line: Polyline, segment_22: NDArray[np.float64]) -> float | None:
    """Arc length at which `line` crosses a segment, None where it does not."""
    a, b = segment_22
    p, d = line.points_N2[:-1], np.diff(line.points_N2, axis=0)
    e = b - a
    det = d[:, 0] * -e[1] + d[:, 1] * e[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = ((a - p)[:, 0] * -e[1] + (a - p)[:, 1] * e[0]) / det
        across = (d[:, 0] * (a - p)[:, 1] - d[:, 1] * (a - p)[:, 0]) / det
    hit = np.flatnonzero((det != 0.0) & (along >= 0.0) & (along < 1.0) & (across >= 0.0) & (across <= 1.0))
    # A line is crossed in the direction of its own lanes only: left to right for the driver.
    right = e / max(math.hypot(*e), 1e-9)
    hit = hit[(d[hit, 0] * -right[1] + d[hit, 1] * right[0]) > 0.3 * np.hypot(d[hit, 0], d[hit, 1])]
    if len(hit) == 0:
        return None
    i = int(hit[0])
    return float(line.s_N[i] + along[i] * (line.s_N[i + 1] - line.s_N[i]))


def _is_solid(kinds_N: NDArray[np.int64]) -> NDArray[np.bool_]:
    table = np.ones(len(BodyKind), dtype=np.bool_)
    table[[int(k) for k in NOT_SOLID]] = False
    solid_N: NDArray[np.bool_] = table[kinds_N]
    return solid_N
