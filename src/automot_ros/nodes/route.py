"""The route node: a goal clicked in RViz, or a file of GNSS points, becomes the route that the others follow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from carla_msgs.msg import CarlaWorldInfo
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError, ConfigError
from automot_ros.base.quantity import choice
from automot_ros.driving.wayfinder import Wayfinder, read_gnss_points
from automot_ros.nodes import convert, qos
from automot_ros.nodes.lifecycle import OK, WARN, DrivingNode, run_node
from automot_ros.scene.route import Route


@dataclass(frozen=True, kw_only=True)
class RouteConfig:
    """Where the route comes from."""

    map: str = choice("", (), "An OpenDRIVE map (.xodr); empty: the one of ~/input/world_info.")
    gnss_points: str = choice("", (), "A file with latitude, longitude a line; empty: wait for a goal.")


class RouteNode(DrivingNode):
    """Carries messages to and from Wayfinder. A new goal is a new route from where the car is."""

    CONFIG: ClassVar = {"": RouteConfig}

    def __init__(self) -> None:
        super().__init__("route")
        self._wayfinder = Wayfinder()
        self._gnss_N2: NDArray[np.float64] | None = None

    def set_up(self) -> None:
        """Read the files, open the topics."""
        config = self.config(RouteConfig)
        self._wayfinder, self._gnss_N2 = Wayfinder(), None
        if config.map:
            path = Path(config.map)
            if not path.is_file():
                raise ConfigError("no such map", where="route.map", got=config.map, wanted="the path of an .xodr file")
            self._wayfinder.observe_map(path.stem, path.read_text("utf-8"))
        if config.gnss_points:
            self._gnss_N2 = read_gnss_points(Path(config.gnss_points))
        self._route_pub = self.publish_on(PathMessage, "~/output/route", qos.LATCHED)
        self.subscribe(Odometry, "~/input/odometry", self._on_odometry, qos.SENSOR)
        self.subscribe(PoseStamped, "~/input/goal", self._on_goal, qos.OFFERED)
        self.subscribe(CarlaWorldInfo, "~/input/world_info", self._on_world, qos.LATCHED, always=True)

    def _on_world(self, message: CarlaWorldInfo) -> None:
        if not self.config(RouteConfig).map:
            self._wayfinder.observe_map(message.map_name, message.opendrive)

    def _on_odometry(self, message: Odometry) -> None:
        self._wayfinder.observe_ego(convert.ego_from_msg(message))
        if self._gnss_N2 is not None:
            points, self._gnss_N2 = self._gnss_N2, None
            self._publish(self._wayfinder.through_gnss(points), "GNSS points")

    def _on_goal(self, message: PoseStamped) -> None:
        convert.wanted_frame(message.header, convert.MAP_FRAME, "goal")
        p = message.pose.position
        goal = np.array([convert.finite(p.x, convert.FAR_M, "goal.x"), convert.finite(p.y, convert.FAR_M, "goal.y")])
        try:
            self._publish(self._wayfinder.to_goal(goal), f"the goal at x {p.x:.1f} m, y {p.y:.1f} m")
        except AutomotError as error:
            self.diagnose(WARN, str(error), {})
            raise

    def _publish(self, route: Route, what: str) -> None:
        self._route_pub.publish(convert.path_to_msg(route.points_map_N2, route.stamp_ns))
        length_m = route.line().length_m
        self.get_logger().info(f"route of {length_m:.0f} m to {what}")
        self.diagnose(OK, f"route to {what}", {"length_m": length_m})


def main() -> int:
    """Run the node."""
    return run_node(RouteNode)


if __name__ == "__main__":
    raise SystemExit(main())
