"""A View as the JSON that the page draws, in map coordinates; and as markers for RViz."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from automot_ros.evaluation.overlay import BODY_COLOR, BODY_COLORS, DRAFT_COLOR, PLAN_COLORS, ROUTE_COLOR
from automot_ros.evaluation.view import MapOutline, View
from automot_ros.nodes.convert import MAP_FRAME, header, quaternion_of
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import spoken

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Figures:
    """What is measured beside the view; None where nothing was yet."""

    action_s: float | None = None
    refiner_s: float | None = None
    understanding_s: float | None = None
    input_to_command_s: float | None = None
    simulator: dict[str, str] = field(default_factory=dict)


def map_json(outline: MapOutline | None, route_N2: Floats | None) -> bytes:
    """What holds for a whole drive: streets and route."""
    lanes = [] if outline is None else [
        {"width": round(w, 2), "points": _points(c)}
        for c, w in zip(outline.lane_centres, outline.lane_widths_m, strict=True)]
    return _json({"name": "" if outline is None else outline.name, "lanes": lanes,
                  "route": [] if route_N2 is None else _points(route_N2)})


def state_json(view: View, figures: Figures) -> bytes:
    """What changes from moment to moment."""
    return _json({
        "stamp_s": view.stamp_ns / 1e9,
        "ego": None if view.ego is None else {
            "pose": _pose(view.ego.pose_map_to_ego.x_m, view.ego.pose_map_to_ego.y_m, view.ego.pose_map_to_ego.yaw_rad),
            "speed_mps": round(view.ego.speed_mps, 2)},
        "draft": _draft(view), "plan": _plan(view), "guard": _guard(view),
        "command": None if view.command is None else {
            "throttle": round(view.command.throttle, 3), "brake": round(view.command.brake, 3),
            "steer": round(view.command.steer, 3)},
        "users": _users(view),
        "lights": [{"line": _points(view.outline.stop_lines[i]), "state": word} for i, word in view.lights.items()
                   if view.outline is not None and i in view.outline.stop_lines],
        "report": {"text": spoken(view.report), "age_s": _number(view.report_age_s),
                   "compute_s": _number(figures.understanding_s)},
        "drive": {"completion": _number(view.route_completion), "score": figures.simulator.get("driving_score"),
                  "infractions": figures.simulator.get("infractions"), "late_s": figures.simulator.get("late_s")},
        "latency": {"action_s": _number(figures.action_s), "refiner_s": _number(figures.refiner_s),
                    "input_to_command_s": _number(figures.input_to_command_s)},
    })


def _draft(view: View) -> dict[str, Any] | None:
    if view.draft is None:
        return None
    d, pose = view.draft, view.draft.ego.pose_map_to_ego
    return {"route": _points(pose.apply(d.route_202.astype(np.float64))),
            "waypoints": _points(pose.apply(d.waypoints_62.astype(np.float64))),
            "decision": d.decision.words(),
            "sure": [round(float(a.max() * b.max()), 3)
                     for a, b in zip(d.decision.longitudinal_34, d.decision.lateral_35, strict=True)],
            "context_age_s": _number(d.context_age_s)}


def _plan(view: View) -> dict[str, Any] | None:
    plan = view.trajectory
    if plan is None:
        return None
    return {"points": _points(plan.xy_N2), "speeds": [round(float(v), 2) for v in plan.speed_mps_N],
            "status": plan.status.name.lower(), "reason": plan.reason, "context_age_s": _number(plan.context_age_s)}


def _guard(view: View) -> dict[str, Any] | None:
    g = view.guard
    return None if g is None else {
        "mode": g.mode.name.lower(), "reason": g.reason.name.lower(), "text": g.text,
        "time_to_collision_s": _number(g.time_to_collision_s), "interventions": g.interventions}


def _users(view: View) -> list[dict[str, Any]]:
    u = view.road_users
    return [{"pose": _pose(float(u.xy_N2[i, 0]), float(u.xy_N2[i, 1]), float(u.yaw_N[i])),
             "kind": BodyKind(int(u.kinds_N[i])).name.lower(),
             "length": round(float(u.sizes_N3[i, 0]), 2), "width": round(float(u.sizes_N3[i, 1]), 2)}
            for i in range(len(u))]


def _pose(x: float, y: float, yaw: float) -> list[float]:
    return [round(x, 2), round(y, 2), round(yaw, 4)]


def _points(points_N2: Floats) -> list[list[float]]:
    rounded: list[list[float]] = np.round(points_N2, 2).tolist()
    return rounded


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def markers(view: View) -> MarkerArray:
    """Route, draft, plan and road users for RViz, in the map frame; bodies vanish by themselves after half a second."""
    made = MarkerArray()
    at = header(view.stamp_ns, MAP_FRAME)

    def add(space: str, number: int, kind: int, color: tuple[int, int, int], alpha: float = 0.9) -> Marker:
        marker = Marker(header=at, ns=space, id=number, type=kind, action=Marker.ADD)
        marker.color = ColorRGBA(r=color[0] / 255.0, g=color[1] / 255.0, b=color[2] / 255.0, a=alpha)
        marker.pose.orientation.w = 1.0
        marker.lifetime.nanosec = 500_000_000
        made.markers.append(marker)
        return marker

    def line(space: str, points_N2: Floats, color: tuple[int, int, int], width_m: float, z_m: float) -> None:
        marker = add(space, 0, Marker.LINE_STRIP, color)
        marker.scale.x = width_m
        marker.points = [Point(x=float(x), y=float(y), z=z_m) for x, y in points_N2]

    if view.route_N2 is not None:
        line("route", view.route_N2, ROUTE_COLOR, 0.4, 0.05)
    if view.draft is not None:
        to_map = view.draft.ego.pose_map_to_ego
        line("draft", to_map.apply(view.draft.route_202.astype(np.float64)), DRAFT_COLOR, 0.2, 0.15)
    if view.trajectory is not None:
        line("plan", view.trajectory.xy_N2, PLAN_COLORS[view.trajectory.status], 0.9, 0.1)
    users = view.road_users
    for i in range(len(users)):
        kind = int(users.kinds_N[i])
        color = BODY_COLORS.get(kind, BODY_COLOR)
        marker = add("road_users", int(users.ids_N[i]) & 0x7FFFFFFF, Marker.CUBE, color, 0.7)
        length, width, height = (float(v) for v in users.sizes_N3[i])
        marker.pose.position.x, marker.pose.position.y = float(users.xy_N2[i, 0]), float(users.xy_N2[i, 1])
        marker.pose.position.z = 0.5 * height
        marker.pose.orientation = quaternion_of(float(users.yaw_N[i]))
        marker.scale.x, marker.scale.y, marker.scale.z = length, width, height
    return made
