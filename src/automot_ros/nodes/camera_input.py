"""The sensors of a node, as its rig says: pictures in the form the model looks at, points in the axes of the car."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from automot_ros.base.quantity import choice
from automot_ros.data.rectify import Rectifier
from automot_ros.nodes import convert
from automot_ros.nodes.pictures import pixels_from_compressed, pixels_from_msg
from automot_ros.scene.sensing import CameraFrame, CameraModel, LidarModel, PointCloud


@dataclass(frozen=True, kw_only=True)
class RigConfig:
    """What nodes that sense are told."""

    rig: str = choice("embedded", (), "The sensors: a file of config/rigs, or the path of one.")


@dataclass(frozen=True, kw_only=True)
class CameraConfig(RigConfig):
    """What nodes that see are told."""

    image_transport: str = choice("raw", ("raw", "compressed"), "Images as they are, or as JPEG or PNG.")


class CameraInput:
    """Reads the messages of one camera. ConfigError where the camera does not see what the model looks at."""

    def __init__(self, camera: CameraModel) -> None:
        self.camera = camera
        self._rectify = None if camera.lens is None else Rectifier(camera)

    def frame(self, message: Image | CompressedImage) -> CameraFrame:
        """The picture of the model's pinhole. MessageError where the message is not of this camera."""
        where = f"image {self.camera.name}"
        if self.camera.frame:
            convert.wanted_frame(message.header, self.camera.frame, where)
        lens = self.camera.lens or self.camera
        read = pixels_from_compressed if isinstance(message, CompressedImage) else pixels_from_msg
        image_HW3 = read(message, (lens.width_px, lens.height_px), where)
        if self._rectify is not None:
            image_HW3 = self._rectify(image_HW3)
            image_HW3.flags.writeable = False
        return CameraFrame(convert.stamp_from_msg(message.header.stamp, where), self.camera.name, image_HW3)


def points_of(message: PointCloud2, lidar: LidarModel) -> PointCloud:
    """The cloud in axes parallel to the ego's. MessageError where the message is not of this LiDAR."""
    if lidar.frame:
        convert.wanted_frame(message.header, lidar.frame, "points")
    return lidar.upright(convert.points_from_msg(message))
