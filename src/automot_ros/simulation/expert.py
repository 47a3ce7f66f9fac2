"""The privileged route-following expert: it knows every state, no intentions, and has no memory of its own.

It plans from the present state alone, so any state a learner visits can be labelled by asking it again. It
returns what a learner must produce (path, waypoints, speeds, meta-decisions), the responsible hazard and the words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.geometry.polyline import Points, Polyline
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Lateral, Longitudinal
from automot_ros.scene.plan import ROUTE_POINTS, ROUTE_STEP_M, WAYPOINT_STEP_S, WAYPOINTS
from automot_ros.simulation.hazards import Hazard, hazards_ahead, lights_on

if TYPE_CHECKING:
    from automot_ros.simulation.world import World

_STEP_S = 0.1
_HORIZON_S = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpertConfig:
    """How the expert drives. The top speed is the one AutoMoT's agent is capped to."""

    top_speed_mps: float = quantity(9.7, "m/s", "Cruising speed, 35 km/h.", low=1.0, high=30.0)
    acceleration_mps2: float = quantity(1.8, "m/s^2", "Acceleration on a free road.", low=0.2, high=4.0)
    braking_mps2: float = quantity(2.2, "m/s^2", "Comfortable deceleration.", low=0.5, high=5.0)
    headway_s: float = quantity(1.2, "s", "Time gap to a leader.", low=0.5, high=4.0)
    standing_gap_m: float = quantity(3.0, "m", "Distance kept to a standing leader.", low=0.5, high=10.0)
    lateral_acceleration_mps2: float = quantity(1.8, "m/s^2", "Speed in curves.", low=0.3, high=4.0)
    curve_braking_mps2: float = quantity(1.5, "m/s^2", "Deceleration before curves.", low=0.3, high=4.0)
    path_recovery_s: float = quantity(0.7, "s", "How fast an offset from the lane centre decays.", low=0.1, high=5.0)

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True, slots=True)
class ExpertPlan:
    """Labels for one instant, in the ego frame (x forward, y left).

    waypoints_62 at 0.5 ... 3.0 s; route_202 at 1 ... 20 m; speeds_3 at 1, 2, 3 s; longitudinal_3 and lateral_3 are
    Longitudinal and Lateral values at 1, 2, 3 s; light: 0 none, 1 red, 2 yellow, 3 green; hazard_m is the distance
    from the front bumper to what the expert answers to (infinite when free).
    """

    waypoints_62: NDArray[np.float32]
    route_202: NDArray[np.float32]
    speeds_3: NDArray[np.float32]
    longitudinal_3: NDArray[np.int64]
    lateral_3: NDArray[np.int64]
    light: int
    hazard: str
    hazard_m: float
    report: str


