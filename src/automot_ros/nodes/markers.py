"""A View as markers for RViz, in the map frame. Each namespace is a layer that RViz can switch off.

Nothing is ever deleted: what is not sent again vanishes by itself after half a second.
"""

from __future__ import annotations

import array

import numpy as np
from geometry_msgs.msg import Point
from nav_msgs.msg import OccupancyGrid
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from automot_ros.evaluation.corridor_shape import corridor_outline
from automot_ros.evaluation.overlay import (
    BODY_COLOR,
    BODY_COLORS,
    DRAFT_COLOR,
    EGO_COLOR,
    GUARD_COLORS,
    LANE_EDGE,
    LIGHT_COLORS,
    PLAN_COLORS,
    ROUTE_COLOR,
    Color,
)
from automot_ros.evaluation.view import View
from automot_ros.nodes.convert import MAP_FRAME, header, quaternion_of
from automot_ros.scene.plan import GuardMode
from automot_ros.scene.report import spoken
from automot_ros.vehicle.specification import VehicleSpec

Floats = NDArray[np.float64]
LANES_WITHIN_M = 120.0
GRID_M, CELL_M = 64.0, 0.5
FRESH_S, OLD_S = 0.3, 1.0  # a context is green, yellow from the first, red from the second (the guard's limit)
NAMESPACES = ("lanes", "lights", "route", "draft", "draft_waypoints", "plan", "corridor", "road_users", "ego",
              "decision", "understanding", "guard")
AGE_COLORS: tuple[Color, Color, Color] = ((46, 214, 150), (255, 206, 40), (240, 84, 74))


def age_color(age_s: float) -> Color:
    """The colour of a context's age."""
    fresh, middling, old = AGE_COLORS
    return fresh if age_s < FRESH_S else middling if age_s < OLD_S else old


