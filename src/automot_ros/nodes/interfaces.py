"""The contracts with vehicles and simulators, each a module of bridges/, found by name.

By name, so that a node loads only the messages of the contract it speaks, and a new one changes no node.
"""

from __future__ import annotations

import importlib
from typing import Any

from automot_ros.base.errors import MachineError

_MODULES = {"carla": "automot_ros.bridges.carla_bridge"}
DRIVE_INTERFACES = tuple(_MODULES)


def contract(name: str) -> Any:
    """The module of a contract: COMMAND_MESSAGE, `control_to_msg(command)`, `control_from_msg(message)` at least.

    MachineError when the messages it speaks are not installed.
    """
    try:
        return importlib.import_module(_MODULES[name])
    except ImportError as error:
        raise MachineError("messages of the drive interface are missing", where=name, got=str(error),
                           wanted="a complete installation: pip install . (or make setup)") from error
