"""All nodes as processes in lockstep: they come up, drive as in one process to the bit, and leave nothing behind."""

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry

from automot_ros.evaluation.closed_loop import drive_task
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.msg import PlannedTrajectory
from automot_ros.nodes import qos, stack
from automot_ros.nodes.convert import stamp_from_msg
from automot_ros.simulation.tasks import plain_task

pytestmark = pytest.mark.ros
SEED, DURATION_S, LAG_S = 1_000_000, 6.0, 0.3


def own_shared_memory():
    return {p.name for pattern in ("automot_*", "fastdds_*", "sem.fastdds_*") for p in Path("/dev/shm").glob(pattern)}


def test_all_nodes_drive_in_lockstep_as_one_process_does_and_leave_nothing_behind(make_stack):
    before = own_shared_memory()
    running = make_stack(lockstep=True, first_seed=SEED, duration_s=DURATION_S, understanding_lag_s=LAG_S)
    odometry = running.hear(Odometry, stack.ODOMETRY_TOPIC, qos.SENSOR_LOCKSTEP)
    plans = running.hear(PlannedTrajectory, stack.TRAJECTORY_TOPIC, 1000)
    diagnostics = running.hear(DiagnosticArray, "/diagnostics", 1000)
    running.up()
    result_file = running.folder / "routes" / f"{SEED}.json"
    running.spin_until(result_file.exists, 60.0)
    processes = list(running.supervisor.processes.values())
    assert running.down(), "a process had to be killed"
    assert all(p.poll() == 0 for p in processes)
    assert own_shared_memory() - before == set()

    expected = []
    inside = drive_task(plain_task(SEED), DriverSettings(policy="blind", refiner="none", guard=False,
                                                         understanding_lag_s=LAG_S),
                        lambda world, _: expected.append(world.ego), round(DURATION_S * 20))
    driven = {stamp_from_msg(m.header.stamp, "odometry"): m for m in odometry}
    compared = [ego for ego in expected if ego.stamp_ns in driven]
    assert len(compared) >= 0.9 * len(expected)
    for ego in compared:
        there = driven[ego.stamp_ns]
        assert (there.pose.pose.position.x, there.pose.pose.position.y) == (ego.pose_map_to_ego.x_m,
                                                                            ego.pose_map_to_ego.y_m)
        assert there.twist.twist.linear.x == ego.speed_mps
    outside = json.loads(result_file.read_text())
    timing = outside.pop("timing")
    assert outside == json.loads(json.dumps(inside.as_json()))
    assert timing["brake_held_ticks"] == 0
    assert outside["route_completion"] > 5.0

    names = {status.name for array in diagnostics for status in array.status}
    assert names >= {f"automot/{n}" for n in ("understanding", "action", "refiner", "controller", "simulator")}
    sensor_stamps = {ego.stamp_ns for ego in expected} | {10**9}
    assert {stamp_from_msg(p.header.stamp, "plan") for p in plans} <= sensor_stamps
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
