"""launch/drive.launch.py starts what nodes/stack.py describes; with stand-ins where ROS 2's launch is not installed."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from automot_ros.nodes.stack import StackSettings, drive_stack

LAUNCH_FILE = Path(__file__).resolve().parents[2] / "launch" / "drive.launch.py"


class Recorded:
    """Stands for any launch action: keeps what it was made with."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class LaunchConfiguration(Recorded):
    def perform(self, context):
        return context[self.args[0]]


NAMES = {
    "launch": ["LaunchContext", "LaunchDescription"],
    "launch.actions": ["DeclareLaunchArgument", "EmitEvent", "OpaqueFunction", "RegisterEventHandler",
                       "SetEnvironmentVariable"],
    "launch.event_handlers": ["OnProcessStart"],
    "launch.events": ["matches_action"],
    "launch.substitutions": ["LaunchConfiguration"],
    "launch_ros": [],
    "launch_ros.actions": ["LifecycleNode"],
    "launch_ros.event_handlers": ["OnStateTransition"],
    "launch_ros.events": [],
    "launch_ros.events.lifecycle": ["ChangeState"],
}


@pytest.fixture
def launch_file(monkeypatch):
    for module, names in NAMES.items():
        made = types.ModuleType(module)
        for name in names:
            setattr(made, name, LaunchConfiguration if name == "LaunchConfiguration" else type(name, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, module, made)
    spec = importlib.util.spec_from_file_location("drive_launch", LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def actions(launch_file, **arguments):
    description = launch_file.generate_launch_description()
    items = description.args[0]
    context = {i.args[0]: i.kwargs["default_value"] for i in items if type(i).__name__ == "DeclareLaunchArgument"}
    function = next(i.kwargs["function"] for i in items if type(i).__name__ == "OpaqueFunction")
    return items, function(context | arguments)


def nodes_of(made):
    return [a.kwargs for a in made if type(a).__name__ == "LifecycleNode"]


@pytest.mark.parametrize("arguments", [{}, {"policy": "blind", "dashboard": "false", "lockstep": "true"},
                                       {"understanding_delay_s": "1.0", "routes": "1", "recorder": "false"}])
def test_the_launch_file_starts_the_nodes_of_the_stack(launch_file, arguments):
    _, made = actions(launch_file, **arguments)
    kinds = {"policy": str, "dashboard": lambda t: t == "true", "lockstep": lambda t: t == "true",
             "recorder": lambda t: t == "true", "understanding_delay_s": float, "routes": int}
    wanted = drive_stack(StackSettings(out="runs/launch", **{k: kinds[k](v) for k, v in arguments.items()}))
    assert [n["executable"] for n in nodes_of(made)] == [d.name for d in wanted]
    for node, description in zip(nodes_of(made), wanted, strict=True):
        assert node["parameters"] == [dict(description.parameters)]
        assert dict(node["remappings"]) == dict(description.remaps)
        assert (node["package"], node["name"]) == ("automot_ros", description.name)


def test_every_node_is_configured_and_activated(launch_file):
    _, made = actions(launch_file)
    handlers = [a for a in made if type(a).__name__ == "RegisterEventHandler"]
    assert len(handlers) == 2 * len(nodes_of(made))


def test_every_argument_is_a_setting_with_its_own_default(launch_file):
    defaults = StackSettings()
    for name, (value, _) in launch_file.ARGUMENTS.items():
        if name != "out":
            assert value.lower() == str(getattr(defaults, name)).lower(), name


def variables_of(launch_file):
    items, _ = actions(launch_file)
    return {i.args[0]: i.args[1] for i in items if type(i).__name__ == "SetEnvironmentVariable"}


def test_the_transport_profile_is_set(launch_file, monkeypatch):
    monkeypatch.delenv("FASTDDS_DEFAULT_PROFILES_FILE", raising=False)
    assert Path(variables_of(launch_file)["FASTDDS_DEFAULT_PROFILES_FILE"]).is_file()


def test_discovery_stays_on_this_machine_unless_the_user_says_otherwise(launch_file, monkeypatch):
    for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS", "ROS_DISTRO"):
        monkeypatch.delenv(name, raising=False)
    assert variables_of(launch_file)["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in variables_of(launch_file)


def test_every_node_has_an_enclave_of_its_own(launch_file):
    _, made = actions(launch_file)
    assert [n["ros_arguments"] for n in nodes_of(made)] == [["--enclave", f"/automot/{n['name']}"]
                                                            for n in nodes_of(made)]
