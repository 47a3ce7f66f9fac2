"""ros2 launch automot_ros drive.launch.py: the stack on the embedded world."""

from automot_ros.nodes.launching import stack_launch
from launch import LaunchDescription

OFFERED = ("policy", "refiner", "guard", "suite", "first_seed", "routes", "duration_s", "lockstep", "context_period_s",
           "understanding_lag_s", "understanding_delay_s", "dashboard", "dashboard_port", "rviz", "recorder", "out")


def generate_launch_description() -> LaunchDescription:
    return stack_launch({"out": "runs/launch"}, OFFERED)
