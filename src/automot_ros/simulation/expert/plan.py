"""What the expert hands out at one instant: labels for learning, and words for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Lateral, Longitudinal
from automot_ros.simulation.expert.hazards import Hazard


@dataclass(frozen=True, slots=True)
class ExpertPlan:
    """Labels for one instant, in the ego frame (x forward, y left).

    waypoints_62 at 0.5 ... 3.0 s; route_202 at 1 ... 20 m; speeds_3 at 1, 2, 3 s; longitudinal_3 and lateral_3 are
    Longitudinal and Lateral values at 1, 2, 3 s; light: 0 none, 1 red, 2 yellow, 3 green; hazard is the reason in the
    report's vocabulary, hazard_m its distance from the front bumper (infinite when free), hazard_id the box responsible
    (-1 for none); report is what the model learns to say, words the same for people, with what kind of thing it is.
    """

    waypoints_62: NDArray[np.float32]
    route_202: NDArray[np.float32]
    speeds_3: NDArray[np.float32]
    longitudinal_3: NDArray[np.int64]
    lateral_3: NDArray[np.int64]
    light: int
    hazard: str
    hazard_m: float
    hazard_id: int
    report: str
    words: str


def longitudinal(before_mps: float, after_mps: float) -> Longitudinal:
    """The meta-action of a change of speed within a second."""
    if after_mps < 0.5:
        return Longitudinal.STOP
    if after_mps - before_mps > 0.4:
        return Longitudinal.ACCELERATE
    return Longitudinal.SLOW if after_mps - before_mps < -0.4 else Longitudinal.KEEP


def lateral(turn_rad: float) -> Lateral:
    """The meta-action of a change of heading within a second."""
    if abs(turn_rad) < 0.08:
        return Lateral.STRAIGHT
    if turn_rad > 0.0:
        return Lateral.TURN_LEFT if turn_rad > 0.35 else Lateral.SLIGHT_LEFT
    return Lateral.TURN_RIGHT if turn_rad < -0.35 else Lateral.SLIGHT_RIGHT


def report(hazards: list[Hazard], turn_rad: float, now: int, why: str) -> tuple[int, str]:
    """(number of the light ahead, the sentence of the report's grammar)."""
    light = next(((h.light, h.gap_m) for h in hazards if h.light), (0, math.inf))
    bodies = sorted((h for h in hazards if h.kind in ("car", "walker", "obstacle")), key=lambda h: h.gap_m)
    ahead = f"{bodies[0].kind} at {metres(bodies[0].gap_m)} m" if bodies else "free"
    text = "none" if light[0] == 0 else f"{('none', 'red', 'yellow', 'green')[light[0]]} at {metres(light[1])} m"
    return light[0], (f"light {text} . ahead {ahead} . {LATERAL_WORDS[lateral(turn_rad)]} . "
                      f"{LONGITUDINAL_WORDS[now]} because {why} .")


def metres(distance_m: float) -> int:
    """Rounded to 5 m, up to 60: what a person would say."""
    return int(min(60, max(0, 5 * round(distance_m / 5.0))))
