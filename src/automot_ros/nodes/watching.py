"""Messages of a running drive into a View: kept as bytes as they come, decoded only when somebody looks.

Topics have names of the node (`~/input/...`), so that any vehicle is watched: pictures as its rig says, commands of its
drive interface. What a car lacks (a map, other road users, lights) stays empty.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from carla_msgs.msg import CarlaTrafficLightStatusList, CarlaWorldInfo
from derived_object_msgs.msg import ObjectArray
from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry, Path
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from automot_ros.base.errors import AutomotError, MessageError
from automot_ros.evaluation.page_state import Figures
from automot_ros.evaluation.view import LIGHT_WORDS, MapOutline, View
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.corridor import points_in_map
from automot_ros.msg import ActionDraft, GuardStatus, PlannedTrajectory, SceneReport
from automot_ros.nodes import convert, convert_plan, qos
from automot_ros.nodes.camera_input import CameraInput, points_of
from automot_ros.nodes.interfaces import contract
from automot_ros.scene.actors import Boxes
from automot_ros.scene.sensing import SECOND_NS, Rig
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.vehicle.specification import VehicleSpec

Taker = Callable[[bytes, Mapping[str, int]], None]  # the bytes, and when they were sent
MAX_BODIES = 500
MAX_HITS = 700  # obstacle points that are shown
ODOMETRY, GUARD, DIAGNOSTICS = "~/input/odometry", "~/input/guard_status", "~/input/diagnostics"
_CARLA = contract("carla")
_SIMULATOR = b"automot/simulator"
_REMEMBERED_STAMPS = 100


class Watching:
    """The newest message of each topic, and the view they make."""

    def __init__(self, count_bad: Callable[[str, AutomotError], None], rig: Rig | None = None,
                 vehicle: VehicleSpec | None = None, drive_interface: str = "carla", *,
                 compressed: bool = False) -> None:
        """What it cannot use goes to `count_bad`; the rest describes the vehicle that is watched."""
        self.rig, self.vehicle = rig or Rig(), vehicle or VehicleSpec()
        self.view, self.figures = View(camera=self.rig.cameras[0]), Figures()
        self.map_version = 0
        self._count_bad = count_bad
        self._camera = CameraInput(self.rig.cameras[0])
        self._drive = contract(drive_interface).Drive()
        self._guard_config = GuardConfig()
        self._newest: dict[str, bytes] = {}
        self._sent_ns: dict[tuple[int, int], int] = {}
        self._opendrive = ""
        image = CompressedImage if compressed else Image
        self._table: dict[str, tuple[type, Any, Callable[[Any], None]]] = {
            "~/input/world_info": (CarlaWorldInfo, qos.LATCHED, self._on_world),
            "~/input/route": (Path, qos.LATCHED, self._on_route),
            ODOMETRY: (Odometry, qos.SENSOR, lambda m: self.view.see_ego(convert.ego_from_msg(m))),
            "~/input/draft": (ActionDraft, qos.PLAN, self._on_draft),
            "~/input/trajectory": (PlannedTrajectory, qos.PLAN, self._on_trajectory),
            GUARD: (GuardStatus, qos.PLAN, self._on_guard),
            "~/input/command": (self._drive.COMMAND_MESSAGE, qos.PLAN, self._on_command),
            "~/input/scene_report": (SceneReport, qos.PLAN, self._on_report),
            "~/input/objects": (ObjectArray, qos.SENSOR, self._on_objects),
            "~/input/lights": (CarlaTrafficLightStatusList, qos.SENSOR, self._on_lights),
            DIAGNOSTICS: (DiagnosticArray, qos.DIAGNOSTICS, self._on_diagnostics),
            "~/input/points": (PointCloud2, qos.SENSOR, self._on_points),
            "~/input/image": (image, qos.SENSOR, self._on_image),
        }

    def topics(self) -> list[tuple[type, str, Any, Taker]]:
        """What to subscribe to, as raw bytes: type, topic, quality of service, callback."""
        return [(kind, topic, profile, self._taker(topic)) for topic, (kind, profile, _) in self._table.items()]

    def digest(self) -> None:
        """Decode what came since the last call. Garbage is counted, the rest still counts."""
        fresh, self._newest = self._newest, {}
        for topic, (kind, _, handler) in self._table.items():
            if topic not in fresh:
                continue
            try:
                handler(deserialize_message(fresh[topic], kind))
            except AutomotError as error:
                self._count_bad(topic, error)
            except (RuntimeError, ValueError, TypeError, OverflowError) as error:
                self._count_bad(topic, MessageError("message cannot be used", where=topic, got=str(error)))

    def _taker(self, topic: str) -> Taker:
        def take(cdr: bytes, info: Mapping[str, int]) -> None:
            if topic == DIAGNOSTICS and _SIMULATOR not in cdr:
                return
            if topic in (ODOMETRY, GUARD):
                self._time(topic, cdr, int(info["source_timestamp"]))
            self._newest[topic] = cdr

        return take

    def _time(self, topic: str, cdr: bytes, sent_ns: int) -> None:
        """Measure from when odometry was sent to when the guard's word on it was, on the clock of this host.

        Not the command's: of most interfaces it has a stamp of its own. The guard's word is sent right behind it.
        """
        if len(cdr) < 12:
            return
        stamp: tuple[int, int] = struct.unpack_from("<iI", cdr, 4)
        if topic == ODOMETRY:
            self._sent_ns[stamp] = sent_ns
            if len(self._sent_ns) > _REMEMBERED_STAMPS:
                del self._sent_ns[next(iter(self._sent_ns))]
        elif stamp in self._sent_ns:
            self.figures.input_to_command_s = max(0, sent_ns - self._sent_ns.pop(stamp)) / SECOND_NS

    def _on_world(self, message: CarlaWorldInfo) -> None:
        if message.opendrive and message.opendrive != self._opendrive:
            self._opendrive = message.opendrive
            self.view.outline = MapOutline.of(RoadMap(message.map_name, message.opendrive))
            self.map_version += 1

    def _on_route(self, message: Path) -> None:
        self.view.begin_route(convert.route_from_msg(message).points_map_N2)
        self.figures = Figures()
        self.map_version += 1

    def _on_draft(self, message: ActionDraft) -> None:
        self.view.draft = convert_plan.draft_from_msg(message)

    def _on_trajectory(self, message: PlannedTrajectory) -> None:
        self.view.trajectory = convert_plan.trajectory_from_msg(message)
        self.figures.action_s, self.figures.refiner_s = message.action_compute_s, message.refiner_compute_s

    def _on_guard(self, message: GuardStatus) -> None:
        self.view.guard = convert_plan.guard_from_msg(message)

    def _on_command(self, message: Any) -> None:
        self.figures.command = self._drive.read(message)

    def _on_report(self, message: SceneReport) -> None:
        self.view.report = message.text[:500]
        self.view.report_stamp_ns = convert.stamp_from_msg(message.header.stamp, "scene_report")
        self.figures.understanding_s = message.compute_s

    def _on_objects(self, message: ObjectArray) -> None:
        found = message.objects[:MAX_BODIES]
        rows = np.array([[o.id, _CARLA.kind_of(o), o.pose.position.x, o.pose.position.y,
                          convert.yaw_of(o.pose.orientation, "objects"), *list(o.shape.dimensions)[:3]]
                         for o in found if len(o.shape.dimensions) >= 3], dtype=np.float64).reshape(-1, 8)
        if not np.isfinite(rows).all():
            raise MessageError("number out of bounds", where="objects", got="NaN", wanted="numbers")
        n = len(rows)
        self.view.road_users = Boxes(
            rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2:4], np.zeros(n), rows[:, 4],
            rows[:, 5:8], np.zeros(n), np.zeros((n, 3), np.uint8), np.zeros(n, np.bool_))

    def _on_lights(self, message: CarlaTrafficLightStatusList) -> None:
        self.view.lights = {int(s.id): LIGHT_WORDS[min(int(s.state), 4)] for s in message.traffic_lights[:1000]}

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == _SIMULATOR.decode():
                self.figures.simulator = {v.key: v.value[:100] for v in status.values[:50]}

    def _on_points(self, message: PointCloud2) -> None:
        """What the guard takes for obstacles, thinned; of the last two half sweeps."""
        ego = self.view.ego
        if ego is None:
            return
        cloud = points_of(message, self.rig.lidar)
        hits_M2 = points_in_map(self._guard_config, cloud.points_N4, self.rig.lidar.position_ego_m,
                                ego.pose_map_to_ego)
        self.figures.sweeps = [*self.figures.sweeps[-1:], hits_M2[:: len(hits_M2) // MAX_HITS + 1]]

    def _on_image(self, message: Image | CompressedImage) -> None:
        self.view.image_HW3 = self._camera.frame(message).image_HW3
