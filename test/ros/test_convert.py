"""Messages to the vocabulary and back: a round trip changes nothing, garbage is a MessageError and nothing else."""

import dataclasses
import math
import random

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Quaternion
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image, PointCloud2, PointField

from automot_ros import msg
from automot_ros.base.errors import ContextError, MessageError
from automot_ros.context.layout import ContextLayout, ContextRecord, SlotHandle
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import convert, convert_plan
from automot_ros.nodes.interfaces import contract
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft, DriveCommand, GuardMode, GuardReason, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import CameraFrame, CameraModel, EgoState, PointCloud

carla = contract("carla")
EGO = EgoState(1_050_000_000, Pose2(12.25, -3.5, 2.5), 7.25, -0.125)


def over_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


def make_draft():
    rng = np.random.default_rng(0)

    def f32(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return Draft(EGO, f32(6, 2), f32(20, 2), f32(3), Decision(f32(3, 4), f32(3, 5)), f32(8, 16), f32(64, 16), 9, 4, 0.5)


def make_trajectory():
    times = np.arange(5) * 0.1
    values = np.linspace(0.0, 1.0, 5)
    return Trajectory(EGO.stamp_ns, times, np.stack([values, 2 * values], 1), values, values + 1, -values, values / 9,
                      np.stack([values, values], 1), PlanStatus.DRAFT_ONLY, "because", 0.75)


def make_record(**change):
    layout = ContextLayout(2, 1, 4, 4, 3)
    record = ContextRecord(5, 6, 7, "hash", layout, 3, Pose2(1.0, 2.0, 3.0), 8, 0.25,
                           SlotHandle("automot_0000000000000006", 1, 2, layout.size_bytes))
    return dataclasses.replace(record, **change)


def assert_same(a, b):
    for field in dataclasses.fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y, err_msg=field.name)
        elif dataclasses.is_dataclass(x):
            assert_same(x, y)
        else:
            assert x == y, field.name


@pytest.mark.parametrize("yaw", [0.0, 3.1, -3.1, 1e-9])
def test_odometry_comes_back(yaw):
    ego = dataclasses.replace(EGO, pose_map_to_ego=Pose2(1.5, -2.5, yaw))
    back = convert.ego_from_msg(over_the_wire(convert.ego_to_msg(ego)))
    assert back.pose_map_to_ego.yaw_rad == pytest.approx(yaw, abs=1e-15)
    assert_same(dataclasses.replace(back, pose_map_to_ego=ego.pose_map_to_ego), ego)


def test_an_image_comes_back_to_the_bit():
    model = CameraModel()
    image = np.random.default_rng(0).integers(0, 256, (model.height_px, model.width_px, 3), dtype=np.uint8)
    back = convert.camera_from_msg(over_the_wire(convert.camera_to_msg(CameraFrame(7, model.name, image))), model)
    assert np.array_equal(back.image_HW3, image)
    assert not back.image_HW3.flags.writeable


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8"])
def test_every_common_encoding_gives_rgb_also_with_padded_rows(encoding):
    model = dataclasses.replace(CameraModel(), width_px=3, height_px=2)
    channels = {"m": 1, "r": 3, "b": 3}[encoding[0]] + encoding.count("a8")
    rows = np.zeros((2, 16), np.uint8)
    pixel = {"rgb8": [10, 20, 30], "bgr8": [30, 20, 10], "rgba8": [10, 20, 30, 0], "bgra8": [30, 20, 10, 0],
             "mono8": [77]}[encoding]
    rows[:, : 3 * channels] = np.tile(pixel, 3)
    message = Image(width=3, height=2, step=16, encoding=encoding, data=convert.byte_array(rows))
    wanted = [77, 77, 77] if encoding == "mono8" else [10, 20, 30]
    assert np.all(convert.camera_from_msg(message, model).image_HW3 == wanted)


