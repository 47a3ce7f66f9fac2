"""How often the guard intervened is counted by ticks and reasons; waiting and the plan's own stop are not its doing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.guard_watch import GuardWatch, intervention_summary
from automot_ros.evaluation.routes import RouteJob, run_route
from automot_ros.scene.plan import GuardReason


def watched(*reasons: GuardReason) -> dict:
    watch = GuardWatch()
    for reason in reasons:
        watch(None, SimpleNamespace(guard=SimpleNamespace(reason=reason)))
    return watch.as_json()


def test_ticks_are_counted_by_reason_and_waiting_is_none() -> None:
    seen = watched(GuardReason.NO_INPUT_YET, GuardReason.NONE, GuardReason.OBSTACLE, GuardReason.OBSTACLE,
                   GuardReason.PLAN_STOP, GuardReason.COMMAND_ENVELOPE)
    assert seen == {"ticks": 6, "by_reason": {"COMMAND_ENVELOPE": 1, "OBSTACLE": 2}}


def test_the_share_is_of_all_ticks_of_all_routes_and_absent_without_a_guard() -> None:
    one, other = watched(*[GuardReason.NONE] * 6), watched(GuardReason.OBSTACLE, GuardReason.NONE)
    summary = intervention_summary([one, None, other])
    assert summary == {"ticks": 8, "share": pytest.approx(1 / 8), "by_reason": {"OBSTACLE": pytest.approx(1 / 8)}}
    assert intervention_summary([None]) is None


def test_a_route_under_the_guard_tells_its_interventions_and_one_without_has_none() -> None:
    record = run_route(RouteJob("a", "plain", 1), DriverSettings("stand-still"))
    assert record["guard"]["ticks"] == pytest.approx(record["duration_s"] / 0.05, abs=1.5)
    assert run_route(RouteJob("a", "plain", 1), DriverSettings("stand-still", guard=False))["guard"] is None
