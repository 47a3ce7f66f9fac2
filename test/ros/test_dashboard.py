"""The dashboard against messages and garbage, and as a process that serves its page."""

import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from automot_ros.bridges import carla_bridge
from automot_ros.data.vehicle_files import read_rig
from automot_ros.driving.order import DriveOrder
from automot_ros.evaluation.page_state import map_json, state_json
from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.msg import ActionDraft, PlannedTrajectory
from automot_ros.nodes import convert, convert_plan
from automot_ros.nodes.interfaces import CONTRACTS, contract
from automot_ros.nodes.markers import markers
from automot_ros.nodes.supervisor import free_domain_id, ros_environment
from automot_ros.nodes.watching import Watching
from automot_ros.scene.plan import DriveCommand, GuardMode, GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World
from automot_ros.vehicle.specification import VehicleSpec

CAR = VehicleSpec()


class Desk:
    """A Watching with its callbacks by topic, and what it complained about."""

    def __init__(self, **vehicle):
        self.bad = []
        self.watching = Watching(lambda topic, error: self.bad.append((topic, str(error))), **vehicle)
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
    desk.hear("~/input/world_info", carla_bridge.world_info_to_msg(world.task.map_name, world.task.xodr))
    desk.hear("~/input/route", convert.path_to_msg(world.route.points_map_N2, 0))
    desk.hear("~/input/odometry", convert.ego_to_msg(world.ego))
    desk.hear("~/input/objects", carla_bridge.objects_to_msg(world.moving_boxes(), world.stamp_ns))
    desk.hear("~/input/lights", carla_bridge.lights_to_msg(world.light_states))
    desk.watching.digest()
    return desk


def test_the_world_arrives_on_the_page_as_it_is(world):
    desk = of_world(world)
    assert desk.bad == []
    view = desk.watching.view
    streets = json.loads(map_json(view.outline, view.route_N2, CAR, 10.0))
    assert len(streets["lanes"]) == len(world.map.lanes)
    assert len(streets["route"]) == len(world.route.points_map_N2)
    state = json.loads(state_json(view, desk.watching.figures, CAR))
    pose = world.ego.pose_map_to_ego
    assert state["ego"]["pose"] == pytest.approx([pose.x_m, pose.y_m, pose.yaw_rad], abs=0.01)
    assert len(state["users"]) == len(view.road_users) > 5
    assert {light["state"] for light in state["lights"]} <= {"red", "yellow", "green"}
    assert state["drive"]["completion"] == pytest.approx(0.0, abs=2.0)


def test_markers_name_every_road_user_once(world):
    desk = of_world(world)
    made = [m for m in markers(desk.watching.view, CAR).markers if m.ns == "road_users"]
    assert len({m.id for m in made}) == len(made) == len(desk.watching.view.road_users)


def guard_word(stamp_ns):
    return convert_plan.guard_to_msg(GuardReport(stamp_ns, GuardMode.NOMINAL, GuardReason.NONE, "", *[0.1] * 4,
                                                 math.inf, 0))


def test_time_from_sensor_to_command_is_measured_by_the_stamp():
    desk = Desk()
    ego = convert.ego_to_msg(EgoState(50_000_000, Pose2(0.0, 0.0, 0.0), 1.0))
    desk.hear("~/input/odometry", ego, 10_000_000)
    desk.hear("~/input/guard_status", guard_word(49_000_000), 20_000_000)
    assert desk.watching.figures.input_to_command_s is None
    desk.hear("~/input/guard_status", guard_word(50_000_000), 45_000_000)
    assert desk.watching.figures.input_to_command_s == pytest.approx(0.035)


