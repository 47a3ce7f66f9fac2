"""The contract of the CARLA ROS bridge, as its source has it: what the embedded world publishes, what our nodes read.

github.com/carla-simulator/ros-bridge: names, types, latching and frames of its publishers; QoS: depth 10, reliable.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from automot_ros.bridges import carla_bridge
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import convert, qos
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import CameraFrame, CameraModel, EgoState, PointCloud

ROLE = "/carla/hero"
# topic: type, latched
BRIDGE = {
    "/clock": ("Clock", False), "/tf": ("TFMessage", False),
    f"{ROLE}/odometry": ("Odometry", False), f"{ROLE}/rgb_front/image": ("Image", False),
    f"{ROLE}/rgb_front/camera_info": ("CameraInfo", False), f"{ROLE}/lidar": ("PointCloud2", False),
    f"{ROLE}/speedometer": ("Float32", False), f"{ROLE}/vehicle_status": ("CarlaEgoVehicleStatus", False),
    f"{ROLE}/objects": ("ObjectArray", False), f"{ROLE}/waypoints": ("Path", True),
    "/carla/traffic_lights/status": ("CarlaTrafficLightStatusList", False), "/carla/status": ("CarlaStatus", False),
    "/carla/world_info": ("CarlaWorldInfo", True)}
TAKES = {f"{ROLE}/vehicle_control_cmd": "CarlaEgoVehicleControl"}
SCOPE = {"qos": qos, "lockstep": True}


@pytest.fixture(scope="module")
def uses():
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("generate", root / "docs" / "generate.py")
    generate = sys.modules["generate"] = importlib.util.module_from_spec(spec)  # its dataclasses look there
    spec.loader.exec_module(generate)
    return generate.uses()


def test_the_embedded_world_offers_what_the_bridge_offers(uses):
    offered = {u.topic: u for u in uses if u.node == "simulator" and u.direction == "publishes"}
    for topic, (kind, latched) in BRIDGE.items():
        assert offered[topic].kind == kind, topic
        profile = eval(offered[topic].quality, SCOPE)
        assert profile.reliability == ReliabilityPolicy.RELIABLE, topic
        assert (profile.durability == DurabilityPolicy.TRANSIENT_LOCAL) == latched, topic


def test_every_topic_of_the_bridge_that_our_nodes_read_can_be_read_from_the_bridge(uses):
    read = [u for u in uses if u.direction == "reads" and u.topic in BRIDGE and u.node != "simulator"]
    assert {u.topic for u in read} >= {f"{ROLE}/{n}" for n in ("odometry", "lidar", "waypoints", "rgb_front/image")}
    for use in read:
        kind, latched = BRIDGE[use.topic]
        if use.kind == "CompressedImage":
            continue  # on another topic, with image_transport: compressed
        assert use.kind == kind, (use.node, use.topic)
        for lockstep in (True, False):
            wanted = eval(use.quality, {**SCOPE, "lockstep": lockstep, "monitor": sys.modules.get(
                "automot_ros.nodes.monitor")})
            assert latched or wanted.durability == DurabilityPolicy.VOLATILE, (use.node, use.topic)


def test_what_drives_the_car_is_sent_where_the_bridge_takes_it(uses):
    sent = {u.topic: u.kind for u in uses if u.node == "controller" and u.direction == "publishes"}
    assert {topic: sent[topic] for topic in TAKES} == TAKES


def test_frames_and_signs_are_those_of_the_bridge():
    odometry = convert.ego_to_msg(EgoState(50_000_000, Pose2(1.0, 2.0, 0.3), 5.0, 0.2))
    assert (odometry.header.frame_id, odometry.child_frame_id) == ("map", "hero")
    assert odometry.twist.twist.angular.z == 0.2, "to the left is positive"
    picture = convert.camera_to_msg(CameraFrame(1, "rgb_front", np.zeros((256, 512, 3), np.uint8)))
    assert (picture.header.frame_id, picture.encoding) == ("hero/rgb_front", "bgra8")
    info = convert.camera_info(CameraModel(), 1)
    assert info.k[0] == pytest.approx(info.width / 2.0), "90 degrees: focal length is half the width"
    points = convert.points_to_msg(PointCloud(1, np.zeros((3, 4), np.float32)))
    assert [(f.name, f.offset, f.datatype) for f in points.fields] == [
        ("x", 0, 7), ("y", 4, 7), ("z", 8, 7), ("intensity", 12, 7)]
    left = carla_bridge.control_to_msg(DriveCommand.of(50_000_000, 0.1, 0.0, 0.5))
    assert left.steer == -0.5, "CARLA steers positive to the right"
    assert convert.stamp_from_msg(left.header.stamp, "command") == 50_000_000, "the stamp of the sensors"
