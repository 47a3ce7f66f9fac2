"""How fast along the way: the intelligent driver model against speed limits and hazards, rolled out in time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.simulation.expert.config import ExpertConfig
from automot_ros.simulation.expert.hazards import Hazard

Floats = NDArray[np.float64]
HARDEST_MPS2 = 7.0


class SpeedLimit:
    """Allowed speed along the route: the limit, curves, and braking in time for what comes."""

    def __init__(self, curvature_S: Floats, limit_S: Floats, config: ExpertConfig) -> None:
        """(S,) curvature and legal limit every metre of the route."""
        speed = np.sqrt(config.lateral_acceleration_mps2 / np.maximum(np.abs(curvature_S), 1e-4))
        speed = np.minimum(np.minimum(speed, config.top_speed_mps), limit_S)
        for i in range(len(speed) - 2, -1, -1):
            speed[i] = min(speed[i], math.sqrt(speed[i + 1] ** 2 + 2.0 * config.curve_braking_mps2))
        self._speed: list[float] = speed.tolist()

    def at(self, s_m: float) -> float:
        """m/s at an arc length."""
        i = min(max(int(s_m), 0), len(self._speed) - 2)
        f = min(max(s_m - i, 0.0), 1.0)
        return self._speed[i] + f * (self._speed[i + 1] - self._speed[i])


def acceleration(config: ExpertConfig, limit_mps: float, s_m: float, v: float, t_s: float,
                 hazards: list[Hazard]) -> float:
    """The least acceleration that the limit and every hazard ask for."""
    ratio = v / limit_mps
    free = config.acceleration_mps2 * (1.0 - ratio**4)
    a = -config.curve_braking_mps2 * min(2.0, 4.0 * (ratio - 1.0)) if ratio > 1.0 else free
    for h in hazards:
        gap = max(h.gap_m - (s_m - h.from_s_m) + h.speed_mps * t_s, 0.1)
        closing = v - h.speed_mps
        desired = h.standing_gap_m + max(0.0, (config.headway_s if h.moves else 0.4) * v + v * closing / (
            2.0 * math.sqrt(config.acceleration_mps2 * config.braking_mps2)))
        a = min(a, config.acceleration_mps2 * (1.0 - ratio**4 - (desired / gap) ** 2))
    return max(-HARDEST_MPS2, a)


def roll_out(config: ExpertConfig, limit: SpeedLimit, s_m: float, v: float, hazards: list[Hazard], step_s: float,
             horizon_s: float, cap_mps: float = math.inf) -> tuple[Floats, Floats]:
    """Arc length and speed every `step_s`, hazards keeping their speed."""
    steps = round(horizon_s / step_s)
    s, speed = np.empty(steps + 1), np.empty(steps + 1)
    s[0], speed[0] = s_m, v
    here, now = s_m, v
    for i in range(steps):
        a = acceleration(config, max(0.3, min(limit.at(here + 0.3 * now), cap_mps)), here, now, i * step_s, hazards)
        after = max(0.0, now + a * step_s)
        if after < 0.15 and a < 0.0:
            after = 0.0
        here += 0.5 * (now + after) * step_s
        now = after
        s[i + 1], speed[i + 1] = here, now
    return s, speed


def constant(s_m: float, v: float, acceleration_mps2: float, step_s: float, horizon_s: float,
             top_mps: float) -> tuple[Floats, Floats]:
    """Arc length and speed under one acceleration, between standstill and a top speed."""
    t = np.arange(0.0, horizon_s + 1e-9, step_s)
    speed = np.clip(v + acceleration_mps2 * t, 0.0, max(top_mps, v))
    step = 0.5 * (speed[:-1] + speed[1:]) * step_s
    return s_m + np.concatenate([[0.0], np.cumsum(step)]), speed
