"""Driving scores and success against values worked out by hand."""

import pytest

from automot_ros.evaluation.metrics.driving_score import bench2drive_penalty, driving_score, leaderboard_2_1_penalty
from automot_ros.evaluation.metrics.infractions import ALL_NAMES
from automot_ros.evaluation.metrics.success import succeeded


def counts(**some):
    return {**dict.fromkeys(ALL_NAMES, 0), **some}


@pytest.mark.parametrize(("name", "factor"), [
    ("collisions_pedestrian", 0.5), ("collisions_vehicle", 0.6), ("collisions_layout", 0.65), ("red_light", 0.7),
    ("stop_infraction", 0.8), ("scenario_timeouts", 0.7), ("yield_emergency_vehicle_infractions", 0.7)])
def test_each_infraction_has_its_factor(name, factor):
    """One event: the penalty is its factor; two: its square, e.g. 0.6 * 0.6 = 0.36."""
    assert bench2drive_penalty(counts(**{name: 1}), 0.0) == pytest.approx(factor)
    assert bench2drive_penalty(counts(**{name: 2}), 0.0) == pytest.approx(factor * factor)


def test_factors_of_different_infractions_multiply():
    """0.5 (pedestrian) * 0.8^2 (two stops) * 0.7 (time-out) = 0.5 * 0.64 * 0.7 = 0.224."""
    found = bench2drive_penalty(counts(collisions_pedestrian=1, stop_infraction=2, scenario_timeouts=1), 0.0)
    assert found == pytest.approx(0.224)


def test_ground_outside_the_lanes_is_taken_off():
    """25 % outside: 1 - 0.25 = 0.75; with a red light 0.75 * 0.7 = 0.525."""
    assert bench2drive_penalty(counts(), 25.0) == pytest.approx(0.75)
    assert bench2drive_penalty(counts(red_light=1), 25.0) == pytest.approx(0.525)


def test_what_ends_a_drive_costs_no_factor():
    """Deviation, blocking and time-out cost what is left of the route, not a factor: 1."""
    assert bench2drive_penalty(counts(route_dev=1, vehicle_blocked=1, route_timeout=1), 0.0) == 1.0


def test_the_driving_score_is_completion_times_penalty():
    """80 * 0.6 = 48; 100 * 0.6 * 0.65 = 39."""
    assert driving_score(80.0, 0.6) == 48.0
    assert driving_score(100.0, bench2drive_penalty(counts(collisions_vehicle=1, collisions_layout=1), 0.0)) == 39.0


def test_the_driving_score_has_six_decimals_and_is_never_negative():
    """100 / 3 = 33.333333...; 10 * -0.5 = -5 becomes 0."""
    assert driving_score(100.0, 1.0 / 3.0) == 33.333333
    assert driving_score(10.0, -0.5) == 0.0


@pytest.mark.parametrize(("name", "cost"), [
    ("collisions_pedestrian", 1.0), ("collisions_vehicle", 0.7), ("collisions_layout", 0.6), ("red_light", 0.4),
    ("stop_infraction", 0.25), ("scenario_timeouts", 0.4), ("yield_emergency_vehicle_infractions", 0.4)])
def test_each_infraction_has_its_cost_in_2_1(name, cost):
    """One event costs c: 1 / (1 + c), e.g. a pedestrian 1 / 2 = 0.5; two cost 2 c."""
    assert leaderboard_2_1_penalty(counts(**{name: 1}), 0.0, []) == pytest.approx(1.0 / (1.0 + cost))
    assert leaderboard_2_1_penalty(counts(**{name: 2}), 0.0, []) == pytest.approx(1.0 / (1.0 + 2.0 * cost))


def test_costs_of_different_infractions_add_in_2_1():
    """1.0 + 0.7 + 2 * 0.4 = 2.5: 1 / 3.5; with 10 % outside 0.9 / 3.5 = 0.257143."""
    found = leaderboard_2_1_penalty(counts(collisions_pedestrian=1, collisions_vehicle=1, red_light=2), 10.0, [])
    assert driving_score(100.0, found) == 25.714286


def test_slow_checkpoints_cost_in_2_1_and_fast_ones_give_nothing_back():
    """Values 50, 75, 100, 160 %: 0.4 * 0.5 + 0.4 * 0.25 = 0.3; 100 and 160 are no infraction: 1 / 1.3 = 0.769231."""
    found = leaderboard_2_1_penalty(counts(), 0.0, [50.0, 75.0, 100.0, 160.0])
    assert round(found, 6) == 0.769231


def test_many_events_cost_less_in_2_1_than_by_factors():
    """Five red lights: 0.7^5 = 0.16807 against 1 / (1 + 5 * 0.4) = 1 / 3."""
    assert bench2drive_penalty(counts(red_light=5), 0.0) == pytest.approx(0.16807)
    assert leaderboard_2_1_penalty(counts(red_light=5), 0.0, []) == pytest.approx(1.0 / 3.0)


def test_success_needs_the_end_and_a_clean_record():
    """Completed and nothing: success. Any single infraction, or no end: none."""
    assert succeeded("Perfect", counts()) and succeeded("Completed", counts())
    assert not succeeded("Failed - Agent timed out", counts())
    assert not any(succeeded("Completed", counts(**{name: 1})) for name in ALL_NAMES)
