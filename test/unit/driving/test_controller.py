"""The controller's clock: lockstep and real time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import describe
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.trajectory import trajectory_from
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import GuardReason, Trajectory
from automot_ros.scene.sensing import EgoState, SensorTick
from automot_ros.vehicle.specification import VehicleSpec

TICK_NS = 50_000_000
Tick = Callable[..., SensorTick]


def core_for(**config: object) -> ControllerCore:
    return ControllerCore(ControllerConfig(**config), GuardConfig(), VehicleSpec(),  # type: ignore[arg-type]
                          (0.0, 0.0, 2.4))


def plan_at(ego: EgoState) -> Trajectory:
    along = np.stack([0.5 * ego.speed_mps * np.arange(1, 7), np.zeros(6)], 1)
    return trajectory_from(ego, along, np.stack([np.arange(1.0, 21.0), np.zeros(20)], 1))


def test_in_lockstep_it_waits_for_all_three_inputs_of_a_stamp_and_acts_once(make_tick: Tick) -> None:
    core, tick = core_for(lockstep=True), make_tick(20)
    assert core.step(0) is None
    core.observe_trajectory(plan_at(tick.ego), 0)
    core.observe_points(tick.points, 0)
    assert core.step(0) is None
    core.observe_ego(tick.ego, 0)
    done = core.step(0)
    assert done is not None
    assert done[0].stamp_ns == tick.stamp_ns
    assert done[1].reason is GuardReason.NONE
    assert core.step(0) is None


def test_in_lockstep_the_ages_do_not_depend_on_the_wall_clock(make_tick: Tick) -> None:
    core, tick = core_for(lockstep=True), make_tick(20)
    core.observe_ego(tick.ego, 1)
    core.observe_points(tick.points, 2)
    core.observe_trajectory(plan_at(tick.ego), 3)
    done = core.step(10**18)
    assert done is not None
    assert (done[1].odometry_age_s, done[1].trajectory_age_s, done[1].points_age_s) == (0.0, 0.0, 0.0)


def test_in_lockstep_before_a_context_is_due_it_brakes_without_waiting_for_a_plan(make_tick: Tick) -> None:
    core = core_for(lockstep=True, context_lag_s=0.1)
    for k, waits in ((20, False), (21, False), (22, True)):
        tick = make_tick(k)
        core.observe_ego(tick.ego, 0)
        core.observe_points(tick.points, 0)
        done = core.step(0)
        assert (done is None) == waits
        if done is not None:
            assert done[1].reason is GuardReason.NO_INPUT_YET
            assert done[0].throttle == 0.0


def test_in_lockstep_a_second_drive_with_the_same_stamps_is_driven_too(make_tick: Tick) -> None:
    core = core_for(lockstep=True)
    for k in (20, 21, 60, 20, 21, 22):
        tick = make_tick(k)
        core.observe_points(tick.points, 0)
        core.observe_trajectory(plan_at(tick.ego), 0)
        core.observe_ego(tick.ego, 0)
        done = core.step(0)
        assert done is not None
        assert done[0].stamp_ns == tick.stamp_ns
    assert done[1].reason is GuardReason.NONE


def test_in_real_time_there_is_a_command_at_every_step_from_the_first(make_tick: Tick) -> None:
    core, tick = core_for(), make_tick(20)
    done = core.step(tick.stamp_ns)
    assert done is not None
    assert done[0].brake > 0.0
    core.observe_ego(tick.ego, tick.stamp_ns)
    core.observe_points(tick.points, tick.stamp_ns)
    core.observe_trajectory(plan_at(tick.ego), tick.stamp_ns)
    for late_ms in (0, 20, 40):
        done = core.step(tick.stamp_ns + late_ms * 1_000_000)
        assert done is not None
        assert done[1].reason is GuardReason.NONE
        assert done[0].stamp_ns == tick.stamp_ns


@pytest.mark.parametrize("first", ["ego", "points"])
def test_in_lockstep_a_jump_of_the_stamps_is_the_next_drive_and_not_a_fault(make_tick: Tick, first: str) -> None:
    core = core_for(lockstep=True)
    for k in (2000, 20, 2000, 2001):
        tick = make_tick(k)
        if first == "ego":
            core.observe_ego(tick.ego, 0)
        core.observe_points(tick.points, 0)
        if first == "points":
            core.observe_ego(tick.ego, 0)
        core.observe_trajectory(plan_at(tick.ego), 0)
        done = core.step(0)
        assert done is not None
        assert done[1].reason is GuardReason.NONE


def test_in_real_time_a_jump_of_the_clock_stops_the_car_until_inputs_are_healthy(make_tick: Tick) -> None:
    core, seen = core_for(), []
    for k in (20, 21, *range(200, 209)):
        tick = make_tick(k)
        core.observe_ego(tick.ego, tick.stamp_ns)
        core.observe_points(tick.points, tick.stamp_ns)
        core.observe_trajectory(plan_at(tick.ego), tick.stamp_ns)
        done = core.step(tick.stamp_ns)
        assert done is not None
        seen.append(done[1].reason)
    assert seen[:4] == [GuardReason.NONE, GuardReason.NONE, GuardReason.CLOCK_JUMP, GuardReason.RECOVERING]
    assert seen[-1] is GuardReason.NONE


def test_a_plan_of_garbage_does_not_stop_the_controller_from_answering(make_tick: Tick) -> None:
    core, tick = core_for(), make_tick(20)
    nonsense = np.full((3, 2), np.nan)
    core.observe_ego(tick.ego, tick.stamp_ns)
    core.observe_points(tick.points, tick.stamp_ns)
    core.observe_trajectory(Trajectory(tick.stamp_ns, nonsense[:, 0], nonsense, *(nonsense[:, 0],) * 4, nonsense),
                            tick.stamp_ns)
    done = core.step(tick.stamp_ns)
    assert done is not None
    assert done[0].throttle == 0.0
    assert done[0].brake > 0.0


def test_the_config_is_one_flat_list_of_tracking_and_clock() -> None:
    names = {s.name for s in describe(ControllerConfig)}
    assert {"lookahead_time_s", "lockstep", "context_lag_s"} <= names
    with pytest.raises(ConfigError, match="context_period_s"):
        ControllerConfig(context_period_s=100.0)
    with pytest.raises(ConfigError, match="lookahead_min_m"):
        ControllerConfig(lookahead_min_m=10.0, lookahead_max_m=5.0)
