"""Point clouds by hand-made bytes: the layouts that drivers send, and what is refused."""

import struct
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import PointCloud2, PointField

from automot_ros.base.errors import MessageError
from automot_ros.nodes import convert

F32, F64, U16, U32 = PointField.FLOAT32, PointField.FLOAT64, PointField.UINT16, PointField.UINT32
POINTS = [(1.0, -2.0, 3.0), (4.0, 5.0, -6.0), (7.5, 8.5, 0.25), (-1.0, 0.0, 2.0), (9.0, 1.0, 1.0), (2.0, 2.0, 2.0)]


def cloud(layout: str, fields: list[tuple[str, int, int]], rows: list[tuple[Any, ...]], *, width: int = 6,
          row_padding: int = 0, **change: Any) -> PointCloud2:
    """`layout` as of struct, one point after another, each row of `width` points followed by padding."""
    packed = b"".join(struct.pack(layout, *row) + (b"\xee" * row_padding if n % width == width - 1 else b"")
                      for n, row in enumerate(rows))
    step = struct.calcsize(layout)
    settings = {"header": convert.header(7, "hero/lidar"), "width": width, "height": len(rows) // width,
                "point_step": step, "row_step": step * width + row_padding, "is_bigendian": False} | change
    message = PointCloud2(**settings, fields=[PointField(name=n, offset=o, datatype=d, count=1) for n, o, d in fields])
    message.data = convert.byte_array(np.frombuffer(packed, np.uint8))
    return message


XYZ = [("x", 0, F32), ("y", 4, F32), ("z", 8, F32)]
WITH_INTENSITY = [(*p, 0.5) for p in POINTS]
LAYOUTS = {
    "xyz alone": (cloud("<3f", XYZ, POINTS), 0.0),
    "CARLA: xyz and intensity": (cloud("<4f", [*XYZ, ("intensity", 12, F32)], WITH_INTENSITY), 0.5),
    "PCL: intensity at 16": (cloud("<3f4xf12x", [*XYZ, ("intensity", 16, F32)], WITH_INTENSITY), 0.5),
    "Velodyne: with ring and time": (
        cloud("<4fHf", [*XYZ, ("intensity", 12, F32), ("ring", 16, U16), ("time", 18, F32)],
              [(*p, 0.5, 3, 0.01) for p in POINTS]), 0.5),
    "z first, unaligned": (cloud("<Bfff", [("z", 1, F32), ("y", 5, F32), ("x", 9, F32)],
                                 [(1, z, y, x) for x, y, z in POINTS]), 0.0),
    "float64": (cloud("<3d", [("x", 0, F64), ("y", 8, F64), ("z", 16, F64)], POINTS), 0.0),
    "float64 among others": (cloud("<I3df", [("t", 0, U32), ("x", 4, F64), ("y", 12, F64), ("z", 20, F64),
                                             ("intensity", 28, F32)], [(9, *p, 0.5) for p in POINTS]), 0.5),
    "organised": (cloud("<4f", [*XYZ, ("intensity", 12, F32)], WITH_INTENSITY, width=3), 0.5),
    "organised with padded rows": (
        cloud("<4f", [*XYZ, ("intensity", 12, F32)], WITH_INTENSITY, width=2, row_padding=10), 0.5),
    "organised float64 with padded rows": (
        cloud("<3d", [("x", 0, F64), ("y", 8, F64), ("z", 16, F64)], POINTS, width=3, row_padding=3), 0.0),
    "intensity that is no float": (cloud("<3fH", [*XYZ, ("intensity", 12, U16)], [(*p, 999) for p in POINTS]), 0.0),
    "one row that says no row step": (cloud("<3f", XYZ, POINTS, row_step=0), 0.0),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_points(name: str) -> None:
    message, intensity = LAYOUTS[name]
    got = convert.points_from_msg(message)
    assert got.points_N4.dtype == np.float32
    np.testing.assert_array_equal(got.points_N4, np.array([(*p, intensity) for p in POINTS], np.float32))


def test_holes_of_an_organised_cloud_are_left_out() -> None:
    holes = [POINTS[0], (float("nan"),) * 3, POINTS[2], POINTS[3], (float("inf"), 0.0, 0.0), POINTS[5]]
    got = convert.points_from_msg(cloud("<3f", XYZ, holes, width=3))
    np.testing.assert_array_equal(got.points_N4[:, :3], np.array([POINTS[i] for i in (0, 2, 3, 5)], np.float32))


def test_a_float64_that_is_no_float32_is_left_out() -> None:
    fields = [("x", 0, F64), ("y", 8, F64), ("z", 16, F64)]
    got = convert.points_from_msg(cloud("<3d", fields, [(1e300, 0.0, 0.0), *POINTS[1:]]))
    assert len(got.points_N4) == 5


@pytest.mark.parametrize(("message", "text"), [
    (cloud(">3f", XYZ, POINTS, is_bigendian=True), "wrong byte order in points: got big-endian, wanted little-endian"),
    (cloud("<2f", XYZ[:2], [p[:2] for p in POINTS]), "field missing in points: .*wanted x, y, z as float32"),
    (cloud("<3i", [(n, o, PointField.INT32) for n, o, _ in XYZ], [(1, 2, 3)] * 6), "field missing"),
    (cloud("<3f", [*XYZ[:2], ("z", 10, F32)], POINTS), "wrong amount of data"),
    (cloud("<3f", [*XYZ[:2], ("z", 8, F64)], POINTS), "wrong amount of data"),
    (cloud("<3f", XYZ, POINTS, width=3, row_step=35), r"wrong amount of data .*wanted 2 rows of 3 points"),
    (cloud("<3f", XYZ, POINTS, width=3, row_step=48), "wrong amount of data"),
    (cloud("<3f", XYZ, POINTS, width=3, row_step=2**32 - 1), "wrong amount of data"),
    (cloud("<3f", XYZ, POINTS, width=6, height=2), "wrong amount of data"),
    (cloud("<3f", XYZ, POINTS, width=6, height=2**31), "too many points"),
    (cloud("<3f", XYZ, POINTS, point_step=0), "wrong amount of data"),
])
def test_what_is_no_cloud_is_refused_with_the_reason(message: PointCloud2, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        convert.points_from_msg(message)
