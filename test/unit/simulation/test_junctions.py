from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.simulation.junctions import Approach, Claim, EgoClaim, Junctions, Passage, arbitrate
from automot_ros.simulation.lights import LightState


def _lane(index, points, junction=-1, after=(), before=()):
    return SimpleNamespace(index=index, center=Polyline(np.array(points, float)), junction_id=junction, next=after,
                           previous=before)


@pytest.fixture
def crossing():
    """Lane 0 -> 2 -> 4 along x, lane 1 -> 3 -> 5 along y, 6 leaves lane 0 to the right; 2, 3 cross, 2, 6 fork."""
    lanes = (
        _lane(0, [(-50, 0), (-10, 0)], after=(2, 6)), _lane(1, [(0, -50), (0, -10)], after=(3,)),
        _lane(2, [(-10, 0), (10, 0)], 9, (4,), (0,)), _lane(3, [(0, -10), (0, 10)], 9, (5,), (1,)),
        _lane(4, [(10, 0), (50, 0)], before=(2,)), _lane(5, [(0, 10), (0, 50)], before=(3,)),
        _lane(6, [(-10, 0), (-7, -3), (-7, -10)], 9, (), (0,)),
    )
    conflicts = {2: frozenset({3, 6}), 3: frozenset({2}), 6: frozenset({2})}
    junction = SimpleNamespace(lanes=(2, 3, 6), conflicts=conflicts)
    return SimpleNamespace(lanes=lanes, signals=(), junctions={9: junction})


def _signal(kind, lanes, line):
    return SimpleNamespace(id=1, kind=kind, junction_id=9, lanes=lanes, stop_line=np.array(line, float), approach=0)


def _approach(lane, front=30.0, speed=5.0, signal=None, gap=np.inf, gap_speed=0.0):
    claim = Claim(Passage(9, (lane,), 40.0, 60.0, 39.0, signal))
    return Approach(claim, front, front - 4.5, speed, 4.5, gap, gap_speed)


def test_a_route_meets_its_junction_where_it_is(crossing):
    ways = Junctions(crossing).on_route(Polyline(np.array([(-45.0, 0.0), (45.0, 0.0)])).resampled(1.0))
    assert [(w.junction_id, w.lanes) for w in ways] == [(9, (2,))]
    assert ways[0].begin_m == pytest.approx(35.0, abs=0.1)
    assert ways[0].end_m == pytest.approx(55.0, abs=0.1)
    assert ways[0].stop_m == pytest.approx(34.0, abs=0.1)


def test_a_route_that_ends_inside_a_junction_still_meets_it(crossing):
    ways = Junctions(crossing).on_route(Polyline(np.array([(-45.0, 0.0), (3.0, 0.0)])).resampled(1.0))
    assert [w.lanes for w in ways] == [(2,)]


def test_the_stop_line_of_a_signal_is_where_cars_wait(crossing):
    crossing.signals = (_signal("light", (2,), [(-14, 2), (-14, -2)]),)
    way = Junctions(crossing).on_route(Polyline(np.array([(-45.0, 0.0), (45.0, 0.0)])).resampled(1.0))[0]
    assert way.stop_m == pytest.approx(31.0, abs=0.1)
    assert way.signal is crossing.signals[0]


def test_crossing_ways_go_one_after_the_other_forking_ways_together(crossing):
    junctions = Junctions(crossing)
    a, b, fork = _approach(2), _approach(3), _approach(6)
    arbitrate(0, junctions, [a, b, fork], {}, None)
    assert (a.claim.granted, b.claim.granted, fork.claim.granted) == (True, False, True)


def test_who_came_first_goes_first(crossing):
    late, early = _approach(2), _approach(3)
    late.claim.since_tick, early.claim.since_tick = 50, 10
    arbitrate(60, Junctions(crossing), [late, early], {}, None)
    assert (late.claim.granted, early.claim.granted) == (False, True)


def test_a_stop_sign_gives_way_and_wants_a_stop(crossing):
    sign = _signal("stop", (3,), [(-2, -10), (2, -10)])
    main, minor = _approach(2), _approach(3, signal=sign)
    minor.claim.since_tick, main.claim.since_tick = 0, 20
    arbitrate(30, Junctions(crossing), [minor, main], {}, None)
    assert (main.claim.granted, minor.claim.granted) == (True, False)
    rolling, standing = _approach(3, 37.0, 1.0, sign), _approach(3, 37.0, 0.0, sign)
    arbitrate(40, Junctions(crossing), [rolling], {}, None)
    arbitrate(40, Junctions(crossing), [standing], {}, None)
    assert (rolling.claim.granted, standing.claim.granted) == (False, True)


@pytest.mark.parametrize("state", list(LightState))
def test_only_green_lets_go_and_a_grant_is_withdrawn_while_one_can_still_stop(crossing, state):
    light = _signal("light", (2,), [(-10, 2), (-10, -2)])
    fresh, far, committed = _approach(2, signal=light), _approach(2, signal=light), _approach(2, 38.0, 8.0, light)
    far.claim.granted = committed.claim.granted = True
    for approach in (fresh, far, committed):
        arbitrate(0, Junctions(crossing), [approach], {1: state}, None)
    assert fresh.claim.granted == far.claim.granted == (state is LightState.GREEN)
    assert committed.claim.granted


def test_everybody_who_can_still_stop_waits_for_the_ego(crossing):
    ego = EgoClaim(Passage(9, (3,), 40.0, 60.0, 39.0, None))
    fresh, inside, other_way = _approach(2), _approach(2, 45.0), _approach(6)
    for approach in (fresh, inside, other_way):
        arbitrate(0, Junctions(crossing), [approach], {}, ego)
    assert (fresh.claim.granted, inside.claim.granted, other_way.claim.granted) == (False, True, True)


def test_nobody_enters_without_room_behind_the_junction(crossing):
    full, flowing = _approach(2, gap=28.0), _approach(2, gap=28.0, gap_speed=4.0)
    for approach in (full, flowing):
        arbitrate(0, Junctions(crossing), [approach], {}, None)
    assert (full.claim.granted, flowing.claim.granted) == (False, True)
