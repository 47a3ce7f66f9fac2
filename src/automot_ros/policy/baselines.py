"""Policies that know little or do harm, to compare with.

`StandStill` and `ConstantSpeed` take and give what nano's action expert does, so that nodes can run them. `Cruise` is
the driving of the privileged baselines: the exact route, the speed limit, curves, and at most one leader. `PlanNoise`
spoils good plans: what a guard is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.quantity import check_bounds, quantity
from automot_ros.base.seeds import stream
from automot_ros.geometry.polyline import Points, Polyline
from automot_ros.policy.preprocess import TARGET_AHEAD_M, ActionObservation
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Decision, Lateral, Longitudinal
from automot_ros.scene.plan import ROUTE_POINTS, ROUTE_STEP_M, WAYPOINT_STEP_S, WAYPOINTS, Draft
from automot_ros.scene.sensing import EgoState

DECISION_TOKENS, BEV_TOKENS = 8, 64
_STEP_S, _HORIZON_S = 0.1, WAYPOINTS * WAYPOINT_STEP_S
_BEYOND_M = 60


class StandStill:
    """Stays where it is, whatever happens."""

    def act(self, obs: ActionObservation) -> Draft:
        """A draft whose waypoints do not move; the route is still there for the wheel."""
        return _draft(obs, 0.0, Longitudinal.STOP)


class ConstantSpeed:
    """Follows the target points at a constant speed and sees nobody: what a node can do that is given no map."""

    def __init__(self, speed_mps: float = 6.0) -> None:
        self.speed_mps = speed_mps

    def act(self, obs: ActionObservation) -> Draft:
        """A draft along the curve through the target points."""
        return _draft(obs, self.speed_mps, Longitudinal.KEEP)


@dataclass(frozen=True, kw_only=True, slots=True)
class CruiseConfig:
    """How a baseline drives: speed, curves and distance as the expert's, so that only what it sees differs."""

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
class Leader:
    """The vehicle ahead: gap from the own front bumper, m (0 when touching), and its speed along the route, m/s."""

    gap_m: float
    speed_mps: float


@dataclass(frozen=True, kw_only=True, slots=True)
class NoiseConfig:
    """How plans are spoiled. What is drawn holds for a while, as mistakes of a network do."""

    hold_s: float = quantity(4.0, "s", "Time between draws.", low=0.1, high=10.0)
    unseeing: float = quantity(0.8, "", "Share of the time in which nobody else is seen.", low=0.0, high=1.0)
    unseeing_mps: float = quantity(8.0, "m/s", "Least speed planned meanwhile.", low=0.0, high=20.0)
    pace: float = quantity(0.4, "", "Speed is wrong by up to this share of itself, otherwise.", low=0.0, high=0.9)
    aside_m: float = quantity(3.0, "m", "The path is wrong by up to this much, 20 m ahead.", low=0.0, high=10.0)

    def __post_init__(self) -> None:
        check_bounds(self)


