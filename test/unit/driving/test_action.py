"""What the action expert is shown, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from automot_ros.base.errors import ContextError
from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SensorTick

TICK_NS = 50_000_000
Tick = Callable[..., SensorTick]


def context(k: int, x: float = 0.0, model_hash: str = "m") -> AttentionContext:
    nothing = np.zeros((1, 1, 1, 1), np.float32)
    return AttentionContext(k * TICK_NS, 1, k, model_hash, nothing, nothing, 1, Pose2(x, 0.0, 0.0))


def core_for(action: Any, route: Route, model_hash: str = "", **config: object) -> ActionCore:
    core = ActionCore(ActionConfig(**config), action, model_hash)  # type: ignore[arg-type]
    core.observe_route(route)
    return core


def feed(core: ActionCore, tick: SensorTick, *, image: bool = True, points: bool = True) -> None:
    core.observe_ego(tick.ego)
    if image:
        core.observe_image(tick.cameras[0])
    if points:
        core.observe_points(tick.points)


def test_in_lockstep_it_waits_for_all_inputs_of_the_stamp_and_the_due_context(action: Any, route: Route,
                                                                              make_tick: Tick) -> None:
    core = core_for(action, route, lockstep=True)
    tick = make_tick(20)
    core.observe_ego(tick.ego)
    assert core.step(0) is None
    core.observe_image(tick.cameras[0])
    assert core.step(0) is None
    core.observe_points(tick.points)
    assert core.step(0) is None
    core.observe_context(context(20))
    draft = core.step(0)
    assert draft is not None
    assert draft.stamp_ns == tick.stamp_ns
    assert core.step(0) is None
    assert len(action.seen) == 1


def test_in_lockstep_the_context_is_the_due_one_even_if_a_newer_one_is_here(action: Any, route: Route,
                                                                            make_tick: Tick) -> None:
    core = core_for(action, route, lockstep=True, context_lag_s=0.5)
    for k in range(20, 37):
        feed(core, make_tick(k))
        if k % 5 == 0:
            core.observe_context(context(k))
        core.step(0)
    assert [(o.ego.stamp_ns // TICK_NS, o.context.stamp_ns // TICK_NS) for o in action.seen] == [
        (30, 20), (31, 20), (32, 20), (33, 20), (34, 20), (35, 25), (36, 25)]
    assert [o.context_age_s for o in action.seen[4:6]] == pytest.approx([0.7, 0.5])
    assert core.newest_context is not None
    assert core.newest_context.stamp_ns == 35 * TICK_NS


def test_the_ego_motion_since_the_context_is_given(action: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(action, route, lockstep=True)
    core.observe_context(context(20, x=3.0))
    for k in (20, 22):
        feed(core, make_tick(k, x=4.0, yaw=0.3))
        core.step(0)
    moved = action.seen[-1].pose_context_to_ego
    assert (moved.x_m, moved.y_m, moved.yaw_rad) == pytest.approx((1.0, 0.0, 0.3))


def test_sweeps_are_the_last_two_and_the_two_half_a_second_before_as_seen_from_now(action: Any, route: Route,
                                                                                   make_tick: Tick) -> None:
    core = core_for(action, route, lockstep=True)
    for k in range(20, 35):
        feed(core, make_tick(k))
        if k % 5 == 0:
            core.observe_context(context(k))
        core.step(0)
    last = action.seen[-1]
    assert [p[0, 3] for p, _ in last.sweeps] == [34, 33]
    assert [p[0, 3] for p, _ in last.past_sweeps] == [24, 23]
    assert [pose.x_m for _, pose in last.sweeps] == pytest.approx([0.0, -0.2])
    assert [pose.x_m for _, pose in last.past_sweeps] == pytest.approx([-2.0, -2.2])
    first = action.seen[0]
    assert (len(first.sweeps), len(first.past_sweeps)) == (1, 0)


def test_target_points_lie_ahead_on_the_route(action: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(action, route)
    core.observe_context(context(20))
    feed(core, make_tick(20, x=10.0))
    core.step(20 * TICK_NS)
    assert action.seen[0].target_points_22 == pytest.approx(np.array([[8.0, 0.0], [20.0, 0.0]]))


def test_in_real_time_the_newest_of_everything_is_used_without_waiting(action: Any, route: Route,
                                                                       make_tick: Tick) -> None:
    core = core_for(action, route)
    feed(core, make_tick(20))
    assert core.step(20 * TICK_NS) is None
    core.observe_context(context(20))
    assert core.step(20 * TICK_NS) is not None
    feed(core, make_tick(22), image=False, points=False)
    assert core.step(22 * TICK_NS) is not None
    assert action.seen[-1].image_HW3[0, 0, 0] == 20
    assert [pose.x_m for _, pose in action.seen[-1].sweeps] == pytest.approx([-0.4])
    assert core.step(23 * TICK_NS) is None


@pytest.mark.parametrize("frozen", ["image", "points"])
def test_in_real_time_no_plan_is_made_from_a_frozen_sensor(action: Any, route: Route, make_tick: Tick,
                                                           frozen: str) -> None:
    core = core_for(action, route)
    core.observe_context(context(20))
    made = []
    for k in range(20, 30):
        feed(core, make_tick(k), **{frozen: k == 20})
        if core.step(k * TICK_NS) is not None:
            made.append(k)
    assert made == [20, 21, 22, 23, 24, 25]


def test_in_real_time_a_context_of_the_future_or_of_the_last_drive_is_not_used(action: Any, route: Route,
                                                                               make_tick: Tick) -> None:
    core = core_for(action, route)
    feed(core, make_tick(20))
    core.observe_context(context(30))
    assert core.step(20 * TICK_NS) is None
    core = core_for(action, route)
    core.observe_context(context(20))
    feed(core, make_tick(100))
    assert core.step(100 * TICK_NS) is None


def test_points_that_cannot_be_placed_give_no_plan(action: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(action, route)
    core.observe_context(context(20))
    feed(core, make_tick(20), points=False)
    core.observe_points(make_tick(24).points)
    assert core.step(20 * TICK_NS) is None


def test_a_context_of_another_model_is_refused_with_both_names(action: Any, route: Route) -> None:
    core = core_for(action, route, model_hash="mine")
    assert core.newest_context is None
    with pytest.raises(ContextError, match="theirs, wanted mine"):
        core.observe_context(context(20, model_hash="theirs"))
    core.observe_context(context(20, model_hash="mine"))
    assert core.newest_context is not None


def test_a_new_drive_with_the_same_stamps_is_planned_again(action: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(action, route, lockstep=True)
    for k in (20, 40, 20):
        core.observe_context(context(k))
        feed(core, make_tick(k))
        assert core.step(0) is not None
    core.observe_route(Route(1, route.points_map_N2.copy()))
    core.observe_route(Route(1, route.points_map_N2[:100]))
    feed(core, make_tick(21))
    assert core.step(0) is not None
