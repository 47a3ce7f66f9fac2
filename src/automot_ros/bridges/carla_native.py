"""What CARLA's own ROS 2 interface lacks (0.9.16), from its Python API: odometry, status, objects, lights; sensors.

Objects of the API are read by their attributes, so nothing of CARLA is imported here. CARLA is left-handed: y and yaw
are positive to the right, angles are degrees; here y, yaw and yaw rate are turned round, as its ROS bridge does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from carla_msgs.msg import CarlaEgoVehicleStatus, CarlaTrafficLightStatus, CarlaTrafficLightStatusList
from derived_object_msgs.msg import Object, ObjectArray
from nav_msgs.msg import Odometry
from shape_msgs.msg import SolidPrimitive

from automot_ros.base.errors import ConfigError, MachineError
from automot_ros.bridges.carla_bridge import about_z, header
from automot_ros.bridges.carla_objects import spawn_objects
from automot_ros.scene.sensing import SECOND_NS, Rig

_LIGHTS = {"Red": CarlaTrafficLightStatus.RED, "Yellow": CarlaTrafficLightStatus.YELLOW,
           "Green": CarlaTrafficLightStatus.GREEN, "Off": CarlaTrafficLightStatus.OFF}
_CLASSES = (("walker.", Object.CLASSIFICATION_PEDESTRIAN), ("vehicle.", Object.CLASSIFICATION_CAR))
_BICYCLES = ("vehicle.bh.", "vehicle.diamondback.", "vehicle.gazelle.")


def check_versions(client: str, server: str) -> None:
    """ConfigError that says what to change: another version of the package talks past the server."""
    if client != server:
        raise ConfigError("CARLA's server and Python package are of different versions", where="carla",
                          got=f"server {server}, package {client}", wanted=f"pip install carla=={server}")


def find_ego(actors: Iterable[Any], role: str) -> Any:
    """The vehicle of a role. ConfigError lists the roles that there are."""
    vehicles = [a for a in actors if a.type_id.startswith("vehicle.")]
    for actor in vehicles:
        if actor.attributes.get("role_name") == role:
            return actor
    there = sorted({a.attributes.get("role_name", "") for a in vehicles})
    raise ConfigError("no vehicle of this role", where="role", got=there, wanted=role)


def stamp_of(snapshot: Any) -> int:
    """Nanoseconds of a tick."""
    return round(float(snapshot.timestamp.elapsed_seconds) * SECOND_NS)


def odometry_of(state: Any, stamp_ns: int, role: str) -> Odometry:
    """Pose in the map, twist in the axes of the body."""
    transform, velocity = state.get_transform(), state.get_velocity()
    yaw = -math.radians(transform.rotation.yaw)
    made = Odometry(header=header(stamp_ns, "map"), child_frame_id=role)
    p = made.pose.pose.position
    p.x, p.y, p.z = transform.location.x, -transform.location.y, transform.location.z
    made.pose.pose.orientation = about_z(yaw)
    east, north = velocity.x, -velocity.y
    made.twist.twist.linear.x = math.cos(yaw) * east + math.sin(yaw) * north
    made.twist.twist.linear.y = -math.sin(yaw) * east + math.cos(yaw) * north
    made.twist.twist.angular.z = -math.radians(state.get_angular_velocity().z)
    return made


def status_of(state: Any, control: Any, stamp_ns: int) -> CarlaEgoVehicleStatus:
    """vehicle_status as the bridge sends it; the command in it keeps CARLA's sign (steer right positive)."""
    made = CarlaEgoVehicleStatus(header=header(stamp_ns, "map"))
    v = state.get_velocity()
    made.velocity = math.sqrt(v.x * v.x + v.y * v.y + v.z * v.z)
    made.orientation = about_z(-math.radians(state.get_transform().rotation.yaw))
    made.control.throttle, made.control.brake, made.control.steer = control.throttle, control.brake, control.steer
    return made


def objects_of(actors: Iterable[Any], snapshot: Any, ego_id: int, stamp_ns: int) -> ObjectArray:
    """Vehicles and walkers but the ego, boxes with their full lengths, placed at the middle of the box."""
    made = ObjectArray(header=header(stamp_ns, "map"))
    for actor in actors:
        classification = next((c for prefix, c in _CLASSES if actor.type_id.startswith(prefix)), None)
        state = snapshot.find(actor.id)
        if actor.id == ego_id or classification is None or state is None:
            continue
        if actor.type_id.startswith(_BICYCLES):
            classification = Object.CLASSIFICATION_BIKE
        transform, velocity, box = state.get_transform(), state.get_velocity(), actor.bounding_box
        middle = transform.transform(box.location)
        one = Object(header=made.header, id=actor.id, object_classified=True, classification=classification,
                     classification_certainty=255, detection_level=Object.OBJECT_TRACKED,
                     shape=SolidPrimitive(type=SolidPrimitive.BOX, dimensions=[
                         2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z]))
        one.pose.position.x, one.pose.position.y, one.pose.position.z = middle.x, -middle.y, middle.z
        one.pose.orientation = about_z(-math.radians(transform.rotation.yaw))
        one.twist.linear.x, one.twist.linear.y = velocity.x, -velocity.y
        made.objects.append(one)
    return made


def lights_of(actors: Iterable[Any]) -> CarlaTrafficLightStatusList:
    """States of the traffic lights, by the id of the actor as the bridge has it."""
    return CarlaTrafficLightStatusList(traffic_lights=[
        CarlaTrafficLightStatus(id=a.id, state=_LIGHTS.get(str(a.state).rpartition(".")[2],
                                                            CarlaTrafficLightStatus.UNKNOWN))
        for a in actors if a.type_id == "traffic.traffic_light"])


def spawn(carla: Any, world: Any, rig: Rig, role: str) -> list[Any]:
    """The ego and its sensors, published by CARLA itself; the ego first. MachineError where there is no room."""
    (wanted,) = [o for o in spawn_objects(rig, role)["objects"] if o["id"] == role]
    library = world.get_blueprint_library()
    blueprint = library.find(wanted["type"])
    _name(blueprint, role)
    blueprint.set_attribute("role_name", role)
    made = [next(filter(None, (world.try_spawn_actor(blueprint, p) for p in world.get_map().get_spawn_points())), None)]
    if made[0] is None:
        raise MachineError("no room for the ego", where="CARLA's spawn points", got="all taken")
    for sensor in wanted["sensors"]:
        if sensor["type"].startswith("sensor.pseudo."):
            continue
        blueprint = library.find(sensor["type"])
        _name(blueprint, sensor["id"])
        for key, value in sensor.items():
            if key not in ("type", "id", "spawn_point"):
                blueprint.set_attribute(key, str(value))
        actor = world.spawn_actor(blueprint, _transform(carla, sensor["spawn_point"]), attach_to=made[0])
        actor.enable_for_ros()
        made.append(actor)
    return made


def _name(blueprint: Any, name: str) -> None:
    blueprint.set_attribute("ros_name", name)


def _transform(carla: Any, point: Mapping[str, float]) -> Any:
    """A spawn point in ROS axes (left, pitch down positive) as CARLA takes it."""
    return carla.Transform(carla.Location(x=point["x"], y=-point["y"], z=point["z"]),
                           carla.Rotation(roll=point["roll"], pitch=-point["pitch"], yaw=-point["yaw"]))
