"""All nodes as processes in lockstep: they come up, drive as in one process to the bit, and leave nothing behind."""

import dataclasses
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header

from automot_ros.evaluation.closed_loop import drive_task
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.msg import ActionDraft, AttentionContext, PlannedTrajectory
from automot_ros.nodes import convert_plan, qos, stack
from automot_ros.nodes.convert import stamp_from_msg
from automot_ros.nodes.interfaces import contract
from automot_ros.simulation.tasks import plain_task

pytestmark = pytest.mark.ros
SEED, LAG_S = 1_000_000, 0.3
DRIVING_NODES = ("understanding", "action", "refiner", "controller", "simulator")


def shared_memory():
    return {p.name for pattern in ("automot_*", "fastdds_*", "sem.fastdds_*") for p in Path("/dev/shm").glob(pattern)}


@pytest.fixture(scope="module")
def untrained_nano(tmp_path_factory):
    """The shipped architecture with random weights: what it plans is nonsense, but it must be the same nonsense."""
    import torch

    from automot_ros.model.action import ActionExpert
    from automot_ros.model.refiner import ActionRefiner
    from automot_ros.model.understanding import Understanding
    from automot_ros.model.variants import variant
    from automot_ros.policy.checkpoint import save_part

    folder = tmp_path_factory.mktemp("untrained_nano")
    torch.manual_seed(0)
    parts = {"understanding": Understanding, "action": ActionExpert, "refiner": ActionRefiner}
    for part, network in parts.items():
        save_part(folder, part, network(variant("nano")))
    return str(folder)


WAYS = {
    ("understanding", "~/input/odometry"): Odometry, ("understanding", "~/input/image"): Image,
    ("action", "~/input/odometry"): Odometry, ("action", "~/input/points"): PointCloud2,
    ("action", "~/input/image"): Image, ("action", "~/input/attention_context"): AttentionContext,
    ("refiner", "~/input/draft"): ActionDraft, ("controller", "~/input/trajectory"): PlannedTrajectory,
    ("controller", "~/input/odometry"): Odometry, ("controller", "~/input/points"): PointCloud2,
    ("controller", "~/output/command"): contract("carla").COMMAND_MESSAGE,
    ("understanding", "~/output/taken"): Header, ("action", "~/output/taken"): Header,
}


class LossyNetwork:
    """Carries every message of the chain. On each way the first is lost, and of the others one in twenty.

    The controller's ways lose their second: were the controller silent at the first tick, all would get it again.
    """

    def __init__(self):
        self.lost, self.carried = Counter(), Counter()

    def detour(self, description):
        """The node with its part of the chain led through this network."""
        remaps = {source: f"/lossy/{description.name}{topic}" if (description.name, source) in WAYS else topic
                  for source, topic in description.remaps.items()}
        return dataclasses.replace(description, remaps=remaps)

    def open(self, node, nodes):
        """Begin to carry, between the topics of the plain `nodes` and those of the detour."""
        topics = {(d.name, source): topic for d in nodes for source, topic in d.remaps.items()}
        for (name, source), kind in WAYS.items():
            ends = [topics[name, source], f"/lossy/{name}{topics[name, source]}"]
            begin, end = ends if "/input/" in source else reversed(ends)
            out = node.create_publisher(kind, end, qos.OFFERED)
            node.create_subscription(kind, begin, self._carrier(f"{name} {source}", out), qos.SENSOR_LOCKSTEP, raw=True)

    def _carrier(self, way, out):
        chance = random.Random(way)
        surely = 1 if way.startswith("controller") else 0

        def carry(serialized):
            if self.carried[way] + self.lost[way] == surely or chance.random() < 0.05:
                self.lost[way] += 1
            else:
                self.carried[way] += 1
                out.publish(serialized)

        return carry


