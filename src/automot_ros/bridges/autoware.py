"""Autoware's control commands: Control, and beside it gear, turn indicators and engage.

Contract: https://github.com/autowarefoundation/autoware_msgs, autoware_control_msgs/msg/{Control,Lateral,Longitudinal}
and autoware_vehicle_msgs/msg/{GearCommand,TurnIndicatorsCommand,Engage}. Tyre angle left positive, velocity forward
positive, acceleration negative to brake, with `is_defined_*` telling what is filled in. Topics are reliable, transient
local and of depth 1 (autoware_vehicle_cmd_gate; CARLA's AutowareControlSubscriber).
"""

from __future__ import annotations

from autoware_control_msgs.msg import Control
from autoware_vehicle_msgs.msg import Engage, GearCommand, TurnIndicatorsCommand

from automot_ros.bridges.drive import Outlet, number, time_of
from automot_ros.driving.order import DriveOrder, Reading

STANDING_MPS = 0.1
HOLD_ACCELERATION_MPS2 = -1.5  # Autoware's own way to say: stand still and hold
INDICATE_RAD, STRAIGHT_RAD = 0.35, 0.15


def indicator_of(before: int, order: DriveOrder) -> int:
    """The lamp for where the plan turns: on from 20 degrees, off below 9; during a stop it stays as it was."""
    if order.stop or STRAIGHT_RAD <= abs(order.turn_rad) < INDICATE_RAD:
        return before
    if abs(order.turn_rad) < STRAIGHT_RAD:
        return int(TurnIndicatorsCommand.DISABLE)
    return int(TurnIndicatorsCommand.ENABLE_LEFT if order.turn_rad > 0.0 else TurnIndicatorsCommand.ENABLE_RIGHT)


class Drive:
    """Orders for a vehicle behind Autoware's vehicle interface. The gear is always DRIVE.

    Engage is told once there was something to drive, and is never taken back: a vehicle that is not engaged ignores
    commands, a stop too.
    """

    COMMAND_MESSAGE = Control
    LATCHED = True
    BESIDE = (Outlet("~/output/gear", GearCommand), Outlet("~/output/turn_indicators", TurnIndicatorsCommand),
              Outlet("~/output/engage", Engage))

    def __init__(self) -> None:
        self._indicator, self._engaged = int(TurnIndicatorsCommand.DISABLE), False

    def command(self, order: DriveOrder, now_ns: int) -> Control:
        """Tyre angle, velocity aimed at, acceleration; all parts with one stamp."""
        message = Control()
        stamp = time_of(now_ns)
        message.stamp = message.lateral.stamp = message.longitudinal.stamp = stamp
        message.control_time = message.lateral.control_time = message.longitudinal.control_time = stamp
        message.lateral.steering_tire_angle = order.wheel_rad
        message.longitudinal.velocity = order.target_speed_mps
        acceleration = order.acceleration_mps2
        if order.stop or (order.target_speed_mps < STANDING_MPS and order.command.brake > 0.0):
            acceleration = min(acceleration, HOLD_ACCELERATION_MPS2)
        message.longitudinal.acceleration = acceleration
        message.longitudinal.is_defined_acceleration = True
        return message

    def beside(self, order: DriveOrder, now_ns: int) -> tuple[GearCommand, TurnIndicatorsCommand, Engage]:
        """Gear, indicators, engage."""
        self._indicator = indicator_of(self._indicator, order)
        self._engaged = self._engaged or order.engaged
        stamp = time_of(now_ns)
        return (GearCommand(stamp=stamp, command=GearCommand.DRIVE),
                TurnIndicatorsCommand(stamp=stamp, command=self._indicator),
                Engage(stamp=stamp, engage=self._engaged))

    def read(self, message: Control) -> Reading:
        """Tyre angle, velocity, acceleration."""
        return Reading(wheel_rad=number(message.lateral.steering_tire_angle, "lateral.steering_tire_angle"),
                       speed_mps=number(message.longitudinal.velocity, "longitudinal.velocity"),
                       acceleration_mps2=number(message.longitudinal.acceleration, "longitudinal.acceleration"))
