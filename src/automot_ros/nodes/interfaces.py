"""The contracts with vehicles and simulators, each a module of bridges/, found by name. No ROS here.

By name, so that a node loads only the messages of the contract it speaks, and a new one changes no node.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automot_ros.base.errors import MachineError

COMMAND_OUTPUT = "~/output/command"
OURS = "pip install . (or make setup)"


@dataclass(frozen=True, slots=True)
class Contract:
    """A module of bridges/, the packages of its messages and how they are installed, its usual topics by output."""

    module: str
    packages: tuple[str, ...]
    install: str
    topics: Mapping[str, str]


CONTRACTS: Mapping[str, Contract] = {
    "carla": Contract("carla_bridge", ("carla_msgs", "derived_object_msgs"), OURS,
                      {COMMAND_OUTPUT: "/carla/hero/vehicle_control_cmd"}),
    "ackermann": Contract("ackermann", ("ackermann_msgs",), f"{OURS}, or apt install ros-$ROS_DISTRO-ackermann-msgs",
                          {COMMAND_OUTPUT: "/ackermann_cmd"}),
    "autoware": Contract(
        "autoware", ("autoware_control_msgs", "autoware_vehicle_msgs"),
        "apt install ros-$ROS_DISTRO-autoware-control-msgs ros-$ROS_DISTRO-autoware-vehicle-msgs, or an Autoware "
        "workspace sourced",
        {COMMAND_OUTPUT: "/control/command/control_cmd", "~/output/gear": "/control/command/gear_cmd",
         "~/output/turn_indicators": "/control/command/turn_indicators_cmd", "~/output/engage": "/vehicle/engage"}),
    "twist": Contract("twist", ("geometry_msgs",), "apt install ros-$ROS_DISTRO-geometry-msgs",
                      {COMMAND_OUTPUT: "/cmd_vel"}),
}
DRIVE_INTERFACES = tuple(CONTRACTS)
NATIVE_CARLA = Contract("carla_native", ("carla_msgs", "derived_object_msgs"), OURS, {})


def contract(name: str) -> Any:
    """The module of a contract; its `Drive()` is a bridges.drive.DriveBridge, the one of CARLA maps much more.

    MachineError names the packages when the messages it speaks are not installed.
    """
    return _module(CONTRACTS[name], name)


def _module(known: Contract, name: str) -> Any:
    try:
        return importlib.import_module(f"automot_ros.bridges.{known.module}")
    except ImportError as error:
        raise MachineError("messages of the drive interface are missing", where=name, got=str(error),
                           wanted=f"{' and '.join(known.packages)}: {known.install}") from error


def native_carla() -> Any:
    """The module that maps CARLA's Python API to messages, for the node beside CARLA's own ROS 2 interface."""
    return _module(NATIVE_CARLA, "carla_native")
