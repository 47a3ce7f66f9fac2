"""report.html: what a drive came to, for people. One file that needs nothing but a browser; the video lies beside it.

Made from result.json and, where there is one, the bag: a single pass gives curves, pictures and the video.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from automot_ros.base.errors import MachineError, MessageError
from automot_ros.base.form import checked
from automot_ros.base.results import read_json, write_bytes
from automot_ros.evaluation.forms import REPORTED
from automot_ros.evaluation.overlay import compose
from automot_ros.evaluation.playback import Player, play
from automot_ros.evaluation.report_page import (
    STYLE,
    Curve,
    chart,
    infractions_in_words,
    origin_section,
    routes_table,
    share,
    tile,
)
from automot_ros.evaluation.video import HEIGHT_PX, WIDTH_PX, Video, sped_up
from automot_ros.scene.sensing import SECOND_NS

VIDEO_NAME, REPORT_NAME = "drive.webm", "report.html"
VIDEO_FRAMES_PER_S = 8.0
SAMPLE_S = 0.1
PICTURE_AT_PERCENT = (8.0, 45.0, 80.0)


@dataclass(slots=True)
class Trace:
    """One drive as it went: times in seconds from its start, with a value each (NaN where there was none)."""

    time_s: list[float] = field(default_factory=list)
    speed_kmh: list[float] = field(default_factory=list)
    context_age_s: list[float] = field(default_factory=list)
    plan_ms: list[float] = field(default_factory=list)
    guard_mode: list[int] = field(default_factory=list)
    pictures: list[tuple[float, str]] = field(default_factory=list)


def write_report(folder: Path, *, longest_video_s: float = 40.0) -> Path:
    """Write report.html (and drive.webm, when `longest_video_s` is not 0) from what lies in `folder`.

    Needs result.json; curves, pictures and the video need the bag. A bag that cannot be read, or a machine that cannot
    write video, costs only what depends on it, and the report says so.
    """
    result = checked(read_json(folder / "result.json"), REPORTED, str(folder / "result.json"))
    traces: list[Trace] = []
    note, speed = "", 1.0
    if (folder / "bag").is_dir():
        driven_s = sum(float(r["duration_s"]) for r in result["routes"])
        speed = max(1.0, driven_s / longest_video_s) if longest_video_s > 0.0 else 0.0
        try:
            traces = read_traces(folder / "bag", folder / VIDEO_NAME if speed else None, speed)
        except (MessageError, MachineError) as error:
            note = str(error)
    else:
        note = "Nothing was recorded: no curves, pictures or video."
    page = _page(result, traces, note, (folder / VIDEO_NAME).exists(), speed)
    write_bytes(folder / REPORT_NAME, page.encode())
    return folder / REPORT_NAME


def read_traces(bag: Path, video_path: Path | None, speed: float) -> list[Trace]:
    """One trace a drive of a bag; with `video_path` also writes the video, `speed` times as fast as the drive."""
    video = None if video_path is None else Video(video_path, frames_per_s=VIDEO_FRAMES_PER_S)
    traces: list[Trace] = []
    frame_ns, due_ns, start_ns = round(speed / VIDEO_FRAMES_PER_S * SECOND_NS), 0, 0
    try:
        for player in play(bag, SAMPLE_S):
            if player.drives != len(traces):
                traces.append(Trace())
                start_ns = player.view.stamp_ns
            trace = traces[-1] if traces else Trace()
            _sample(trace, player, start_ns)
            wanted = PICTURE_AT_PERCENT[len(trace.pictures):]
            done = player.view.route_completion or 0.0
            if wanted and done >= wanted[0] and player.view.trajectory is not None:
                trace.pictures.append((trace.time_s[-1], _jpeg(compose(player.picture(), 1280, 640))))
            if video is not None and player.view.stamp_ns >= due_ns and player.has_picture:
                due_ns = player.view.stamp_ns + frame_ns - SECOND_NS // 1000
                video.add(sped_up(compose(player.picture(), WIDTH_PX, HEIGHT_PX), speed))
        if video is not None:
            video.close()
    except BaseException:
        if video is not None:
            video.abort()
        raise
    return traces


def _sample(trace: Trace, player: Player, start_ns: int) -> None:
    view = player.view
    trace.time_s.append((view.stamp_ns - start_ns) / SECOND_NS)
    trace.speed_kmh.append(float("nan") if view.ego is None else 3.6 * view.ego.speed_mps)
    planned = view.trajectory is not None
    trace.context_age_s.append(view.trajectory.context_age_s if view.trajectory is not None else float("nan"))
    trace.plan_ms.append(1000.0 * player.plan_latency_s if planned else float("nan"))
    trace.guard_mode.append(0 if view.guard is None else int(view.guard.mode))


def _jpeg(picture: Any) -> str:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return base64.b64encode(data.tobytes()).decode()


def _page(result: dict[str, Any], traces: Sequence[Trace], note: str, video: bool, speed: float) -> str:
    routes = result["routes"]
    clock = result.get("clock", "lockstep, in one process")
    head = (f"<h1>{escape(str(result['policy']))} on {escape(str(result.get('suite', 'routes')))}</h1>"
            f"<p class=faint>{len(routes)} route{'s' if len(routes) != 1 else ''} in the embedded world, "
            f"{escape(clock)}; refiner {escape(str(result['refiner']))}, guard {'on' if result['guard'] else 'off'}, "
            f"understanding lag {result['understanding_lag_s']:g} s. These are scores of the embedded world, not of "
            "CARLA.</p>")
    tiles = "".join([
        tile("driving score", f"{result['driving_score']:.1f}", "of 100"),
        tile("route completion", f"{result['route_completion']:.1f} %", ""),
        tile("success", f"{100.0 * share(result['success_rate']):.0f} %", "routes without infraction"),
        tile("infractions", str(sum(result["infractions"].values())),
             infractions_in_words(result["infractions"]) or "none"),
    ])
    film = ""
    if video:
        fast = f", {speed:.1f} times as fast as it was" if speed > 1.05 else ""
        film = (f'<section><h2>The drive{fast}</h2><video src="{VIDEO_NAME}" controls muted loop playsinline></video>'
                "</section>")
    said = f"<p class=note>{escape(note)}</p>" if note else ""
    drives = "".join(_drive(route, traces[i] if i < len(traces) else None) for i, route in enumerate(routes))
    return (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>automot_ros: {escape(str(result['policy']))}</title><style>{STYLE}</style><body><main>"
            f"<header>{head}</header><div class=tiles>{tiles}</div>{said}{film}"
            f"<section><h2>Routes</h2>{routes_table(routes)}</section>{drives}{origin_section(result)}</main></body>"
            "</html>\n")


def _drive(route: dict[str, Any], trace: Trace | None) -> str:
    if trace is None or len(trace.time_s) < 2:
        return ""
    t = np.array(trace.time_s)
    held = np.array(trace.guard_mode) > 0
    charts = "".join([
        chart("speed", "km/h", [Curve(t, np.array(trace.speed_kmh), "plan")], held),
        chart("age of the understanding", "s", [Curve(t, np.array(trace.context_age_s), "draft")], held),
        chart("time for a plan (action and refiner)", "ms", [Curve(t, np.array(trace.plan_ms), "route")], held)])
    pictures = "".join(f'<figure><img src="data:image/jpeg;base64,{data}" alt="the drive at {at:.0f} s">'
                       f"<figcaption>{at:.0f} s</figcaption></figure>" for at, data in trace.pictures)
    shaded = "<p class=faint>Shaded: the guard was not nominal.</p>" if held.any() else ""
    return (f"<section><h2>{escape(str(route['id']))} on {escape(str(route['map']))}</h2>"
            f"<div class=pictures>{pictures}</div><div class=charts>{charts}</div>{shaded}</section>")
