"""SequentialLaneChange: the route itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def test_the_route_reaches_a_neighbour_lane_twice_within_a_hundred_metres_and_nobody_is_staged(lonely, roll):
    world = lonely("SequentialLaneChange", 4)
    around = world.scenarios[0].around
    lanes = [around.lane(float(s)).index for s in np.arange(2.0, world.route_line.length_m - 2.0, 2.0)]
    changes = [(2.0 + 2.0 * k, a, b) for k, (a, b) in enumerate(pairwise(lanes)) if a != b]
    assert len(changes) == 2
    for _, a, b in changes:
        assert b in (world.map.lanes[a].left, world.map.lanes[a].right)
    assert 35.0 < changes[1][0] - changes[0][0] < 75.0
    assert world.map.lanes[lanes[-1]].junction_id < 0
    roll(world, 8.0, 3.0)
    assert len(world.cast) == 0
    assert world.scenarios[0].state == "running"
