"""ros2 launch automot_ros drive.launch.py: the stack of nodes/stack.py on the embedded world, by ROS 2's launcher."""

import os

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from automot_ros.nodes.security import enclave_of, network_environment
from automot_ros.nodes.stack import PACKAGE, NodeDescription, StackSettings, drive_stack
from launch import LaunchContext, LaunchDescription

ARGUMENTS = {
    "policy": ("nano", "nano, constant-speed, stand-still or a model folder"),
    "refiner": ("diffusion", "diffusion or none"),
    "lockstep": ("false", "the world waits for the command of every tick"),
    "understanding_delay_s": ("0.0", "each context takes at least this long"),
    "first_seed": ("1000000", "seed of the first route"),
    "suite": ("plain", "plain, scenario classes, six or all, joined by commas"),
    "routes": ("3", "how many seeds of each suite are driven"),
    "dashboard": ("true", "page on localhost"),
    "recorder": ("true", "record a bag"),
    "out": (os.path.join("runs", "launch"), "folder for results and bag"),
}


def settings_of(context: LaunchContext) -> StackSettings:
    """The launch arguments in the types of StackSettings."""
    defaults = StackSettings()
    values = {}
    for name in ARGUMENTS:
        text = LaunchConfiguration(name).perform(context)
        kind = type(getattr(defaults, name))
        values[name] = text.lower() in ("true", "1", "yes") if kind is bool else kind(text)
    return StackSettings(**values)


def node_actions(description: NodeDescription) -> list:
    """The node, configured when its process is there, activated when it is configured."""
    node = LifecycleNode(
        package=PACKAGE, executable=description.name, name=description.name, namespace="", output="screen",
        parameters=[dict(description.parameters)], remappings=list(description.remaps.items()),
        ros_arguments=["--enclave", enclave_of(description.name)],
        prefix=f"nice -n {description.nice}" if description.nice else "")

    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))

    activate = OnStateTransition(target_lifecycle_node=node, start_state="configuring", goal_state="inactive",
                                 entities=[change(Transition.TRANSITION_ACTIVATE)])
    configure = OnProcessStart(target_action=node, on_start=[change(Transition.TRANSITION_CONFIGURE)])
    return [RegisterEventHandler(activate), RegisterEventHandler(configure), node]


def stack_actions(context: LaunchContext) -> list:
    """Every node of the stack."""
    return [action for d in drive_stack(settings_of(context)) for action in node_actions(d)]


def generate_launch_description() -> LaunchDescription:
    environment = {"OMP_NUM_THREADS": "1", **network_environment(os.environ)}
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=value, description=text)
          for name, (value, text) in ARGUMENTS.items()),
        *(SetEnvironmentVariable(name, value) for name, value in environment.items()),
        OpaqueFunction(function=stack_actions),
    ])
