"""When the scene is read, and from what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.driving.understanding import UnderstandingConfig, UnderstandingCore
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import SensorTick

TICK_NS = 50_000_000
Tick = Callable[..., SensorTick]


def core_for(understanding: Any, route: Route, **config: object) -> UnderstandingCore:
    core = UnderstandingCore(UnderstandingConfig(**config), understanding, epoch=7)  # type: ignore[arg-type]
    core.observe_route(route)
    return core


def feed(core: UnderstandingCore, tick: SensorTick) -> None:
    core.observe_ego(tick.ego)
    core.observe_image(tick.cameras[0])


def test_in_lockstep_each_context_tick_is_read_exactly_once(understanding: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(understanding, route, lockstep=True)
    made = []
    for k in range(22, 36):
        feed(core, make_tick(k))
        made += [(c.stamp_ns // TICK_NS, c.epoch, c.sequence) for _ in range(3) if (c := core.step(0)) is not None]
    assert made == [(25, 7, 0), (30, 7, 1), (35, 7, 2)]


def test_in_lockstep_it_waits_for_odometry_of_the_images_stamp(understanding: Any, route: Route,
                                                               make_tick: Tick) -> None:
    core = core_for(understanding, route, lockstep=True)
    feed(core, make_tick(24))
    core.observe_image(make_tick(25).cameras[0])
    assert core.step(0) is None
    core.observe_ego(make_tick(25).ego)
    assert core.step(0) is not None


def test_the_four_frames_are_a_quarter_of_a_second_apart_oldest_first(understanding: Any, route: Route,
                                                                      make_tick: Tick) -> None:
    core = core_for(understanding, route, lockstep=True)
    for k in range(20, 41):
        feed(core, make_tick(k))
        core.step(0)
    assert [f[0, 0, 0] for f in understanding.seen[-1].frames_4] == [25, 30, 35, 40]
    # The first one has no past: its oldest frame stands for it.
    assert [f[0, 0, 0] for f in understanding.seen[0].frames_4] == [20, 20, 20, 20]
    assert understanding.seen[-1].speed_mps == 4.0
    assert understanding.seen[-1].route_words == "straight in 60 m"


def test_the_context_carries_the_pose_of_its_image(understanding: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(understanding, route)
    feed(core, make_tick(20))
    core.observe_ego(make_tick(22).ego)
    context = core.step(0)
    assert context is not None
    assert context.pose_map_to_ego.x_m == pytest.approx(4.0)


def test_in_real_time_it_reads_the_newest_image_no_oftener_than_its_period(understanding: Any, route: Route,
                                                                           make_tick: Tick) -> None:
    core = core_for(understanding, route)
    stamps = []
    for k in range(21, 41):
        feed(core, make_tick(k))
        context = core.step(k * TICK_NS)
        if context is not None:
            stamps.append(context.stamp_ns // TICK_NS)
    assert stamps == [21, 26, 31, 36]


def test_with_an_extra_delay_a_context_comes_that_much_later(understanding: Any, route: Route,
                                                             make_tick: Tick) -> None:
    core = core_for(understanding, route, extra_delay_s=1.0)
    out = []
    for k in range(20, 64):
        feed(core, make_tick(k))
        context = core.step(k * TICK_NS)
        if context is not None:
            out.append((k, context.stamp_ns // TICK_NS))
    assert out == [(40, 20), (61, 41)]


def test_a_clock_that_goes_back_does_not_hold_a_delayed_context_for_ever(understanding: Any, route: Route,
                                                                         make_tick: Tick) -> None:
    core = core_for(understanding, route, extra_delay_s=1.0)
    feed(core, make_tick(2000))
    assert core.step(2000 * TICK_NS) is None
    feed(core, make_tick(20))
    assert core.step(20 * TICK_NS) is None
    context = core.step(41 * TICK_NS)
    assert context is not None
    assert context.stamp_ns == 20 * TICK_NS


def test_nothing_is_read_without_route_image_or_odometry(understanding: Any, route: Route, make_tick: Tick) -> None:
    core = UnderstandingCore(UnderstandingConfig(), understanding, 1)
    assert core.step(0) is None
    core.observe_image(make_tick(20).cameras[0])
    assert core.step(0) is None
    core.observe_ego(make_tick(20).ego)
    assert core.step(0) is None
    core.observe_route(route)
    assert core.step(0) is not None


def test_an_image_far_from_any_odometry_is_not_read(understanding: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(understanding, route)
    core.observe_ego(make_tick(20).ego)
    core.observe_image(make_tick(24).cameras[0])
    assert core.step(0) is None


def test_a_new_drive_is_read_from_its_start(understanding: Any, route: Route, make_tick: Tick) -> None:
    core = core_for(understanding, route, lockstep=True)
    feed(core, make_tick(400))
    assert core.step(0) is not None
    feed(core, make_tick(20))
    context = core.step(0)
    assert context is not None
    assert context.stamp_ns == 20 * TICK_NS


def test_the_same_route_again_keeps_the_progress_and_another_replaces_it(understanding: Any, route: Route,
                                                                         make_tick: Tick) -> None:
    core = core_for(understanding, route)
    feed(core, make_tick(20))
    core.step(0)
    core.observe_route(Route(5, route.points_map_N2.copy()))
    turned = Route(6, route.points_map_N2[:, ::-1].copy())
    core.observe_route(turned)
    feed(core, make_tick(30))
    assert core.step(0) is not None


def test_a_delay_in_lockstep_is_refused() -> None:
    with pytest.raises(ConfigError, match="context_lag_s"):
        UnderstandingConfig(lockstep=True, extra_delay_s=0.5)
