"""The bicycle turns as CARLA's cars do, and brakes without rolling back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.geometry.se2 import Pose2
from automot_ros.vehicle.bicycle import BicycleState, advance
from automot_ros.vehicle.specification import VehicleSpec

SPEC = VehicleSpec()


@given(st.floats(-1.0, 1.0))
def test_steer_and_curvature_are_inverses(steer: float) -> None:
    assert SPEC.steer_of(SPEC.curvature_of(steer)) == pytest.approx(steer, abs=1e-9)


def test_the_yaw_follows_the_published_fit() -> None:
    front, rear, gain = -0.090769015, 1.4178275, 0.36848336
    beta = math.atan(rear / (front + rear) * math.tan(gain * 0.5))
    after = advance(SPEC, BicycleState(Pose2(0.0, 0.0, 0.0), 8.0), 0.0, 0.0, 0.5, 0.05)
    v = 0.5 * (8.0 + after.speed_mps)
    assert after.pose.yaw_rad == pytest.approx(v / rear * math.sin(beta) * 0.05)
    assert after.pose.yaw_rad > 0.0, "left is positive"


def test_full_brake_stops_within_the_limit_and_holds() -> None:
    state, distance = BicycleState(Pose2(0.0, 0.0, 0.0), 10.0), 0.0
    for _ in range(100):
        state = advance(SPEC, state, 0.0, 1.0, 0.0, 0.05)
        distance = state.pose.x_m
    assert state.speed_mps == 0.0
    assert 10.0**2 / (2.0 * SPEC.max_deceleration_mps2) < distance < 10.0