def test_points_come_back_and_bad_ones_are_left_out():
    good = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    bad = np.array([[np.nan, 0, 0, 0], [1e9, 0, 0, 0], [0, 0, np.inf, 0]], np.float32)
    back = convert.points_from_msg(over_the_wire(convert.points_to_msg(PointCloud(7, np.concatenate([good, bad])))))
    assert np.array_equal(back.points_N4, good)


def test_an_empty_sweep_is_a_sweep():
    back = convert.points_from_msg(over_the_wire(convert.points_to_msg(PointCloud(7, np.zeros((0, 4), np.float32)))))
    assert back.points_N4.shape == (0, 4)


def test_points_of_another_layout_are_read_by_their_fields():
    raw = np.zeros(2, [("pad", "<u4"), ("y", "<f4"), ("x", "<f4"), ("z", "<f4"), ("ring", "<u2")])
    raw["x"], raw["y"], raw["z"] = [1, 2], [3, 4], [5, 6]
    fields = [PointField(name=n, offset=raw.dtype.fields[n][1], datatype=PointField.FLOAT32, count=1) for n in "xyz"]
    message = PointCloud2(height=1, width=2, fields=fields, point_step=18, row_step=36, data=convert.byte_array(
        np.frombuffer(raw.tobytes(), np.uint8)))
    assert convert.points_from_msg(message).points_N4.tolist() == [[1, 3, 5, 0], [2, 4, 6, 0]]


def test_a_route_comes_back():
    points = np.stack([np.linspace(0, 50, 51), np.zeros(51)], 1)
    back = convert.route_from_msg(over_the_wire(convert.path_to_msg(points, 9)))
    assert back.stamp_ns == 9
    assert np.array_equal(back.points_map_N2, points)


def test_a_draft_comes_back_to_the_bit():
    draft = make_draft()
    assert_same(convert_plan.draft_from_msg(over_the_wire(convert_plan.draft_to_msg(draft, 0.02))), draft)


def test_a_trajectory_comes_back_to_the_bit():
    plan = make_trajectory()
    message = over_the_wire(convert_plan.trajectory_to_msg(plan, make_draft(), 0.01, 0.02))
    assert_same(convert_plan.trajectory_from_msg(message), plan)
    assert (message.context_epoch, message.context_sequence) == (9, 4)


@pytest.mark.parametrize("in_band", [False, True])
def test_a_context_handle_comes_back(in_band):
    record = make_record()
    if in_band:
        record = make_record(handle=None, payload=bytes(range(record.layout.size_bytes)))
    assert_same(convert_plan.context_from_msg(over_the_wire(convert_plan.context_to_msg(record))), record)


def test_a_guard_report_comes_back_with_its_infinite_ages():
    report = GuardReport(7, GuardMode.BRAKING, GuardReason.OBSTACLE, "why", 0.1, 0.2, math.inf, 0.4, math.inf, 12)
    assert_same(convert_plan.guard_from_msg(over_the_wire(convert_plan.guard_to_msg(report))), report)


@pytest.mark.parametrize("steer", [-1.0, -0.25, 0.0, 0.5])
def test_a_command_comes_back_and_carla_steers_positive_to_the_right(steer):
    command = DriveCommand.of(1_050_000_000, 0.3, 0.2, steer)
    message = over_the_wire(carla.control_to_msg(command))
    assert message.steer == -steer
    assert_same(carla.control_from_msg(message), command)


def test_the_parts_of_a_report_are_found_in_its_text():
    text = ("light red 25 ahead car 12 hazard walker left - priority theirs turn slight_left "
            "do slow slow stop stop because walker")
    nothing = np.zeros((1, 1, 1, 1), np.float32)
    message = convert_plan.report_to_msg(AttentionContext(1, 2, 3, "", nothing, nothing, 1, Pose2(0, 0, 0), text))
    assert [(h.name, h.distance_m) for h in message.hazards[:2]] == [("car", 12.0), ("light_red", 25.0)]
    assert message.hazards[2].name == "walker" and np.isnan(message.hazards[2].distance_m)
    assert (list(message.decision), message.reason, message.text) == (["slight_left", "slow"], "walker", text)