class Markers:
    """Collects the markers of one moment."""

    def __init__(self, view: View, vehicle: VehicleSpec) -> None:
        self._view, self._vehicle = view, vehicle
        self._at = header(view.stamp_ns, MAP_FRAME)
        self.made = MarkerArray()

    def array(self) -> MarkerArray:
        """All layers."""
        view = self._view
        self._streets()
        if view.route_N2 is not None:
            self._line("route", 0, view.route_N2, ROUTE_COLOR, 0.4, 0.05)
        if view.draft is not None:
            to_map = view.draft.ego.pose_map_to_ego
            self._line("draft", 0, to_map.apply(view.draft.route_202.astype(np.float64)), DRAFT_COLOR, 0.15, 0.2)
            dots = self._add("draft_waypoints", 0, Marker.SPHERE_LIST, DRAFT_COLOR, 1.0)
            dots.scale.x = dots.scale.y = dots.scale.z = 0.5
            dots.points = _points(to_map.apply(view.draft.waypoints_62.astype(np.float64)), 0.25)
        if view.trajectory is not None:
            self._line("plan", 0, view.trajectory.xy_N2, PLAN_COLORS[view.trajectory.status], 0.9, 0.1)
        edges = corridor_outline(view, self._vehicle)
        if edges is not None:
            mode = GuardMode.NOMINAL if view.guard is None else view.guard.mode
            closed = np.concatenate([edges[0], edges[1][::-1]])
            self._line("corridor", 0, closed, GUARD_COLORS[mode], 0.12, 0.12)
        self._bodies()
        self._words()
        return self.made

    def _streets(self) -> None:
        outline, ego = self._view.outline, self._view.ego
        if outline is None or ego is None:
            return
        here = ego.pose_map_to_ego.position_m
        for number, (centre, width) in enumerate(zip(outline.lane_centres, outline.lane_widths_m, strict=True)):
            if np.min(np.hypot(*(centre - here).T)) < LANES_WITHIN_M:
                self._line("lanes", number, centre, LANE_EDGE, width, 0.0, alpha=0.5)
        for signal, line in outline.stop_lines.items():
            word = self._view.lights.get(signal, "")
            if word in LIGHT_COLORS and np.hypot(*(line.mean(axis=0) - here)) < LANES_WITHIN_M:
                self._line("lights", signal & 0x7FFFFFFF, line, LIGHT_COLORS[word], 0.8, 0.1)

    def _bodies(self) -> None:
        users = self._view.road_users
        for i in range(len(users)):
            color = BODY_COLORS.get(int(users.kinds_N[i]), BODY_COLOR)
            length, width, height = (float(v) for v in users.sizes_N3[i])
            self._box("road_users", int(users.ids_N[i]) & 0x7FFFFFFF, users.xy_N2[i], float(users.yaw_N[i]),
                      (length, width, height), color)
        ego, car = self._view.ego, self._vehicle
        if ego is not None:
            self._box("ego", 0, ego.pose_map_to_ego.position_m, ego.pose_map_to_ego.yaw_rad,
                      (car.length_m, car.width_m, car.height_m), EGO_COLOR)

    def _words(self) -> None:
        """Over the car: what it decides, what it understands (coloured by the age of that), what the guard does."""
        view = self._view
        if view.draft is not None:
            decision = ", ".join(w.replace("_", " ") for w in view.draft.decision.words()[:1])
            self._text("decision", decision, 5.5, 1.2, DRAFT_COLOR)
        if view.report:
            age_s = view.report_age_s or 0.0
            text = "\n".join(spoken(view.report).replace("; ", ". ").split(". "))
            self._text("understanding", f"{text}\n{age_s:.1f} s old", 8.5, 0.9, age_color(age_s))
        if view.guard is not None and view.guard.mode is not GuardMode.NOMINAL:
            self._text("guard", f"{view.guard.mode.name.lower()}: {view.guard.text}", 3.5, 1.1,
                       GUARD_COLORS[view.guard.mode])

    def _add(self, space: str, number: int, kind: int, color: Color, alpha: float = 0.9) -> Marker:
        marker = Marker(header=self._at, ns=space, id=number, type=kind, action=Marker.ADD)
        marker.color = ColorRGBA(r=color[0] / 255.0, g=color[1] / 255.0, b=color[2] / 255.0, a=alpha)
        marker.pose.orientation.w = 1.0
        marker.lifetime.nanosec = 500_000_000
        self.made.markers.append(marker)
        return marker

    def _line(self, space: str, number: int, points_N2: Floats, color: Color, width_m: float, z_m: float,
              alpha: float = 0.9) -> None:
        marker = self._add(space, number, Marker.LINE_STRIP, color, alpha)
        marker.scale.x = float(width_m)
        marker.points = _points(points_N2, z_m)

    def _box(self, space: str, number: int, xy: Floats, yaw_rad: float, size_m: tuple[float, float, float],
             color: Color) -> None:
        marker = self._add(space, number, Marker.CUBE, color, 0.7)
        marker.pose.position.x, marker.pose.position.y = float(xy[0]), float(xy[1])
        marker.pose.position.z = 0.5 * size_m[2]
        marker.pose.orientation = quaternion_of(yaw_rad)
        marker.scale.x, marker.scale.y, marker.scale.z = size_m

    def _text(self, space: str, text: str, z_m: float, height_m: float, color: Color) -> None:
        if self._view.ego is None or not text:
            return
        marker = self._add(space, 0, Marker.TEXT_VIEW_FACING, color, 1.0)
        x, y = self._view.ego.pose_map_to_ego.position_m
        marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = float(x), float(y), z_m
        marker.scale.z, marker.text = height_m, text


def markers(view: View, vehicle: VehicleSpec) -> MarkerArray:
    """Everything that RViz shows of a moment."""
    return Markers(view, vehicle).array()


def bird_grid(view: View, hits_N2: Floats) -> OccupancyGrid:
    """What stands above the ground round the car, on a grid of the map's axes. Call it where there is odometry."""
    ego = view.ego
    assert ego is not None
    cells = round(GRID_M / CELL_M)
    corner = np.floor(ego.pose_map_to_ego.position_m / CELL_M) * CELL_M - 0.5 * GRID_M
    column_row_N2 = np.floor((hits_N2 - corner) / CELL_M).astype(np.int64)
    inside = column_row_N2[((column_row_N2 >= 0) & (column_row_N2 < cells)).all(axis=1)]
    filled = np.zeros((cells, cells), np.int8)
    filled[inside[:, 1], inside[:, 0]] = 100
    grid = OccupancyGrid(header=header(view.stamp_ns, MAP_FRAME))
    grid.info.resolution, grid.info.width, grid.info.height = CELL_M, cells, cells
    grid.info.map_load_time = grid.header.stamp
    grid.info.origin.position.x, grid.info.origin.position.y = (float(v) for v in corner)
    grid.data = array.array("b", filled.tobytes())
    return grid


def _points(points_N2: Floats, z_m: float) -> list[Point]:
    return [Point(x=float(x), y=float(y), z=z_m) for x, y in points_N2]