def test_the_guards_corridor_is_drawn_as_wide_as_the_car_and_ends_at_the_obstacle(world):
    desk = of_world(world)
    ahead = world.ego.pose_map_to_ego.apply(np.stack([np.arange(0.0, 40.0), np.zeros(40)], axis=1))
    desk.watching.view.trajectory = Trajectory(world.stamp_ns, np.arange(40.0), ahead, *[np.zeros(40)] * 4, ahead)
    left, right = json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))["corridor"]
    to_ego = world.ego.pose_map_to_ego.inverse_apply
    half, config = CAR.width_m / 2, GuardConfig()
    for edge, side in ((left, 1.0), (right, -1.0)):
        aside = side * to_ego(np.array(edge))[:, 1]
        assert aside[0] == pytest.approx(half + config.corridor_margin_m, abs=0.02)
        assert aside[-1] == pytest.approx(half + config.corridor_margin_far_m, abs=0.02)
    far = to_ego(np.array(left))[-1, 0]
    desk.watching.view.guard = GuardReport(0, GuardMode.BRAKING, GuardReason.OBSTACLE, "", *[0.0] * 4, 2.0, 1)
    desk.watching.view.ego = replace(world.ego, speed_mps=5.0)
    left, _ = json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))["corridor"]
    assert 10.0 <= to_ego(np.array(left))[-1, 0] <= 10.0 + CAR.length_m < far


@pytest.mark.parametrize("interface", [n for n in CONTRACTS if n != "autoware"])
def test_a_command_of_any_interface_is_shown_with_left_as_left(interface):
    desk, drive = Desk(drive_interface=interface), contract(interface).Drive()
    command = DriveCommand.of(1, 0.5, 0.0, 0.4)
    order = DriveOrder(command, 1.0, 6.0, 0.15, 0.05, 0.0, stop=False, engaged=True)
    desk.hear("~/input/command", drive.command(order, 1))
    desk.watching.digest()
    assert desk.bad == []
    shown = json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))["gauges"]
    (turn,) = [g for g in shown if g["both"]]
    assert turn["share"] > 0.1 and turn["text"].startswith("left ")
    assert any(g["share"] > 0.0 for g in shown if g["name"] in ("throttle", "speed"))


def test_a_car_without_a_map_shows_its_own_camera_and_what_its_lidar_hits():
    rig = read_rig("car_full_hd")
    desk = Desk(rig=rig)
    desk.hear("~/input/odometry", convert.ego_to_msg(EgoState(1, Pose2(100.0, 0.0, math.pi / 2), 1.0)))
    picture = Image(width=1920, height=1080, encoding="rgb8", step=3 * 1920)
    picture.header.frame_id = rig.cameras[0].frame
    picture.data = convert.byte_array(np.full((1080, 1920, 3), 90, np.uint8))
    desk.hear("~/input/image", picture)
    # Its LiDAR is turned by a quarter to the left: what it has ahead of itself is left of the car.
    hits = PointCloud(1, np.array([[5.0, 0.0, -1.0, 0.0]], np.float32))
    desk.hear("~/input/points", convert.points_to_msg(hits, rig.lidar.frame))
    desk.watching.digest()
    assert desk.bad == []
    assert desk.watching.view.image_HW3.shape == (256, 512, 3)
    state = json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))
    assert state["hits"] == [pytest.approx([95.0, 0.1], abs=0.02)]


def test_garbage_is_counted_and_the_rest_still_counts(world):
    desk = of_world(world)
    desk.hear_bytes("~/input/draft", b"\x00\x01\x00\x00garbage")
    desk.hear("~/input/trajectory", PlannedTrajectory())
    bad = convert.ego_to_msg(world.ego)
    bad.pose.pose.position.x = math.nan
    desk.hear("~/input/odometry", bad)
    desk.hear("~/input/image", Image(width=7, height=7, encoding="bgra8"))
    desk.hear("~/input/lights", carla_bridge.lights_to_msg({}))
    desk.watching.digest()
    assert {topic for topic, _ in desk.bad} >= {"~/input/trajectory", "~/input/odometry", "~/input/image"}
    assert desk.watching.view.lights == {}
    json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))


def test_empty_messages_on_every_topic_kill_nothing():
    desk = Desk()
    for kind, topic, _, callback in desk.watching.topics():
        callback(serialize_message(kind()), {"source_timestamp": 0})
        callback(b"", {"source_timestamp": 0})
        desk.watching.digest()
        callback(serialize_message(kind())[:20], {"source_timestamp": 0})
        desk.watching.digest()
        assert topic
    json.loads(state_json(desk.watching.view, desk.watching.figures, CAR))


def test_nothing_is_decoded_while_nobody_looks(world):
    desk = Desk()
    desk.hear("~/input/odometry", convert.ego_to_msg(world.ego))
    desk.hear("~/input/draft", ActionDraft())
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
