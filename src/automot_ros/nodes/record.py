"""`automot record` behind its flags: the recorder node on its own, active from the start."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rclpy.lifecycle import TransitionCallbackReturn

from automot_ros.base.errors import ConfigError
from automot_ros.nodes.lifecycle import run_node
from automot_ros.nodes.recorder import RecorderNode
from automot_ros.nodes.security import network_environment


def main() -> int:
    """Record until asked to stop."""
    request: dict[str, Any] = json.loads(sys.argv[1])
    request.pop("command")
    os.environ.update(network_environment(os.environ))
    sys.argv[1:] = ["--ros-args", *(part for key, value in request.items()
                                    for part in ("-p", f"{key}:={json.dumps(value)}"))]

    def active() -> RecorderNode:
        node = RecorderNode()
        if (node.trigger_configure() != TransitionCallbackReturn.SUCCESS
                or node.trigger_activate() != TransitionCallbackReturn.SUCCESS):
            raise ConfigError("the recorder does not start", where=str(request["bag"]), wanted="see its words above")
        return node

    try:
        return run_node(active)
    except ConfigError as error:
        print(f"automot record: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
