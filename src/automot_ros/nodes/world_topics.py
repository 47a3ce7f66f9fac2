"""The embedded world on the topics of the CARLA bridge: which message when, from the state of a session."""

from __future__ import annotations

from typing import Any

import numpy as np
from carla_msgs.msg import CarlaEgoVehicleStatus, CarlaStatus, CarlaTrafficLightStatusList, CarlaWorldInfo
from derived_object_msgs.msg import ObjectArray
from geometry_msgs.msg import Quaternion, TransformStamped
from nav_msgs.msg import Odometry, Path
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Float32
from tf2_msgs.msg import TFMessage

from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import convert, qos, stack
from automot_ros.nodes.convert import EGO_FRAME, MAP_FRAME
from automot_ros.nodes.interfaces import contract
from automot_ros.nodes.lifecycle import DrivingNode
from automot_ros.nodes.world_session import WorldSession

OBJECTS_PERIOD, LIGHTS_PERIOD = 2, 10
OBJECTS_WITHIN_M = 80.0
# Axes of a camera's image (right, down, forward) in those of the body (forward, left, up).
_OPTICAL = Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5)


class WorldTopics:
    """The publishers of the simulator. Nothing is converted that nobody reads."""

    def __init__(self, node: DrivingNode, session: WorldSession, *, synchronous: bool) -> None:
        self._synchronous = synchronous
        self._carla = contract("carla")
        self._rig = session.sensors.rig
        on = node.publish_on
        self._clock = on(Clock, "/clock", qos.CLOCK)
        self._tf = on(TFMessage, "/tf", qos.OFFERED)
        self._tf_static = on(TFMessage, "/tf_static", qos.LATCHED)
        self._route = on(Path, stack.ROUTE_TOPIC, qos.LATCHED)
        self._info = on(CarlaWorldInfo, stack.WORLD_INFO_TOPIC, qos.LATCHED)
        self._odometry = on(Odometry, stack.ODOMETRY_TOPIC, qos.OFFERED)
        self._points = on(PointCloud2, stack.POINTS_TOPIC, qos.OFFERED)
        self._speed = on(Float32, stack.SPEED_TOPIC, qos.OFFERED)
        self._vehicle = on(CarlaEgoVehicleStatus, stack.STATUS_TOPIC, qos.OFFERED)
        self._objects = on(ObjectArray, stack.OBJECTS_TOPIC, qos.OFFERED)
        self._lights = on(CarlaTrafficLightStatusList, stack.LIGHTS_TOPIC, qos.OFFERED)
        self._world = on(CarlaStatus, stack.WORLD_STATUS_TOPIC, qos.OFFERED)
        self._images = {c.name: on(Image, f"{stack.CARLA}/{c.name}/image", qos.OFFERED) for c in self._rig.cameras}
        self._infos = {c.name: on(CameraInfo, f"{stack.CARLA}/{c.name}/camera_info", qos.OFFERED)
                       for c in self._rig.cameras}

    def announce(self, session: WorldSession) -> None:
        """What holds for a whole drive."""
        self.clock(session)
        self._route.publish(convert.path_to_msg(session.route.points_map_N2, session.route.stamp_ns))
        task = session.world.task
        self._info.publish(self._carla.world_info_to_msg(task.map_name, task.xodr))
        self._tf_static.publish(self._sensor_frames(session))

    def clock(self, session: WorldSession) -> None:
        """The time."""
        self._clock.publish(Clock(clock=convert.stamp_to_msg(session.stamp_ns)))

    def publish(self, session: WorldSession) -> None:
        """One tick. The clock first: data that overtakes it would look as if it came from the future."""
        self.clock(session)
        tick, world = session.sense(), session.world
        stamp = tick.stamp_ns
        self._odometry.publish(convert.ego_to_msg(tick.ego))
        self._points.publish(convert.points_to_msg(tick.points))
        for frame in tick.cameras:
            self._images[frame.camera].publish(convert.camera_to_msg(frame))
        for model in self._rig.cameras:
            _if_read(self._infos[model.name], lambda m=model: convert.camera_info(m, stamp))
        self._speed.publish(Float32(data=tick.ego.speed_mps))
        _if_read(self._vehicle, lambda: self._carla.status_to_msg(tick.ego, world.ego_acceleration_mps2,
                                                                   session.applied))
        _if_read(self._tf, lambda: TFMessage(transforms=[
            convert.transform_to_msg(tick.ego.pose_map_to_ego, stamp, MAP_FRAME, EGO_FRAME)]))
        _if_read(self._world, lambda: self._carla.world_status_to_msg(world.tick, world.TICK_S,
                                                                       synchronous=self._synchronous))
        if world.tick % OBJECTS_PERIOD == 0:
            _if_read(self._objects, lambda: self._near_objects(session))
        if world.tick % LIGHTS_PERIOD == 0:
            _if_read(self._lights, lambda: self._carla.lights_to_msg(world.light_states))

    def _near_objects(self, session: WorldSession) -> ObjectArray:
        boxes = session.world.moving_boxes()
        away = boxes.xy_N2 - session.world.ego.pose_map_to_ego.position_m
        near_N = np.hypot(away[:, 0], away[:, 1]) < OBJECTS_WITHIN_M
        return self._carla.objects_to_msg(boxes.select(near_N), session.stamp_ns)

    def _sensor_frames(self, session: WorldSession) -> TFMessage:
        def frame(name: str, position_ego_m: tuple[float, float, float], turn: Quaternion) -> TransformStamped:
            x, y, z = position_ego_m
            made = convert.transform_to_msg(Pose2(x, y, 0.0), session.stamp_ns, EGO_FRAME, f"{EGO_FRAME}/{name}", z)
            made.transform.rotation = turn
            return made

        lidar = self._rig.lidar
        cameras = [frame(c.name, c.position_ego_m, _product(convert.quaternion_of(c.yaw_rad), _OPTICAL))
                   for c in self._rig.cameras]
        return TFMessage(transforms=[frame(lidar.name, lidar.position_ego_m, convert.quaternion_of(0.0)), *cameras])


def _if_read(publisher: Any, make: Any) -> None:
    if publisher.get_subscription_count():
        publisher.publish(make())


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    return Quaternion(w=a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, x=a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                      y=a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, z=a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w)
