"""Comfort against signals worked out by hand: Savitzky-Golay of order 2 leaves straight lines as they are."""

import numpy as np
import pytest

from automot_ros.evaluation.metrics.comfort import (
    FRAME_S,
    accelerations,
    chunk_passes,
    comfort_as_published,
    comfort_corrected,
    jerk,
)

FLAT = np.zeros(20)
RAMP = np.arange(20.0)


def passes(lon=FLAT, lat=FLAT, yaw_rate=FLAT, corrected=False):
    parts = [np.asarray(x, dtype=float)[None] for x in (lon, lat, yaw_rate)]
    return bool(chunk_passes(*parts, true_yaw_acceleration=corrected)[0])


@pytest.mark.parametrize(("value", "good"), [(2.39, True), (2.41, False), (-4.04, True), (-4.06, False)])
def test_acceleration_along_stays_between_its_bounds(value, good):
    """A constant acceleration has no jerk: only (-4.05, 2.40) decides."""
    assert passes(lon=FLAT + value) is good


@pytest.mark.parametrize(("value", "good"), [(4.88, True), (-4.88, True), (4.9, False), (-4.9, False)])
def test_acceleration_across_stays_below_its_bound(value, good):
    """Constant, both sides: 4.89."""
    assert passes(lat=FLAT + value) is good


@pytest.mark.parametrize(("step", "good"), [(0.41, True), (0.42, False)])
def test_jerk_along_is_the_slope_over_a_tenth_of_a_second(step, good):
    """0.41 a frame / 0.1 s = 4.1 < 4.13; 0.42: 4.2 > 4.13. From -3.9 to 1.84 or 1.98: within bounds."""
    assert passes(lon=-3.9 + step * np.arange(15.0), lat=FLAT[:15], yaw_rate=FLAT[:15]) is good


@pytest.mark.parametrize(("step", "good"), [(0.83, True), (0.85, False)])
def test_jerk_is_the_slope_of_the_magnitude_of_acceleration(step, good):
    """Six frames, across from 0 to 4.15: 0.83 a frame / 0.1 s = 8.3 < 8.37. 0.85: 8.5, though 4.25 is below 4.89."""
    assert passes(lon=FLAT[:6], lat=step * np.arange(6.0), yaw_rate=FLAT[:6]) is good


def test_the_direction_of_acceleration_may_swing_freely():
    """Quirk: from -4 to 4 across in one frame is a jerk of 80 m/s3, but |a| stays 4 and has no slope: it passes."""
    assert passes(lat=np.where(RAMP < 10, -4.0, 4.0))


@pytest.mark.parametrize(("rate", "good"), [(0.94, True), (0.96, False), (-0.96, False)])
def test_the_yaw_rate_stays_below_its_bound(rate, good):
    """0.95, whatever the unit."""
    assert passes(yaw_rate=FLAT + rate) is good
    assert passes(yaw_rate=FLAT + rate, corrected=True) is good


@pytest.mark.parametrize(("step", "good"), [(0.18, True), (0.2, False)])
def test_the_true_yaw_acceleration_is_the_slope_of_the_yaw_rate(step, good):
    """Nine frames of 0.2 up from -0.8 to 0.8: 0.2 / 0.1 = 2.0 > 1.93; 0.18: 1.8. Published, both pass: 0.8 < 0.95."""
    rate = step * np.clip(RAMP - 10.0, -4.0, 4.0)
    assert passes(yaw_rate=rate, corrected=True) is good
    assert passes(yaw_rate=rate)


def test_a_jump_of_a_whole_turn_in_the_yaw_rate_is_unwrapped_away():
    """Quirk: 0 then 6.5: 6.5 / 6.283 rounds to 1 turn, 6.5 - 6.283 = 0.217 < 0.95 passes; 6.5 throughout fails."""
    assert passes(yaw_rate=np.where(RAMP < 10, 0.0, 6.5))
    assert not passes(yaw_rate=FLAT + 6.5)


def test_acceleration_along_is_the_change_of_speed():
    """0.1 m/s a frame of 0.05 s: 2 m/s2; the first frame has none."""
    lon, lat = accelerations(0.1 * RAMP, FLAT, 0.05)
    assert lon[0] == 0.0 and lon[1:] == pytest.approx(2.0)
    assert lat == pytest.approx(0.0)


