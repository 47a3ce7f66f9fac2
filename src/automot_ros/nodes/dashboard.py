"""The dashboard node: a page on this machine that shows what the car sees, thinks and plans; markers for RViz.

It reads everything and drives nothing. With no browser connected and RViz output off it decodes nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from nav_msgs.msg import OccupancyGrid
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from automot_ros.base.quantity import check_bounds, choice, quantity, switch
from automot_ros.data.vehicle_files import read_rig, read_vehicle
from automot_ros.evaluation.overlay import annotate_camera
from automot_ros.evaluation.page_state import map_json, state_json
from automot_ros.nodes import convert, qos
from automot_ros.nodes.camera_input import CameraConfig
from automot_ros.nodes.interfaces import DRIVE_INTERFACES
from automot_ros.nodes.lifecycle import OK, DrivingNode, run_node
from automot_ros.nodes.markers import bird_grid, markers
from automot_ros.nodes.page_server import Feed, PageServer
from automot_ros.nodes.watching import Watching


@dataclass(frozen=True, kw_only=True)
class DashboardConfig(CameraConfig):
    """Which vehicle is watched, where the page is, and how much work it may be."""

    vehicle: str = choice("carla_lincoln_mkz", (), "The vehicle: a file of config/vehicles, or the path of one.")
    drive_interface: str = choice("carla", DRIVE_INTERFACES, "What the vehicle takes as a command.")
    port: int = quantity(8642, "", "Of the page on 127.0.0.1; the next free one when it is taken.",
                         low=1024, high=65535)
    rate_hz: float = quantity(10.0, "Hz", "Updates of the page a second; it draws smoothly in between.",
                              low=1.0, high=20.0)
    camera_scale: float = quantity(1.5, "", "Size of the camera picture on the page against the camera's own.",
                                   low=0.5, high=4.0)
    jpeg_quality: int = quantity(80, "", "Of the camera picture.", low=20, high=100)
    rviz: bool = switch(False, "Publish markers and the annotated picture for RViz.")

    def __post_init__(self) -> None:
        check_bounds(self)


class DashboardNode(DrivingNode):
    """Looks at the drive a few times a second and hands on what it sees."""

    CONFIG: ClassVar = {"": DashboardConfig}

    def __init__(self) -> None:
        super().__init__("dashboard")
        self._server: PageServer | None = None
        self._subscribed: list[Any] = []
        self._timer: Any = None

    def set_up(self) -> None:
        """Open the port and the topics."""
        self._config = self.config(DashboardConfig)
        c = self._config
        self._vehicle = read_vehicle(c.vehicle)
        self._watching = Watching(self.count_bad, read_rig(c.rig), self._vehicle, c.drive_interface,
                                  compressed=c.image_transport == "compressed")
        self._feed, self._shown_map = Feed(), -1
        self._server = PageServer(self._feed, self._config.port)
        taken = "" if self._server.port == self._config.port else f" (port {self._config.port} is taken)"
        self.get_logger().info(f"page at {self._server.url}{taken}")
        if self._config.rviz:
            self._markers_pub = self.publish_on(MarkerArray, "~/output/markers", qos.PLAN)
            self._grid_pub = self.publish_on(OccupancyGrid, "~/output/bird_grid", qos.PLAN)
            self._image_pub = self.publish_on(Image, "~/output/annotated_image", qos.PLAN)

    def start(self) -> None:
        """Begin to listen."""
        self._subscribed = [self.create_subscription(kind, topic, callback, profile, raw=True)
                            for kind, topic, profile, callback in self._watching.topics()]
        self._timer = self.every(1.0 / self._config.rate_hz, self._show)

    def stop(self) -> None:
        """Listen no more; the page keeps the last picture."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        while self._subscribed:
            self.destroy_subscription(self._subscribed.pop())

    def tear_down(self) -> None:
        """Give the port back."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _show(self) -> None:
        feed, watching = self._feed, self._watching
        camera = feed.watched("camera")
        self.diagnose(OK, "watched" if feed.watched("events") or camera else "nobody watches", {})
        if not (feed.watched("events") or camera or self._config.rviz):
            return
        watching.digest()
        if watching.map_version != self._shown_map:
            self._shown_map = watching.map_version
            feed.publish("map", map_json(watching.view.outline, watching.view.route_N2, self._vehicle,
                                          self._config.rate_hz))
        feed.publish("state", state_json(watching.view, watching.figures, self._vehicle))
        if camera:
            self._show_camera()
        if self._config.rviz and watching.view.ego is not None:
            self._show_rviz()

    def _show_camera(self) -> None:
        picture = annotate_camera(self._watching.view, self._config.camera_scale)
        done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
                                  [cv2.IMWRITE_JPEG_QUALITY, self._config.jpeg_quality])
        if done:
            self._feed.publish("picture", jpeg.tobytes())

    def _show_rviz(self) -> None:
        view = self._watching.view
        if self._markers_pub.get_subscription_count():
            self._markers_pub.publish(markers(view, self._vehicle))
        if self._grid_pub.get_subscription_count():
            sweeps = np.concatenate([np.zeros((0, 2)), *self._watching.figures.sweeps])
            self._grid_pub.publish(bird_grid(view, sweeps))
        if self._image_pub.get_subscription_count() and view.image_HW3 is not None:
            picture = annotate_camera(view)
            height, width = picture.shape[:2]
            self._image_pub.publish(Image(
                header=convert.header(view.stamp_ns, f"{convert.EGO_FRAME}/{view.camera.name}"), height=height,
                width=width, encoding="rgb8", step=3 * width, data=convert.byte_array(np.ascontiguousarray(picture))))


def main() -> int:
    """Run the node."""
    return run_node(DashboardNode)


if __name__ == "__main__":
    raise SystemExit(main())
