"""Figures over many routes: efficiency, abilities, confidence intervals, the summary."""

import numpy as np
import pytest

from automot_ros.base.errors import AutomotError
from automot_ros.evaluation.examiner import RouteResult
from automot_ros.evaluation.metrics.ability import (
    ABILITIES,
    ability,
    ability_as_published,
    junction_completion,
    obeyed_signs,
)
from automot_ros.evaluation.metrics.bootstrap import bootstrap_ci
from automot_ros.evaluation.metrics.efficiency import efficiency, route_efficiency
from automot_ros.evaluation.metrics.summary import summarise_routes


def route(scenario="plain", success=True, completion=100.0, junction=None, score=None, speeds=(), **infractions):
    """A result as it stands in result.json."""
    row = RouteResult.nothing(id="a", scenario=scenario, seed=1, map="m", status="", route_length_m=100.0,
                              duration_s=10.0).as_json()
    score = completion if score is None else score
    return {**row, "success": success, "route_completion": completion, "junction_completion": junction,
            "driving_score": score, "driving_score_2_1": score, "min_speed_percent": list(speeds),
            "infractions": {**row["infractions"], **infractions}}


def test_a_route_counts_as_the_mean_of_its_values():
    """(80 + 100 + 150) / 3 = 110."""
    assert route_efficiency([80.0, 100.0, 150.0]) == 110.0


def test_values_above_1000_are_dropped():
    """1000 stays, 1000.01 goes: (1000 + 100) / 2 = 550."""
    assert route_efficiency([1000.0, 1000.01, 100.0]) == 550.0


def test_routes_weigh_alike_and_those_without_values_are_skipped():
    """(50 + (100 + 200) / 2) / 2 = 100: the empty route and the one with 5000 % only are left out."""
    assert efficiency([[50.0], [100.0, 200.0], [], [5000.0]]) == 100.0
    assert efficiency([[], []]) is None


def test_the_groups_are_bench2drives():
    """9 + 16 + 12 + 2 + 19 classes, 44 different ones (14 of the signs' 19 are in another group too)."""
    assert [len(kinds) for kinds in ABILITIES.values()] == [9, 16, 12, 2, 19]
    assert len(frozenset().union(*ABILITIES.values())) == 44


def test_an_ability_is_the_share_of_successes_in_its_group():
    """Overtaking 1 of 2, Give_Way 1 of 1: 0.5 and 1; mean of the two known (0.5 + 1) / 2 = 0.75."""
    found = ability([route("Accident"), route("ParkedObstacle", success=False), route("InvadingTurn"), route("plain")])
    assert found == {"Overtaking": 0.5, "Merging": None, "Emergency_Brake": None, "Give_Way": 1.0,
                     "Traffic_Signs": None, "mean": 0.75}


def test_a_class_may_count_for_two_abilities():
    """PedestrianCrossing: Emergency_Brake 1 of 1 and Traffic_Signs 1 of 1."""
    found = ability([route("PedestrianCrossing")])
    assert found["Emergency_Brake"] == found["Traffic_Signs"] == found["mean"] == 1.0


def test_the_first_junction_counts_as_passed_eight_points_later():
    """First junction point number 41 (index 40) of 100: (41 + 8) / 100 = 0.49."""
    assert junction_completion(40, 100) == 0.49


@pytest.mark.parametrize(("completion", "counts"), [(49.0, 0.0), (49.01, 1.0)])
def test_a_failed_route_counts_for_signs_once_past_the_junction(completion, counts):
    """Needs more than 49 %: 49.0 does not count, 49.01 does: 1 of 1; the other group keeps 0 of 1."""
    found = ability([route("PedestrianCrossing", success=False, completion=completion, junction=0.49)])
    assert found["Traffic_Signs"] == counts and found["Emergency_Brake"] == 0.0


