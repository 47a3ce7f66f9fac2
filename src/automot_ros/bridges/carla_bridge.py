"""The CARLA ROS bridge's messages, and the only place that knows CARLA's signs.

The bridge already turns poses and points to ROS axes (y and yaw left positive). What stays left-handed is the command:
CARLA steers positive to the RIGHT. Boxes leave as derived_object_msgs with full lengths, as the bridge sends them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

from carla_msgs.msg import (
    CarlaEgoVehicleControl,
    CarlaEgoVehicleStatus,
    CarlaStatus,
    CarlaTrafficLightStatus,
    CarlaTrafficLightStatusList,
    CarlaWorldInfo,
)
from derived_object_msgs.msg import Object, ObjectArray
from geometry_msgs.msg import Quaternion
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header

from automot_ros.base.errors import MessageError
from automot_ros.bridges.drive import Outlet
from automot_ros.driving.order import DriveOrder, Reading
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.plan import DriveCommand
from automot_ros.scene.sensing import SECOND_NS, EgoState

ROLE = "hero"
PREFIX = f"/carla/{ROLE}"
COMMAND_MESSAGE = CarlaEgoVehicleControl

_CLASSIFICATION = {
    BodyKind.CAR: Object.CLASSIFICATION_CAR,
    BodyKind.TRUCK: Object.CLASSIFICATION_TRUCK,
    BodyKind.BICYCLE: Object.CLASSIFICATION_BIKE,
    BodyKind.WALKER: Object.CLASSIFICATION_PEDESTRIAN,
    BodyKind.EMERGENCY: Object.CLASSIFICATION_OTHER_VEHICLE,
    BodyKind.SIGN: Object.CLASSIFICATION_SIGN,
    BodyKind.CONE: Object.CLASSIFICATION_BARRIER,
    BodyKind.CONTAINER: Object.CLASSIFICATION_BARRIER,
    BodyKind.DOOR: Object.CLASSIFICATION_BARRIER,
    BodyKind.OBSTACLE: Object.CLASSIFICATION_BARRIER,
}
# The message knows fewer classes than the world: a barrier comes back as an obstacle, the last of its row.
_KIND = {classification: kind for kind, classification in _CLASSIFICATION.items()}
_LIGHT = {"RED": CarlaTrafficLightStatus.RED, "YELLOW": CarlaTrafficLightStatus.YELLOW,
          "GREEN": CarlaTrafficLightStatus.GREEN}


def header(stamp_ns: int, frame: str) -> Header:
    """A header with the stamp of the input."""
    made = Header(frame_id=frame)
    made.stamp.sec, made.stamp.nanosec = stamp_ns // SECOND_NS, stamp_ns % SECOND_NS
    return made


def about_z(yaw_rad: float) -> Quaternion:
    """A heading, left positive."""
    return Quaternion(x=0.0, y=0.0, z=math.sin(yaw_rad / 2.0), w=math.cos(yaw_rad / 2.0))


def control_to_msg(command: DriveCommand) -> CarlaEgoVehicleControl:
    """Our command (left positive) as CARLA takes it (right positive), with the stamp of the inputs."""
    return CarlaEgoVehicleControl(header=header(command.stamp_ns, "map"), throttle=command.throttle,
                                  steer=-command.steer, brake=command.brake, hand_brake=False, reverse=False, gear=1,
                                  manual_gear_shift=False)


class Drive:
    """Orders for CARLA's pedals, stamped as their inputs: for a tick, synchronous mode takes no other command."""

    COMMAND_MESSAGE = CarlaEgoVehicleControl
    LATCHED = False
    BESIDE: tuple[Outlet, ...] = ()

    def command(self, order: DriveOrder, now_ns: int) -> CarlaEgoVehicleControl:
        """The pedals as they are."""
        return control_to_msg(order.command)

    def beside(self, order: DriveOrder, now_ns: int) -> tuple[()]:
        """Nothing."""
        return ()

    def read(self, message: CarlaEgoVehicleControl) -> Reading:
        """Pedals and steering, left positive again."""
        command = control_from_msg(message)
        return Reading(throttle=command.throttle, brake=command.brake, steer=command.steer)


