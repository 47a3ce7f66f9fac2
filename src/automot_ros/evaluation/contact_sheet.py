"""One picture for each scenario class: what happens, seen from behind the ego and from above.

The expert drives a class's drive of one seed, and the moment is kept at which the incident is clearest: when a body of
the cast is nearest to where the class's shot wants it, ahead of the ego if it does not say. Frames: ego x forward, y
left, metres.
"""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import AutomotError
from automot_ros.driving.schedule import Telemetry
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.metrics.ability import ABILITIES
from automot_ros.evaluation.overlay import Image, put_text
from automot_ros.evaluation.routes import drive_world
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import CameraModel
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.lights import LightState
from automot_ros.simulation.maps.road_map import RoadMap
from automot_ros.simulation.scenarios import SCENARIOS
from automot_ros.simulation.scenarios.scenario import Scenario
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.world import World

ToPixels = Callable[[NDArray[np.float64]], NDArray[np.int32]]
WIDTH_PX, TITLE_PX, HEIGHT_PX, BIRD_PX, LEGEND_PX = 900, 74, 320, 320, 22
LARGEST_BYTES = 60_000
LONGEST_TICKS = 2000
_STANDING_M, _BEFORE_JUNCTION_M, _NOBODY = 20.0, 12.0, 1000.0
_BACK, _TEXT, _FAINT = (24, 28, 33), (236, 240, 244), (160, 170, 182)
_LANE, _EDGE, _ROUTE, _EGO, _CAST, _OTHER = (58, 64, 72), (92, 100, 110), (96, 148, 255), (250, 250, 250), (
    255, 150, 40), (128, 138, 150)
_LIGHTS = {LightState.RED: (255, 64, 52), LightState.YELLOW: (255, 206, 40), LightState.GREEN: (52, 226, 100)}
_UNSEEN = (BodyKind.BUILDING, BodyKind.TREE, BodyKind.POLE, BodyKind.LIGHT_HOUSING, BodyKind.LAMP)


@dataclass(frozen=True, slots=True)
class Shot:
    """How to picture a class.

    ahead_m, left_m: where the cast's body of the best moment is, seen from the ego. back_m, up_m, pitch_rad: the camera
    behind the ego. metres: how much the bird's-eye view shows. stands: the body may stand, as obstacles do; without it,
    one that moves is far preferred. crossing: ahead and left are reckoned along the route, and beside it counts more.
    at: share of the route, for classes that stage nobody.
    """

    ahead_m: float = 13.0
    left_m: float = 0.0
    back_m: float = 9.5
    up_m: float = 4.6
    pitch_rad: float = -0.20
    metres: float = 56.0
    stands: bool = False
    crossing: bool = False
    at: float | None = None


