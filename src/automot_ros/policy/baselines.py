"""Policies that know nothing, to compare with: their `act` takes and gives what nano's does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automot_ros.policy.preprocess import TARGET_AHEAD_M, ActionObservation
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS, Decision, Lateral, Longitudinal
from automot_ros.scene.plan import ROUTE_POINTS, ROUTE_STEP_M, WAYPOINT_STEP_S, WAYPOINTS, Draft

DECISION_TOKENS, BEV_TOKENS = 8, 64


class StandStill:
    """Stays where it is, whatever happens."""

    def act(self, obs: ActionObservation) -> Draft:
        """A draft whose waypoints do not move; the route is still there for the wheel."""
        return _draft(obs, 0.0, Longitudinal.STOP)


class Blind:
    """Follows the route at a constant speed and sees nobody."""

    def __init__(self, speed_mps: float = 6.0) -> None:
        self.speed_mps = speed_mps

    def act(self, obs: ActionObservation) -> Draft:
        """A draft along the curve through the target points."""
        return _draft(obs, self.speed_mps, Longitudinal.KEEP)


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
