"""Drives in bags: everything comes back as it was; other people's images are read too; what is broken is named."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.data import episode
from automot_ros.data.bags import BagMessage, BagReader, BagWriter
from automot_ros.data.definitions import typestore
from automot_ros.data.episode import EpisodeWriter, Label, Moment, Topics, read_moments
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.route import Route
from automot_ros.scene.sensing import CameraFrame, EgoState, PointCloud

STAMP_NS = 3_450_000_000
TOPICS = Topics()
IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def moments() -> list[Moment]:
    """One of each kind; points lie on the grid of 1/256 m that the bag keeps."""
    rng = np.random.default_rng(1)
    points = np.round(rng.normal(0.0, 20.0, (50, 4)) * 256.0).astype(np.float32) / np.float32(256.0)
    bodies = rng.normal(0.0, 20.0, (3, 7)).astype(np.float32)
    bodies[:, 0] = (0, 3, 15)
    return [
        Route(STAMP_NS, rng.normal(0.0, 100.0, (40, 2))),
        EgoState(STAMP_NS, Pose2(12.25, -7.5, -3.0), 6.1, -0.2),
        CameraFrame(STAMP_NS, "rgb_front", IMAGE),
        PointCloud(STAMP_NS, points),
        Label(STAMP_NS, rng.normal(size=(6, 2)).astype(np.float32), rng.normal(size=(20, 2)).astype(np.float32),
              np.array([1.5, 0.25, 0.0], np.float32), np.array([2, 3, 3]), np.array([0, 2, 4]), 1, "red_light", 12.5,
              "light red 12", "slow, straight: red light", bodies),
    ]


def written(path: Path, some: list[Moment], topics: Topics | None = None) -> Path:
    with EpisodeWriter(path, topics) as bag:
        for moment in some:
            bag.write(moment)
    return path


@pytest.mark.parametrize("topics", [Topics(), Topics("/front/compressed", "/top", "/odom", "/plan", "/said")])
def test_every_kind_of_moment_comes_back_as_it_was(tmp_path: Path, topics: Topics) -> None:
    wanted = moments()
    path = written(tmp_path / "bag", wanted, topics)
    got = sorted(read_moments(path, topics), key=lambda m: [type(w) for w in wanted].index(type(m)))
    assert [type(m) for m in got] == [type(m) for m in wanted]
    for ours, theirs in zip(got, wanted, strict=True):
        for field in fields(theirs):
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            if isinstance(b, np.ndarray):
                assert a.dtype == b.dtype and np.array_equal(a, b), field.name
            elif isinstance(b, Pose2):
                assert (a.x_m, a.y_m, a.yaw_rad) == pytest.approx((b.x_m, b.y_m, b.yaw_rad), abs=1e-15)
            else:
                assert a == b, field.name


def test_points_are_kept_to_two_millimetres_and_a_free_road_stays_free(tmp_path: Path) -> None:
    *_, cloud, label = moments()
    points = np.random.default_rng(2).normal(0.0, 20.0, (500, 4)).astype(np.float32)
    path = written(tmp_path / "bag", [*moments()[:3], replace(cloud, points_N4=points),
                                      replace(label, hazard_m=math.inf, bodies_N7=np.zeros((0, 7), np.float32))])
    kept = {type(m): m for m in read_moments(path)}
    np.testing.assert_allclose(kept[PointCloud].points_N4, points, atol=0.0021)
    assert kept[Label].hazard_m == math.inf and kept[Label].bodies_N7.shape == (0, 7)


def test_a_sweep_that_hit_nothing_is_a_cloud_of_no_points(tmp_path: Path) -> None:
    path = written(tmp_path / "bag", [*moments()[:3], PointCloud(STAMP_NS, np.zeros((0, 4), np.float32))])
    (cloud,) = (m for m in read_moments(path) if isinstance(m, PointCloud))
    assert cloud.points_N4.shape == (0, 4)


def test_moments_come_in_the_order_of_their_recording(tmp_path: Path) -> None:
    egos: list[Moment] = [EgoState(n * 50_000_000, Pose2(float(n), 0.0, 0.0), 1.0) for n in range(20)]
    read = [m for m in read_moments(written(tmp_path / "bag", [*moments(), *egos])) if isinstance(m, EgoState)]
    assert [m.stamp_ns for m in read] == [*(e.stamp_ns for e in egos), STAMP_NS]


def test_a_drive_that_breaks_off_leaves_no_bag(tmp_path: Path) -> None:
    def breaks_off() -> None:
        with EpisodeWriter(tmp_path / "bag") as bag:
            bag.write(moments()[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks_off()
    assert list(tmp_path.iterdir()) == []


Change = Callable[[Any, Any], Any]
"""A message, and what knows the classes of messages, to another message."""
RAW = TOPICS.image.removesuffix("/compressed")


def with_fields(**changed: Any) -> Change:
    return lambda message, _: replace(message, **changed)


def raw_image(order: str, padding: int = 0, **changed: Any) -> Change:
    """IMAGE as a sensor_msgs/Image with `padding` bytes at the end of each row."""
    def change(packed: Any, bag: Any) -> Any:
        places = [order.index(c) for c in "rgb"]
        pixels = np.full((*IMAGE.shape[:2], len(order) - 1), 77, np.uint8)
        pixels[..., places] = IMAGE
        rows = np.pad(pixels.reshape(len(pixels), -1), ((0, 0), (0, padding)))
        image = bag.message_class("sensor_msgs/msg/Image")(
            header=packed.header, height=6, width=8, encoding=order, is_bigendian=0, step=rows.shape[1],
            data=rows.reshape(-1))
        return replace(image, **changed)
    return change


def jpeg(message: Any, bag: Any) -> Any:
    smooth = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    return replace(message, format="jpeg", data=cv2.imencode(".jpg", smooth[..., ::-1])[1].reshape(-1))


def other_layout(message: Any, bag: Any) -> Any:
    """Three points, the second none, in rows of 20 bytes and without intensity."""
    field = bag.message_class("sensor_msgs/msg/PointField")
    rows = np.zeros(3, np.dtype({"names": ["ring", "z", "y", "x"], "formats": ["<u2", "<f4", "<f4", "<f4"],
                                 "offsets": [0, 4, 8, 12], "itemsize": 20}))
    rows["x"], rows["y"], rows["z"] = (1.0, np.nan, 4.0), (2.0, 0.0, 5.0), (3.0, 0.0, 6.0)
    layout = [field("ring", 0, 4, 1), field("z", 4, 7, 1), field("y", 8, 7, 1), field("x", 12, 7, 1)]
    return replace(message, height=1, width=3, fields=layout, point_step=20, row_step=60, is_dense=False,
                   data=np.frombuffer(rows.tobytes(), np.uint8))


def nowhere(message: Any, bag: Any) -> Any:
    message.pose.pose.position.x = math.nan
    return message


NOTHING = np.zeros(0, np.uint8)
READABLE: dict[str, tuple[str, Change]] = {
    "rgb8": ("image", raw_image("rgb8")), "bgr8": ("image", raw_image("bgr8", 5)),
    "bgra8": ("image", raw_image("bgra8")), "rgba8": ("image", raw_image("rgba8", 3)),
    "jpeg": ("image", jpeg), "other_layout": ("points", other_layout),
}
BROKEN: dict[str, tuple[str, Change]] = {
    "raw_grey": ("image", raw_image("rgb8", encoding="mono8")),
    "raw_depth": ("image", raw_image("rgb8", encoding="16UC1")),
    "raw_wider": ("image", raw_image("rgb8", width=9)), "raw_higher": ("image", raw_image("rgb8", height=7)),
    "raw_step": ("image", raw_image("rgb8", step=1)), "raw_short": ("image", raw_image("rgb8", data=IMAGE[0, 0])),
    "raw_huge": ("image", raw_image("rgb8", width=60_000, height=60_000)),
    "packed_nothing": ("image", with_fields(data=NOTHING)),
    "packed_no_picture": ("image", with_fields(data=np.arange(30, dtype=np.uint8))),
    "packed_cut": ("image", with_fields(data=cv2.imencode(".png", IMAGE)[1].reshape(-1)[:30])),
    "cloud_no_fields": ("points", with_fields(fields=[])),
    "cloud_big_endian": ("points", with_fields(is_bigendian=True)),
    "cloud_wider": ("points", with_fields(width=51)), "cloud_step": ("points", with_fields(point_step=8)),
    "cloud_short": ("points", with_fields(data=IMAGE[0, 0])),
    "cloud_huge": ("points", with_fields(width=4_000_000, height=4_000)),
    "cloud_no_step": ("points", with_fields(point_step=0, data=NOTHING)),
    "label_bodies": ("label", with_fields(bodies=np.zeros(8, np.float32))),
    "label_bodies_nan": ("label", with_fields(bodies=np.full(7, np.nan, np.float32))),
    "label_unknown_body": ("label", with_fields(bodies=np.array([99, 0, 0, 0, 1, 1, 0], np.float32))),
    "label_waypoints": ("label", with_fields(waypoints=np.full(12, np.inf, np.float32))),
    "label_speeds": ("label", with_fields(speeds=np.array([1.0, np.nan, 1.0], np.float32))),
    "label_longitudinal": ("label", with_fields(longitudinal=np.array([0, 4, 0], np.uint8))),
    "label_lateral": ("label", with_fields(lateral=np.array([5, 0, 0], np.uint8))),
    "label_light": ("label", with_fields(light=4)), "label_hazard": ("label", with_fields(hazard_m=math.nan)),
    "odometry": ("odometry", nowhere),
}
SAID = {"raw": "image not readable", "packed": "image cannot be unpacked", "cloud": "points not readable",
        "label": "label not readable", "odometry": "number not finite"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[BagMessage]:
    """The messages of a whole bag, decoded."""
    with BagReader(written(tmp_path_factory.mktemp("whole") / "bag", moments())) as bag:
        return list(bag.messages())


@pytest.fixture
def read(whole: list[BagMessage], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[type[Moment], Any]]:
    """Reads the bag "odd" with one message changed; a real bag for each case would take most of its time."""
    store = SimpleNamespace(message_class=typestore().types.__getitem__)

    def moments_with(name: str) -> dict[type[Moment], Any]:
        which, change = {**READABLE, **BROKEN}[name]
        changed = getattr(TOPICS, which)
        messages = [replace(m, message=change(deepcopy(m.message), store)) if m.topic == changed else m for m in whole]
        reader = SimpleNamespace(topics={m.topic: m.type_name for m in whole}, messages=lambda _: iter(messages))
        monkeypatch.setattr(episode, "BagReader", lambda path: nullcontext(reader))
        return {type(m): m for m in read_moments(Path("odd"))}

    return moments_with


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "bgra8", "rgba8"])
def test_raw_images_are_read_whatever_the_order_of_their_colours(read, encoding: str) -> None:
    frame = read(encoding)[CameraFrame]
    assert frame.stamp_ns == STAMP_NS
    assert np.array_equal(frame.image_HW3, IMAGE)


def test_a_jpeg_is_read_nearly(read) -> None:
    image = read("jpeg")[CameraFrame].image_HW3
    np.testing.assert_allclose(image.astype(int), np.full((64, 64, 3), (200, 30, 60)), atol=3)


def test_a_cloud_of_another_layout_is_read_and_points_that_are_none_are_left_out(read) -> None:
    points = read("other_layout")[PointCloud].points_N4
    assert np.array_equal(points, np.array([[1.0, 2.0, 3.0, 0.0], [4.0, 5.0, 6.0, 0.0]], np.float32))


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_with_bag_and_topic(read, name: str) -> None:
    topic = getattr(TOPICS, BROKEN[name][0])
    with pytest.raises(MessageError, match=rf"{SAID[name.split('_')[0]]} in odd {topic}: got"):
        read(name)


def test_where_packed_images_are_missing_raw_ones_of_that_camera_are_read(tmp_path: Path) -> None:
    with BagReader(written(tmp_path / "whole", moments())) as whole, BagWriter(tmp_path / "raw") as bag:
        for m in whole.messages():
            packed = m.topic == TOPICS.image
            message = raw_image("bgra8")(m.message, bag) if packed else m.message
            bag.add_topic(RAW if packed else m.topic, message.__msgtype__)
            bag.write_decoded(RAW if packed else m.topic, m.stamp_ns, message)
    (frame,) = (m for m in read_moments(tmp_path / "raw") if isinstance(m, CameraFrame))
    assert np.array_equal(frame.image_HW3, IMAGE)


def test_a_missing_topic_is_named_and_missing_labels_are_none(tmp_path: Path) -> None:
    path = written(tmp_path / "bag", moments())
    with pytest.raises(MessageError, match=r"topics missing in .*bag: got .*wanted /nowhere, /nothing"):
        list(read_moments(path, replace(TOPICS, points="/nowhere", route="/nothing")))
    assert [m for m in read_moments(path, replace(TOPICS, label="/nowhere")) if isinstance(m, Label)] == []
