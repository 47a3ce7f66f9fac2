"""One fault of each kind on a driving car, in one stack: it is noticed, the car is safe, and drives again."""

import json

import pytest

pytest.importorskip("rclpy")

from automot_ros.nodes.faults.catalogue import QUICK, faults_named
from automot_ros.nodes.faults.session import FaultRequest, run_all

pytestmark = [pytest.mark.ros, pytest.mark.slow]
REASONS = {"lidar_lost": {"POINTS_STALE", "TRAJECTORY_STALE"}, "camera_frozen": {"TRAJECTORY_STALE"},
           "odometry_duplicated": {""}, "context_corrupted": {"CONTEXT_OLD"}, "plan_teleporting": {"TRAJECTORY_INSANE"},
           "controller_killed": {"SILENCE"}}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    said = []
    status = run_all(FaultRequest("quick", "steady", str(folder), "automot faults --only quick"), said.append)
    result = json.loads((folder / "result.json").read_text())
    assert result["passed"] == sum(row["passed"] for row in result["faults"])
    assert status == (0 if result["passed"] == len(QUICK) else 1), "\n".join(said)
    return {row["name"]: row for row in result["faults"]}


@pytest.mark.parametrize("name", QUICK)
def test_the_fault_keeps_all_limits(rows, name):
    assert rows[name]["failures"] == []
    assert rows[name]["reason"] in REASONS[name]
    assert rows[name]["speed_mps"] > 5.0


def test_a_stop_is_a_stop_of_the_car(rows):
    stops = [rows[f.name] for f in faults_named("quick") if f.expected.kind == "stop"]
    assert len(stops) >= 3
    for row in stops:
        assert 0.0 < row["commanded_s"] < row["standstill_s"]
        assert 2.0 < row["distance_m"] < 25.0


def test_who_was_killed_came_back(rows):
    assert rows["controller_killed"]["restart_wall_s"] > 0.0
