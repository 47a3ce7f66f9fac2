"""Paths over lanes for scripted vehicles."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.junctions import Junctions
from automot_ros.simulation.maps.generate import generated_xodr
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios.lane_paths import beside, lanes_on, view_through
from automot_ros.simulation.scenarios.ramps import exits, joins


@pytest.fixture(scope="module")
def highway() -> RoadMap:
    return RoadMap("highway", generated_xodr("highway", 1))


def test_a_path_beside_another_begins_on_the_one_and_ends_on_the_other():
    own, other = (Polyline(np.array([[0.0, y], [100.0, y]])) for y in (0.0, 3.5))
    y = beside(own, other, 20.0, 16.0).points_N2[:, 1]
    assert np.all(y[:21] == 0.0) and np.all(y[37:] == 3.5)
    assert np.all(np.diff(y) >= 0.0) and max(np.diff(y)) < 0.45


def test_every_carriageway_of_a_highway_has_one_ramp_to_it_and_one_from_it(highway):
    lanes = highway.lanes
    assert len(joins(highway)) == len(exits(highway)) == 2
    for j in joins(highway):
        assert lanes[j.extra].left == j.through and lanes[j.ramp].left is None
        assert j.inner in lanes[j.ramp].next and j.extra in lanes[j.inner].next
    for e in exits(highway):
        assert lanes[e.slow].left == e.through and e.inner in lanes[e.slow].next and e.ramp in lanes[e.inner].next


def test_lanes_on_a_path_are_those_it_was_made_of(highway):
    j = joins(highway)[0]
    row = [j.ramp, j.inner, j.extra]
    path = Polyline(np.concatenate([highway.lanes[i].center.points_N2 for i in row]))
    assert set(row) <= lanes_on(highway, path)


def test_a_view_through_a_junction_has_the_lengths_asked_for(highway):
    j = joins(highway)[0]
    view = view_through(highway, Junctions(highway), j.inner, 60.0, 70.0)
    assert view is not None
    assert view.line.length_m == pytest.approx(130.0 + highway.lanes[j.inner].center.length_m, abs=1.5)
    assert view_through(highway, Junctions(highway), j.inner, 60.0, 1e6) is None
