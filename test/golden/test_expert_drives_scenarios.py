"""The expert passes the six scenes of the project page, on seeds of development; who sees nothing does not."""

import pytest

from automot_ros.evaluation.closed_loop import drive_task
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.simulation.scenarios import SIX
from automot_ros.simulation.suites import task_of


def test_the_expert_completes_a_plain_route_without_an_infraction() -> None:
    result = drive_task(task_of("plain", 1), DriverSettings(policy="expert"))
    assert (result.status, result.driving_score) == ("Perfect", 100.0)


@pytest.mark.parametrize("kind", SIX)
def test_the_expert_passes(kind: str) -> None:
    result = drive_task(task_of(kind, 20), DriverSettings(policy="expert"))
    assert (result.status, result.infractions) == ("Perfect", dict.fromkeys(result.infractions, 0))
    assert result.scenarios[0]["kind"] == kind
    assert result.scenarios[0]["state"] in ("running", "done"), "it was triggered"


@pytest.mark.parametrize("kind", ["ConstructionObstacle", "HazardAtSideLane"])
def test_a_blind_driver_does_not(kind: str) -> None:
    result = drive_task(task_of(kind, 20), DriverSettings(policy="blind", guard=False))
    assert not result.success
    assert result.driving_score < 60.0
