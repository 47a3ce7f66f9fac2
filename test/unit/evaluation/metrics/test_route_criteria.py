"""Completion, deviation, blocking, time-outs and minimum speed on straight routes, with the arithmetic."""

import numpy as np
import pytest

from automot_ros.evaluation.metrics.blocked import Blocked
from automot_ros.evaluation.metrics.in_route import InRoute
from automot_ros.evaluation.metrics.min_speed import MinimumSpeed
from automot_ros.evaluation.metrics.route_completion import RouteCompletion
from automot_ros.evaluation.metrics.route_progress import RoutePoints, RouteProgress
from automot_ros.evaluation.metrics.route_timeout import RouteTimeout
from automot_ros.geometry.polyline import Polyline


def straight(length_m):
    """Along x from the origin, a point every metre."""
    return RoutePoints(Polyline(np.array([[0.0, 0.0], [length_m, 0.0]])))


def drive(criterion, to_x, y=0.0, from_x=0.0, step=0.5):
    for x in np.arange(from_x, to_x + 1e-9, step):
        criterion.observe(float(x), y)


def test_a_point_is_passed_when_the_ego_lies_in_front_of_it():
    """At x = 3.2 the points 0..3 are passed: 3 m; exactly on a point (dot product 0) it is not: at 4.0 still 3 m."""
    progress = RouteProgress(straight(100.0), 2)
    for x in np.arange(0.0, 3.3, 0.4):
        progress.advance(float(x), 0.0)
    assert progress.passed_m == 3.0
    assert progress.advance(4.0, 0.0) == 0.0


def test_no_more_points_than_the_window_are_passed_at_once():
    """Standing at x = 50 from the start: a window of 2 passes 2 m a tick: 2, 4, 6."""
    progress = RouteProgress(straight(100.0), 2)
    assert [progress.advance(50.0, 0.0) for _ in range(3)] == [2.0, 2.0, 2.0]
    assert progress.passed_m == 6.0


def test_progress_is_never_taken_back():
    """Forward to 10.5 (10 m passed), back to 2: still 10 m."""
    progress = RouteProgress(straight(100.0), 2)
    for x in [*np.arange(0.0, 10.6, 0.5), 5.0, 2.0]:
        progress.advance(float(x), 0.0)
    assert progress.passed_m == 10.0


def test_completion_is_the_share_of_metres_passed_with_two_decimals():
    """At 50.5 m of 150: 50 / 150 = 33.333 % -> 33.33."""
    completion = RouteCompletion(straight(150.0))
    drive(completion, 50.5)
    assert completion.percent == 33.33 and not completion.done


def test_a_route_is_done_above_99_per_cent():
    """500 m: at 495.5 m passed 495 = 99.0 %, not more than 99: open. At 496.5: 99.2 % and 3.5 m to go: done, 100."""
    completion = RouteCompletion(straight(500.0))
    drive(completion, 495.5)
    assert completion.percent == 99.0 and not completion.done
    drive(completion, 496.5, from_x=496.0)
    assert completion.done and completion.percent == 100.0


def test_a_long_route_wants_the_last_ten_metres_too():
    """2000 m: at 1985.5 m passed 1985 = 99.25 % but 14.5 m to go: open. At 1990.5 m 9.5 m to go: done."""
    completion = RouteCompletion(straight(2000.0))
    drive(completion, 1985.5)
    assert completion.percent == 99.25 and not completion.done
    drive(completion, 1990.5, from_x=1986.0)
    assert completion.done


def test_a_short_route_needs_nearly_its_last_metre():
    """50 m: 49 m passed are 98 %; only the last point (x > 50) makes 100 % > 99."""
    completion = RouteCompletion(straight(50.0))
    drive(completion, 50.0)
    assert completion.percent == 98.0 and not completion.done
    completion.observe(50.1, 0.0)
    assert completion.done


def test_crossing_the_route_later_on_is_no_short_cut():
    """A hairpin: 40 m out, 4 m over, 40 m back. Beside the way back at x = 30 from the start: 30 m, not 54."""
    line = Polyline(np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 4.0], [0.0, 4.0]]))
    completion = RouteCompletion(RoutePoints(line))
    drive(completion, 30.5, y=3.0)
    assert completion.percent == round(100.0 * 30.0 / 84.0, 2)


def test_thirty_metres_off_is_a_deviation():
    """29.9 m beside: on; 30.0 m: off (on means nearer than 30)."""
    near, off = InRoute(straight(100.0)), InRoute(straight(100.0))
    near.observe(0.0, 29.9)
    off.observe(0.0, 30.0)
    assert not near.deviated and off.deviated


def test_thirty_per_cent_of_the_route_far_off_is_a_deviation():
    """20 m beside (unsafe from 15 m) on 100 m: after 30 points 30 %, not more than 30: on; the 31st: off."""
    criterion = InRoute(straight(100.0))
    drive(criterion, 30.0, y=20.0)
    assert not criterion.deviated
    drive(criterion, 31.0, y=20.0, from_x=30.5)
    assert criterion.deviated


def test_less_than_fifteen_metres_off_is_safe_for_ever():
    """14.9 m beside the whole way: 0 m count."""
    criterion = InRoute(straight(100.0))
    drive(criterion, 100.0, y=14.9)
    assert not criterion.deviated


