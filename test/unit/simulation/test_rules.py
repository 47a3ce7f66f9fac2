"""Red lights and stop signs, on a lane 3.5 m wide along x that ends at its stop line at x = 20.

The ego is 4.6 m long: its tail runs from 0.8 * 2.3 = 1.84 m to 2.3 + 1 = 3.3 m behind its middle. The box of a stop
sign lies 0.45 * 3.5 = 1.575 m before the line and reaches 1.2 * 1.575 = 1.89 m to each side: the ego is watched from
its middle at 20 - 1.575 - 4 = 14.425 to 20 - 1.575 + 1.89 = 20.315.
"""

import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.rules import LineWatch

RED, YELLOW, GREEN = LightState.RED, LightState.YELLOW, LightState.GREEN


def _lane(road_id, lane_id, a, b, following=(), previous=()):
    a, b = np.array(a, float), np.array(b, float)
    count = max(2, int(np.hypot(*(b - a))) + 1)
    return SimpleNamespace(road_id=road_id, lane_id=lane_id, width_m=3.5, next=following, previous=previous,
                           center=Polyline(a + np.linspace(0.0, 1.0, count)[:, None] * (b - a)))


class Map:
    """Lanes: 0 leads to the line, 1 goes on in the junction, 2 comes the other way; 3 leads to a second line at 60."""

    def __init__(self, kind):
        self.lanes = (_lane(1, -1, (0, 0), (20, 0), following=(1,)), _lane(7, -1, (20, 0), (40, 0), previous=(0,)),
                      _lane(1, 1, (20, 3.5), (0, 3.5)), _lane(2, -1, (40, 0), (60, 0), following=(4,), previous=(1,)),
                      _lane(8, -1, (60, 0), (80, 0), previous=(3,)))
        line = np.array([[20.0, 1.75], [20.0, -1.75]])  # left to right for somebody who drives along x
        self.signals = (SimpleNamespace(id=4, kind=kind, lanes=(1,), stop_line=line),
                        SimpleNamespace(id=5, kind=kind, lanes=(4,), stop_line=line + (40.0, 0.0)),
                        SimpleNamespace(id=6, kind="yield", lanes=(1,), stop_line=line))

    def lane_at(self, xy):
        found = [(i, *lane.center.project(xy)) for i, lane in enumerate(self.lanes)]
        return min(found, key=lambda row: abs(row[2]))


def _drive(watch, xs, states=RED, y=0.0, yaw=0.0, speeds=None):
    """The ego's middle at each of `xs`, tick by tick; `states` one for all ticks or one for each."""
    broken = []
    for k, (a, b) in enumerate(pairwise(xs)):
        state = states if isinstance(states, LightState) else states[k]
        v = abs(b - a) / 0.05 if speeds is None else speeds[k]
        lights = SimpleNamespace(states={4: state, 5: state})
        broken += watch.crossed(Pose2(a, y, yaw), Pose2(b, y, yaw), 2.3, v, lights)
    return broken


def _steps(a, b, step=0.3):
    return [float(x) for x in np.arange(a, b + 1e-9, step if b > a else -step)]


@pytest.mark.parametrize(("state", "count"), [(RED, 1), (YELLOW, 0), (GREEN, 0)])
def test_only_red_is_broken_and_once(state, count):
    assert _drive(LineWatch(Map("light")), _steps(0.0, 40.0), state) == [(4, True)] * count


def test_a_light_is_broken_by_the_tail_not_by_the_front():
    """The line at 20 lies under the tail while the middle is at 21.84 .. 23.3."""
    assert _drive(LineWatch(Map("light")), _steps(0.0, 21.8, 0.2)) == []
    assert _drive(LineWatch(Map("light")), _steps(0.0, 22.0, 0.2)) == [(4, True)]


def test_a_light_that_turns_red_under_the_car_is_broken():
    """Yellow as front and middle pass, red from x = 22 on, where the tail still lies over the line."""
    xs = _steps(0.0, 30.0, 0.2)
    assert _drive(LineWatch(Map("light")), xs, [RED if x >= 22.0 else YELLOW for x in xs[1:]]) == [(4, True)]
    assert _drive(LineWatch(Map("light")), xs, [RED if x >= 23.5 else YELLOW for x in xs[1:]]) == []


def test_a_front_over_the_line_that_waits_for_green_breaks_nothing():
    xs = _steps(0.0, 40.0, 0.2)
    assert _drive(LineWatch(Map("light")), xs, [RED if x <= 21.0 else GREEN for x in xs[1:]]) == []