_OBSTACLE, _ONCOMING, _CROSSING = Shot(16.0, stands=True), Shot(17.0, 3.0), Shot(10.0, crossing=True)
SHOTS: dict[str, Shot] = {
    **dict.fromkeys(("Accident", "AccidentTwoWays", "BlockedIntersection", "ConstructionObstacle",
                     "ConstructionObstacleTwoWays", "ParkedObstacle", "ParkedObstacleTwoWays"), _OBSTACLE),
    **dict.fromkeys(("InterurbanActorFlow", "NonSignalizedJunctionLeftTurn", "SignalizedJunctionLeftTurn"), _ONCOMING),
    **dict.fromkeys(("DynamicObjectCrossing", "ParkingCrossingPedestrian", "PedestrianCrossing",
                     "VehicleTurningRoute", "VehicleTurningRoutePedestrian"), _CROSSING),
    "VehicleOpensDoorTwoWays": Shot(9.0, -2.5, stands=True),
    "SequentialLaneChange": Shot(at=0.22, metres=90.0, up_m=9.0, back_m=14.0, pitch_rad=-0.3),
    "YieldToEmergencyVehicle": Shot(ahead_m=-10.0, back_m=27.0, up_m=8.0, pitch_rad=-0.22),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A class with its picture as JPEG; ability is Bench2Drive's, sentence the first of the class's docstring."""

    name: str
    ability: str
    sentence: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Moment:
    """The world at a tick, kept for drawing."""

    tick: int
    ego: Pose2
    ego_box: Boxes
    moving: Boxes
    cast_ids: frozenset[int]
    lights: dict[int, LightState]
    speed_mps: float


def picture_of(name: str, seed: int, policy: str = "expert") -> Picture:
    """Drive a class's drive of a seed and picture its clearest moment. AutomotError where the class is unknown."""
    if name not in SCENARIOS:
        raise AutomotError("no such scenario", where="contact sheet", got=name, wanted=", ".join(SCENARIOS))
    shot = SHOTS.get(name, Shot())
    world = World(task_of(name, seed))
    moment = _clearest(world, shot, policy)
    cls = SCENARIOS[name]
    chase = _chase(world, moment, shot, seed)
    bird = _from_above(world, moment, shot.metres)
    ability, sentence = ability_of(name), sentence_of(cls)
    page = np.full((TITLE_PX + HEIGHT_PX + LEGEND_PX, WIDTH_PX, 3), _BACK, np.uint8)
    put_text(page, name, (14, 27), 22, _TEXT, bold=True)
    put_text(page, ability.replace("_", " "), (WIDTH_PX - BIRD_PX + 10, 27), 17, _CAST)
    for i, line in enumerate(textwrap.wrap(sentence.replace("`", ""), 112)[:2]):
        put_text(page, line, (14, 48 + 18 * i), 14, _FAINT)
    page[TITLE_PX : TITLE_PX + HEIGHT_PX, : WIDTH_PX - BIRD_PX] = chase
    page[TITLE_PX : TITLE_PX + HEIGHT_PX, WIDTH_PX - BIRD_PX :] = bird
    words = f"{moment.tick * world.TICK_S:.0f} s, {3.6 * moment.speed_mps:.0f} km/h    white: ego   blue: its route"
    put_text(page, f"{words}   orange: staged by the scenario", (14, TITLE_PX + HEIGHT_PX + 16), 13, _FAINT)
    return Picture(name, ability, sentence, encoded(page))


def ability_of(name: str) -> str:
    """The ability of Bench2Drive that a class counts to; traffic signs only where it is in no other."""
    groups = sorted(ABILITIES, key=lambda group: group == "Traffic_Signs")
    return next((group for group in groups if name in ABILITIES[group]), "-")


def sentence_of(cls: type[Scenario]) -> str:
    """The first sentence of a class's docstring."""
    first = " ".join((inspect.getdoc(cls) or "").split("\n\n", maxsplit=1)[0].split())
    return first.split(". ", maxsplit=1)[0].removesuffix(".") + "."


def index_of(names: Sequence[str]) -> str:
    """Markdown: every class with its sentence and its picture `NAME.jpg`, by ability."""
    lines = ["# Scenarios", "", "Every class of incident that a driver is examined with, as the expert met it on one",
             "generated drive. White is the ego, blue its route, orange what the scenario stages. Made by",
             "`automot scenarios --out docs/scenarios`.", ""]
    for group in (*ABILITIES, "-"):
        members = [name for name in names if ability_of(name) == group]
        if members:
            lines += [f"## {'Others' if group == '-' else group.replace('_', ' ')}", ""]
            for name in members:
                lines += [f"### {name}", "", sentence_of(SCENARIOS[name]), "", f"![{name}]({name}.jpg)", ""]
    return "\n".join(lines)


def encoded(picture_HW3: Image) -> bytes:
    """An RGB picture as JPEG, as good as LARGEST_BYTES allows."""
    bgr = cv2.cvtColor(picture_HW3, cv2.COLOR_RGB2BGR)
    for quality in (90, 84, 78, 70, 60, 45, 30):
        data = bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        if len(data) <= LARGEST_BYTES:
            break
    return data


def _clearest(world: World, shot: Shot, policy: str) -> _Moment:
    """Drive, and keep the moment that fits the shot best."""
    best: list[_Moment] = []
    least = math.inf

    def watch(world: World, telemetry: Telemetry) -> None:
        nonlocal least
        cost = _cost(world, shot)
        if cost < least or not best:
            least = cost
            best[:] = [_kept(world)]

    drive_world(world, DriverSettings(policy), watch, LONGEST_TICKS)
    return best[0]


def _cost(world: World, shot: Shot) -> float:
    """How far from what the shot wants the present moment is."""
    if shot.at is not None:
        return abs(world.route_s_m - shot.at * world.route_line.length_m)
    boxes = world.cast.boxes()
    if not len(boxes) or not any(s.state == "running" for s in world.scenarios):
        # Nobody is there (yet, or at all): then what matters is the junction.
        before = [abs(world.route_s_m - p.begin_m + _BEFORE_JUNCTION_M) for p in world.passages]
        return _NOBODY + min(before, default=math.inf)
    local = world.ego.pose_map_to_ego.inverse_apply(boxes.xy_N2)
    if shot.crossing:
        local = np.array([world.route_line.project(p) for p in boxes.xy_N2]) - (world.route_s_m, 0.0)
    # One before the bonnet tells more than one beside the road.
    off = np.hypot(local[:, 0] - shot.ahead_m, (4.0 if shot.crossing else 1.6) * (local[:, 1] - shot.left_m))
    if not shot.stands:
        off = off + _STANDING_M * (boxes.speed_N < 0.3)
    return float(off.min())


def _kept(world: World) -> _Moment:
    cast = frozenset(int(a.id) for a in world.cast.actors)
    moving = world.moving_boxes()
    copied = moving.select(np.ones(len(moving), dtype=np.bool_))
    return _Moment(world.tick, world.ego.pose_map_to_ego, world.ego_box(), copied, cast, dict(world.light_states),
                   world.ego.speed_mps)


def _chase(world: World, moment: _Moment, shot: Shot, seed: int) -> Image:
    """The view from behind the ego, with its route on the ground."""
    camera = CameraModel("chase", WIDTH_PX - BIRD_PX, HEIGHT_PX, math.radians(75.0), (-shot.back_m, 0.0, shot.up_m),
                         0.0, shot.pitch_rad)
    renderer = CameraRenderer(world.map.surfaces(), world.static_boxes, (camera,), seed, smooth=True)
    image = renderer.render(Boxes.join(moment.moving, moment.ego_box), moment.ego, moment.tick)[0].copy()
    s = world.route_line.project(moment.ego.position_m)[0]
    ahead = moment.ego.inverse_apply(world.route_line.at(np.arange(s + 3.0, min(s + 45.0, world.route_line.length_m))))
    if len(ahead) > 1:
        pixels, seen = camera.project(np.column_stack([ahead, np.zeros(len(ahead))]))
        shade = image.copy()
        cv2.polylines(shade, [np.round(pixels[seen] * 16.0).astype(np.int32)], False, _ROUTE, 3, cv2.LINE_AA, 4)
        image = cv2.addWeighted(shade, 0.55, image, 0.45, 0.0)
    return np.asarray(image, dtype=np.uint8)


def _from_above(world: World, moment: _Moment, metres: float) -> Image:
    """The bird's-eye view: ego's heading up, the ego at a third of the height."""
    per_m = HEIGHT_PX / metres
    picture = np.full((HEIGHT_PX, BIRD_PX, 3), _BACK, np.uint8)

    def pixels(points_N2: NDArray[np.float64]) -> NDArray[np.int32]:
        own = moment.ego.inverse_apply(points_N2)
        uv = np.stack([0.5 * BIRD_PX - own[:, 1] * per_m, 0.66 * HEIGHT_PX - own[:, 0] * per_m], axis=-1)
        return np.round(uv * 16.0).astype(np.int32)

    _draw_lanes(picture, world.map, moment, pixels, per_m, metres)
    cv2.polylines(picture, [pixels(world.route_line.points_N2)], False, _ROUTE, 3, cv2.LINE_AA, 4)
    standing = world.static_boxes.select(~np.isin(world.static_boxes.kinds_N, _UNSEEN))
    boxes = Boxes.join(standing, moment.moving.select(~np.isin(moment.moving.kinds_N, _UNSEEN)), moment.ego_box)
    here = np.hypot(*(boxes.xy_N2 - moment.ego.position_m).T) < metres
    own = int(moment.ego_box.ids_N[0])
    for i in np.flatnonzero(here):
        which = int(boxes.ids_N[i])
        color = _EGO if which == own else _CAST if which in moment.cast_ids else _OTHER
        half = 0.5 * np.maximum(boxes.sizes_N3[i, :2], 0.9)
        corners = half * np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
        pose = Pose2(float(boxes.xy_N2[i, 0]), float(boxes.xy_N2[i, 1]), float(boxes.yaw_N[i]))
        cv2.fillPoly(picture, [pixels(pose.apply(corners))], color, cv2.LINE_AA, 4)
    return picture


def _draw_lanes(picture: Image, road_map: RoadMap, moment: _Moment, pixels: ToPixels, per_m: float,
                metres: float) -> None:
    """Road surface, and the stop lines of lights in the colour that they show."""
    near = [lane for lane in road_map.lanes
            if float(np.min(np.hypot(*(lane.center.points_N2 - moment.ego.position_m).T))) < metres]
    for color, more_m in ((_EDGE, 0.0), (_LANE, -0.35)):
        for lane in near:
            cv2.polylines(picture, [pixels(lane.center.points_N2)], False, color,
                          max(1, round((lane.width_m + more_m) * per_m)), cv2.LINE_AA, 4)
    for signal in road_map.signals:
        if signal.kind == "light":
            line = pixels(np.asarray(signal.stop_line, dtype=np.float64))
            cv2.polylines(picture, [line], False, _LIGHTS[moment.lights[signal.id]], 4, cv2.LINE_AA, 4)
