"""One command from one trajectory and the newest odometry."""

from __future__ import annotations

from automot_ros.control.config import ControlConfig
from automot_ros.control.lateral import steer_along
from automot_ros.control.longitudinal import pedals_for, speed_request
from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.plan import DriveCommand, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.vehicle.specification import VehicleSpec


def follow(config: ControlConfig, vehicle: VehicleSpec, trajectory: Trajectory, ego: EgoState,
           now_ns: int) -> DriveCommand:
    """Steer along the trajectory's path and keep its speeds, re-timed to `now_ns`.

    The trajectory holds from its stamp; the car has moved since. Raises AutomotError where `path_K2` is not a path.
    """
    path = Polyline(trajectory.path_K2)
    travelled_m, _ = path.project(ego.pose_map_to_ego.position_m)
    elapsed_s = (now_ns - trajectory.stamp_ns) / SECOND_NS
    request = speed_request(config, trajectory, ego.speed_mps, travelled_m, elapsed_s)
    throttle, brake = pedals_for(config, vehicle, request, ego.speed_mps)
    return DriveCommand.of(ego.stamp_ns, throttle, brake, steer_along(config, vehicle, path, ego))
