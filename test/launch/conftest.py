"""Launch files, read with stand-ins for ROS 2's launch packages, so that a typo never lands. For real: test_live.py."""

import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "launch"


class Recorded:
    """Stands for any launch action: keeps what it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class LaunchConfiguration(Recorded):
    """The value of an argument."""

    def perform(self, context: dict[str, str]) -> str:
        return context[self.args[0]]


NAMES = {
    "launch": ["LaunchContext", "LaunchDescription"],
    "launch.actions": ["DeclareLaunchArgument", "EmitEvent", "OpaqueFunction", "RegisterEventHandler",
                       "SetEnvironmentVariable"],
    "launch.event_handlers": ["OnProcessExit", "OnProcessStart"],
    "launch.events": ["Shutdown", "matches_action"],
    "launch.substitutions": ["LaunchConfiguration"],
    "launch_ros": [],
    "launch_ros.actions": ["LifecycleNode", "Node"],
    "launch_ros.event_handlers": ["OnStateTransition"],
    "launch_ros.events": [],
    "launch_ros.events.lifecycle": ["ChangeState"],
}


class LaunchFile:
    """A launch file as its user sees it: arguments, variables, and the actions for some of them."""

    def __init__(self, name: str) -> None:
        spec = importlib.util.spec_from_file_location(name.replace(".", "_"), FOLDER / name)
        self.module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.items = self.module.generate_launch_description().args[0]
        self.arguments = {i.args[0]: i.kwargs for i in self._all("DeclareLaunchArgument")}
        self.variables = {i.args[0]: i.args[1] for i in self._all("SetEnvironmentVariable")}

    def _all(self, kind: str) -> list[Recorded]:
        return [i for i in self.items if type(i).__name__ == kind]

    def actions(self, **chosen: str) -> list[Recorded]:
        assert set(chosen) <= set(self.arguments), "no such argument"
        context = {name: kwargs["default_value"] for name, kwargs in self.arguments.items()} | chosen
        return [a for i in self._all("OpaqueFunction") for a in i.kwargs["function"](context)]

    def nodes(self, **chosen: str) -> dict[str, dict[str, Any]]:
        return {a.kwargs["name"]: a.kwargs for a in self.actions(**chosen)
                if type(a).__name__ in ("LifecycleNode", "Node")}


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], LaunchFile]]:
    for module, names in NAMES.items():
        made = types.ModuleType(module)
        for name in names:
            setattr(made, name, LaunchConfiguration if name == "LaunchConfiguration" else type(name, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.delitem(sys.modules, "automot_ros.nodes.launching", raising=False)
    yield LaunchFile
    sys.modules.pop("automot_ros.nodes.launching", None)
