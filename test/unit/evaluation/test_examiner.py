"""Completion, infractions and giving up, on a world without others."""

from dataclasses import replace

import numpy as np

from automot_ros.evaluation.closed_loop import drive_task, parse_seeds, summarise
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.examiner import BLOCKED_S, Examiner
from automot_ros.scene.plan import DriveCommand
from automot_ros.simulation.tasks import TrafficConfig, plain_task
from automot_ros.simulation.world import Event, EventKind, World

EMPTY = TrafficConfig(vehicles=0, parked=0, walkers=0)


def test_a_car_that_stands_for_a_minute_is_given_up() -> None:
    world = World(replace(plain_task(1), traffic=EMPTY))
    examiner = Examiner(world)
    while not examiner.done:
        world.step(DriveCommand.of(world.stamp_ns, 0.0, 1.0, 0.0))
        examiner.observe()
    result = examiner.result()
    assert result.status == "Failed - Agent got blocked"
    assert BLOCKED_S < result.duration_s < BLOCKED_S + 1.0
    assert result.route_completion < 5.0 and not result.success


def test_every_event_costs_its_factor_and_success() -> None:
    world = World(replace(plain_task(1), traffic=EMPTY))
    examiner = Examiner(world)
    examiner.observe()
    clean = examiner.result()
    for kind in (EventKind.COLLISION_VEHICLE, EventKind.RED_LIGHT):
        world.events.append(Event(world.stamp_ns, kind, 7, (0.0, 0.0), 3.0))
    broken = examiner.result()
    assert clean.infraction_penalty == 1.0
    assert np.isclose(broken.infraction_penalty, 0.6 * 0.7)
    assert broken.infractions["collisions_vehicle"] == 1 and broken.infractions["red_light"] == 1


def test_a_drive_cut_short_by_its_caller_is_scored_as_far_as_it_went() -> None:
    result = drive_task(plain_task(1), DriverSettings(policy="expert"), max_ticks=100)
    assert result.status == "Running"
    assert 0.0 < result.route_completion < 50.0


def test_a_summary_is_the_mean_of_its_routes() -> None:
    rows = [drive_task(plain_task(1), DriverSettings(policy="expert"), max_ticks=n).as_json() for n in (40, 80)]
    summary = summarise(rows, DriverSettings(policy="expert"))
    assert np.isclose(summary["driving_score"], np.mean([r["driving_score"] for r in rows]), atol=1e-5)
    assert summary["success_rate"] == 0.0 and len(summary["routes"]) == 2


def test_seed_ranges_are_half_open_and_nonsense_is_refused() -> None:
    import pytest

    from automot_ros.base.errors import ConfigError

    assert list(parse_seeds("3:6")) == [3, 4, 5] and list(parse_seeds("7")) == [7]
    for text in ("6:3", "a:b", "-4:2", "3:3"):
        with pytest.raises(ConfigError):
            parse_seeds(text)
