"""A command that needs ROS becomes the process of a module in nodes/: Ctrl-C and the exit status are its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn


def become(module: str, request: Mapping[str, Any]) -> NoReturn:
    """Run a module of nodes/ in the place of this process; it gets `request` and the command line as JSON."""
    sys.stdout.flush()
    values = {**request, "command": " ".join(["automot", *sys.argv[1:]])}
    os.execv(sys.executable, [sys.executable, "-m", f"automot_ros.nodes.{module}", json.dumps(values)])
