"""The dashboard against messages and garbage, and as a process that serves its page."""

import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

rclpy = pytest.importorskip("rclpy")

from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from automot_ros.bridges import carla_bridge
from automot_ros.geometry.se2 import Pose2
from automot_ros.msg import ActionDraft, PlannedTrajectory
from automot_ros.nodes import convert, stack
from automot_ros.nodes.page_state import map_json, markers, state_json
from automot_ros.nodes.supervisor import free_domain_id, ros_environment
from automot_ros.nodes.watching import Watching
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import EgoState
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World


class Desk:
    """A Watching with its callbacks by topic, and what it complained about."""

    def __init__(self):
        self.bad = []
        self.watching = Watching(lambda topic, error: self.bad.append((topic, str(error))))
        self._take = {topic: callback for _, topic, _, callback in self.watching.topics()}

    def hear(self, topic, message, sent_ns=0):
        self.hear_bytes(topic, serialize_message(message), sent_ns)

    def hear_bytes(self, topic, cdr, sent_ns=0):
        self._take[topic](cdr, {"source_timestamp": sent_ns})


@pytest.fixture(scope="module")
def world():
    return World(plain_task(3))


def of_world(world):
    desk = Desk()
    desk.hear(stack.WORLD_INFO_TOPIC, carla_bridge.world_info_to_msg(world.task.map_name, world.task.xodr))
    desk.hear(stack.ROUTE_TOPIC, convert.path_to_msg(world.route.points_map_N2, 0))
    desk.hear(stack.ODOMETRY_TOPIC, convert.ego_to_msg(world.ego))
    desk.hear(stack.OBJECTS_TOPIC, carla_bridge.objects_to_msg(world.moving_boxes(), world.stamp_ns))
    desk.hear(stack.LIGHTS_TOPIC, carla_bridge.lights_to_msg(world.light_states))
    desk.watching.digest()
    return desk


def test_the_world_arrives_on_the_page_as_it_is(world):
    desk = of_world(world)
    assert desk.bad == []
    view = desk.watching.view
    streets = json.loads(map_json(view.outline, view.route_N2))
    assert len(streets["lanes"]) == len(world.map.lanes)
    assert len(streets["route"]) == len(world.route.points_map_N2)
    state = json.loads(state_json(view, desk.watching.figures))
    pose = world.ego.pose_map_to_ego
    assert state["ego"]["pose"] == pytest.approx([pose.x_m, pose.y_m, pose.yaw_rad], abs=0.01)
    assert len(state["users"]) == len(view.road_users) > 5
    assert {light["state"] for light in state["lights"]} <= {"red", "yellow", "green"}
    assert state["drive"]["completion"] == pytest.approx(0.0, abs=2.0)


def test_markers_name_every_road_user_once(world):
    desk = of_world(world)
    made = [m for m in markers(desk.watching.view).markers if m.ns == "road_users"]
    assert len({m.id for m in made}) == len(made) == len(desk.watching.view.road_users)


def test_time_from_sensor_to_command_is_measured_by_the_stamp():
    desk = Desk()
    desk.hear(stack.ODOMETRY_TOPIC, convert.ego_to_msg(EgoState(50_000_000, Pose2(0.0, 0.0, 0.0), 1.0)), 10_000_000)
    desk.hear(stack.COMMAND_TOPIC, carla_bridge.control_to_msg(DriveCommand.of(49_000_000, 0.1, 0.0, 0.0)), 20_000_000)
    assert desk.watching.figures.input_to_command_s is None
    desk.hear(stack.COMMAND_TOPIC, carla_bridge.control_to_msg(DriveCommand.of(50_000_000, 0.1, 0.0, 0.0)), 45_000_000)
    assert desk.watching.figures.input_to_command_s == pytest.approx(0.035)


def test_garbage_is_counted_and_the_rest_still_counts(world):
    desk = of_world(world)
    desk.hear_bytes(stack.DRAFT_TOPIC, b"\x00\x01\x00\x00garbage")
    desk.hear(stack.TRAJECTORY_TOPIC, PlannedTrajectory())
    bad = convert.ego_to_msg(world.ego)
    bad.pose.pose.position.x = math.nan
    desk.hear(stack.ODOMETRY_TOPIC, bad)
    desk.hear(stack.IMAGE_TOPIC, Image(width=7, height=7, encoding="bgra8"))
    desk.hear(stack.LIGHTS_TOPIC, carla_bridge.lights_to_msg({}))
    desk.watching.digest()
    assert {topic for topic, _ in desk.bad} >= {stack.TRAJECTORY_TOPIC, stack.ODOMETRY_TOPIC, stack.IMAGE_TOPIC}
    assert desk.watching.view.lights == {}
    json.loads(state_json(desk.watching.view, desk.watching.figures))


def test_empty_messages_on_every_topic_kill_nothing():
    desk = Desk()
    for kind, topic, _, callback in desk.watching.topics():
        callback(serialize_message(kind()), {"source_timestamp": 0})
        callback(b"", {"source_timestamp": 0})
        desk.watching.digest()
        callback(serialize_message(kind())[:20], {"source_timestamp": 0})
        desk.watching.digest()
        assert topic
    json.loads(state_json(desk.watching.view, desk.watching.figures))


def test_nothing_is_decoded_while_nobody_looks(world):
    desk = Desk()
    desk.hear(stack.ODOMETRY_TOPIC, convert.ego_to_msg(world.ego))
    desk.hear(stack.DRAFT_TOPIC, ActionDraft())
    assert desk.watching.view.ego is None
    assert isinstance(convert.ego_to_msg(world.ego), Odometry)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_process_serves_its_page_and_leaves_when_asked():
    port = free_port()
    code = ("from automot_ros.nodes.dashboard import DashboardNode\nfrom automot_ros.nodes.lifecycle import run_node\n"
            "def make():\n    node = DashboardNode()\n    node.trigger_configure()\n    node.trigger_activate()\n"
            "    return node\nraise SystemExit(run_node(make))")
    environment = {**os.environ, **ros_environment(), "ROS_DOMAIN_ID": str(free_domain_id())}
    process = subprocess.Popen([sys.executable, "-c", code, "--ros-args", "-p", f"port:={port}"], env=environment)
    try:
        deadline = time.monotonic() + 60.0
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5.0) as answer:
                    assert b"<canvas" in answer.read()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=20.0) as events:
            names = {events.readline() for _ in range(12)}
        assert b"event: state\n" in names
    finally:
        process.terminate()
        assert process.wait(20.0) == 0
