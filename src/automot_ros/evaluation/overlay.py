"""Draws a View: the camera picture with the plan in it, the bird's-eye view, a panel of words, and all in one frame.

The one drawing of the dashboard, the video and the report. Colours are RGB; sizes in pixels of the picture drawn on.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.evaluation.view import View
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.plan import GuardMode, PlanStatus
from automot_ros.scene.report import spoken
from automot_ros.scene.sensing import CameraModel

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Color = tuple[int, int, int]

GROUND, LANE, LANE_EDGE = (24, 28, 33), (46, 52, 60), (66, 74, 84)
ROUTE_COLOR, DRAFT_COLOR = (86, 128, 214), (255, 176, 46)
PLAN_COLORS: dict[PlanStatus, Color] = {
    PlanStatus.NOMINAL: (46, 214, 150), PlanStatus.DRAFT_ONLY: (150, 214, 60), PlanStatus.STOP: (240, 84, 74)}
GUARD_COLORS: dict[GuardMode, Color] = {
    GuardMode.NOMINAL: (46, 214, 150), GuardMode.LIMITED: (255, 176, 46), GuardMode.BRAKING: (240, 84, 74),
    GuardMode.STOPPED: (240, 84, 74)}
LIGHT_COLORS: dict[str, Color] = {"red": (255, 64, 52), "yellow": (255, 206, 40), "green": (52, 226, 100)}
BODY_COLORS: dict[int, Color] = {
    BodyKind.WALKER: (255, 120, 170), BodyKind.BICYCLE: (170, 140, 255), BodyKind.EMERGENCY: (255, 84, 84),
    BodyKind.CONE: (255, 150, 50), BodyKind.SIGN: (255, 150, 50), BodyKind.DOOR: (255, 150, 50),
    BodyKind.CONTAINER: (255, 150, 50), BodyKind.OBSTACLE: (255, 150, 50)}
BODY_COLOR, EGO_COLOR = (158, 172, 190), (240, 244, 248)
TEXT, FAINT_TEXT, PANEL = (236, 240, 244), (150, 160, 172), (17, 20, 24)
PLAN_HALF_WIDTH_M = 0.75
EGO_LENGTH_M, EGO_WIDTH_M = 4.6, 1.9
_SHIFT = 4  # cv2 takes sixteenths of a pixel


def annotate_camera(view: View, scale: float = 1.0) -> Image:
    """The front picture, enlarged by `scale`, with the refined plan as a band and the draft as a thin line."""
    model = view.camera
    size = (round(model.width_px * scale), round(model.height_px * scale))
    if view.image_HW3 is None:
        blank = np.full((size[1], size[0], 3), PANEL, np.uint8)
        put_text(blank, "waiting for the camera", (size[0] // 2 - 90, size[1] // 2), 18, FAINT_TEXT)
        return blank
    picture = cv2.resize(view.image_HW3, size, interpolation=cv2.INTER_CUBIC) if scale != 1.0 else view.image_HW3.copy()
    if view.ego is None:
        return np.asarray(picture, dtype=np.uint8)
    pose = view.ego.pose_map_to_ego
    if view.trajectory is not None:
        plan = view.trajectory
        ahead = pose.inverse_apply(plan.path_K2)
        driven = max(float(np.hypot(*(plan.xy_N2[-1] - plan.xy_N2[0]))), 1.0)
        _band(picture, model, ahead[_along(ahead) <= driven + 3.0], PLAN_COLORS[plan.status], scale)
    if view.draft is not None:
        to_map = view.draft.ego.pose_map_to_ego
        path = pose.inverse_apply(to_map.apply(view.draft.route_202.astype(np.float64)))
        _line_on_ground(picture, model, path, DRAFT_COLOR, max(1, round(1.2 * scale)), scale)
        points = pose.inverse_apply(to_map.apply(view.draft.waypoints_62.astype(np.float64)))
        pixels, seen = _pixels(model, points, scale)
        for u, v in pixels[seen]:
            cv2.circle(picture, (round(u * 16), round(v * 16)), round(2.6 * scale * 16), DRAFT_COLOR, -1, cv2.LINE_AA,
                       _SHIFT)
    return np.asarray(picture, dtype=np.uint8)


def bird_view(view: View, width: int, height: int, metres_ahead: float = 50.0) -> Image:
    """The world from above, the ego's heading up, the ego a quarter of the height above the lower edge."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    if view.ego is None:
        put_text(picture, "waiting for odometry", (16, height // 2), 18, FAINT_TEXT)
        return picture
    per_m = 0.75 * height / metres_ahead
    pose = view.ego.pose_map_to_ego

    def pixels(points_N2: Floats) -> Floats:
        own = pose.inverse_apply(points_N2)
        return np.stack([width / 2.0 - own[..., 1] * per_m, 0.75 * height - own[..., 0] * per_m], axis=-1)

    _streets(picture, view, pixels, per_m)
    if view.route_N2 is not None:
        _polyline(picture, pixels(view.route_N2), ROUTE_COLOR, max(2, round(0.5 * per_m)))
    if view.draft is not None:
        to_map = view.draft.ego.pose_map_to_ego
        _polyline(picture, pixels(to_map.apply(view.draft.route_202.astype(np.float64))), DRAFT_COLOR, 2)
    if view.trajectory is not None:
        color = PLAN_COLORS[view.trajectory.status]
        _polyline(picture, pixels(view.trajectory.xy_N2), color, max(3, round(0.9 * per_m)))
    if view.draft is not None:
        to_map = view.draft.ego.pose_map_to_ego
        for u, v in pixels(to_map.apply(view.draft.waypoints_62.astype(np.float64))):
            cv2.circle(picture, (round(u), round(v)), 3, DRAFT_COLOR, -1, cv2.LINE_AA)
    users = view.road_users
    for i in range(len(users)):
        body = Pose2(float(users.xy_N2[i, 0]), float(users.xy_N2[i, 1]), float(users.yaw_N[i]))
        least = 0.9 if users.kinds_N[i] == BodyKind.WALKER else 0.0
        _body(picture, pixels(body.apply(_corners(max(users.sizes_N3[i, 0], least), max(users.sizes_N3[i, 1], least)))),
              BODY_COLORS.get(int(users.kinds_N[i]), BODY_COLOR))
    _body(picture, pixels(pose.apply(_corners(EGO_LENGTH_M, EGO_WIDTH_M))), EGO_COLOR)
    return picture


def _streets(picture: Image, view: View, pixels: Callable[[Floats], Floats], per_m: float) -> None:
    """Lanes near the ego, and the stop lines of lights in the colour they show."""
    if view.outline is None or view.ego is None:
        return
    here = view.ego.pose_map_to_ego.position_m
    reach = 1.2 * max(picture.shape[:2]) / per_m
    near = [(pixels(c), w) for c, w in zip(view.outline.lane_centres, view.outline.lane_widths_m, strict=True)
            if np.min(np.hypot(*(c - here).T)) < reach]
    for color, more in ((LANE_EDGE, 0.3), (LANE, 0.0)):
        for points, lane_width in near:
            _polyline(picture, points, color, max(1, round((lane_width + more) * per_m)))
    for signal, line in view.outline.stop_lines.items():
        word = view.lights.get(signal, "")
        if word in LIGHT_COLORS and np.hypot(*(line.mean(axis=0) - here)) < reach:
            _polyline(picture, pixels(line), LIGHT_COLORS[word], max(2, round(0.8 * per_m)))


def text_panel(view: View, width: int, height: int) -> Image:
    """Guard, speed, decision, what the understanding says and how old that is."""
    picture = np.full((height, width, 3), PANEL, np.uint8)
    unit = height / 190.0
    left, middle = round(20 * unit), round(250 * unit)
    speed = "-" if view.ego is None else f"{view.ego.speed_mps * 3.6:.0f}"
    put_text(picture, speed, (left, round(72 * unit)), round(58 * unit), TEXT, bold=True)
    put_text(picture, "km/h", (left + round((40 * len(speed) + 12) * unit), round(72 * unit)), round(18 * unit),
             FAINT_TEXT)
    mode = GuardMode.NOMINAL if view.guard is None else view.guard.mode
    reason = "" if view.guard is None or mode is GuardMode.NOMINAL else view.guard.reason.name.lower()
    put_text(picture, f"guard {'-' if view.guard is None else mode.name.lower()}", (left, round(110 * unit)),
             round(18 * unit), GUARD_COLORS[mode] if view.guard is not None else FAINT_TEXT, bold=True)
    put_text(picture, reason.replace("_", " "), (left, round(134 * unit)), round(15 * unit), FAINT_TEXT)
    done = view.route_completion
    put_text(picture, "route -" if done is None else f"route {done:.0f} %", (left, round(166 * unit)), round(16 * unit),
             FAINT_TEXT)
    age = view.report_age_s
    put_text(picture, "understanding" + ("" if age is None else f"   {age:.2f} s old"), (middle, round(34 * unit)),
             round(15 * unit), FAINT_TEXT)
    parts = re.split(r"[.;] ", spoken(view.report)) if view.report else ["-"]
    for i, part in enumerate(parts[:5]):
        put_text(picture, part, (middle, round((57 + 22 * i) * unit)), round(18 * unit), TEXT)
    words = [] if view.draft is None else view.draft.decision.words()
    told = "   ".join(f"{t} s {w.replace('_', ' ')}" for t, w in zip((1, 2, 3), words, strict=False))
    put_text(picture, "decision   " + (told or "-"), (middle, round(172 * unit)), round(15 * unit), DRAFT_COLOR)
    return picture


def compose(view: View, width: int = 1280, height: int = 640) -> Image:
    """One frame for a video: camera over words on the left, the bird's-eye view on the right."""
    left = width * 7 // 10
    scale = left / view.camera.width_px
    camera = annotate_camera(view, scale)[: height - 1]
    below = text_panel(view, left, height - camera.shape[0])
    return np.concatenate([np.concatenate([camera, below]), bird_view(view, width - left, height)], axis=1)


def put_text(picture: Image, text: str, at: tuple[int, int], size: int, color: Color, *, bold: bool = False) -> None:
    """Text with its left end of the baseline at `at`; `size` is the height of a line in pixels."""
    if not text:
        return
    if hasattr(cv2, "FontFace"):  # OpenCV 5 has real fonts
        cv2.putText(picture, text, at, color, _font(), size, 700 if bold else 400)
    else:
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_DUPLEX, size / 32.0, color, 2 if bold else 1, cv2.LINE_AA)


@functools.cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _corners(length_m: float, width_m: float) -> Floats:
    """A body with a pointed front, so that its heading shows."""
    x, y = length_m / 2.0, width_m / 2.0
    return np.array([[x, 0.0], [0.72 * x, y], [-x, y], [-x, -y], [0.72 * x, -y]])


def _body(picture: Image, pixels_N2: Floats, color: Color) -> None:
    points = np.round(pixels_N2 * 16).astype(np.int32)
    cv2.fillPoly(picture, [points], color, cv2.LINE_AA, _SHIFT)


def _polyline(picture: Image, pixels_N2: Floats, color: Color, thickness: int) -> None:
    points = np.round(np.clip(pixels_N2, -4000.0, 4000.0) * 16).astype(np.int32)
    cv2.polylines(picture, [points], False, color, thickness, cv2.LINE_AA, _SHIFT)


def _along(points_N2: Floats) -> Floats:
    steps = np.hypot(*np.diff(points_N2, axis=0).T)
    return np.asarray(np.concatenate([[0.0], np.cumsum(steps)]))


def _pixels(model: CameraModel, ground_ego_N2: Floats, scale: float) -> tuple[Floats, NDArray[np.bool_]]:
    points, ahead = model.project(np.c_[ground_ego_N2, np.zeros(len(ground_ego_N2))])
    return points * scale, ahead & (ground_ego_N2[:, 0] > model.position_ego_m[0] + 1.0)


def _line_on_ground(picture: Image, model: CameraModel, path_ego_N2: Floats, color: Color, thickness: int,
                    scale: float) -> None:
    pixels, seen = _pixels(model, path_ego_N2, scale)
    if seen.sum() > 1:
        _polyline(picture, pixels[seen], color, thickness)


def _band(picture: Image, model: CameraModel, path_ego_N2: Floats, color: Color, scale: float) -> None:
    """The strip of road that the plan takes, see-through, with bright edges."""
    if len(path_ego_N2) < 2:
        return
    start = model.position_ego_m[0] + 2.2
    s = _along(path_ego_N2)
    dense = np.linspace(0.0, s[-1], max(2, math.ceil(s[-1] / 0.5)))
    path = np.stack([np.interp(dense, s, path_ego_N2[:, 0]), np.interp(dense, s, path_ego_N2[:, 1])], axis=1)
    path = path[path[:, 0] > start]
    if len(path) < 2:
        return
    along = np.gradient(path, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    left, _ = _pixels(model, path + PLAN_HALF_WIDTH_M * across, scale)
    right, _ = _pixels(model, path - PLAN_HALF_WIDTH_M * across, scale)
    polygon = np.round(np.clip(np.concatenate([left, right[::-1]]), -4000, 4000) * 16).astype(np.int32)
    layer = picture.copy()
    cv2.fillPoly(layer, [polygon], color, cv2.LINE_AA, _SHIFT)
    cv2.addWeighted(layer, 0.42, picture, 0.58, 0.0, picture)
    for edge in (left, right):
        _polyline(picture, edge, color, max(1, round(1.5 * scale)))