def test_acceleration_across_on_a_circle_is_speed_times_yaw_rate():
    """10 m/s at 0.2 rad/s: 2 m/s2 to the left, and 10 * (1 - cos(0.01)) / 0.05 = 0.01 along."""
    lon, lat = accelerations(FLAT + 10.0, 0.01 * RAMP, 0.05)
    assert lat[1:] == pytest.approx(2.0, abs=1e-3)
    assert lon[1:] == pytest.approx(0.01, abs=1e-3)


def test_a_gentle_turn_fails_as_published_and_passes_corrected():
    """5 m/s at 0.1 rad/s: 0.5 m/s2 across. 0.1 rad/s = 5.73 degrees/s > 0.95 fails; 0.1 < 0.95 passes."""
    n = 80
    motion = np.full(n, 5.0), 0.005 * np.arange(n), np.full(n, 0.1)
    assert comfort_as_published(*motion) == 0.0
    assert comfort_corrected(*motion) == 1.0


def test_jerk_is_halved_as_published():
    """Acceleration growing 6 m/s3 (0.3 a frame of 0.05 s): published 0.3 / 0.1 = 3 < 4.13 passes, truly 6 fails.

    Eight frames from 0 to 2.1 m/s2, then on at 2.1: speeds are the sums of a * 0.05.
    """
    n = 40
    lon = np.minimum(0.3 * np.arange(n), 2.1)
    motion = np.cumsum(0.05 * lon), np.zeros(n), np.zeros(n)
    assert comfort_as_published(*motion) == 1.0
    assert comfort_corrected(*motion) == 0.0


def test_chunks_are_twenty_frames_and_the_tail_is_dropped():
    """65 frames: 3 chunks; a stop from 8 m/s at 18 m/s2 in the third fails it: 2 / 3. In the tail it is not seen: 1."""
    for begin, share in ((42, 2.0 / 3.0), (62, 1.0)):
        speed = np.maximum(0.0, 8.0 - 0.9 * np.maximum(0.0, np.arange(65.0) - begin))
        assert comfort_as_published(speed, np.zeros(65), np.zeros(65)) == pytest.approx(share)


def test_corrected_chunks_are_two_seconds():
    """65 frames at 20 Hz are 33 at 10 Hz: one chunk and a tail of 13; a hard stop at frame 10 fails it."""
    speed = np.maximum(0.0, 8.0 - 0.9 * np.maximum(0.0, np.arange(65.0) - 10))
    assert comfort_corrected(speed, np.zeros(65), np.zeros(65)) == 0.0
    assert comfort_corrected(np.full(65, 8.0), np.zeros(65), np.zeros(65)) == 1.0


def test_twenty_frames_or_fewer_are_one_chunk_and_two_are_none():
    """12 frames: window 7, one chunk: 1 or 0. 4 frames: window 4. 2 frames: no curve of order 2 fits: None."""
    calm, stop = np.full(12, 8.0), np.maximum(0.0, 8.0 - 0.9 * np.arange(12))
    assert comfort_as_published(calm, np.zeros(12), np.zeros(12)) == 1.0
    assert comfort_as_published(stop, np.zeros(12), np.zeros(12)) == 0.0
    assert comfort_as_published(calm[:4], np.zeros(4), np.zeros(4)) == 1.0
    assert comfort_as_published(calm[:2], np.zeros(2), np.zeros(2)) is None


def test_jerk_is_its_root_mean_square_whichever_way_it_points():
    """Acceleration rises at 1.5 m/s3 for two seconds and falls as fast for two; smoothing rounds the corner."""
    acceleration = 1.5 * (2.0 - np.abs(FRAME_S * np.arange(81) - 2.0))
    speed = np.cumsum(acceleration) * FRAME_S
    assert jerk(speed, np.zeros(81)) == pytest.approx(1.5, rel=0.1)
    assert jerk(np.full(81, 8.0), np.full(81, 0.3)) == pytest.approx(0.0, abs=1e-9)
    assert jerk(speed[:4], np.zeros(4)) is None
