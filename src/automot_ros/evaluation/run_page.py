"""A recorded drive as a page that needs no server: the live dashboard's own, with a timeline to scrub.

A folder with index.html, its style and script, run.js (every state of the drive) and pictures/. What it jumps to are
marks: the guard stepped in, a rule was broken, a drive began. Two runs side by side are two such folders and a page
that keeps them at the same moment.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from automot_ros.base.errors import ConfigError, MessageError
from automot_ros.base.results import read_json, write_bytes
from automot_ros.driving.order import Reading
from automot_ros.evaluation.overlay import annotate_camera
from automot_ros.evaluation.page_state import PAGE, Figures, map_json, state_json
from automot_ros.evaluation.playback import Player, play
from automot_ros.scene.plan import GuardMode
from automot_ros.scene.sensing import SECOND_NS
from automot_ros.simulation.world import START_NS
from automot_ros.vehicle.specification import VehicleSpec

PERIOD_S = 0.2
JPEG_QUALITY = 72
ASSETS = ("dashboard.css", "dashboard.js")
MINUTE_S = 60.0
Infractions = list[list[tuple[float, str]]]
"""For each drive: seconds since its start, and what was done wrong."""
MAX_STATES = 20_000
AT_ROUTE_M = 30.0
NEW_MARK_S = 2.0  # the guard that steps in again within this time is one mark


class RunRecorder:
    """Collects states, pictures and marks of a drive."""

    def __init__(self, folder: Path, vehicle: VehicleSpec) -> None:
        self._folder, self._vehicle = folder, vehicle
        self.states: list[dict[str, Any]] = []
        self.drives: list[dict[str, Any]] = []
        self.marks: list[dict[str, Any]] = []
        self._drive, self._mode, self._last_mark_s = 0, GuardMode.NOMINAL, -NEW_MARK_S

    def take(self, player: Player) -> None:
        """The moment that the player shows."""
        at = len(self.states)
        if player.drives != self._drive and _elsewhere(player):
            return  # the route of the next drive is here, the car is not
        if player.drives != self._drive:
            self._drive = player.drives
            view = player.view
            self.drives.append({"from": at, "map": json.loads(map_json(view.outline, view.route_N2, self._vehicle,
                                                                        1.0 / PERIOD_S))})
            self.marks.append({"at": at, "kind": "drive", "text": f"drive {len(self.drives)}"})
        c = player.view.command
        figures = Figures(action_s=player.plan_latency_s, refiner_s=0.0, understanding_s=player.understanding_compute_s,
                          command=None if c is None else Reading(throttle=c.throttle, brake=c.brake, steer=c.steer))
        state = json.loads(state_json(player.view, figures, self._vehicle))
        if player.has_picture:
            name = f"pictures/{at:06d}.jpg"
            done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(annotate_camera(player.picture(), 1.5), cv2.COLOR_RGB2BGR),
                                      [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            if done:
                (self._folder / name).write_bytes(np.asarray(jpeg).tobytes())
                state["picture"] = name
        self._watch_guard(player, at)
        self.states.append(state)

    def _watch_guard(self, player: Player, at: int) -> None:
        guard, now_s = player.view.guard, player.view.stamp_ns / SECOND_NS
        mode = GuardMode.NOMINAL if guard is None else guard.mode
        if guard is not None and mode is not GuardMode.NOMINAL:
            if self._mode is GuardMode.NOMINAL and now_s - self._last_mark_s > NEW_MARK_S:
                text = f"guard {mode.name.lower()}: {guard.reason.name.lower().replace('_', ' ')}"
                self.marks.append({"at": at, "kind": "guard", "text": text})
            self._last_mark_s = now_s
        self._mode = mode


def pages_of(runs: list[Path], out: Path) -> Path:
    """The page of one recorded run, or of two side by side, in a new folder `out`; returns its index.html.

    A run is the folder of `automot drive`, whose infractions are marked, or a bag.
    """
    if len(runs) == 1:
        return write_run_page(*_bag_and_infractions(runs[0]), out, runs[0].resolve().name)
    if out.exists():
        raise ConfigError("folder exists already", where="--out", got=str(out), wanted="a new folder")
    pages = [(run.resolve().name, write_run_page(*_bag_and_infractions(run), out / f"run_{n}", run.resolve().name))
             for n, run in enumerate(runs, 1)]
    return write_side_by_side(pages, out / "index.html")


def _bag_and_infractions(run: Path) -> tuple[Path, Infractions]:
    if not (run / "result.json").is_file():
        return run, []
    routes = read_json(run / "result.json")["routes"]
    return run / "bag", [[(e["time_s"], e["text"]) for e in route["events"]] for route in routes]


def write_run_page(bag: Path, infractions: Infractions, folder: Path, title: str,
                   vehicle: VehicleSpec | None = None) -> Path:
    """Write the page of `bag` into a new `folder`; returns index.html.

    MessageError for a bag that cannot be read or holds no odometry.
    """
    if folder.exists():
        raise ConfigError("folder exists already", where="--out", got=str(folder), wanted="a new folder")
    (folder / "pictures").mkdir(parents=True)
    recorder = RunRecorder(folder, vehicle or VehicleSpec())
    try:
        for player in play(bag, PERIOD_S):
            recorder.take(player)
            if len(recorder.states) >= MAX_STATES:
                break
        if not recorder.states:
            raise MessageError("nothing to show", where=str(bag), got="no odometry", wanted="a recorded drive")
    except BaseException:
        shutil.rmtree(folder)
        raise
    return write_page(recorder, infractions, folder, title)


def write_page(recorder: RunRecorder, infractions: Infractions, folder: Path, title: str) -> Path:
    """Write what was recorded, and the page itself, beside the pictures; returns index.html."""
    recorder.marks += _marks_of(recorder, infractions)
    recorder.marks.sort(key=lambda mark: int(mark["at"]))
    run = {"title": title, "period_s": PERIOD_S, "drives": recorder.drives, "states": recorder.states,
           "marks": recorder.marks}
    # Not JSON by itself: a page that is opened as a file may load a script, and nothing else.
    run_js = "window.RUN = " + json.dumps(run, separators=(",", ":"), allow_nan=False) + ";\n"
    write_bytes(folder / "run.js", run_js.encode())
    for name in ASSETS:
        shutil.copyfile(PAGE / name, folder / name)
    page = (PAGE / "dashboard.html").read_text("utf-8").replace("<!-- run -->", '<script src="run.js"></script>')
    write_bytes(folder / "index.html", page.encode())
    return folder / "index.html"


def write_side_by_side(pages: list[tuple[str, Path]], path: Path) -> Path:
    """A page at `path` that shows two run pages (title, index.html below the folder of `path`) at the same moment."""
    frames = "\n".join(f'<section><h2>{escape(title)}</h2><iframe src="{escape(str(p.relative_to(path.parent)))}" '
                       f'title="{escape(title)}"></iframe></section>' for title, p in pages)
    write_bytes(path, (PAGE / "beside.html").read_text("utf-8").replace("<!-- frames -->", frames).encode())
    return path


def _elsewhere(player: Player) -> bool:
    ego, route_N2 = player.view.ego, player.view.route_N2
    return ego is not None and route_N2 is not None and bool(
        np.hypot(*(route_N2 - ego.pose_map_to_ego.position_m).T).min() > AT_ROUTE_M)


def _marks_of(recorder: RunRecorder, infractions: Infractions) -> Iterator[dict[str, Any]]:
    """Where the infractions lie. Every drive begins START_NS behind a full minute, see nodes/world_session.py."""
    stamps = np.array([s["stamp_s"] for s in recorder.states])
    for drive, found in zip(recorder.drives, infractions, strict=False):
        begin_s = stamps[min(drive["from"], len(stamps) - 1)] // MINUTE_S * MINUTE_S + START_NS / SECOND_NS
        for time_s, text in found:
            yield {"at": int(np.abs(stamps - begin_s - time_s).argmin()), "kind": "infraction", "text": text}
