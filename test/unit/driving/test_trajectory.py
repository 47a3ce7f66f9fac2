"""From a plan in the ego frame to a trajectory on the map."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from automot_ros.driving.profile import TIMES_S, distance_along, speed_profile
from automot_ros.driving.trajectory import stop_trajectory, trajectory_from
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.envelope import trajectory_fault
from automot_ros.scene.plan import PlanStatus
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

INSTANTS = 0.5 * np.arange(1, 7)
ROUTE = np.stack([np.arange(1.0, 21.0), np.zeros(20)], 1)


def ego(speed: float = 6.0, pose: Pose2 = Pose2(10.0, -4.0, 2.0)) -> EgoState:
    return EgoState(5_000_000_000, pose, speed)


def ahead(distances: np.ndarray) -> np.ndarray:
    return np.stack([distances, np.zeros(6)], 1)


def test_constant_speed_comes_out_as_constant_speed_on_the_map() -> None:
    e = ego()
    t = trajectory_from(e, ahead(6.0 * INSTANTS), ROUTE, context_age_s=0.3)
    assert t.speed_mps_N == pytest.approx(np.full(31, 6.0))
    assert t.xy_N2[0] == pytest.approx([10.0, -4.0])
    assert t.xy_N2[-1] == pytest.approx(e.pose_map_to_ego.apply(np.array([[18.0, 0.0]]))[0])
    assert t.yaw_rad_N == pytest.approx(np.full(31, 2.0))
    assert t.curvature_N == pytest.approx(np.zeros(31))
    assert (t.stamp_ns, t.context_age_s, t.status) == (e.stamp_ns, 0.3, PlanStatus.NOMINAL)


def test_times_are_31_steps_of_a_tenth_of_a_second() -> None:
    t = trajectory_from(ego(), ahead(6.0 * INSTANTS), ROUTE)
    assert t.times_s == pytest.approx(np.linspace(0.0, 3.0, 31))


def test_the_path_is_the_route_in_steps_of_a_metre_from_beside_the_car() -> None:
    e = ego(pose=Pose2(0.0, 0.0, 0.0))
    t = trajectory_from(e, ahead(6.0 * INSTANTS), ROUTE + [0.0, 0.5])
    assert t.path_K2[0] == pytest.approx([0.0, 0.5])
    assert np.hypot(*np.diff(t.path_K2, axis=0).T) == pytest.approx(1.0)
    # The motion starts at the car and comes over to the route without a kink.
    assert t.xy_N2[0] == pytest.approx([0.0, 0.0])
    assert t.xy_N2[-1, 1] == pytest.approx(0.5)
    assert max(abs(t.curvature_N)) < 0.2


def test_at_speed_the_waypoints_carry_the_path_beyond_the_route() -> None:
    turned = np.stack([15.0 * INSTANTS, np.where(INSTANTS > 1.4, (15.0 * INSTANTS - 20.0) * 0.2, 0.0)], 1)
    t = trajectory_from(ego(speed=15.0, pose=Pose2(0.0, 0.0, 0.0)), turned, ROUTE)
    assert t.xy_N2[-1, 0] > 43.0
    assert t.xy_N2[-1, 1] == pytest.approx(5.0, abs=0.6)
    assert t.speed_mps_N == pytest.approx(np.full(31, 15.0), abs=0.5)


def test_a_standing_plan_is_still_and_has_a_path() -> None:
    t = trajectory_from(ego(speed=0.0), ahead(np.array([0.02, 0.0, 0.03, 0.05, 0.04, 0.06])), ROUTE)
    assert max(t.speed_mps_N) < 0.1
    assert len(t.path_K2) == 21


@pytest.mark.parametrize(("waypoints", "route", "reason"), [
    (ahead(INSTANTS) * np.nan, ROUTE, "plan is not finite"),
    (ahead(INSTANTS), np.full((20, 2), np.inf), "plan is not finite"),
    (ahead(INSTANTS), np.zeros((20, 2)), "route ends"),
    (ahead(INSTANTS) * 1000.0, ROUTE, "plan reaches"),
    (ahead(INSTANTS) - [20.0, 0.0], ROUTE * 0.01 - [10.0, 0.0], "a path needs two different points"),
])
def test_a_plan_that_cannot_be_driven_becomes_a_stop_that_says_why(waypoints: np.ndarray, route: np.ndarray,
                                                                   reason: str) -> None:
    t = trajectory_from(ego(), waypoints, route, context_age_s=0.4)
    assert t.status is PlanStatus.STOP
    assert reason in t.reason
    assert t.speed_mps_N[-1] == 0.0
    assert np.all(np.diff(t.speed_mps_N) <= 0.0)
    assert t.context_age_s == 0.4


def test_wrong_shapes_raise() -> None:
    with pytest.raises(ValueError, match="reshape"):
        trajectory_from(ego(), np.zeros((5, 2)), ROUTE)


def test_a_stop_goes_straight_and_passes_the_guard() -> None:
    e = ego(speed=8.0)
    t = stop_trajectory(e, "why")
    assert t.reason == "why"
    assert trajectory_fault(GuardConfig(), VehicleSpec(), t, e) == ""


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (6, 2), elements=st.floats(-60, 60)),
       arrays(np.float64, (20, 2), elements=st.floats(-60, 60)), st.floats(0.0, 20.0))
def test_whatever_the_plan_the_trajectory_is_finite_and_starts_at_the_car(waypoints: np.ndarray, route: np.ndarray,
                                                                          speed: float) -> None:
    e = ego(speed=speed)
    t = trajectory_from(e, waypoints, route)
    for values in (t.xy_N2, t.speed_mps_N, t.yaw_rad_N, t.curvature_N, t.acceleration_mps2_N, t.path_K2):
        assert np.all(np.isfinite(values))
    assert t.xy_N2[0] == pytest.approx([10.0, -4.0])
    assert t.speed_mps_N[0] == pytest.approx(speed)
    assert min(t.speed_mps_N) >= 0.0


def test_the_profile_follows_a_ramp_and_a_stop_closely() -> None:
    ramp = speed_profile(4.0, 4.0 * INSTANTS + 0.5 * INSTANTS**2)
    assert ramp == pytest.approx(4.0 + TIMES_S, abs=0.1)
    stop = speed_profile(6.0, np.where(INSTANTS < 2.0, 6.0 * INSTANTS - 1.5 * INSTANTS**2, 6.0))
    assert distance_along(stop)[-1] == pytest.approx(6.0, abs=0.2)
    assert stop[-1] == 0.0
    assert math.isclose(stop[5], 4.5, abs_tol=0.3)


def test_one_noisy_waypoint_does_not_become_a_jump_of_the_pedal() -> None:
    clean = speed_profile(6.0, 6.0 * INSTANTS)
    noisy = speed_profile(6.0, 6.0 * INSTANTS + np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert max(abs(np.diff(noisy - clean))) / 0.1 < 0.5
