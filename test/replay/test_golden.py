"""The golden bag says today what it said when it was recorded, whatever its topics are called and wherever it is cut.

When a change is meant to change it: `.venv/bin/python test/replay/refresh.py`, in a commit of its own.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image

from automot_ros.base.errors import ConfigError
from automot_ros.data.bags import BagReader, BagWriter
from automot_ros.msg import PlannedTrajectory
from automot_ros.nodes import convert, qos, stack
from automot_ros.nodes.replay import Replay, table_of
from automot_ros.nodes.replay_input import ReplayMap, read_map

GOLDEN = Path(__file__).resolve().parent / "golden"
TOPICS = {"/carla/hero/waypoints": "/plan/route", "/carla/hero/odometry": "/localization/pose",
          "/carla/hero/lidar": "/sensors/top/points", stack.COMPRESSED_TOPIC: "/sensors/cam_f/image"}
Change = Callable[[str, str, bytes], tuple[str, str, bytes]]


def replayed(bag: Path, nodes: list[str], mapping: ReplayMap | None = None) -> Replay:
    replay = Replay(bag, nodes, mapping or ReplayMap())
    replay.run(lambda *_: None)
    replay.forgive_the_end()
    return replay


def copied(to: Path, change: Change) -> Path:
    """The golden bag with every message through `change` (topic, type, bytes)."""
    with BagReader(GOLDEN) as bag, BagWriter(to) as out:
        kinds = bag.topics
        for message in bag.raw():
            topic, kind, cdr = change(message.topic, kinds[message.topic], message.cdr)
            out.add_topic(topic, kind)
            out.write(topic, message.stamp_ns, cdr)
    return to


def test_every_node_says_what_it_said() -> None:
    replay = replayed(GOLDEN, ["understanding", "action", "refiner", "controller"])
    assert all(c.good for c in replay.comparisons.values()), "\n".join(table_of(replay))
    assert {role: c.compared for role, c in replay.comparisons.items()} == {
        "attention_context": 3, "scene_report": 3, "draft": 39, "decision": 39, "trajectory": 39, "command": 41,
        "guard_status": 41}
    assert replay.input.note == ""


def test_a_run_with_other_names_and_raw_pictures_replays_through_a_mapping_file(tmp_path: Path) -> None:
    def foreign(topic: str, kind: str, cdr: bytes) -> tuple[str, str, bytes]:
        if topic == stack.COMPRESSED_TOPIC:
            packed = deserialize_message(cdr, CompressedImage)
            bgr = cv2.imdecode(np.frombuffer(packed.data, np.uint8), cv2.IMREAD_COLOR)
            raw = Image(header=packed.header, height=256, width=512, encoding="bgra8", step=4 * 512)
            raw.header.frame_id = "cam_f_optical"
            raw.data = convert.byte_array(cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA))
            kind, cdr = "sensor_msgs/msg/Image", bytes(serialize_message(raw))
        if topic == stack.ODOMETRY_TOPIC:
            from nav_msgs.msg import Odometry

            odometry = deserialize_message(cdr, Odometry)
            odometry.header.frame_id = "world"
            cdr = bytes(serialize_message(odometry))
        return TOPICS.get(topic, topic), kind, cdr

    bag = copied(tmp_path / "bag", foreign)
    with pytest.raises(ConfigError, match="inputs are not in the bag"):
        replayed(bag, ["action"])
    (tmp_path / "map.yaml").write_text("""
topics: {route: /plan/route, odometry: /localization/pose, points: /sensors/top/points, image: /sensors/cam_f/image}
frames: {world: map, cam_f_optical: hero/rgb_front}
""")
    replay = replayed(bag, ["action", "controller"], read_map(tmp_path / "map.yaml"))
    assert all(c.good for c in replay.comparisons.values()), "\n".join(table_of(replay))
    assert (replay.comparisons["draft"].compared, replay.comparisons["command"].compared) == (39, 41)


@pytest.mark.parametrize(("shift_m", "noticed"), [(5e-5, False), (2e-4, True)])
def test_a_plan_that_moves_is_noticed(tmp_path: Path, shift_m: float, noticed: bool) -> None:
    def moved(topic: str, kind: str, cdr: bytes) -> tuple[str, str, bytes]:
        if topic == stack.TRAJECTORY_TOPIC:
            plan = deserialize_message(cdr, PlannedTrajectory)
            plan.points[3].pose.x_m += shift_m
            cdr = bytes(serialize_message(plan))
        return topic, kind, cdr

    comparison = replayed(copied(tmp_path / "bag", moved), ["refiner"]).comparisons["trajectory"]
    assert (len(comparison.bad) == 39) == noticed
    assert comparison.worst["points[].pose.x_m"] == pytest.approx(shift_m, rel=1e-3)


def test_what_is_not_said_any_more_is_missing(tmp_path: Path) -> None:
    bag = copied(tmp_path / "bag", lambda topic, kind, cdr: (
        ("/elsewhere" if topic == stack.DRAFT_TOPIC else topic), kind, cdr))
    assert len(replayed(bag, ["refiner"]).comparisons["trajectory"].missing) == 39


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 0.9999])
def test_a_bag_that_was_cut_off_replays_up_to_the_cut(tmp_path: Path, share: float) -> None:
    shutil.copytree(GOLDEN, tmp_path / "bag")
    file = next((tmp_path / "bag").glob("*.mcap"))
    data = file.read_bytes()
    file.write_bytes(data[: int(share * len(data))])
    replay = replayed(tmp_path / "bag", ["refiner", "controller"])
    assert "is cut off after" in replay.input.note
    comparison = replay.comparisons.get("trajectory")
    if share > 0.2:
        assert comparison is not None
        assert comparison.compared >= int(30 * share)
        assert comparison.good, "\n".join(table_of(replay))


@pytest.mark.parametrize(("text", "wrong"), [
    ("topics: {camera: /x}", "unknown role"), ("[1, 2]", "not a mapping file"), ("topics: {image: 3}", "not names"),
    ("wheels: {}", "not a mapping file"), ("{", "no readable YAML"), ("rig: 3", "not text")])
def test_a_bad_mapping_file_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(ConfigError, match=wrong):
        read_map(tmp_path / "map.yaml")


def test_a_mapped_topic_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="mapped topics are not in the bag"):
        Replay(GOLDEN, ["refiner"], ReplayMap(topics={"image": "/nowhere"}))


def test_the_overrides_for_ros2_bag_play_name_our_topics_and_what_is_offered() -> None:
    overrides: dict[str, dict[str, Any]] = yaml.safe_load(
        (GOLDEN.parents[2] / "config" / "play_qos.yaml").read_text())
    known = {value for name, value in vars(stack).items() if name.endswith("_TOPIC")} | {"/tf_static"}
    assert set(overrides) <= known
    offered = {stack.ROUTE_TOPIC: qos.LATCHED, stack.STACK_TOPIC: qos.LATCHED, "/tf_static": qos.LATCHED,
               stack.WORLD_INFO_TOPIC: qos.LATCHED, stack.CONTEXT_TOPIC: qos.CONTEXT, stack.DRAFT_TOPIC: qos.PLAN,
               stack.TRAJECTORY_TOPIC: qos.PLAN}
    for topic, said in overrides.items():
        profile = offered.get(topic, qos.OFFERED)
        assert (said["depth"], said["reliability"], said["durability"]) == (
            profile.depth, profile.reliability.short_key, profile.durability.short_key), topic