def test_metres_far_off_add_up_over_several_detours():
    """Twice 20 m at 20 m beside: 40 % of 100 m > 30 %."""
    criterion = InRoute(straight(100.0))
    drive(criterion, 20.0, y=20.0)
    drive(criterion, 40.0, y=0.0, from_x=20.5)
    assert not criterion.deviated
    drive(criterion, 60.0, y=20.0, from_x=40.5)
    assert criterion.deviated


def test_blocked_after_more_than_sixty_seconds():
    """Standing from t = 1 s on: at 61.00 s it is 60 s, not more; at 61.05 s it is."""
    criterion = Blocked()
    for time_s in (1.0, 31.0, 61.0):
        criterion.observe(time_s, 0.0)
    assert not criterion.blocked
    criterion.observe(61.05, 0.0)
    assert criterion.blocked


def test_a_tenth_of_a_metre_per_second_is_moving():
    """0.1 m/s at 50 s starts the minute anew (slower than 0.1 is standing): open at 109 s, blocked at 110.05 s."""
    criterion = Blocked()
    for time_s, speed in ((0.0, 0.0), (50.0, 0.1), (109.0, 0.09)):
        criterion.observe(time_s, speed)
    assert not criterion.blocked
    criterion.observe(110.05, 0.0)
    assert criterion.blocked


def test_the_time_out_begins_at_three_hundred_seconds():
    """Nothing passed since t = 1: 301.0 - 1 = 300, not more; 301.05: out."""
    criterion = RouteTimeout()
    for time_s in (1.0, 301.0):
        criterion.observe(time_s, 0.0, 10.0)
    assert not criterion.timed_out
    criterion.observe(301.05, 0.0, 10.0)
    assert criterion.timed_out


def test_every_metre_passed_adds_its_time_at_a_tenth_of_the_limit():
    """100 m at 10 m/s: 100 / 1 = 100 s; 50 m at 50 / 3.6: 50 / 1.3889 = 36 s; 300 + 136 = 436 s."""
    criterion = RouteTimeout()
    criterion.observe(0.0, 100.0, 10.0)
    criterion.observe(1.0, 50.0, 50.0 / 3.6)
    assert criterion.allowed_s == pytest.approx(436.0)


def run_min_speed(criterion, pieces):
    """pieces: (metres passed so far, ego speed, traffic speed) tick by tick."""
    for passed, ego, traffic in pieces:
        criterion.pass_to(passed)
        criterion.sample(ego, traffic)
    return criterion.values()


def test_a_checkpoint_compares_the_mean_speeds():
    """200 m, 20 checkpoints: 10 m each. Ego 4, 6, 8: mean 6; traffic 8, 8, 8: 75 %. Closed when 11 > 10 m passed."""
    values = run_min_speed(MinimumSpeed(200.0, 20), [(0.0, 4.0, 8.0), (5.0, 6.0, 8.0), (10.0, 8.0, 8.0),
                                                     (11.0, 9.0, 8.0)])
    assert values == [75.0]


def test_a_checkpoint_begins_where_the_last_was_closed():
    """Closed at 11 m, the next at more than 21 m: at 22 m closed with 5 + 5 against 4 + 4: 125 %."""
    criterion = MinimumSpeed(200.0, 20)
    assert run_min_speed(criterion, [(0.0, 5.0, 5.0), (11.0, 5.0, 4.0), (21.0, 5.0, 4.0)]) == [100.0]
    assert run_min_speed(criterion, [(22.0, 5.0, 4.0)]) == [100.0, 125.0]


def test_without_traffic_or_with_standing_traffic_it_is_100():
    """No samples, or a traffic mean of 0: 100 %."""
    assert run_min_speed(MinimumSpeed(200.0, 20), [(0.0, 3.0, None), (11.0, 3.0, None)]) == [100.0]
    assert run_min_speed(MinimumSpeed(200.0, 20), [(0.0, 3.0, 0.0), (11.0, 3.0, 0.0)]) == [100.0]


def test_ticks_without_traffic_do_not_count_for_the_ego_either():
    """Ego 2 with nobody there is left out: (6) / (8) = 75 %, not (2 + 6) / 2 / 8 = 50 %."""
    assert run_min_speed(MinimumSpeed(200.0, 20), [(0.0, 2.0, None), (1.0, 6.0, 8.0), (11.0, 1.0, 1.0)]) == [75.0]


def test_a_value_has_two_decimals():
    """1 / 3 = 33.333 % -> 33.33."""
    assert run_min_speed(MinimumSpeed(200.0, 20), [(0.0, 1.0, 3.0), (11.0, 1.0, 3.0)]) == [33.33]


def test_the_last_open_stretch_counts_beyond_95_per_cent():
    """100 m, 4 checkpoints of 25 m, closed at 26, 52, 78 m. At 95 m (95 %) three values; at 96 m four."""
    criterion = MinimumSpeed(100.0, 4)
    assert len(run_min_speed(criterion, [(float(s), 5.0, 5.0) for s in range(96)])) == 3
    assert run_min_speed(criterion, [(96.0, 5.0, 5.0)]) == [100.0] * 4
