"""ros2 launch automot_ros vehicle.launch.py vehicle:=mine.yaml rig:=eyes.yaml: the stack on a vehicle.

A dry run unless actuation:=true: everything runs, commands go to /automot/dry_run/..., where no vehicle listens.
"""

from automot_ros.nodes.launching import stack_launch
from launch import LaunchDescription

DEFAULTS = {"simulator": False, "use_sim_time": False, "actuation": False, "drive_interface": "ackermann",
            "vehicle": "ackermann_car", "rig": "car_full_hd", "command_rate_hz": 50.0, "goal_topic": "/goal_pose",
            "out": "runs/vehicle"}
OFFERED = ("actuation", "vehicle", "rig", "drive_interface", "command_rate_hz", "image_topic", "image_transport",
           "points_topic", "odometry_topic", "route_topic", "command_topic", "router", "map", "gnss_points",
           "goal_topic", "namespace", "use_sim_time", "policy", "refiner", "context_period_s", "dashboard",
           "dashboard_port", "rviz", "recorder", "out")


def generate_launch_description() -> LaunchDescription:
    return stack_launch(DEFAULTS, OFFERED)