@pytest.mark.parametrize("text", ["", "because", "light green 6 ahead free - because", "x" * 5000])
def test_any_text_makes_a_report(text):
    nothing = np.zeros((1, 1, 1, 1), np.float32)
    message = convert_plan.report_to_msg(AttentionContext(1, 2, 3, "", nothing, nothing, 1, Pose2(0, 0, 0), text))
    assert (message.text, len(message.hazards), message.reason) == (text, 0, "")


def test_a_wrong_frame_says_what_was_wanted():
    message = convert.ego_to_msg(EGO)
    message.header.frame_id = "odom"
    with pytest.raises(MessageError, match=r"wrong frame in odometry.header.frame_id: got 'odom', wanted map"):
        convert.ego_from_msg(message)


def test_a_quaternion_that_is_no_rotation_is_refused():
    with pytest.raises(MessageError, match="not a rotation"):
        convert.yaw_of(Quaternion(x=0.0, y=0.0, z=0.0, w=0.0), "here")


GOOD = {
    "odometry": (convert.ego_to_msg(EGO), convert.ego_from_msg),
    "image": (convert.camera_to_msg(CameraFrame(7, "c", np.zeros((2, 3, 3), np.uint8))),
              lambda m: convert.camera_from_msg(m, dataclasses.replace(CameraModel(), width_px=3, height_px=2))),
    "points": (convert.points_to_msg(PointCloud(7, np.ones((5, 4), np.float32))), convert.points_from_msg),
    "route": (convert.path_to_msg(np.stack([np.arange(5.0), np.zeros(5)], 1), 9), convert.route_from_msg),
    "draft": (convert_plan.draft_to_msg(make_draft(), 0.1), convert_plan.draft_from_msg),
    "trajectory": (convert_plan.trajectory_to_msg(make_trajectory(), make_draft(), 0.1, 0.1),
                   convert_plan.trajectory_from_msg),
    "context": (convert_plan.context_to_msg(make_record()), convert_plan.context_from_msg),
    "guard": (convert_plan.guard_to_msg(GuardReport(7, GuardMode.NOMINAL, GuardReason.NONE, "", 0, 0, 0, 0, 0, 0)),
              convert_plan.guard_from_msg),
    "command": (carla.control_to_msg(DriveCommand.of(5, 0.1, 0.2, 0.3)), carla.control_from_msg),
}


@pytest.mark.parametrize("name", GOOD)
def test_altered_bytes_are_refused_with_a_reason_or_are_still_a_message(name):
    message, read = GOOD[name]
    wire = serialize_message(message)
    rng = random.Random(name)
    refused = 0
    for _ in range(400):
        noise = bytearray(wire)
        for _ in range(rng.randrange(1, 6)):
            noise[rng.randrange(4, len(noise))] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        try:
            altered = deserialize_message(bytes(noise), type(message))
        except Exception:  # noqa: BLE001  # not ours: rclpy refuses what does not decode
            continue
        try:
            read(altered)
        except (MessageError, ContextError):
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("field", ["waypoints", "route", "speeds", "longitudinal", "lateral", "decision_latents",
                                   "bev_tokens"])
@pytest.mark.parametrize("bad", [
    msg.FloatTensor(dims=[2**32 - 1] * 3), msg.FloatTensor(), msg.FloatTensor(dims=[6, 2], data=[float("nan")] * 12),
    msg.FloatTensor(dims=[64, 2**31], data=[1.0]), msg.FloatTensor(dims=[0, 0])])
def test_a_tensor_of_another_shape_is_refused_by_name(field, bad):
    message = convert_plan.draft_to_msg(make_draft(), 0.1)
    setattr(message, field, bad)
    with pytest.raises(MessageError, match=field):
        convert_plan.draft_from_msg(message)
