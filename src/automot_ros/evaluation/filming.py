"""Pictures of a drive for people: it is driven again, which gives the same drive to the bit, and looked at this time.

The camera of the pictures is one more than the driver's; it changes nothing in the world.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import CheckpointError, ConfigError, MachineError
from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.metrics.infractions import BLOCKED
from automot_ros.evaluation.overlay import annotate_camera, bird_view, compose, put_text
from automot_ros.evaluation.routes import CRASHED, RouteJob, drive_world, one_thread
from automot_ros.evaluation.video import HEIGHT_PX, WIDTH_PX, Video
from automot_ros.evaluation.view import MapOutline, View
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.world import TICK_S, World

EVENT_AT_S = (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5)
STANDING_AT_S = (-66.0, -63.0, -61.0, -59.0, -30.0, 0.0)
END_AT_S = (-5.0, -4.0, -3.0, -2.0, -1.0, 0.0)
COLUMN_PX, CAMERA_PX, BIRD_PX, CAPTION_PX, GAP_PX = 320, 160, 220, 26, 4
FRAME_TICKS = 2
_TEXT, _MARK, _BACK = (220, 226, 232), (255, 96, 84), (17, 20, 24)
_UNSEEN = (BodyKind.BUILDING, BodyKind.TREE, BodyKind.POLE, BodyKind.LIGHT_HOUSING, BodyKind.LAMP)
_SEEN_M = 90.0


class Film:
    """Looks at one world. `look` after a tick gives the present view, with picture, in the one object it keeps."""

    def __init__(self, world: World, guarded: bool) -> None:
        """`guarded`: whether there is a guard to tell of."""
        self.view = View()
        self._guarded = guarded
        self.view.outline = MapOutline.of(world.map)
        self.view.begin_route(world.route.points_map_N2)
        self._standing = _on_ground(world.static_boxes)
        # Not a SensorSuite: what people look at is the present, whatever the latency of the driver's sensors.
        self._camera = CameraRenderer(world.map.surfaces(), world.static_boxes, (self.view.camera,), world.task.seed,
                                      smooth=True, conditions=world.task.conditions)

    def follow(self, world: World, telemetry: Telemetry) -> None:
        """Keep what a later picture needs; cheap, to be called after every tick."""
        view = self.view
        view.see_ego(world.ego)
        view.draft, view.trajectory = telemetry.draft, telemetry.trajectory
        view.guard, view.command = telemetry.guard if self._guarded else None, telemetry.command
        if telemetry.context is not None:
            view.report, view.report_stamp_ns = telemetry.context.text, telemetry.context.stamp_ns

    def look(self, world: World, telemetry: Telemetry) -> View:
        """The view of this tick."""
        self.follow(world, telemetry)
        moving, pose = world.moving_boxes(), world.ego.pose_map_to_ego
        boxes = Boxes.join(self._standing, _on_ground(moving))
        near = np.hypot(*(boxes.xy_N2 - pose.position_m).T) < _SEEN_M
        self.view.road_users = boxes.select(near)
        self.view.lights = {signal: state.name.lower() for signal, state in world.light_states.items()}
        self.view.image_HW3 = self._camera.render(moving, pose, world.tick)[0]
        return self.view


def _on_ground(boxes: Boxes) -> Boxes:
    return boxes.select(~np.isin(boxes.kinds_N, _UNSEEN) & (boxes.base_z_N < 2.0))


def moments(record: dict[str, Any]) -> tuple[list[int], int]:
    """(ticks worth a picture, the tick it is about) of a finished route: its first infraction, or else its end."""
    last = round(float(record["duration_s"]) / TICK_S)
    about, offsets = last, END_AT_S
    if record["events"]:
        first = record["events"][0]
        about = round(float(first["time_s"]) / TICK_S)
        offsets = STANDING_AT_S if first["kind"] == BLOCKED else EVENT_AT_S
    return sorted({min(last, max(1, about + round(s / TICK_S))) for s in offsets}), min(about, last)


def strip_of(work: tuple[RouteJob, dict[str, Any]], settings: DriverSettings) -> bytes:
    """A JPEG for a finished route: camera above bird's-eye view at the `moments` of its record, left to right.

    The drive is only as long as the pictures need. Empty where there is nothing to see: a route that never began.
    """
    job, record = work
    one_thread()
    ticks, about = moments(record)
    if not ticks or ticks[-1] < 1 or record["duration_s"] == 0.0:
        return b""
    world = World(job.build())
    film, columns = Film(world, settings.guarded), list[NDArray[np.uint8]]()

    def watch(world: World, telemetry: Telemetry) -> None:
        film.follow(world, telemetry)
        if world.tick in ticks:
            columns.append(_column(film.look(world, telemetry), (world.tick - about) * TICK_S, world.tick == about))

    try:
        drive_world(world, settings, watch, ticks[-1])
    except (MachineError, CheckpointError):
        raise
    except Exception:  # a route that crashed crashes again, where its pictures end
        if record["status"] != CRASHED:
            raise
    if not columns:
        return b""
    gap = np.full((columns[0].shape[0], GAP_PX, 3), _BACK, np.uint8)
    strip = np.concatenate([part for column in columns for part in (column, gap)][:-1], axis=1)
    return jpeg(strip)


def _column(view: View, offset_s: float, about: bool) -> NDArray[np.uint8]:
    camera = annotate_camera(view, COLUMN_PX / view.camera.width_px)[:CAMERA_PX]
    caption = np.full((CAPTION_PX, COLUMN_PX, 3), _BACK, np.uint8)
    speed = 0.0 if view.ego is None else 3.6 * view.ego.speed_mps
    put_text(caption, f"{offset_s:+.2f} s   {speed:.0f} km/h", (8, 18), 15, _MARK if about else _TEXT, bold=about)
    return np.concatenate([caption, camera, bird_view(view, COLUMN_PX, BIRD_PX, 42.0)])


def jpeg(picture_HW3: NDArray[np.uint8]) -> bytes:
    """An RGB picture as JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture_HW3, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
    return bytes(data.tobytes())


def film_route(job: RouteJob, settings: DriverSettings, record: dict[str, Any], path: Path) -> Path:
    """Drive a finished route again and write all of it as a video, as fast as it was. Returns the path.

    Raises ConfigError when the drive does not give the record's score again: the program or the weights changed.
    """
    one_thread()
    if record["duration_s"] == 0.0:
        raise ConfigError("nothing was driven", where=job.id, got=record["status"], wanted="a route that began")
    world = World(job.build())
    film = Film(world, settings.guarded)
    video = Video(path, WIDTH_PX, HEIGHT_PX, frames_per_s=1.0 / (FRAME_TICKS * TICK_S))

    def watch(world: World, telemetry: Telemetry) -> None:
        film.follow(world, telemetry)
        if world.tick % FRAME_TICKS == 0:
            video.add(compose(film.look(world, telemetry), WIDTH_PX, HEIGHT_PX))

    crashed = record["status"] == CRASHED
    try:
        try:
            score = drive_world(world, settings, watch).driving_score
        except Exception:
            if not crashed:
                raise
            score = 0.0
        video.close()
    except BaseException:
        video.abort()
        raise
    if not crashed and score != record["driving_score"]:
        raise ConfigError("the drive is not the one of the record", where=str(path), got=f"driving score {score}",
                          wanted=f"{record['driving_score']}: the same program and weights that made the record")
    return path
