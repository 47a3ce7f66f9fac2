"""What faults make of messages: pure, and the messages that came stay as they were."""

import array
import copy

import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Point
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from automot_ros import msg
from automot_ros.base.errors import AutomotError, ConfigError
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import convert, convert_plan
from automot_ros.nodes.faults import messages as m
from automot_ros.nodes.faults.catalogue import FAULTS, QUICK, faults_named
from automot_ros.scene.sensing import CameraModel, EgoState, PointCloud

SECOND_NS = 1_000_000_000
TICK_NS = 50_000_000


def odometries(count):
    return [convert.ego_to_msg(EgoState(SECOND_NS + n * TICK_NS, Pose2(float(n), 0.0, 0.0), 6.0)) for n in range(count)]


def stamps(effect, count):
    """Ticks of what is sent, message by message."""
    heard, out = [], []
    for message in odometries(count):
        heard.append(message)
        out.append([(m.stamp_ns(sent) - SECOND_NS) // TICK_NS for sent in effect(heard)])
    return out


def test_order_and_time_of_what_is_sent():
    assert stamps(m.lost, 3) == [[], [], []]
    assert stamps(m.frozen, 3) == [[0], [1], [2]]
    assert stamps(m.reordered, 4) == [[], [1, 0], [], [3, 2]]
    assert stamps(m.duplicated, 2) == [[0, 0, 0], [1, 1, 1]]
    assert stamps(m.wrong_stamps, 2) == [[100], [101]]
    late = stamps(m.delayed, 25)
    assert late[:20] == [[]] * 20
    assert late[20:] == [[0], [1], [2], [3], [4]]


def test_frozen_content_has_fresh_stamps():
    heard = odometries(3)
    (sent,) = m.frozen(heard)
    assert sent.pose.pose.position.x == 0.0
    assert m.stamp_ns(sent) == m.stamp_ns(heard[2])
    assert m.stamp_ns(heard[0]) == SECOND_NS


def image():
    made = Image(width=512, height=256, encoding="bgra8", step=2048)
    made.header.frame_id = "hero/rgb_front"
    made.data = array.array("B", bytes(512 * 256 * 4))
    return made


def plan():
    points = [msg.PlanPoint(time_s=0.1 * n, pose=msg.PlanarPose(x_m=float(n), y_m=0.0, yaw_rad=0.0), speed_mps=6.0)
              for n in range(10)]
    made = msg.PlannedTrajectory(points=points, path=[Point(x=float(n)) for n in range(10)])
    made.header.frame_id = "map"
    return made


def context():
    return msg.AttentionContext(epoch=7, sequence=1, model_hash="ours", layers=1, kv_heads=1, key_dim=1, value_dim=1,
                                tokens=1, dtype="float32", segment="automot_0000000000000007", slot=1, generation=5,
                                size=8)


def points():
    import numpy as np
    return convert.points_to_msg(PointCloud(SECOND_NS, np.ones((8, 4), np.float32)))


def route():
    import numpy as np
    return convert.path_to_msg(np.stack([np.arange(20.0), np.zeros(20)], axis=1), SECOND_NS)


REFUSED = [
    (m.image_of_wrong_size, image, lambda x: convert.camera_from_msg(x, CameraModel())),
    (m.image_of_noise, image, lambda x: convert.camera_from_msg(x, CameraModel())),
    (m.points_of_wrong_size, points, convert.points_from_msg), (m.points_not_finite, points, convert.points_from_msg),
    (m.odometry_of_wrong_size, lambda: odometries(1)[0], convert.ego_from_msg),
    (m.odometry_not_finite, lambda: odometries(1)[0], convert.ego_from_msg),
    (m.wrong_frame, lambda: odometries(1)[0], convert.ego_from_msg),
    (m.route_of_wrong_size, route, convert.route_from_msg), (m.route_not_finite, route, convert.route_from_msg),
    (m.context_oversize, context, convert_plan.context_from_msg),
    (m.plan_not_finite, plan, convert_plan.trajectory_from_msg),
    (m.plan_empty, plan, convert_plan.trajectory_from_msg), (m.plan_backwards, plan, convert_plan.trajectory_from_msg),
]


@pytest.mark.parametrize(("effect", "make", "read"), REFUSED, ids=lambda x: getattr(x, "__name__", ""))
def test_what_is_wrong_in_itself_is_refused_and_the_original_stays(effect, make, read):
    good = make()
    before = copy.deepcopy(good)
    read(good)
    (bad,) = effect([good])
    serialize_message(bad)
    with pytest.raises(AutomotError):
        read(bad)
    assert good == before


def test_contexts_are_wrong_in_the_way_they_say():
    good = context()
    assert m.context_of_another_model([good])[0].model_hash != "ours"
    old = m.context_of_old_epoch([good])[0]
    assert (old.epoch, old.segment) == (6, "automot_0000000000000006")
    assert m.context_torn([good])[0].generation == 6
    assert m.context_corrupted([good])[0].checksum != good.checksum


def test_impossible_plans_are_well_formed_and_only_the_guard_can_tell():
    fast = convert_plan.trajectory_from_msg(m.plan_impossible([plan()])[0])
    assert fast.speed_mps_N.max() == 48.0
    assert fast.xy_N2[0].tolist() == [0.0, 0.0]
    aside = convert_plan.trajectory_from_msg(m.plan_elsewhere([plan()])[0])
    assert aside.xy_N2[0].tolist() == [0.0, 30.0]
    assert aside.path_K2[0].tolist() == [0.0, 30.0]


def test_clocks_jump_both_ways():
    now = m.restamped(Clock(), 20 * SECOND_NS)
    assert m.stamp_ns(m.clock_ahead([now])[0]) == 30 * SECOND_NS
    assert m.stamp_ns(m.clock_back([now])[0]) == 10 * SECOND_NS
    assert m.stamp_ns(m.clock_back([m.restamped(Clock(), SECOND_NS)])[0]) == 0


def test_the_catalogue_is_whole():
    names = [f.name for f in FAULTS]
    assert len(set(names)) == len(names) >= 24
    assert {f.node for f in FAULTS if f.process == "killed"} >= {"understanding", "action", "refiner", "controller",
                                                                 "simulator"}
    for sensor in ("camera", "lidar", "odometry", "route"):
        kinds = {n.removeprefix(f"{sensor}_") for n in names if n.startswith(f"{sensor}_")}
        assert kinds >= {"lost", "frozen", "delayed", "reordered", "duplicated", "wrong_stamps", "wrong_frame",
                         "wrong_size", "not_finite"}
    assert [f.name for f in faults_named("quick")] == [n for n in names if n in QUICK]
    assert faults_named("lidar_lost,all")[0].name == "lidar_lost"
    assert len(faults_named("lidar_lost,all")) == len(FAULTS)
    with pytest.raises(ConfigError, match="no such fault"):
        faults_named("nothing")