class PlanNoise:
    """Spoils plans, the same way for the same seed and time."""

    def __init__(self, seed: int, config: NoiseConfig | None = None) -> None:
        self.config, self._seed = config or NoiseConfig(), seed

    def spoil(self, waypoints_62: NDArray[np.float32], route_202: NDArray[np.float32], speed_mps: float,
              stamp_ns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(waypoints_62, route_202), metres in the ego frame, of a driver who errs and at times sees nobody."""
        c = self.config
        rng = stream(self._seed, "plan noise", int(stamp_ns / (1e9 * c.hold_s)))
        ahead_m = ROUTE_STEP_M * np.arange(1, ROUTE_POINTS + 1)
        bend = rng.uniform(-c.aside_m, c.aside_m) * ahead_m / ahead_m[-1]
        route = route_202 + np.stack([np.zeros(ROUTE_POINTS), bend], axis=1)
        travelled = np.hypot(*np.diff(waypoints_62, axis=0, prepend=np.zeros((1, 2))).T).cumsum()
        travelled *= 1.0 + rng.uniform(-c.pace, c.pace)
        if rng.random() < c.unseeing:
            travelled = max(speed_mps, c.unseeing_mps) * WAYPOINT_STEP_S * np.arange(1, WAYPOINTS + 1)
        beyond = route[-1] + (route[-1] - route[-2]) * np.arange(1, _BEYOND_M + 1)[:, None]
        line = Polyline(np.concatenate([np.zeros((1, 2)), route, beyond]))
        return line.at(travelled).astype(np.float32), route.astype(np.float32)


class Cruise:
    """Drives along a route in the map frame at the speed allowed, behind a leader if there is one.

    The intelligent driver model (Treiber, Hennecke and Helbing 2000) decides the acceleration.
    """

    def __init__(self, route_map_N2: Points, limit_mps_N: NDArray[np.float64],
                 config: CruiseConfig | None = None) -> None:
        """`limit_mps_N`: the speed limit at each point of the route. Beyond its end the road goes straight on."""
        self.config = c = config or CruiseConfig()
        ahead = (route_map_N2[-1] - route_map_N2[-2]) / np.hypot(*(route_map_N2[-1] - route_map_N2[-2]))
        self.line = Polyline(np.concatenate([route_map_N2, route_map_N2[-1] + np.arange(1.0, _BEYOND_M + 1.0)[:, None]
                                             * ahead]))
        at_N = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(route_map_N2, axis=0).T))])
        grid = np.arange(0.0, self.line.length_m, 1.0)
        bend = np.array([abs(self.line.curvature_at(float(s), 3.0)) for s in grid])
        allowed = np.minimum(np.interp(grid, at_N, limit_mps_N), c.top_speed_mps)
        allowed = np.minimum(allowed, np.sqrt(c.lateral_acceleration_mps2 / np.maximum(bend, 1e-4)))
        for i in range(len(grid) - 2, -1, -1):  # brake in time for what comes
            allowed[i] = min(allowed[i], math.sqrt(allowed[i + 1] ** 2 + 2.0 * c.curve_braking_mps2))
        self._grid_s, self._allowed_mps = grid, allowed
        self.s_m = 0.0

    def locate(self, ego: EgoState) -> float:
        """Arc length of the ego's place on the route; it never jumps far."""
        self.s_m, self._aside_m = self.line.project(ego.pose_map_to_ego.position_m, self.s_m - 10.0, self.s_m + 30.0)
        return self.s_m

    def allowed_mps(self, s_m: float) -> float:
        """The speed at an arc length: limit, cap and curves."""
        return float(np.interp(s_m, self._grid_s, self._allowed_mps))

    def plan(self, ego: EgoState, leader: Leader | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(waypoints_62, route_202) in the ego frame. Follows the place that `locate` finds."""
        s = self.locate(ego)
        ahead_m = ROUTE_STEP_M * np.arange(1.0, ROUTE_POINTS + 1.0)
        travelled = self._roll_out(s, ego.speed_mps, leader)
        pose = ego.pose_map_to_ego
        waypoints = pose.inverse_apply(self._path(s, ego.speed_mps, travelled))
        waypoints[travelled < 0.05] = 0.0
        return (waypoints.astype(np.float32),
                pose.inverse_apply(self._path(s, ego.speed_mps, ahead_m)).astype(np.float32))

    def _path(self, s_m: float, speed_mps: float, ahead_K: Points) -> Points:
        """Map points ahead on the way back to the route."""
        yaw = np.array([self.line.yaw_at(float(a)) for a in s_m + ahead_K])
        recovery_m = max(4.0, speed_mps * self.config.path_recovery_s)
        aside = self._aside_m * np.exp(-((ahead_K / recovery_m) ** 2))
        moved: Points = self.line.at(s_m + ahead_K) + aside[:, None] * np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
        return moved

    def acceleration(self, s_m: float, v_mps: float, leader: Leader | None) -> float:
        """What the driver model asks for, m/s^2, at least -7."""
        c = self.config
        ratio = v_mps / self.allowed_mps(s_m + 0.3 * v_mps)
        free = c.acceleration_mps2 * (1.0 - ratio**4)
        if ratio > 1.0:
            free = -c.curve_braking_mps2 * min(2.0, 4.0 * (ratio - 1.0))
        if leader is None:
            return max(-7.0, free)
        closing = v_mps * (v_mps - leader.speed_mps) / (2.0 * math.sqrt(c.acceleration_mps2 * c.braking_mps2))
        wanted_m = c.standing_gap_m + max(0.0, c.headway_s * v_mps + closing)
        return max(-7.0, min(free, c.acceleration_mps2 * (1.0 - ratio**4 - (wanted_m / max(leader.gap_m, 0.1)) ** 2)))

    def _roll_out(self, s_m: float, v_mps: float, leader: Leader | None) -> Points:
        """(6,) metres travelled at the waypoints' times; the leader keeps its speed."""
        s, v, at = s_m, v_mps, []
        for i in range(round(_HORIZON_S / _STEP_S)):
            now = None if leader is None else Leader(leader.gap_m - (s - s_m) + leader.speed_mps * i * _STEP_S,
                                                     leader.speed_mps)
            a = self.acceleration(s, v, now)
            after = max(0.0, v + a * _STEP_S)
            if after < 0.15 and a < 0.0:
                after = 0.0
            s += 0.5 * (v + after) * _STEP_S
            v = after
            at.append(s - s_m)
        every = round(WAYPOINT_STEP_S / _STEP_S)
        return np.array(at[every - 1 :: every])


def curve_through(target_points_22: NDArray[np.float64], arc_N: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 2) points at arc lengths on the parabola from the ego through both target points; straight on behind them."""
    near, far = TARGET_AHEAD_M
    s = np.minimum(arc_N, far)[:, None]
    p, q = np.asarray(target_points_22, np.float64)
    curve = p * s * (far - s) / (near * (far - near)) + q * s * (s - near) / (far * (far - near))
    slope = p * (far - 2.0 * far) / (near * (far - near)) + q * (2.0 * far - near) / (far * (far - near))
    points: NDArray[np.float32] = (curve + np.maximum(arc_N - far, 0.0)[:, None] * slope).astype(np.float32)
    return points


def _draft(obs: ActionObservation, speed_mps: float, longitudinal: Longitudinal) -> Draft:
    times_s = WAYPOINT_STEP_S * np.arange(1, WAYPOINTS + 1)
    points_m = ROUTE_STEP_M * np.arange(1, ROUTE_POINTS + 1)
    decision = Decision(np.tile(np.eye(len(LONGITUDINAL_WORDS), dtype=np.float32)[longitudinal], (3, 1)),
                        np.tile(np.eye(len(LATERAL_WORDS), dtype=np.float32)[Lateral.STRAIGHT], (3, 1)))
    return Draft(
        ego=obs.ego, waypoints_62=curve_through(obs.target_points_22, speed_mps * times_s),
        route_202=curve_through(obs.target_points_22, points_m), speeds_3=np.full(3, speed_mps, np.float32),
        decision=decision, decision_latents_8D=np.zeros((DECISION_TOKENS, 1), np.float32),
        bev_tokens_64D=np.zeros((BEV_TOKENS, 1), np.float32), context_epoch=obs.context.epoch,
        context_sequence=obs.context.sequence, context_age_s=obs.context_age_s,
    )