def test_standing_on_the_line_as_it_turns_red_counts():
    xs = [*_steps(0.0, 22.6, 0.2), *[22.6] * 10]
    assert _drive(LineWatch(Map("light")), xs, [GREEN] * (len(xs) - 5) + [RED] * 4) == [(4, True)]


def test_the_same_light_twice_running_counts_once_and_another_between_sets_it_free():
    watch = LineWatch(Map("light"))
    assert _drive(watch, _steps(0.0, 30.0)) == [(4, True)]
    assert _drive(watch, _steps(0.0, 30.0)) == []
    assert _drive(watch, _steps(40.0, 70.0)) == [(5, True)]
    assert _drive(watch, _steps(0.0, 30.0)) == [(4, True)]


def test_a_line_is_one_and_a_fifth_lane_widths_long():
    """0.6 * 3.5 = 2.1 m: at 2.0 m to the right (where no other lane is) it is broken, at 2.2 not."""
    assert _drive(LineWatch(Map("light")), _steps(0.0, 40.0), y=-2.0) == [(4, True)]
    assert _drive(LineWatch(Map("light")), _steps(0.0, 40.0), y=-2.2) == []


def test_on_the_opposite_lane_and_from_behind_no_light_is_broken():
    """1.9 m to the left the opposite lane is nearer (1.6 m), though the line reaches 2.1 m."""
    assert _drive(LineWatch(Map("light")), _steps(0.0, 40.0), y=1.9) == []
    assert _drive(LineWatch(Map("light")), _steps(40.0, 0.0), yaw=math.pi) == []


def test_a_fast_car_does_not_slip_over_the_line():
    """25 m/s are 1.25 m a tick, the tail is 1.46 m long: wherever the ticks fall, one has the line under it."""
    for begin in np.arange(0.0, 1.25, 0.125):
        assert _drive(LineWatch(Map("light")), _steps(float(begin), 40.0, 1.25)) == [(4, True)]


def _stop_at(x, pause=3):
    return [*_steps(0.0, x, 0.2), *[x] * pause, *_steps(x + 0.2, 30.0, 0.2)]


@pytest.mark.parametrize(("x", "counts"), [(14.0, False), (14.8, True), (17.6, True), (20.2, True), (20.6, False)])
def test_a_stop_sign_wants_a_standstill_near_its_box(x, counts):
    """Watched from 14.425 to 20.315 (middle of the ego): the bumper may stand up to 3.3 m before the line."""
    assert _drive(LineWatch(Map("stop")), _stop_at(x)) == ([] if counts else [(4, False)])


def test_creeping_is_not_stopping():
    """0.1 m/s is too fast, 0.09 is a standstill."""
    for speed, broken in ((0.1, [(4, False)]), (0.09, [])):
        xs = _steps(0.0, 30.0, 0.2)
        speeds = [speed if 16.0 < x < 17.0 else 4.0 for x in xs[1:]]
        assert _drive(LineWatch(Map("stop")), xs, speeds=speeds) == broken


def test_the_breach_is_noted_when_the_middle_leaves_the_box():
    assert _drive(LineWatch(Map("stop")), _steps(0.0, 20.2, 0.2)) == []
    assert _drive(LineWatch(Map("stop")), _steps(0.0, 20.4, 0.2)) == [(4, False)]


def test_a_stop_counts_for_one_passage_only_and_the_same_sign_is_failed_once_running():
    watch = LineWatch(Map("stop"))
    assert _drive(watch, _stop_at(17.6)) == []
    assert _drive(watch, _steps(0.0, 30.0)) == [(4, False)]
    assert _drive(watch, _steps(0.0, 30.0)) == []
    assert _drive(watch, _steps(40.0, 70.0)) == [(5, False)]
    assert _drive(watch, _steps(0.0, 30.0)) == [(4, False)]


def test_who_passes_on_the_opposite_lane_meets_no_sign():
    """As in CARLA, whose sign looks at the lane that the ego is on."""
    assert _drive(LineWatch(Map("stop")), _steps(0.0, 30.0), y=3.5) == []


def test_the_stop_sign_says_whether_the_ego_has_stood():
    watch = LineWatch(Map("stop"))
    seen = {}
    for a, b in pairwise(_stop_at(17.6)):
        _drive(watch, [a, b])
        seen[round(b, 1)] = watch.has_stopped_at(4)
    assert not seen[17.4] and seen[17.6] and seen[20.2] and not seen[20.4]
    assert not watch.has_stopped_at(5)


def test_a_yield_sign_is_not_watched_and_an_empty_map_neither():
    watch = LineWatch(Map("yield"))
    assert _drive(watch, _steps(0.0, 30.0)) == [] and not watch.has_stopped_at(6)
