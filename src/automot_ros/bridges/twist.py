"""geometry_msgs/TwistStamped for small robots: forward speed and yaw rate (REP 103: left positive).

Contract: https://github.com/ros2/common_interfaces, geometry_msgs/msg/TwistStamped.msg, as diff_drive_controller and
Nav2 take it. There is no acceleration in it: how hard the robot brakes towards speed zero is set in its own driver.
"""

from __future__ import annotations

from geometry_msgs.msg import TwistStamped

from automot_ros.bridges.drive import Outlet, number, time_of
from automot_ros.driving.order import DriveOrder, Reading

BASE_FRAME = "base_link"


class Drive:
    """Orders for a robot that keeps a speed by itself. Speed zero is the brake."""

    COMMAND_MESSAGE = TwistStamped
    LATCHED = False
    BESIDE: tuple[Outlet, ...] = ()

    def command(self, order: DriveOrder, now_ns: int) -> TwistStamped:
        """The speed aimed at and the yaw rate of the steered curve at that speed: a robot that stands does not spin."""
        message = TwistStamped()
        message.header.stamp, message.header.frame_id = time_of(now_ns), BASE_FRAME
        message.twist.linear.x = order.target_speed_mps
        message.twist.angular.z = order.target_speed_mps * order.curvature_per_m
        return message

    def beside(self, order: DriveOrder, now_ns: int) -> tuple[()]:
        """Nothing."""
        return ()

    def read(self, message: TwistStamped) -> Reading:
        """Forward speed and yaw rate."""
        return Reading(speed_mps=number(message.twist.linear.x, "twist.linear.x"),
                       yaw_rate_radps=number(message.twist.angular.z, "twist.angular.z"))
