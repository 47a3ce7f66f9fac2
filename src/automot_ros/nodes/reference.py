"""Every parameter of every node with default, unit, bounds and text, as the YAML of config/drive.yaml.

Run it as `python -m automot_ros.nodes.reference > config/drive.yaml`.
"""

from __future__ import annotations

import importlib
import json

from automot_ros.base.quantity import ParameterSpec, describe
from automot_ros.nodes.lifecycle import DrivingNode
from automot_ros.nodes.stack import StackSettings, drive_stack

HEAD = """# Parameters of the driving nodes, all at their defaults, for --params-file.
# Change what you need, drop the rest.
# Written by `python -m automot_ros.nodes.reference`; the dataclasses beside the nodes are the source.
"""


def node_class(name: str) -> type[DrivingNode]:
    """The class of a node by the name of its executable."""
    module = importlib.import_module(f"automot_ros.nodes.{name}")
    return next(v for v in vars(module).values()
                if isinstance(v, type) and issubclass(v, DrivingNode) and v.__module__ == module.__name__)


def parameters_yaml() -> str:
    """The whole file."""
    lines = [HEAD.rstrip()]
    for description in drive_stack(StackSettings()):
        lines += ["", f"{description.name}:", "  ros__parameters:"]
        for prefix, config in node_class(description.name).CONFIG.items():
            lines += [_line(prefix, spec) for spec in describe(config)]
    return "\n".join(lines) + "\n"


def _line(prefix: str, spec: ParameterSpec) -> str:
    bounded = spec.low is not None and spec.high is not None
    bounds = f"{spec.low:g}..{spec.high:g}" if bounded else " | ".join(spec.options)
    about = " ".join(part for part in (bounds, spec.unit) if part)
    return f"    {prefix + spec.name}: {json.dumps(spec.default)}  # {about + ': ' if about else ''}{spec.text}"


if __name__ == "__main__":
    print(parameters_yaml(), end="")