def control_from_msg(message: CarlaEgoVehicleControl) -> DriveCommand:
    """CARLA's command (right positive) as ours (left positive). Refuses what is no command."""
    where = "vehicle_control_cmd"
    for name, low in (("throttle", 0.0), ("brake", 0.0), ("steer", -1.0)):
        value = getattr(message, name)
        if not (math.isfinite(value) and low <= value <= 1.0):
            raise MessageError("pedal or steering out of bounds", where=f"{where}.{name}", got=value,
                               wanted=f"{low}..1")
    if message.reverse:
        raise MessageError("reverse gear", where=where, got=True, wanted=False)
    stamp = message.header.stamp
    if stamp.sec < 0 or stamp.nanosec >= SECOND_NS:
        raise MessageError("impossible time", where=f"{where}.stamp", got=f"{stamp.sec} s {stamp.nanosec} ns")
    brake = 1.0 if message.hand_brake else message.brake
    return DriveCommand.of(stamp.sec * SECOND_NS + stamp.nanosec, message.throttle, brake, -message.steer)


def status_to_msg(ego: EgoState, acceleration_mps2: float, command: DriveCommand) -> CarlaEgoVehicleStatus:
    """vehicle_status: speed, acceleration along the body, heading, and the command in force."""
    made = CarlaEgoVehicleStatus(header=header(ego.stamp_ns, "map"), velocity=ego.speed_mps,
                                 control=control_to_msg(command))
    made.acceleration.linear.x = acceleration_mps2
    made.acceleration.linear.y = ego.speed_mps * ego.yaw_rate_radps
    made.orientation = about_z(ego.pose_map_to_ego.yaw_rad)
    return made


def objects_to_msg(boxes: Boxes, stamp_ns: int) -> ObjectArray:
    """Road users and what stands in their way, as the bridge sends them; buildings, posts and lamps are left out."""
    made = ObjectArray(header=header(stamp_ns, "map"))
    for i, kind in enumerate(boxes.kinds_N.tolist()):
        classification = _CLASSIFICATION.get(BodyKind(kind))
        if classification is None:
            continue
        length, width, height = boxes.sizes_N3[i].tolist()
        one = Object(header=made.header, id=int(boxes.ids_N[i]) & 0xFFFFFFFF, detection_level=Object.OBJECT_TRACKED,
                     object_classified=True, classification=classification, classification_certainty=255,
                     shape=SolidPrimitive(type=SolidPrimitive.BOX, dimensions=[length, width, height]))
        one.pose.position.x, one.pose.position.y = float(boxes.xy_N2[i, 0]), float(boxes.xy_N2[i, 1])
        one.pose.position.z = float(boxes.base_z_N[i]) + 0.5 * height
        one.pose.orientation = about_z(float(boxes.yaw_N[i]))
        one.twist.linear.x = float(boxes.speed_N[i]) * math.cos(float(boxes.yaw_N[i]))
        one.twist.linear.y = float(boxes.speed_N[i]) * math.sin(float(boxes.yaw_N[i]))
        made.objects.append(one)
    return made


def kind_of(message: Object) -> BodyKind:
    """What an object of ObjectArray is; unknown classes are obstacles."""
    return _KIND.get(message.classification, BodyKind.OBSTACLE)


def lights_to_msg(states: Mapping[int, Enum]) -> CarlaTrafficLightStatusList:
    """States of the traffic lights by id; RED, YELLOW and GREEN by name, whatever their numbers."""
    return CarlaTrafficLightStatusList(traffic_lights=[
        CarlaTrafficLightStatus(id=int(i), state=_LIGHT[state.name]) for i, state in sorted(states.items())])


def world_info_to_msg(map_name: str, opendrive: str) -> CarlaWorldInfo:
    """The map in use."""
    return CarlaWorldInfo(map_name=map_name, opendrive=opendrive)


def world_status_to_msg(frame: int, tick_s: float, *, synchronous: bool) -> CarlaStatus:
    """Tick count and clock of the simulation."""
    return CarlaStatus(frame=frame, fixed_delta_seconds=tick_s, synchronous_mode=synchronous,
                       synchronous_mode_running=True)
