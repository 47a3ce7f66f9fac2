"""ROS messages: good ones of every topic that the stack reads, and changes of their fields."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from automot_ros import msg
from automot_ros.bridges import carla_bridge
from automot_ros.context.codec import checksum, encode, layout_of
from automot_ros.context.layout import ContextRecord
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import convert, convert_plan, stack
from automot_ros.nodes.camera_input import CameraInput
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.context import AttentionContext
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft, DriveCommand, GuardMode, GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import CameraFrame, CameraModel, EgoState, PointCloud
from automot_ros.simulation.maps.generate import generated_xodr
from fuzzing.mutate import any_number, any_text, any_whole, damaged
from fuzzing.subject import Case, Subject

STAMP_NS = 5_000_000_000
MAP = generated_xodr("rural", 3)
_BOUNDS = {"int8": (-128, 127), "uint8": (0, 255), "byte": (0, 255), "octet": (0, 255), "char": (0, 255),
           "int16": (-2**15, 2**15 - 1), "uint16": (0, 2**16 - 1), "int32": (-2**31, 2**31 - 1),
           "uint32": (0, 2**32 - 1), "int64": (-2**63, 2**63 - 1), "uint64": (0, 2**64 - 1)}
_ARRAY = re.compile(r"(?:sequence<(?P<of>[^,>]+)(?:, \d+)?>|(?P<fixed>.+)\[\d+\])$")


def good_messages(model_hash: str, stamp_ns: int = STAMP_NS) -> dict[str, Any]:
    """One message of each topic, by its name in the stack; they belong together and to one instant."""
    ego = EgoState(stamp_ns, Pose2(3.0, 0.0, 0.0), 5.0)
    model = CameraModel()
    picture = np.full((model.height_px, model.width_px, 3), 90, np.uint8)
    cloud = np.column_stack([np.linspace(4.0, 30.0, 64), np.linspace(-8.0, 8.0, 64), np.full((64, 2), -1.0)])
    line = np.stack([np.arange(0.0, 60.0), np.zeros(60)], axis=1)
    times = 0.1 * np.arange(31)
    plan = Trajectory(stamp_ns, times, np.stack([3.0 + 5.0 * times, 0.0 * times], 1), 0.0 * times,
                      np.full(31, 5.0), 0.0 * times, 0.0 * times, line[3:40])
    ahead = np.arange(1.0, 21.0)
    draft = Draft(ego, np.stack([2.5 * np.arange(1.0, 7.0), np.zeros(6)], 1).astype(np.float32),
                  np.stack([ahead, 0.0 * ahead], 1).astype(np.float32), np.full(3, 5.0, np.float32),
                  Decision(np.full((3, 4), 0.25, np.float32), np.full((3, 5), 0.2, np.float32)),
                  np.zeros((8, 16), np.float32), np.zeros((64, 16), np.float32), 1, 1, 0.2)
    box = Boxes(np.array([7]), np.array([int(BodyKind.CAR)]), np.zeros((1, 2)), np.zeros(1), np.zeros(1),
                np.ones((1, 3)), np.zeros(1), np.zeros((1, 3), np.uint8), np.zeros(1, np.bool_))
    diagnosis = DiagnosticArray(status=[DiagnosticStatus(
        level=b"\0", name="automot/simulator", message="driving", values=[KeyValue(key="tick", value="1")])])
    return {
        stack.ODOMETRY_TOPIC: convert.ego_to_msg(ego),
        stack.IMAGE_TOPIC: convert.camera_to_msg(CameraFrame(stamp_ns, model.name, picture)),
        stack.POINTS_TOPIC: convert.points_to_msg(PointCloud(stamp_ns, cloud.astype(np.float32))),
        stack.ROUTE_TOPIC: convert.path_to_msg(line, stamp_ns),
        stack.CONTEXT_TOPIC: convert_plan.context_to_msg(_context(model_hash, ego)),
        stack.DRAFT_TOPIC: convert_plan.draft_to_msg(draft, 0.01),
        stack.TRAJECTORY_TOPIC: convert_plan.trajectory_to_msg(plan, draft, 0.01, 0.0),
        stack.GUARD_TOPIC: convert_plan.guard_to_msg(GuardReport(
            stamp_ns, GuardMode.NOMINAL, GuardReason.NONE, "", 0.0, 0.0, 0.0, 0.2, 9.0, 0)),
        stack.COMMAND_TOPIC: carla_bridge.control_to_msg(DriveCommand.of(stamp_ns, 0.3, 0.0, 0.1)),
        stack.REPORT_TOPIC: msg.SceneReport(header=convert.header(stamp_ns, "map"), text="free road", compute_s=0.1),
        stack.OBJECTS_TOPIC: carla_bridge.objects_to_msg(box, stamp_ns),
        stack.LIGHTS_TOPIC: carla_bridge.lights_to_msg({}),
        stack.WORLD_INFO_TOPIC: carla_bridge.world_info_to_msg("rural", MAP),
        stack.TAKEN_TOPIC: Header(stamp=convert.stamp_to_msg(stamp_ns), frame_id="controller"),
        "/diagnostics": diagnosis,
    }


def _context(model_hash: str, ego: EgoState) -> ContextRecord:
    keys = np.zeros((4, 2, 8, 32), np.float32)  # as the action expert of nano wants them
    context = AttentionContext(ego.stamp_ns, 1, 1, model_hash, keys, keys, 8, ego.pose_map_to_ego)
    payload, layout = encode(context), layout_of(context)
    return ContextRecord(context.stamp_ns, context.epoch, context.sequence, model_hash, layout, 8,
                         ego.pose_map_to_ego, checksum(payload, layout), 0.1, None, payload)


def changed_message(rng: random.Random, message: Any) -> Any:
    """The message, changed in place, in one to three fields at any depth."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places: list[tuple[Any, str, str]] = []
        _collect(message, places, rng)
        holder, name, kind = rng.choice(places)
        setattr(holder, name, _other(rng, getattr(holder, name), kind))
    return message


