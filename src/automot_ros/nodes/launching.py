"""The stack as launch actions: what every launch file of this package is made of. Needs ROS 2's launch and launch_ros.

A launch argument is a field of StackSettings; a launch file says which ones it offers and with which defaults. A node
is configured as soon as its process is there, activated when it is configured, and started again when it dies.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import Shutdown, matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from automot_ros.base.errors import ConfigError
from automot_ros.base.places import shipped
from automot_ros.nodes.interfaces import DRIVE_INTERFACES
from automot_ros.nodes.security import enclave_of, network_environment
from automot_ros.nodes.stack import PACKAGE, NodeDescription, StackSettings, Value, drive_stack
from launch import LaunchContext, LaunchDescription

RESPAWN_S = 1.0
PARAMETERS_FILE = "params_file"
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
TEXTS: Mapping[str, str] = {
    "policy": "nano, constant-speed, stand-still or a model folder",
    "refiner": "diffusion or none",
    "lockstep": "the world waits for the command of every tick",
    "use_sim_time": "time from /clock: in simulation and on a bag",
    "context_period_s": "s, time between contexts",
    "understanding_lag_s": "s, lockstep: age of a context at its arrival",
    "understanding_delay_s": "s, each context takes at least this long",
    "guard": "the guard's checks; off only to examine a model",
    "drive_interface": " | ".join(DRIVE_INTERFACES),
    "actuation": "false: dry run, commands go where no vehicle listens",
    "command_rate_hz": "Hz, commands a second: 20 in simulation, 50 on a vehicle",
    "vehicle": "a file of config/vehicles, or the path of one",
    "rig": "a file of config/rigs, or the path of one",
    "image_transport": "raw or compressed",
    "role": "CARLA's role name of the ego: topics are /carla/<role>/...",
    "namespace": "goes before nodes and topics of ours: two egos differ in it and in role",
    "image_topic": "of the front camera; empty: the one of CARLA",
    "points_topic": "of the LiDAR; empty: the one of CARLA",
    "odometry_topic": "nav_msgs/Odometry in the map frame; empty: the one of CARLA",
    "route_topic": "nav_msgs/Path in the map frame, latched; empty: the one of CARLA",
    "goal_topic": "geometry_msgs/PoseStamped for the router; empty: /carla/<role>/goal",
    "command_topic": "of the drive interface; empty: the usual one",
    "router": "make routes: from goals, or from gnss_points, over the lanes of a map",
    "map": "an OpenDRIVE file for the router; empty: the one of /carla/world_info",
    "gnss_points": "a file with latitude, longitude a line for the router; empty: wait for goals",
    "carla_native": "spawn ego and sensors in CARLA --ros2, and publish what its own interface lacks",
    "carla_host": "of the CARLA server",
    "carla_port": "of the CARLA server",
    "simulator": "start the embedded world",
    "suite": "plain, scenario classes, six, all or .xodr maps, joined by commas",
    "first_seed": "seed of the first route",
    "routes": "how many seeds of each suite are driven",
    "duration_s": "s, cut every route off; 0: it ends by itself",
    "out": "folder for results and bag",
    "dashboard": "page on localhost",
    "dashboard_port": "of the page",
    "rviz": "start RViz with this package's view, and publish what it shows",
    "recorder": "record a bag",
}


def stack_launch(defaults: Mapping[str, Value], offered: Iterable[str] | None = None,
                 before: Iterable[Any] = ()) -> LaunchDescription:
    """The launch description of the stack with other `defaults`, the actions `before` it included.

    Only the settings `offered` are arguments (all of them when None); the others stay at their defaults.
    """
    names = [f.name for f in fields(StackSettings)] if offered is None else list(offered)
    base = StackSettings(**defaults)  # type: ignore[arg-type]
    environment = {"OMP_NUM_THREADS": "1", **network_environment(os.environ)}
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=_text(getattr(base, name)), description=TEXTS[name])
          for name in names),
        DeclareLaunchArgument(PARAMETERS_FILE, default_value="",
                              description="ROS parameters over those of the stack, as config/drive.yaml"),
        *(SetEnvironmentVariable(name, value) for name, value in environment.items()),
        *before,
        OpaqueFunction(function=lambda context: stack_actions(context, defaults, names)),
    ])


def stack_actions(context: LaunchContext, defaults: Mapping[str, Value], names: Iterable[str]) -> list[Any]:
    """Every node of the stack for the arguments as they stand, and RViz where it is wanted."""
    settings = settings_of(context, defaults, names)
    file = LaunchConfiguration(PARAMETERS_FILE).perform(context)
    actions = [action for d in drive_stack(settings) for action in node_actions(d, settings, file)]
    if settings.rviz:
        actions.append(Node(package="rviz2", executable="rviz2", name="rviz2", namespace=settings.namespace,
                            arguments=["-d", str(shipped("rviz/automot.rviz"))], remappings=_for_rviz(settings),
                            parameters=[{"use_sim_time": settings.use_sim_time}]))
    return actions


def settings_of(context: LaunchContext, defaults: Mapping[str, Value], names: Iterable[str]) -> StackSettings:
    """The launch arguments in the types of StackSettings. ConfigError where a text is not of the type."""
    chosen = dict(defaults)
    for name in names:
        text = LaunchConfiguration(name).perform(context)
        chosen[name] = _value(name, text, type(StackSettings.__dataclass_fields__[name].default))
    return StackSettings(**chosen)  # type: ignore[arg-type]


def node_actions(description: NodeDescription, settings: StackSettings, parameters_file: str) -> list[Any]:
    """The node, configured when its process is there, activated when it is configured; the end of all without it."""
    parameters = [dict(description.parameters), *([parameters_file] if parameters_file else [])]
    node = LifecycleNode(
        package=PACKAGE, executable=description.name, name=description.name, namespace=settings.namespace,
        output="screen", parameters=parameters, remappings=list(description.remaps.items()),
        ros_arguments=["--enclave", enclave_of(description.name)],
        prefix=f"nice -n {description.nice}" if description.nice else "",
        respawn=description.restart, respawn_delay=RESPAWN_S)

    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))

    activate = OnStateTransition(target_lifecycle_node=node, start_state="configuring", goal_state="inactive",
                                 entities=[change(Transition.TRANSITION_ACTIVATE)])
    configure = OnProcessStart(target_action=node, on_start=[change(Transition.TRANSITION_CONFIGURE)])
    handlers = [activate, configure]
    if not description.restart:
        end = EmitEvent(event=Shutdown(reason=f"{description.name} has ended"))
        handlers.append(OnProcessExit(target_action=node, on_exit=[end]))
    return [*(RegisterEventHandler(h) for h in handlers), node]


def _for_rviz(settings: StackSettings) -> list[tuple[str, str]]:
    """The shipped view names the topics of one ego on CARLA: others are put in their place."""
    usual, own = StackSettings(simulator=False, router=True), replace(settings, simulator=False, router=True)
    return [(a, b) for node in drive_stack(usual) for key, a in node.remaps.items()
            for other in drive_stack(own) if other.name == node.name
            for b in [other.remaps.get(key, a)] if a != b and key != "~/output/command"]


def _value(name: str, text: str, kind: type) -> Value:
    if kind is bool:
        if text.lower() not in WORDS:
            raise ConfigError("not a yes or no", where=name, got=text, wanted="true | false")
        return WORDS[text.lower()]
    try:
        value: Value = kind(text)
    except ValueError as error:
        raise ConfigError("value of another type", where=name, got=text, wanted=kind.__name__) from error
    return value


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
