"""ros2 launch automot_ros stack.launch.py: the stack with every setting as an argument; the others build on it."""

from automot_ros.nodes.launching import stack_launch
from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    return stack_launch({"simulator": False, "out": "runs/stack"})