def _collect(message: Any, places: list[tuple[Any, str, str]], rng: random.Random) -> None:
    for name, kind in message.get_fields_and_field_types().items():
        value = getattr(message, name)
        if hasattr(value, "get_fields_and_field_types"):
            _collect(value, places, rng)
            continue
        places.append((message, name, kind))
        if isinstance(value, list) and value and hasattr(value[0], "get_fields_and_field_types"):
            _collect(rng.choice(value), places, rng)


def _other(rng: random.Random, old: Any, kind: str) -> Any:
    """Another value that the type of a field allows."""
    listed = _ARRAY.match(kind)
    if listed is None:
        return _other_value(rng, old, kind)
    if listed["fixed"]:
        values = list(old)
        values[rng.randrange(len(values))] = _other_value(rng, values[0], listed["fixed"])
        return values
    values = old[:]
    change = rng.randrange(5)
    if change == 0 or not len(values):
        return values[:0]
    if change == 1:
        return values[: rng.randrange(len(values))]
    if change == 2 and len(values) < 10_000:
        return values + values[: rng.randint(1, len(values))]
    if change == 3 and len(values) < 10_000:
        return values * rng.choice((2, 3, 50))
    if hasattr(values[0], "get_fields_and_field_types"):
        return values[::-1]
    for _ in range(rng.choice((1, 1, 5))):
        values[rng.randrange(len(values))] = _other_value(rng, values[0], listed["of"])
    return values


def _other_value(rng: random.Random, old: Any, kind: str) -> Any:
    if kind == "boolean":
        return not old
    if kind in ("float", "double"):
        number = any_number(rng)
        return number if kind == "double" or abs(number) < 3e38 or number != number else 3e38
    if kind.startswith("string"):
        return any_text(rng).replace("\0", "")
    if isinstance(old, bytes):
        return bytes([rng.randrange(256)])
    return any_whole(rng, *_BOUNDS[kind])


class Messages(Subject):
    """Everything that makes a value of ours from a message."""

    READERS: Mapping[str, Callable[[Any], Any]] = {
        stack.ODOMETRY_TOPIC: convert.ego_from_msg, stack.IMAGE_TOPIC: CameraInput(CameraModel()).frame,
        stack.POINTS_TOPIC: convert.points_from_msg, stack.ROUTE_TOPIC: convert.route_from_msg,
        stack.CONTEXT_TOPIC: convert_plan.context_from_msg, stack.DRAFT_TOPIC: convert_plan.draft_from_msg,
        stack.TRAJECTORY_TOPIC: convert_plan.trajectory_from_msg, stack.GUARD_TOPIC: convert_plan.guard_from_msg,
        stack.COMMAND_TOPIC: carla_bridge.control_from_msg}

    def good(self) -> Case:
        """All as they are sent."""
        made = good_messages("ours")
        return {topic.strip("/"): serialize_message(made[topic]) for topic in self.READERS}

    def draw(self, rng: random.Random) -> Case:
        """One of them, changed."""
        topic = rng.choice(list(self.READERS))
        return {topic.strip("/"): serialize_message(changed_message(rng, good_messages("ours")[topic]))}

    def take(self, case: Case) -> None:
        """Read what is there."""
        for name, data in case.items():
            topic = f"/{name}"
            self.READERS[topic](deserialize_message(data, KINDS[topic]))


class CompressedImages(Subject):
    """JPEG and PNG of the size that is wanted, through the camera of a node: damaged files, or other fields."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._camera = CameraInput(CameraModel())
        rng = np.random.default_rng(0)
        picture = cv2.resize(rng.integers(0, 256, (16, 32, 3), np.uint8), (512, 256))
        self._files = [cv2.imencode(kind, picture)[1].tobytes() for kind in (".jpg", ".png")]

    def good(self) -> Case:
        """A JPEG."""
        return {"image": serialize_message(self._message(self._files[0]))}

    def draw(self, rng: random.Random) -> Case:
        """Other bytes; a quarter of the messages are changed elsewhere."""
        message = self._message(rng.choice(self._files))
        if rng.random() < 0.25:
            return {"image": serialize_message(changed_message(rng, message))}
        data = bytes(message.data)
        head = 700 if rng.random() < 0.5 else len(data)  # tables and sizes stand at the beginning
        message.data = damaged(rng, data[:head]) + data[head:]
        return {"image": serialize_message(message)}

    def take(self, case: Case) -> None:
        """Decode it."""
        self._camera.frame(deserialize_message(case["image"], CompressedImage))

    @staticmethod
    def _message(data: bytes) -> CompressedImage:
        return CompressedImage(header=convert.header(STAMP_NS, "hero/front"), format="jpeg", data=data)


KINDS: Mapping[str, type] = {topic: type(message) for topic, message in good_messages("").items()}
