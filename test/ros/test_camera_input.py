"""What a node takes of a rig: pictures of its camera, points of its LiDAR, in the axes and the size the model wants."""

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image

from automot_ros.base.errors import MessageError
from automot_ros.data.vehicle_files import read_rig
from automot_ros.nodes import convert
from automot_ros.nodes.camera_input import CameraInput, points_of
from automot_ros.scene.sensing import CameraFrame, CameraModel, LidarModel, PointCloud

CAR = read_rig("car_full_hd")


def image(width: int, height: int, frame: str, pixels: np.ndarray, encoding: str = "rgb8") -> Image:
    message = Image(header=convert.header(7, frame), width=width, height=height, step=width * pixels.shape[2],
                    encoding=encoding)
    message.data = convert.byte_array(pixels)
    return message


def test_a_full_hd_picture_becomes_the_picture_of_the_model() -> None:
    pixels = np.zeros((1080, 1920, 3), np.uint8)
    pixels[:, :960] = (255, 0, 0)
    frame = CameraInput(CAR.cameras[0]).frame(image(1920, 1080, "camera_front_optical_frame", pixels))
    assert (frame.image_HW3.shape, frame.stamp_ns, frame.camera) == ((256, 512, 3), 7, "front")
    assert not frame.image_HW3.flags.writeable
    assert (frame.image_HW3[:, :250] == (255, 0, 0)).all(), "red and left stay so"
    assert (frame.image_HW3[:, 262:] == 0).all()


def test_the_embedded_camera_is_taken_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 512, 3), dtype=np.uint8)
    camera = read_rig("embedded").cameras[0]
    message = convert.camera_to_msg(CameraFrame(7, camera.name, picture))
    assert np.array_equal(CameraInput(camera).frame(message).image_HW3, picture)


def test_a_picture_of_another_camera_or_size_is_refused() -> None:
    camera = CameraInput(CAR.cameras[0])
    small = np.zeros((2, 4, 3), np.uint8)
    with pytest.raises(MessageError, match=r"wrong frame in image front.header.frame_id: got 'rear'"):
        camera.frame(image(4, 2, "rear", small))
    with pytest.raises(MessageError, match=r"wrong size in image front: got 4x2, wanted 1920x1080"):
        camera.frame(image(4, 2, "camera_front_optical_frame", small))


def test_points_come_in_the_axes_of_the_car_and_only_from_its_lidar() -> None:
    cloud = PointCloud(7, np.array([[2.0, 0.0, 1.0, 0.0]], np.float32))
    got = points_of(convert.points_to_msg(cloud, "lidar_roof"), CAR.lidar)
    assert CAR.lidar.yaw_rad == pytest.approx(math.pi / 2)
    np.testing.assert_allclose(got.points_N4, [[0.0, 2.0, 1.0, 0.0]], atol=1e-6)
    with pytest.raises(MessageError, match=r"points.header.frame_id: got 'lidar_rear', wanted lidar_roof"):
        points_of(convert.points_to_msg(cloud, "lidar_rear"), CAR.lidar)
    anyone = replace(LidarModel(), frame="")
    assert points_of(convert.points_to_msg(cloud, "whatever"), anyone).points_N4.tolist() == cloud.points_N4.tolist()


def test_a_camera_without_a_named_frame_takes_any() -> None:
    message = convert.camera_to_msg(CameraFrame(7, "c", np.zeros((256, 512, 3), np.uint8)))
    message.header.frame_id = "somewhere"
    assert CameraInput(CameraModel()).frame(message).stamp_ns == 7