class Expert:
    """Plans for the ego of one world."""

    def __init__(self, world: World, config: ExpertConfig | None = None) -> None:
        self.config = config or ExpertConfig()
        self._world = world
        points = world.route.points_map_N2
        ahead = points[-1] - points[-2]
        ahead = ahead / np.hypot(*ahead)
        beyond = points[-1] + np.arange(1.0, 61.0)[:, None] * ahead
        self._line = Polyline(np.concatenate([points, beyond]))
        grid = np.arange(0.0, self._line.length_m, 1.0)
        curvature = np.array([abs(self._line.curvature_at(float(s), 3.0)) for s in grid])
        limit = np.sqrt(self.config.lateral_acceleration_mps2 / np.maximum(curvature, 1e-4))
        limit = np.minimum(limit, self.config.top_speed_mps)
        for i in range(len(grid) - 2, -1, -1):  # brake in time for what comes
            limit[i] = min(limit[i], math.sqrt(limit[i + 1] ** 2 + 2.0 * self.config.curve_braking_mps2))
        self._grid_s, self._limit_mps = grid, limit
        self._lights = lights_on(world, self._line)
        self._s_m = 0.0

    def plan(self) -> ExpertPlan:
        """The plan for the world as it stands."""
        ego = self._world.ego
        s, lateral = self._line.project(ego.pose_map_to_ego.position_m, self._s_m - 10.0, self._s_m + 30.0)
        self._s_m = s
        hazards = hazards_ahead(self._world, self._line, s, self._lights)
        blocking = [h for h in hazards if h.blocks]
        profile_s, profile_v = self._roll_out(s, ego.speed_mps, blocking)
        recovery_m = max(4.0, ego.speed_mps * self.config.path_recovery_s)

        def path(ahead_m: Points) -> Points:
            at = s + ahead_m
            base = self._line.at(at)
            yaw = np.array([self._line.yaw_at(float(a)) for a in at])
            side = lateral * np.exp(-((ahead_m / recovery_m) ** 2))
            moved: Points = base + side[:, None] * np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
            return moved

        every = round(WAYPOINT_STEP_S / _STEP_S)
        travelled = profile_s[every :: every][:WAYPOINTS] - s
        route = ego.pose_map_to_ego.inverse_apply(path(ROUTE_STEP_M * np.arange(1.0, ROUTE_POINTS + 1.0)))
        waypoints = ego.pose_map_to_ego.inverse_apply(path(travelled))
        waypoints[travelled < 0.05] = 0.0
        seconds = np.array([10, 20, 30])
        speeds = profile_v[seconds]
        longitudinal = np.array([_longitudinal(profile_v[i - 10], profile_v[i]) for i in seconds])
        lateral_words = np.array([
            _lateral(self._line.yaw_at(float(profile_s[i])) - self._line.yaw_at(float(profile_s[i - 10])))
            for i in seconds])
        binding = self._binding(s, ego.speed_mps, blocking)
        light, report = self._words(s, hazards, binding, int(longitudinal[0]))
        return ExpertPlan(waypoints.astype(np.float32), route.astype(np.float32), speeds.astype(np.float32),
                          longitudinal, lateral_words, light, binding[0], binding[1], report)

    def _acceleration(self, s_m: float, v: float, t_s: float, hazards: list[Hazard]) -> float:
        """Intelligent driver model against the speed limit ahead and every hazard, the smallest wins."""
        c = self.config
        v0 = float(np.interp(s_m + 0.3 * v, self._grid_s, self._limit_mps))
        ratio = v / v0
        a = c.acceleration_mps2 * (1.0 - ratio**4)
        if ratio > 1.0:
            a = -c.curve_braking_mps2 * min(2.0, 4.0 * (ratio - 1.0))
        for h in hazards:
            gap = max(h.gap_m - (s_m - h.from_s_m) + h.speed_mps * t_s, 0.1)
            closing = v - h.speed_mps
            desired = h.standing_gap_m + max(0.0, (c.headway_s if h.moves else 0.4) * v
                                     + v * closing / (2.0 * math.sqrt(c.acceleration_mps2 * c.braking_mps2)))
            a = min(a, c.acceleration_mps2 * (1.0 - ratio**4 - (desired / gap) ** 2))
        return max(-7.0, a)

    def _roll_out(self, s_m: float, v: float, hazards: list[Hazard]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Arc length and speed every 0.1 s for 3 s, hazards keeping their speed."""
        steps = round(_HORIZON_S / _STEP_S)
        s, speed = np.empty(steps + 1), np.empty(steps + 1)
        s[0], speed[0] = s_m, v
        for i in range(steps):
            a = self._acceleration(s[i], speed[i], i * _STEP_S, hazards)
            speed[i + 1] = max(0.0, speed[i] + a * _STEP_S)
            if speed[i + 1] < 0.15 and a < 0.0:
                speed[i + 1] = 0.0
            s[i + 1] = s[i] + 0.5 * (speed[i] + speed[i + 1]) * _STEP_S
        return s, speed

    def _binding(self, s_m: float, v: float, hazards: list[Hazard]) -> tuple[str, float]:
        """What the expert answers to now: the hazard that asks for the least acceleration, else curve or free road."""
        free = self._acceleration(s_m, v, 0.0, [])
        worst = min(hazards, key=lambda h: self._acceleration(s_m, v, 0.0, [h]), default=None)
        if worst is not None and self._acceleration(s_m, v, 0.0, [worst]) < min(free - 0.3, 1.0):
            return worst.why, worst.gap_m
        ahead = float(np.interp(s_m + 15.0, self._grid_s, self._limit_mps))
        return ("curve" if ahead < 0.9 * self.config.top_speed_mps else "free_road"), math.inf

    def _words(self, s_m: float, hazards: list[Hazard], binding: tuple[str, float], now: int) -> tuple[int, str]:
        light = self._world_light(hazards)
        turn = _lateral(self._line.yaw_at(s_m + 25.0) - self._line.yaw_at(s_m))
        bodies = sorted((h for h in hazards if h.kind in ("car", "walker", "obstacle")), key=lambda h: h.gap_m)
        ahead = f"{bodies[0].kind} at {_metres(bodies[0].gap_m)} m" if bodies else "free"
        text = "none" if light[0] == 0 else f"{('none', 'red', 'yellow', 'green')[light[0]]} at {_metres(light[1])} m"
        return light[0], (f"light {text} . ahead {ahead} . {LATERAL_WORDS[turn]} . "
                          f"{LONGITUDINAL_WORDS[now]} because {binding[0]} .")

    def _world_light(self, hazards: list[Hazard]) -> tuple[int, float]:
        return next(((h.light, h.gap_m) for h in hazards if h.light), (0, math.inf))


def _longitudinal(before_mps: float, after_mps: float) -> Longitudinal:
    if after_mps < 0.5:
        return Longitudinal.STOP
    if after_mps - before_mps > 0.4:
        return Longitudinal.ACCELERATE
    return Longitudinal.SLOW if after_mps - before_mps < -0.4 else Longitudinal.KEEP


def _lateral(turn_rad: float) -> Lateral:
    if abs(turn_rad) < 0.08:
        return Lateral.STRAIGHT
    if turn_rad > 0.0:
        return Lateral.TURN_LEFT if turn_rad > 0.35 else Lateral.SLIGHT_LEFT
    return Lateral.TURN_RIGHT if turn_rad < -0.35 else Lateral.SLIGHT_RIGHT


def _metres(distance_m: float) -> int:
    """Rounded to 5 m, up to 60: what a person would say."""
    return int(min(60, max(0, 5 * round(distance_m / 5.0))))
