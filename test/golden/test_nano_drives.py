"""The shipped model drives: it sets off on a plain route, and the same drive twice is the same to the bit."""

from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MachineError
from automot_ros.evaluation.closed_loop import drive_task, evaluate
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.pool import Runner
from automot_ros.evaluation.routes import suite_jobs
from automot_ros.simulation.tasks import plain_task

SEED = 700_001


def drive(ticks: int) -> tuple[np.ndarray, float]:
    poses = []

    def watch(world, telemetry):
        pose = world.ego.pose_map_to_ego
        poses.append((pose.x_m, pose.y_m, pose.yaw_rad))

    try:
        result = drive_task(plain_task(SEED), DriverSettings(policy="nano"), watch, ticks)
    except MachineError as error:
        pytest.skip(f"no camera on this machine: {error}")
    return np.array(poses), result.route_completion


def test_nano_sets_off_and_drives_the_same_way_twice() -> None:
    first, completion = drive(160)
    second, _ = drive(160)
    assert np.array_equal(first, second)
    assert completion > 3.0, "after 8 s on a rural road it has not set off"


def test_an_evaluation_resumes_and_gives_the_same_figures(tmp_path: Path) -> None:
    settings, lines, jobs = DriverSettings(policy="blind", guard=False), [], suite_jobs("plain", range(1, 3))
    first = evaluate(jobs, settings, tmp_path / "a", Runner(), lines.append)
    again = evaluate(jobs, settings, tmp_path / "b", Runner(), lines.append)
    assert first == again
    (tmp_path / "a" / "routes" / "plain-2.json").unlink()
    lines.clear()
    assert evaluate(jobs, settings, tmp_path / "a", Runner(), lines.append) == first
    assert len(lines) == 2, "a note, and only the missing route is driven again"
