"""A View as the JSON that the page draws, in map coordinates."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automot_ros.driving.order import Reading
from automot_ros.evaluation.corridor_shape import corridor_outline
from automot_ros.evaluation.view import MapOutline, View
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import spoken
from automot_ros.vehicle.specification import VehicleSpec

Floats = NDArray[np.float64]
PAGE = Path(__file__).resolve().parent / "page"
"""The page itself: HTML, style and script, without a framework, without anything from elsewhere."""


@dataclass(slots=True)
class Figures:
    """What is measured beside the view; None where nothing was yet."""

    action_s: float | None = None
    refiner_s: float | None = None
    understanding_s: float | None = None
    input_to_command_s: float | None = None
    command: Reading | None = None
    sweeps: list[Floats] = field(default_factory=list)
    simulator: dict[str, str] = field(default_factory=dict)


def map_json(outline: MapOutline | None, route_N2: Floats | None, vehicle: VehicleSpec, rate_hz: float) -> bytes:
    """What holds for a whole drive: streets, route, the body of the ego, and how often a state comes."""
    lanes = [] if outline is None else [
        {"width": round(w, 2), "points": _points(c)}
        for c, w in zip(outline.lane_centres, outline.lane_widths_m, strict=True)]
    return _json({"name": "" if outline is None else outline.name, "lanes": lanes,
                  "route": [] if route_N2 is None else _points(route_N2),
                  "ego": {"length": vehicle.length_m, "width": vehicle.width_m}, "rate_hz": rate_hz})


def state_json(view: View, figures: Figures, vehicle: VehicleSpec) -> bytes:
    """What changes from moment to moment."""
    sweeps = np.concatenate([np.zeros((0, 2)), *figures.sweeps])
    corridor = corridor_outline(view, vehicle)
    return _json({
        "stamp_s": view.stamp_ns / 1e9,
        "ego": None if view.ego is None else {
            "pose": _pose(view.ego.pose_map_to_ego.x_m, view.ego.pose_map_to_ego.y_m, view.ego.pose_map_to_ego.yaw_rad),
            "speed_mps": round(view.ego.speed_mps, 2)},
        "draft": _draft(view), "plan": _plan(view), "guard": _guard(view),
        "gauges": gauges(figures.command, vehicle),
        "corridor": None if corridor is None else [_points(edge) for edge in corridor],
        "hits": _points(sweeps),
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


def gauges(command: Reading | None, vehicle: VehicleSpec) -> list[dict[str, Any]]:
    """What the command asks for, as bars: name, share (-1..1 where `both`, left positive) and the number in words."""
    if command is None:
        return []
    c, made = command, []

    def add(name: str, share: float, text: str, *, both: bool = False) -> None:
        low = -1.0 if both else 0.0
        made.append({"name": name, "share": round(min(1.0, max(low, share)), 3), "text": text, "both": both})

    if c.throttle is not None:
        add("throttle", c.throttle, f"{100 * c.throttle:.0f} %")
    if c.brake is not None:
        add("brake", c.brake, f"{100 * c.brake:.0f} %")
    if c.speed_mps is not None:
        add("speed", c.speed_mps / vehicle.max_speed_mps, f"{c.speed_mps * 3.6:.0f} km/h")
    if c.acceleration_mps2 is not None:
        brakes = c.acceleration_mps2 < 0.0
        most = vehicle.max_deceleration_mps2 if brakes else vehicle.max_acceleration_mps2
        add("brake" if brakes else "accelerate", abs(c.acceleration_mps2) / most, f"{c.acceleration_mps2:.1f} m/s²")
    if c.steer is not None:
        add("steer", c.steer, f"{_side(c.steer)}{abs(100 * c.steer):.0f} %", both=True)
    if c.wheel_rad is not None:
        degrees = math.degrees(c.wheel_rad)
        add("wheel", c.wheel_rad / vehicle.steer_to_wheel_rad, f"{_side(degrees)}{abs(degrees):.0f}°", both=True)
    if c.yaw_rate_radps is not None:
        degrees = math.degrees(c.yaw_rate_radps)
        add("turn", c.yaw_rate_radps, f"{_side(degrees)}{abs(degrees):.0f}°/s", both=True)
    return made


def _side(left: float) -> str:
    return "" if abs(left) < 0.005 else "left " if left > 0.0 else "right "


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