@pytest.mark.parametrize("infraction", ["red_light", "stop_infraction"])
def test_a_broken_sign_costs_it_and_a_collision_does_not(infraction):
    """90 % > 49 %, with a collision: obeyed; with a light or a sign broken: not."""
    failed = {"scenario": "EnterActorFlow", "success": False, "completion": 90.0, "junction": 0.49}
    assert obeyed_signs(route(**failed, collisions_vehicle=1))
    assert not obeyed_signs(route(**failed, **{infraction: 1}))


def test_a_route_without_a_junction_cannot_have_passed_one():
    """No junction: a failed route stays failed."""
    assert ability([route("T_Junction", success=False, completion=99.0)])["Traffic_Signs"] == 0.0


def test_earlier_versions_entered_routes_with_signs_twice():
    """Two routes: one success that passed the junction (1 + 1), one failed that did (0 + 1): 3 / 4; now 2 / 2."""
    routes = [route("T_Junction", junction=0.5), route("T_Junction", success=False, completion=60.0, junction=0.5)]
    assert ability_as_published(routes)["Traffic_Signs"] == 0.75
    assert ability(routes)["Traffic_Signs"] == 1.0
    assert ability_as_published([route("Accident")]) == ability([route("Accident")])


def test_equal_values_have_no_spread():
    """All 70: every resample has mean 70."""
    assert bootstrap_ci([70.0] * 9, 1) == (70.0, 70.0)


def test_the_interval_is_near_the_normal_one():
    """100 routes, half 0 and half 1: standard error 0.5 / 10 = 0.05; 0.5 +- 1.96 * 0.05 = 0.402 .. 0.598."""
    low, high = bootstrap_ci([0.0, 1.0] * 50, 3)
    assert low == pytest.approx(0.402, abs=0.015) and high == pytest.approx(0.598, abs=0.015)


def test_the_interval_of_two_values_reaches_from_one_to_the_other():
    """Means of two draws of {0, 10}: 0 with 1/4, 5 with 1/2, 10 with 1/4: the outer 2.5 % are 0 and 10."""
    assert bootstrap_ci([0.0, 10.0], 5) == (0.0, 10.0)


def test_the_interval_depends_on_values_and_seed_only():
    """Same call, same figures; another seed, others."""
    values = np.random.default_rng(2).uniform(0.0, 100.0, 30).tolist()
    assert bootstrap_ci(values, 1) == bootstrap_ci(values, 1) != bootstrap_ci(values, 2)
    with pytest.raises(AutomotError, match="finite"):
        bootstrap_ci([], 1)


def test_a_summary_is_the_mean_of_its_routes():
    """Scores 100 and 60: 80; success 1 of 2: 0.5; completion (100 + 75) / 2 = 87.5; two lights in all."""
    found = summarise_routes([route("Accident", speeds=[120.0]),
                              route("plain", success=False, completion=75.0, score=60.0, red_light=2)])
    assert (found["driving_score"], found["success_rate"], found["route_completion"]) == (80.0, 0.5, 87.5)
    assert found["efficiency"] == 120.0 and found["comfort"] is None
    assert found["infractions"]["red_light"] == 2 and found["infractions"]["route_dev"] == 0
    low, high = found["driving_score_ci"]
    assert 60.0 <= low <= 80.0 <= high <= 100.0
    assert found["ability"]["Overtaking"] == 1.0


def test_a_summary_has_a_row_for_every_scenario():
    """plain: (100 + 50) / 2 = 75, 1 of 2; Accident 40, 0 of 1."""
    table = summarise_routes([route(), route(success=False, score=50.0), route("Accident", success=False, score=40.0)])[
        "by_scenario"]
    assert list(table) == ["Accident", "plain"]
    assert table["plain"] == {"routes": 2, "driving_score": 75.0, "driving_score_2_1": 75.0, "success_rate": 0.5,
                              "route_completion": 100.0}
    assert table["Accident"]["routes"] == 1 and table["Accident"]["driving_score"] == 40.0


def test_nothing_cannot_be_summarised():
    """No routes, no mean."""
    with pytest.raises(AutomotError, match="no routes"):
        summarise_routes([])
