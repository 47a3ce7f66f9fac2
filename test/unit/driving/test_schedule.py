"""The cores together, in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from automot_ros.base.errors import AutomotError
from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.driving.controller import ControllerConfig, ControllerCore
from automot_ros.driving.refiner import RefinerConfig, RefinerCore
from automot_ros.driving.schedule import InProcessDrive
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.guard.config import GuardConfig
from automot_ros.scene.plan import GuardReason
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SensorTick
from automot_ros.vehicle.specification import VehicleSpec

TICK_NS = 50_000_000
Tick = Callable[..., SensorTick]


def cores(understanding: Any, action: Any, lag_s: float) -> tuple[Any, Any, Any, Any]:
    timing = {"lockstep": True, "context_lag_s": lag_s}
    return (UnderstandingCore(UnderstandingConfig(**timing), understanding, 1),
            ActionCore(ActionConfig(**timing), action, "m"), RefinerCore(RefinerConfig(refiner="none"), None),
            ControllerCore(ControllerConfig(**timing), GuardConfig(), VehicleSpec(), (0.0, 0.0, 2.4)))


def test_the_car_waits_for_the_first_due_context_and_then_plans_every_tick(understanding: Any, action: Any,
                                                                           route: Route, make_tick: Tick) -> None:
    drive = InProcessDrive(*cores(understanding, action, 0.5))
    drive.observe_route(route)
    told = [drive.step(make_tick(k)) for k in range(20, 45)]
    assert [t.draft is not None for t in told] == [False] * 10 + [True] * 15
    assert [t.trajectory is not None for t in told] == [False] * 10 + [True] * 15
    assert [k for k, t in enumerate(told, 20) if t.context is not None] == [20, 25, 30, 35, 40]
    assert {t.guard.reason for t in told[:10]} == {GuardReason.NO_INPUT_YET}
    assert {t.guard.reason for t in told[10:]} == {GuardReason.NONE}
    assert told[10].guard.context_age_s == pytest.approx(0.5)
    assert [t.command.stamp_ns for t in told] == [k * TICK_NS for k in range(20, 45)]


def test_messages_in_any_order_within_a_stamp_give_the_same_commands(understanding: Any, action: Any, route: Route,
                                                                     make_tick: Tick) -> None:
    drive = InProcessDrive(*cores(understanding, action, 0.25))
    drive.observe_route(route)
    expected = [drive.step(make_tick(k)).command for k in range(20, 40)]

    # As over ROS: every input by itself, every core stepped after each, contexts late but before they are due.
    slow, fast, refiner, controller = cores(understanding, action, 0.25)
    slow.observe_route(route)
    fast.observe_route(route)
    got, late = [], []
    for k in range(20, 40):
        tick = make_tick(k)
        arrivals: list[Callable[[], None]] = [
            lambda t=tick: controller.observe_points(t.points, 5), lambda t=tick: fast.observe_points(t.points),
            lambda t=tick: slow.observe_image(t.cameras[0]), lambda t=tick: fast.observe_ego(t.ego),
            lambda t=tick: controller.observe_ego(t.ego, 7), lambda t=tick: slow.observe_ego(t.ego),
            lambda t=tick: fast.observe_image(t.cameras[0]),
        ]
        commands = []
        for arrive in arrivals[k % 7:] + arrivals[:k % 7]:
            arrive()
            late += [c for c in [slow.step(3)] if c is not None]
            if late and k - late[0].stamp_ns // TICK_NS >= 3:
                fast.observe_context(late.pop(0))
            draft = fast.step(2)
            if draft is not None:
                controller.observe_trajectory(refiner.step(draft), 9)
            done = controller.step(1)
            if done is not None:
                commands.append(done[0])
        assert len(commands) == 1
        got += commands
    assert got == expected


def test_cores_that_do_not_agree_on_the_clock_are_an_error_not_a_hang(understanding: Any, action: Any, route: Route,
                                                                      make_tick: Tick) -> None:
    slow, _, refiner, controller = cores(understanding, action, 0.0)
    other = ActionCore(ActionConfig(lockstep=True, context_lag_s=1.0), action, "m")
    drive = InProcessDrive(slow, other, refiner, controller)
    drive.observe_route(route)
    with pytest.raises(AutomotError, match="draft missing"):
        drive.step(make_tick(20))
