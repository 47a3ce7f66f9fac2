"""A recorded drive as a sequence of Views: what was known at each moment, from a bag alone.

Only standard types, the CARLA bridge's and ours are read, by the field names of their definitions; no ROS is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError, MessageError
from automot_ros.data.bags import BagReader, RawMessage
from automot_ros.data.definitions import ensure_type, typestore
from automot_ros.evaluation.view import LIGHT_WORDS, MapOutline, View
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.decision import Decision
from automot_ros.scene.plan import Draft, DriveCommand, GuardMode, GuardReason, GuardReport, PlanStatus, Trajectory
from automot_ros.scene.sensing import SECOND_NS, EgoState
from automot_ros.simulation.maps.road_map import RoadMap

# derived_object_msgs/Object.classification
_KINDS = {4: BodyKind.WALKER, 5: BodyKind.BICYCLE, 6: BodyKind.CAR, 7: BodyKind.TRUCK, 9: BodyKind.EMERGENCY,
          11: BodyKind.SIGN}


@dataclass(slots=True)
class Player:
    """A View that follows recorded messages; `observe` takes them in the order of recording."""

    view: View = field(default_factory=View)
    drives: int = 0
    plan_latency_s: float = 0.0
    understanding_compute_s: float = 0.0
    _image: Any = None

    def observe(self, type_name: str, topic: str, message: Any) -> None:
        """Take one message into the view; types and topics it has no use for are passed over."""
        handler = _HANDLERS.get(type_name)
        if handler is not None:
            handler(self, topic, message)

    @property
    def has_picture(self) -> bool:
        """Whether a camera image has come yet."""
        return self._image is not None or self.view.image_HW3 is not None

    def picture(self) -> View:
        """The view with the newest image decoded."""
        if self._image is not None:
            m = self._image
            rows = np.asarray(m.data, dtype=np.uint8).reshape(m.height, m.step)[:, : m.width * 4]
            self.view.image_HW3 = np.asarray(cv2.cvtColor(rows.reshape(m.height, m.width, 4), cv2.COLOR_BGRA2RGB),
                                             dtype=np.uint8)
            self._image = None
        return self.view

    def _on_image(self, topic: str, m: Any) -> None:
        right_size = (m.width, m.height) == (self.view.camera.width_px, self.view.camera.height_px)
        if self.view.camera.name in topic and m.encoding == "bgra8" and right_size:
            self._image = m

    def _on_odometry(self, _topic: str, m: Any) -> None:
        p, q = m.pose.pose.position, m.pose.pose.orientation
        yaw = float(np.arctan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z)))
        self.view.see_ego(EgoState(_ns(m), Pose2(p.x, p.y, yaw), m.twist.twist.linear.x, m.twist.twist.angular.z))

    def _on_path(self, topic: str, m: Any) -> None:
        if topic.endswith("/waypoints") and len(m.poses) > 1:
            self.view.begin_route(np.array([[p.pose.position.x, p.pose.position.y] for p in m.poses]))
            self.drives += 1

    def _on_world_info(self, _topic: str, m: Any) -> None:
        self.view.outline = MapOutline.of(RoadMap(m.map_name, m.opendrive)) if m.opendrive else None

    def _on_objects(self, _topic: str, m: Any) -> None:
        rows = [(o.id, int(_KINDS.get(o.classification, BodyKind.OBSTACLE)), o.pose.position.x, o.pose.position.y,
                 2.0 * np.arctan2(o.pose.orientation.z, o.pose.orientation.w), *list(o.shape.dimensions)[:3])
                for o in m.objects if len(o.shape.dimensions) >= 3]
        t = np.array(rows, dtype=np.float64).reshape(-1, 8)
        n = len(t)
        self.view.road_users = Boxes(t[:, 0].astype(np.int64), t[:, 1].astype(np.int64), t[:, 2:4], np.zeros(n),
                                     t[:, 4], t[:, 5:8], np.zeros(n), np.zeros((n, 3), np.uint8), np.zeros(n, np.bool_))

    def _on_lights(self, _topic: str, m: Any) -> None:
        self.view.lights = {int(x.id): LIGHT_WORDS[min(int(x.state), 4)] for x in m.traffic_lights}

    def _on_draft(self, _topic: str, m: Any) -> None:
        ego = EgoState(_ns(m), _pose(m.pose_map_to_ego), m.speed_mps, m.yaw_rate_radps)
        self.view.draft = Draft(
            ego, _tensor(m.waypoints), _tensor(m.route), _tensor(m.speeds),
            Decision(_tensor(m.longitudinal), _tensor(m.lateral)), _tensor(m.decision_latents), _tensor(m.bev_tokens),
            m.context_epoch, m.context_sequence, m.context_age_s)

    def _on_trajectory(self, _topic: str, m: Any) -> None:
        p = np.array([[x.time_s, x.pose.x_m, x.pose.y_m, x.pose.yaw_rad, x.speed_mps, x.acceleration_mps2,
                       x.curvature_per_m] for x in m.points]).reshape(-1, 7)
        path = np.array([[x.x, x.y] for x in m.path]).reshape(-1, 2)
        if len(p) and len(path):
            self.view.trajectory = Trajectory(_ns(m), p[:, 0], p[:, 1:3], p[:, 3], p[:, 4], p[:, 5], p[:, 6], path,
                                              PlanStatus(m.status), m.reason, m.context_age_s)
            self.plan_latency_s = m.action_compute_s + m.refiner_compute_s

    def _on_guard(self, _topic: str, m: Any) -> None:
        self.view.guard = GuardReport(
            _ns(m), GuardMode(m.mode), GuardReason(m.reason), m.text, m.odometry_age_s, m.trajectory_age_s,
            m.points_age_s, m.context_age_s, m.time_to_collision_s, m.interventions)

    def _on_report(self, _topic: str, m: Any) -> None:
        self.view.report, self.view.report_stamp_ns = m.text, _ns(m)
        self.understanding_compute_s = m.compute_s

    def _on_command(self, _topic: str, m: Any) -> None:
        self.view.command = DriveCommand(_ns(m), m.throttle, m.brake, -m.steer)


_HANDLERS: dict[str, Callable[[Player, str, Any], None]] = {
    "sensor_msgs/msg/Image": Player._on_image,
    "nav_msgs/msg/Odometry": Player._on_odometry,
    "nav_msgs/msg/Path": Player._on_path,
    "carla_msgs/msg/CarlaWorldInfo": Player._on_world_info,
    "carla_msgs/msg/CarlaTrafficLightStatusList": Player._on_lights,
    "carla_msgs/msg/CarlaEgoVehicleControl": Player._on_command,
    "derived_object_msgs/msg/ObjectArray": Player._on_objects,
    "automot_ros/msg/ActionDraft": Player._on_draft,
    "automot_ros/msg/PlannedTrajectory": Player._on_trajectory,
    "automot_ros/msg/GuardStatus": Player._on_guard,
    "automot_ros/msg/SceneReport": Player._on_report,
}


# What starts a drive or tells the time is taken at once, the rest when a picture is due.
_ODOMETRY, _IMAGE = "nav_msgs/msg/Odometry", "sensor_msgs/msg/Image"
_AT_ONCE = (_ODOMETRY, "nav_msgs/msg/Path", "carla_msgs/msg/CarlaWorldInfo")


def play(bag: Path, period_s: float, *, pictures: bool = True) -> Iterator[Player]:
    """The player after every `period_s` of simulated time; the same object each time, so copy what you keep.

    Only what is newest at such a moment is decoded. Raises MessageError naming the bag, topic and message that cannot
    be used.
    """
    player, due_ns, store = Player(), 0, typestore()
    newest: dict[str, RawMessage] = {}

    def take(raw: RawMessage) -> None:
        try:
            ensure_type(store, raw.type_name)
            player.observe(raw.type_name, raw.topic, store.deserialize_cdr(raw.cdr, raw.type_name))
        except AutomotError:
            raise
        except Exception as error:  # any bytes may stand in a file
            raise MessageError("message cannot be used", where=f"{bag} {raw.topic} at {raw.stamp_ns} ns",
                               got=f"{type(error).__name__}: {error}") from error

    with BagReader(bag) as reader:
        wanted = [t for t, kind in reader.topics.items() if kind in _HANDLERS and (pictures or kind != _IMAGE)]
        for raw in reader.raw(wanted):
            if raw.type_name not in _AT_ONCE:
                newest[raw.topic] = raw
                continue
            take(raw)
            if raw.type_name == _ODOMETRY and player.view.stamp_ns >= due_ns:
                due_ns = player.view.stamp_ns + round(period_s * SECOND_NS) - SECOND_NS // 1000
                for one in newest.values():
                    take(one)
                newest.clear()
                yield player


def _ns(m: Any) -> int:
    return int(m.header.stamp.sec) * SECOND_NS + int(m.header.stamp.nanosec)


def _pose(m: Any) -> Pose2:
    return Pose2(m.x_m, m.y_m, m.yaw_rad)


def _tensor(m: Any) -> NDArray[np.float32]:
    return np.asarray(m.data, dtype=np.float32).reshape([int(d) for d in m.dims])
