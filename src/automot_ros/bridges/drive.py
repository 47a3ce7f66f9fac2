"""What every drive interface is: a command topic, perhaps others beside it, and the mapping of an order to messages.

The stamp of a message is the time at which it was made, except where a contract says otherwise: receivers drop old
commands, and a stop that the guard orders because its inputs are old must not be dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from builtin_interfaces.msg import Time

from automot_ros.base.errors import MessageError
from automot_ros.driving.order import DriveOrder, Reading
from automot_ros.scene.sensing import SECOND_NS


@dataclass(frozen=True, slots=True)
class Outlet:
    """A topic beside the command, latched and reliable: its name in the node, its type."""

    name: str
    kind: type


class DriveBridge(Protocol):
    """A vehicle's contract. Mappings are pure but for what a contract remembers (an indicator that blinks)."""

    COMMAND_MESSAGE: type
    LATCHED: bool
    """Whether readers of the command ask for the last one when they come late."""
    BESIDE: tuple[Outlet, ...]

    def command(self, order: DriveOrder, now_ns: int) -> Any:
        """The message of an order. A stop of the guard is a stop; reverse is never asked for."""

    def beside(self, order: DriveOrder, now_ns: int) -> tuple[Any, ...]:
        """One message for each of BESIDE."""

    def read(self, message: Any) -> Reading:
        """The inverse of `command`: what the vehicle is asked for. MessageError where a number is none."""


def number(value: float, where: str) -> float:
    """`value` if it is a number."""
    if not math.isfinite(value):
        raise MessageError("not a number", where=where, got=value, wanted="a number")
    return float(value)


def time_of(stamp_ns: int) -> Time:
    """Nanoseconds as a ROS time."""
    return Time(sec=stamp_ns // SECOND_NS, nanosec=stamp_ns % SECOND_NS)
