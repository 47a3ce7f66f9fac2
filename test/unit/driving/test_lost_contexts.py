"""Lockstep: a context that was lost on the way to the action node is given again, and used as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automot_ros.driving.action import ActionConfig, ActionCore
from automot_ros.driving.history import History
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SensorTick

TICK_NS = 50_000_000
LAG_S = 0.3
Tick = Callable[..., SensorTick]


def test_a_value_is_put_back_into_its_place_once() -> None:
    history: History[str] = History(10 * TICK_NS)
    for k in (1, 3):
        history.add(k * TICK_NS, str(k))
    for k in (2, 1, 3, 2):
        history.put_back(k * TICK_NS, f"{k} again")
    assert [v for _, v in history.up_to(10 * TICK_NS)] == ["3", "2 again", "1"]


def test_the_context_that_a_stamp_waits_for_is_known_as_long_as_it_is_used(understanding: Any, route: Route,
                                                                           make_tick: Tick) -> None:
    core = UnderstandingCore(UnderstandingConfig(lockstep=True, context_lag_s=LAG_S), understanding, epoch=7)
    core.observe_route(route)
    known = {}
    for k in range(20, 40):
        tick = make_tick(k)
        core.observe_ego(tick.ego)
        core.observe_image(tick.cameras[0])
        core.step(0)
        context = core.given_for(tick.stamp_ns)
        known[k] = None if context is None else context.stamp_ns // TICK_NS
    assert known == {k: None if k < 26 else (k - 6) // 5 * 5 for k in range(20, 40)}


def test_a_lost_context_given_again_makes_the_same_drafts(understanding: Any, action: Any, route: Route,
                                                          make_tick: Tick) -> None:
    reader = UnderstandingCore(UnderstandingConfig(lockstep=True, context_lag_s=LAG_S), understanding, epoch=7)
    planner = ActionCore(ActionConfig(lockstep=True, context_lag_s=LAG_S), action)
    reader.observe_route(route)
    planner.observe_route(route)
    used = []
    for k in range(20, 45):
        tick = make_tick(k)
        reader.observe_ego(tick.ego)
        reader.observe_image(tick.cameras[0])
        context = reader.step(0)
        planner.observe_ego(tick.ego)
        planner.observe_image(tick.cameras[0])
        planner.observe_points(tick.points)
        if context is not None and k not in (20, 30):  # these are lost; 25 and 35 come before they are missed
            planner.observe_context(context)
        draft = planner.step(0)
        if draft is None and (again := reader.given_for(tick.stamp_ns)) is not None:
            planner.observe_context(again)
            assert planner.step(0) is not None
        if k >= 26:
            used.append(action.seen[-1].context.stamp_ns // TICK_NS)
    assert used == [(k - 6) // 5 * 5 for k in range(26, 45)]
    assert len(action.seen) == len(used)
