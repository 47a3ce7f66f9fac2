"""HighwayExit and the two mergers: flows at ramps."""

from __future__ import annotations

import numpy as np
import pytest

KINDS = ("HighwayExit", "MergerIntoSlowTraffic", "MergerIntoSlowTrafficV2")


@pytest.mark.parametrize("kind", KINDS)
def test_cars_drive_in_a_row_where_the_ego_needs_a_gap_with_gaps_and_speed_as_the_file_says(lonely, roll, kind):
    world = lonely(kind, 1)
    scenario = world.scenarios[0]
    assert len(world.cast) == 0
    _is_on_the_way(world, kind)
    roll(world, 5.0, 6.0, until=lambda: scenario.state == "running")
    roll(world, 5.0, 0.2)
    (flow,) = scenario.flows
    s = np.sort([c.s_m for c in flow.cars])
    low, high = scenario.interval("source_dist_interval", (0.0, 0.0))
    assert len(s) >= 4
    assert low + 4.0 <= min(np.diff(s)) and max(np.diff(s)) <= high + 5.0
    assert max(c.speed_mps for c in flow.cars) == pytest.approx(scenario.number("flow_speed", 0.0), abs=0.3)
    assert s[-1] > 0.5 * flow._path.length_m


def _is_on_the_way(world, kind):
    """The flow's way begins beside the route and shares a part of it; only at an exit they part again."""
    (path,) = world.scenarios[0].paths()
    line = world.route_line
    off = np.array([abs(path.project(line.at(float(s)))[1]) for s in np.arange(0.0, line.length_m, 2.0)])
    assert off[0] > 3.0
    assert np.count_nonzero(off < 0.5) > 5
    before_the_end = off[len(off) - 9]
    assert before_the_end > 3.0 if kind == "HighwayExit" else before_the_end < 0.5


def test_merging_is_over_where_the_flow_ends(lonely, roll):
    world = lonely("MergerIntoSlowTrafficV2", 1)
    scenario = world.scenarios[0]
    sink = world.route_line.project(scenario.location("end_actor_flow"))[0]
    seen = []
    for _ in scenario.over():
        roll(world, 9.0, 0.05)
        seen.append(world.route_s_m)
        if len(seen) > 1200:
            break
    assert seen[-1] == pytest.approx(sink, abs=2.6)


def test_two_worlds_of_one_task_play_the_same(lonely, roll):
    a, b = (roll(lonely("HighwayExit", 2), 8.0, 2.0) for _ in range(2))
    assert np.array_equal(a.cast.boxes().xy_N2, b.cast.boxes().xy_N2)
    assert len(a.cast) > 0
