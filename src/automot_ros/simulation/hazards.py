"""What lies on the ego's route: leaders, walkers, obstacles and stop lines, each with its gap and its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.lights import LightState

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

LOOK_AHEAD_M = 50.0
_MARGIN_M = 0.4
_LIGHT_NUMBER = {LightState.RED: 1, LightState.YELLOW: 2, LightState.GREEN: 3}
_KIND_WORD = {BodyKind.CAR: "car", BodyKind.TRUCK: "car", BodyKind.BICYCLE: "car", BodyKind.WALKER: "walker"}


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something on the route. `gap_m` from the front bumper when the ego stands at arc length `from_s_m`.

    kind: car, walker, obstacle, light; why: the word of the report; light: 0 none, 1 red, 2 yellow, 3 green.
    `blocks` is False for what is only worth a word: a green light.
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


def lights_on(world: World, line: Polyline) -> list[tuple[float, int]]:
    """Arc length of every stop line with a light that `line` crosses, and the light's id, in driving order."""
    found = []
    for signal in world.map.signals:
        if signal.kind == "light":
            s_line = _crossing(line, np.asarray(signal.stop_line))
            if s_line is not None:
                found.append((s_line, signal.id))
    return sorted(found)


def hazards_ahead(world: World, line: Polyline, s_m: float, lights: list[tuple[float, int]]) -> list[Hazard]:
    """Every hazard within 50 m along `line` from arc length `s_m`, lights (from `lights_on`) first."""
    return [*_lights(world, lights, s_m), *_bodies(world, line, s_m)]


def must_stop(state: LightState, gap_m: float, speed_mps: float) -> bool:
    """Red always; yellow where braking at 3 m/s^2 still stops before the line."""
    if state is LightState.RED:
        return True
    return state is LightState.YELLOW and gap_m > speed_mps * speed_mps / 6.0


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
    if len(hit) == 0:
        return None
    i = int(hit[0])
    return float(line.s_N[i] + along[i] * (line.s_N[i + 1] - line.s_N[i]))


def _lights(world: World, lights: list[tuple[float, int]], s_m: float) -> list[Hazard]:
    front_m = world.vehicle.length_m / 2.0
    found = []
    for s_line, signal in lights:
        gap = s_line - s_m - front_m
        if not -0.5 < gap < LOOK_AHEAD_M:
            continue
        state = world.light_states[signal]
        number = _LIGHT_NUMBER[state]
        stop = must_stop(state, gap, world.ego.speed_mps)
        found.append(Hazard("light", "yellow_light" if state is LightState.YELLOW else "red_light", gap, s_m, 0.0,
                            1.0, False, stop, number))
    return found


def _bodies(world: World, line: Polyline, s_m: float) -> list[Hazard]:
    boxes = world.moving_boxes()
    near = np.hypot(*(boxes.xy_N2 - world.ego.pose_map_to_ego.position_m).T) < LOOK_AHEAD_M + 10.0
    near &= (boxes.base_z_N < 2.0) & ~np.isin(boxes.kinds_N, (BodyKind.LAMP, BodyKind.LIGHT_HOUSING, BodyKind.POLE))
    boxes = boxes.select(near)
    half_width = world.vehicle.width_m / 2.0 + _MARGIN_M
    front_m = world.vehicle.length_m / 2.0
    found = []
    for i in range(len(boxes)):
        kind = BodyKind(int(boxes.kinds_N[i]))
        yaw, speed = float(boxes.yaw_N[i]), float(boxes.speed_N[i])
        forward = np.array([math.cos(yaw), math.sin(yaw)])
        half = boxes.sizes_N3[i, :2] / 2.0
        # A walker is where it will be in up to two seconds; a car is where it is (traffic gives way to the ego).
        leads = (0.0, 1.0, 2.0) if kind is BodyKind.WALKER and speed > 0.1 else (0.0,)
        nearest = math.inf
        for lead_s in leads:
            centre = boxes.xy_N2[i] + forward * speed * lead_s
            s_c, lat_c = line.project(centre, s_m - 5.0, s_m + LOOK_AHEAD_M + 5.0)
            if abs(lat_c) > 8.0:
                continue
            rel = yaw - line.yaw_at(s_c)
            reach_lat = half[0] * abs(math.sin(rel)) + half[1] * abs(math.cos(rel))
            reach_s = half[0] * abs(math.cos(rel)) + half[1] * abs(math.sin(rel))
            if abs(lat_c) < half_width + reach_lat and s_c + reach_s > s_m + front_m - 0.5 and s_c > s_m:
                nearest = min(nearest, s_c - reach_s - s_m - front_m)
                along = speed * math.cos(rel) if lead_s == 0.0 else 0.0
                break
        if nearest >= LOOK_AHEAD_M:
            continue
        moving = kind is not BodyKind.WALKER and along > 0.3
        word = _KIND_WORD.get(kind, "obstacle")
        why = {"car": "lead_car", "walker": "walker", "obstacle": "obstacle"}[word]
        found.append(Hazard(word, why, max(nearest, 0.0), s_m, max(0.0, along) if moving else 0.0, 3.0, word == "car"))
    return found
