"""Figures and verdict of a fault from hand-made ticks."""

import dataclasses

import pytest

from automot_ros.nodes.faults.measure import Expectation, Tick, figures
from automot_ros.nodes.faults.table import as_markdown, as_text

STOP = Expectation("stop")
DT = 0.05


def ticks(first, count, **values):
    """Ticks number first .. first + count - 1 at 6 m/s, driving; `values` replace or compute fields."""
    made = []
    for n in range(first, first + count):
        tick = Tick(n * DT, 6.0 * n * DT, 0.0, 6.0, 0, "NONE", "", 0.4, 0.0, 0.0, False)
        made.append(dataclasses.replace(tick, **{k: v(n) if callable(v) else v for k, v in values.items()}))
    return made


def braking(first, count, **values):
    return ticks(first, count, **{"mode": 2, "reason": "POINTS_STALE", "throttle": 0.0, "brake": 0.4} | values)


BEFORE, AFTER = ticks(0, 21), ticks(81, 10)


def test_a_good_stop_passes_with_its_times():
    still = braking(50, 30, mode=3, x_m=15.0, speed_mps=0.0)
    found = figures(STOP, BEFORE, ticks(21, 6) + braking(27, 23) + still, ticks(80, 2, mode=2) + ticks(82, 8))
    assert found.failures == []
    assert found.as_json()["passed"] is True
    assert found.reason == "POINTS_STALE"
    assert found.detected_s == found.commanded_s == pytest.approx(0.35)
    assert found.standstill_s == pytest.approx(1.5)
    assert found.distance_m == pytest.approx(9.0)
    assert found.hold == 1.0
    assert found.resume_s == pytest.approx(3 * DT)


@pytest.mark.parametrize(("during", "after", "complaint"), [
    (ticks(21, 60), AFTER, "never commanded"),
    (ticks(21, 11) + braking(32, 49), AFTER, "commanded after 0.60 s"),
    (braking(21, 40) + ticks(61, 20), AFTER, "held in 67 %"),
    (braking(21, 60), braking(81, 10), "never resumed"),
    (braking(21, 60), braking(81, 13) + ticks(94, 5), "resumed after 0.70 s"),
    (braking(21, 60, command_age_s=0.3), AFTER, "a command of 0.30 s"),
])
def test_each_limit_is_a_limit(during, after, complaint):
    failures = figures(STOP, BEFORE, during, after).failures
    assert len(failures) == 1
    assert complaint in failures[0]


def test_a_stop_before_the_fault_is_a_false_one():
    assert "false stops" in figures(STOP, braking(0, 3) + ticks(3, 18), braking(21, 60), AFTER).failures[0]


def test_a_limit_counts_where_a_limit_is_wanted_and_speed_must_obey_it():
    limited = {"mode": 1, "reason": "CONTEXT_OLD"}
    wanted = Expectation("limit", 1.0, 6.0)
    during = ticks(21, 20) + ticks(41, 40, **limited)
    assert figures(wanted, BEFORE, during, AFTER).failures == []
    assert figures(STOP, BEFORE, during, AFTER).failures == ["never commanded"]
    fast = ticks(21, 20) + ticks(41, 40, **limited, speed_mps=7.0)
    assert "held in 0 %" in figures(wanted, BEFORE, fast, AFTER).failures[0]


def test_silence_of_the_guard_is_a_reason_of_its_own():
    silent = ticks(21, 60, held=lambda n: n > 26, throttle=lambda n: 0.0 if n > 26 else 0.4,
                   brake=lambda n: 0.5 if n > 26 else 0.0)
    found = figures(STOP, BEFORE, silent, AFTER)
    assert (found.reason, found.failures) == ("SILENCE", [])


def test_what_is_harmless_must_not_stop_the_car():
    harmless = Expectation("harmless")
    assert figures(harmless, BEFORE, ticks(21, 60), AFTER).failures == []
    assert figures(harmless, BEFORE, ticks(21, 60, mode=1, reason="COMMAND_ENVELOPE"), AFTER).reason == ""
    assert "stopped for nothing in 5 ticks" in figures(harmless, BEFORE, braking(21, 5), AFTER).failures
    assert figures(Expectation("unhurried"), BEFORE, braking(21, 5), AFTER).failures == []


def test_the_table_shows_what_failed_and_why():
    row = {"name": "lidar_lost", "group": "lidar", "what": "no message", "expected": "stop", "shows_s": 0.0}
    good = row | figures(STOP, BEFORE, braking(21, 60), AFTER).as_json()
    bad = row | {"name": "lidar_frozen", "group": "lidar"} | figures(STOP, BEFORE, ticks(21, 60), AFTER).as_json()
    text = as_text([good, bad])
    assert "lidar_frozen: never commanded" in text
    assert text.endswith("1 of 2 faults within all limits")
    page = as_markdown([good, bad])
    assert page.count("### lidar") == 1
    assert "| lidar_lost | no message | stop | points_stale | 0.05 | 0.05 | - | - | 100 | 0.05 | yes |" in page
    assert "| lidar_frozen | no message | stop | - | - | - | - | - | - | - | NO |" in page
