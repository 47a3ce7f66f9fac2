"""What the expert hands out at one instant: labels for learning, and words for people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.decision import Lateral, Longitudinal


@dataclass(frozen=True, slots=True)
class ExpertPlan:
    """Labels for one instant, in the ego frame (x forward, y left).

    waypoints_62 at 0.5 ... 3.0 s; route_202 at 1 ... 20 m; speeds_3 at 1, 2, 3 s; longitudinal_3 and lateral_3 are
    Longitudinal and Lateral values at 1, 2, 3 s; light: 0 none, 1 red, 2 yellow, 3 green, light_m its distance from
    the front bumper (infinite when none); hazard is the reason in the report's words, hazard_kind what the thing is in
    the report's words, hazard_m the distance to where the ego stops for it (infinite when free), hazard_id the box
    responsible (-1 for none); report is what the model learns to say (scene/report.py), words a few for people.
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
    light_m: float
    hazard_kind: str


def longitudinal(before_mps: float, after_mps: float, within_s: float = 1.0) -> Longitudinal:
    """The meta-action of a change of speed within a time."""
    if after_mps < 0.5:
        return Longitudinal.STOP
    if after_mps - before_mps > 0.4 * within_s:
        return Longitudinal.ACCELERATE
    return Longitudinal.SLOW if after_mps - before_mps < -0.4 * within_s else Longitudinal.KEEP


def lateral(turn_rad: float) -> Lateral:
    """The meta-action of a change of heading within a second."""
    if abs(turn_rad) < 0.08:
        return Lateral.STRAIGHT
    if turn_rad > 0.0:
        return Lateral.TURN_LEFT if turn_rad > 0.35 else Lateral.SLIGHT_LEFT
    return Lateral.TURN_RIGHT if turn_rad < -0.35 else Lateral.SLIGHT_RIGHT
