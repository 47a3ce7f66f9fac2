"""Everything that is known at one moment, in one place: what a page, a video and a report draw from.

Coordinates are those of the map. What has not been seen yet is None (or empty).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import Boxes
from automot_ros.scene.plan import Draft, DriveCommand, GuardReport, Trajectory
from automot_ros.scene.sensing import SECOND_NS, CameraModel, EgoState
from automot_ros.simulation.maps.road_map import RoadMap

Floats = NDArray[np.float64]
ON_ROUTE_M = 5.0
LIGHT_WORDS = ("red", "yellow", "green", "off", "unknown")


@dataclass(frozen=True, slots=True)
class MapOutline:
    """What a bird's-eye view needs of a map: lane surfaces as quads strung along centres, and stop lines of lights."""

    name: str
    lane_centres: tuple[Floats, ...]
    lane_widths_m: tuple[float, ...]
    stop_lines: dict[int, Floats]

    @staticmethod
    def of(road_map: RoadMap, spacing_m: float = 2.0) -> MapOutline:
        """The outline of a road map, thinned to a point every `spacing_m`."""
        return MapOutline(
            road_map.name, tuple(lane.center.resampled(spacing_m).points_N2 for lane in road_map.lanes),
            tuple(float(lane.width_m) for lane in road_map.lanes),
            {s.id: np.asarray(s.stop_line, dtype=np.float64) for s in road_map.signals if s.kind == "light"})


@dataclass(slots=True)
class View:
    """The present picture of a drive; whoever watches fills in the fields as messages come."""

    camera: CameraModel = field(default_factory=CameraModel)
    ego: EgoState | None = None
    image_HW3: NDArray[np.uint8] | None = None
    outline: MapOutline | None = None
    route_N2: Floats | None = None
    draft: Draft | None = None
    trajectory: Trajectory | None = None
    guard: GuardReport | None = None
    command: DriveCommand | None = None
    road_users: Boxes = field(default_factory=Boxes.empty)
    lights: dict[int, str] = field(default_factory=dict)
    report: str = ""
    report_stamp_ns: int = 0
    driving_score: float | None = None
    _line: Polyline | None = None
    _s_m: float = 0.0

    @property
    def stamp_ns(self) -> int:
        """The stamp of the newest odometry."""
        return 0 if self.ego is None else self.ego.stamp_ns

    @property
    def report_age_s(self) -> float | None:
        """How old the image is that the understanding last spoke about."""
        return None if not self.report_stamp_ns else max(0.0, (self.stamp_ns - self.report_stamp_ns) / SECOND_NS)

    @property
    def route_completion(self) -> float | None:
        """Percent of the route behind the ego, judged from odometry."""
        return None if self._line is None else min(100.0, 100.0 * self._s_m / self._line.length_m)

    def begin_route(self, points_N2: Floats) -> None:
        """A new drive: forget the plans of the last one."""
        self.route_N2, self._line, self._s_m = points_N2, Polyline(points_N2), 0.0
        self.draft = self.trajectory = self.guard = self.command = self.driving_score = None
        self.report, self.report_stamp_ns = "", 0
        self.road_users, self.lights = Boxes.empty(), {}

    def see_ego(self, ego: EgoState) -> None:
        """New odometry; also follows the progress on the route (which may cross itself, so it looks nearby first)."""
        self.ego = ego
        if self._line is None:
            return
        here = ego.pose_map_to_ego.position_m
        s, offset = self._line.project(here, self._s_m - 2.0, self._s_m + 15.0)
        if abs(offset) > ON_ROUTE_M:  # nobody looked for a while
            s, offset = self._line.project(here, self._s_m - 2.0)
        if abs(offset) < ON_ROUTE_M:
            self._s_m = max(self._s_m, s)