def drive_in_both(make_stack, policy, refiner, duration_s, network=None):
    """The same drive over ROS and in one process: (running stack, egos, ROS contexts, ROS diagnostics)."""
    settings = {"policy": policy, "refiner": refiner, "lockstep": True, "first_seed": SEED, "duration_s": duration_s,
                "understanding_lag_s": LAG_S}
    if network is None:
        running = make_stack(**settings)
    else:
        running = make_stack(network.detour, **settings)
        network.open(running.node, stack.drive_stack(running.settings))
    odometry = running.hear(Odometry, stack.ODOMETRY_TOPIC, qos.SENSOR_LOCKSTEP)
    plans = running.hear(PlannedTrajectory, stack.TRAJECTORY_TOPIC)
    contexts = running.hear(AttentionContext, stack.CONTEXT_TOPIC)
    diagnostics = running.hear(DiagnosticArray, "/diagnostics")
    running.up()
    result_file = running.folder / "routes" / f"plain-{SEED}.json"
    running.spin_until(result_file.exists, 240.0)
    running.down()

    egos, planned = [], {}

    def watch(world, telemetry):
        egos.append(world.ego)
        if telemetry.trajectory is not None:
            planned[telemetry.trajectory.stamp_ns] = telemetry.trajectory

    result = drive_task(plain_task(SEED), DriverSettings(policy=policy, refiner=refiner, guard=False,
                                                         understanding_lag_s=LAG_S), watch, round(duration_s * 20))
    outside = json.loads(result_file.read_text())
    timing = outside.pop("timing")
    assert timing["brake_held_ticks"] == 0, "the world went on without a command"
    assert outside == json.loads(json.dumps(result.as_json()))
    driven = {stamp_from_msg(m.header.stamp, "odometry"): m for m in odometry}
    both = [ego for ego in egos if ego.stamp_ns in driven]
    assert len(both) >= 0.9 * len(egos)
    for ego in both:
        p = driven[ego.stamp_ns].pose.pose.position
        assert (p.x, p.y) == (ego.pose_map_to_ego.x_m, ego.pose_map_to_ego.y_m), ego.stamp_ns
    heard = {m.stamp_ns: m for m in map(convert_plan.trajectory_from_msg, plans)}
    assert heard.keys() == planned.keys()
    for stamp_ns, plan in planned.items():  # headings cross the wire as quaternions: the last bit may differ
        np.testing.assert_allclose(heard[stamp_ns].xy_N2, plan.xy_N2, rtol=0, atol=1e-9, err_msg=str(stamp_ns))
        np.testing.assert_allclose(heard[stamp_ns].path_K2, plan.path_K2, rtol=0, atol=1e-9, err_msg=str(stamp_ns))
        assert heard[stamp_ns].context_age_s == plan.context_age_s
    return running, egos, contexts, diagnostics


def assert_nobody_was_killed(running):
    assert {name: p.poll() for name, p in running.supervisor.processes.items()} == dict.fromkeys(DRIVING_NODES, 0)


def test_all_nodes_drive_in_lockstep_as_one_process_does_and_leave_nothing_behind(make_stack):
    before = shared_memory()
    running, egos, _, diagnostics = drive_in_both(make_stack, "constant-speed", "none", 6.0)
    assert_nobody_was_killed(running)
    assert shared_memory() - before == set()
    assert max(ego.speed_mps for ego in egos) > 3.0
    assert {s.name for array in diagnostics for s in array.status} >= {f"automot/{n}" for n in DRIVING_NODES}
    assert running.monitor.route_completion > 3.0


def test_the_model_plans_the_same_over_ros_and_in_one_process(make_stack, untrained_nano):
    running, egos, contexts, diagnostics = drive_in_both(make_stack, untrained_nano, "diffusion", 2.0)
    assert_nobody_was_killed(running)
    assert len(egos) == 40
    assert [stamp_from_msg(m.header.stamp, "context") % 250_000_000 for m in contexts] == [0] * len(contexts)
    assert all(m.segment.startswith("automot_") and not m.payload for m in contexts)
    hashes = {v.value for a in diagnostics for s in a.status for v in s.values if v.key == "model_hash"}
    assert hashes == {contexts[0].model_hash}


def test_whatever_message_is_lost_is_sent_again_and_the_drive_stays_the_same(make_stack, untrained_nano):
    network = LossyNetwork()
    running, _, _, _ = drive_in_both(make_stack, untrained_nano, "diffusion", 2.0, network)
    assert set(network.lost) == {f"{name} {source}" for name, source in WAYS}, "every way has lost something"
    timing = json.loads((running.folder / "routes" / f"plain-{SEED}.json").read_text())["timing"]
    assert timing["repeated_ticks"] >= 3
