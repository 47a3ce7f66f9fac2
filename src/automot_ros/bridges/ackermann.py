"""ackermann_msgs/AckermannDriveStamped: wheel angle, speed, and how hard to change it.

Contract: https://github.com/ros-drivers/ackermann_msgs, msg/AckermannDrive.msg. The angle is that of a virtual wheel in
the middle of the front axle, left positive; speed forward positive, negative is reverse; acceleration is a magnitude
for both directions, and zero means as quickly as possible, as do zero jerk and steering_angle_velocity.
"""

from __future__ import annotations

from ackermann_msgs.msg import AckermannDriveStamped

from automot_ros.bridges.drive import Outlet, number, time_of
from automot_ros.driving.order import DriveOrder, Reading

BASE_FRAME = "base_link"
LEAST_ACCELERATION_MPS2 = 0.1  # never zero: that would mean as quickly as possible


class Drive:
    """Orders for a car that keeps a speed by itself. It stands and holds at speed zero."""

    COMMAND_MESSAGE = AckermannDriveStamped
    LATCHED = False
    BESIDE: tuple[Outlet, ...] = ()

    def command(self, order: DriveOrder, now_ns: int) -> AckermannDriveStamped:
        """The speed aimed at, changed at the rate that the pedals ask for."""
        message = AckermannDriveStamped()
        message.header.stamp, message.header.frame_id = time_of(now_ns), BASE_FRAME
        message.drive.steering_angle = order.wheel_rad
        message.drive.speed = order.target_speed_mps
        message.drive.acceleration = max(LEAST_ACCELERATION_MPS2, abs(order.acceleration_mps2))
        return message

    def beside(self, order: DriveOrder, now_ns: int) -> tuple[()]:
        """Nothing."""
        return ()

    def read(self, message: AckermannDriveStamped) -> Reading:
        """Wheel angle and speed; the acceleration is a magnitude and says nothing of the direction."""
        return Reading(wheel_rad=number(message.drive.steering_angle, "drive.steering_angle"),
                       speed_mps=number(message.drive.speed, "drive.speed"))
