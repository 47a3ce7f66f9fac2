"""ros2 launch automot_ros carla.launch.py town:=Town01: the stack on CARLA, through its ROS bridge.

Starts the bridge in synchronous mode, an ego with this package's sensors, and the publisher of routes towards
/carla/<role>/goal. bridge:=none where all of that runs already (the leaderboard, a bridge of one's own).
CARLA's own ROS 2 interface (a server with --ros2): bridge:=none carla_native:=true router:=true lockstep:=false.
"""

import json
import tempfile
from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from automot_ros.base.errors import ConfigError
from automot_ros.bridges.carla_objects import spawn_objects
from automot_ros.data.vehicle_files import read_rig
from automot_ros.nodes.launching import stack_launch
from launch import LaunchContext, LaunchDescription

DEFAULTS = {"simulator": False, "lockstep": True, "rig": "carla", "out": "runs/carla"}
OFFERED = ("role", "namespace", "rig", "policy", "refiner", "guard", "lockstep", "context_period_s",
           "understanding_lag_s", "carla_host", "carla_port", "carla_native", "router", "points_topic", "actuation",
           "dashboard", "dashboard_port", "rviz", "recorder", "out")
BRIDGE = {
    "bridge": ("ros", "ros: start the CARLA ROS bridge, ego and route publisher; none: they run already"),
    "town": ("Town01", "map to load"),
    "spawn_point": ("None", "x,y,z,roll,pitch,yaw of the ego; None: any"),
}


def bridge_actions(context: LaunchContext) -> list:
    """The bridge's own nodes, with the names and parameters of its launch files."""
    values = {name: LaunchConfiguration(name).perform(context)
              for name in (*BRIDGE, "role", "rig", "lockstep", "carla_host", "carla_port")}
    if values["bridge"] not in ("ros", "none"):
        raise ConfigError("unknown bridge", where="bridge", got=values["bridge"], wanted="ros | none")
    if values["bridge"] == "none":
        return []
    role, server = values["role"], {"host": values["carla_host"], "port": int(values["carla_port"])}
    objects = Path(tempfile.mkdtemp(prefix="automot_")) / "objects.json"
    objects.write_text(json.dumps(spawn_objects(read_rig(values["rig"]), role), indent=1))
    waits = values["lockstep"].lower() in ("true", "1", "yes")
    return [
        Node(package="carla_ros_bridge", executable="bridge", name="carla_ros_bridge", output="screen",
             parameters=[{**server, "use_sim_time": True, "timeout": 10.0, "town": values["town"], "passive": False,
                          "synchronous_mode": True, "synchronous_mode_wait_for_vehicle_control_command": waits,
                          "fixed_delta_seconds": 0.05, "register_all_sensors": False,
                          "ego_vehicle_role_name": [role]}]),
        Node(package="carla_spawn_objects", executable="carla_spawn_objects", name=f"spawn_{role}", output="screen",
             parameters=[{"objects_definition_file": str(objects), f"spawn_point_{role}": values["spawn_point"],
                          "spawn_sensors_only": False}]),
        Node(package="carla_waypoint_publisher", executable="carla_waypoint_publisher", name=f"waypoints_{role}",
             output="screen", parameters=[{**server, "timeout": 10.0, "role_name": role}]),
    ]


def generate_launch_description() -> LaunchDescription:
    arguments = [DeclareLaunchArgument(n, default_value=v, description=t) for n, (v, t) in BRIDGE.items()]
    return stack_launch(DEFAULTS, OFFERED, before=[*arguments, OpaqueFunction(function=bridge_actions)])
