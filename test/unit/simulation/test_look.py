"""What bodies and weather look like: the default is what it always was, new kinds are told apart, conditions show."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import CameraModel
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.camera_lens import EPOCH_TICKS, WetLens
from automot_ros.simulation.camera_light import daylight, light_of
from automot_ros.simulation.camera_looks import FLASH_TICKS, NAMES, Instances
from automot_ros.simulation.conditions import Conditions, drawn_conditions

# A fixed scene with something of every old kind, seen twice: what the default look is compared on.
CAMERA = CameraModel(width_px=256, height_px=128)
VIEWS = ((3, Pose2(0.0, -1.75, 0.0)), (8, Pose2(6.0, 1.6, math.pi - 0.15)))  # seed of the daylight, place of the ego


@dataclass
class Ground:
    kind: str
    triangles_M33: np.ndarray


def _rectangle(kind, x, y, z):
    p = np.array([[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]], np.float32)
    return Ground(kind, np.stack([p[[0, 1, 2]], p[[0, 2, 3]]]))


SURFACES = (
    *(_rectangle("road", (x, x + 4), y, 0.0) for x in range(-80, 80, 4) for y in ((-5, -1.7), (-1.7, 1.7), (1.7, 5))),
    *(_rectangle("sidewalk", (x, x + 4), (7.2, 9.4), 0.12) for x in range(-80, 80, 4)),
    _rectangle("parking", (-80, 80), (5.0, 7.2), 0.0),
    *(_rectangle("marking_yellow", (x, x + 3), (-0.08, 0.08), 0.02) for x in range(-75, 75, 8)),
    _rectangle("marking_white", (-80, 80), (-4.98, -4.83), 0.02),
    _rectangle("stop_line", (24.0, 24.4), (-5.0, 0.0), 0.02),
    *(_rectangle("crosswalk", (26.0, 29.0), (y, y + 0.5), 0.02) for y in range(-5, 5)),
)


def boxes(*rows):
    """Rows of kind, xy, base, yaw, size, color, speed; ids count up."""
    a = [np.array([row[i] for row in rows], dtype=float) for i in range(1, 5)]
    n = len(rows)
    return Boxes(np.arange(100, 100 + n), np.array([int(r[0]) for r in rows]), a[0].reshape(n, 2), a[1], a[2],
                 a[3].reshape(n, 3), np.array([float(r[6]) for r in rows]), np.array([r[5] for r in rows], np.uint8),
                 np.array([r[0] == BodyKind.LAMP for r in rows]))


K = BodyKind
STATIC = boxes(
    (K.BUILDING, (20.0, 17.0), 0.0, 0.0, (14.0, 11.0, 9.0), (176, 150, 128), 0.0),
    (K.BUILDING, (-25.0, -14.0), 0.0, 0.3, (12.0, 9.0, 6.0), (150, 92, 76), 0.0),
    (K.TREE, (15.0, -8.0), 0.0, 0.0, (0.35, 0.35, 2.4), (84, 62, 44), 0.0),
    (K.TREE, (15.0, -8.0), 2.2, 0.0, (3.0, 3.0, 4.0), (52, 96, 44), 0.0),
    (K.TREE, (-18.0, 12.0), 2.2, 0.0, (2.4, 2.4, 3.5), (70, 116, 52), 0.0),
    (K.POLE, (24.0, -6.5), 0.0, math.pi, (0.18, 0.18, 6.4), (96, 98, 100), 0.0),
    (K.POLE, (-20.0, 6.0), 0.0, 0.0, (0.16, 0.16, 6.0), (96, 98, 100), 0.0),
    (K.LIGHT_HOUSING, (23.7, -6.5), 3.8, math.pi, (0.35, 1.0, 2.66), (22, 22, 24), 0.0),
    (K.POLE, (-12.0, 5.6), 2.1, 0.0, (0.06, 0.8, 0.8), (196, 24, 30), 0.0),
    (K.CAR, (12.0, 6.1), 0.0, 0.02, (4.4, 1.8, 1.5), (180, 40, 40), 0.0),
    (K.CAR, (-14.0, 6.1), 0.0, 0.0, (4.1, 1.75, 1.6), (50, 70, 140), 0.0),
    (K.OBSTACLE, (9.0, -4.3), 0.0, 0.0, (1.0, 1.0, 1.0), (150, 150, 150), 0.0),
)
MOVING = boxes(
    (K.CAR, (13.0, -1.75), 0.0, 0.0, (4.5, 1.85, 1.5), (200, 30, 30), 0.0),
    (K.CAR, (30.0, 1.75), 0.0, math.pi, (4.2, 1.8, 1.45), (230, 230, 230), 7.0),
    (K.TRUCK, (-16.0, 1.9), 0.0, math.pi, (6.2, 2.2, 2.6), (20, 95, 60), 6.0),
    (K.CAR, (-30.0, -1.9), 0.0, 0.0, (4.7, 1.9, 1.65), (40, 40, 45), 5.0),
    (K.BICYCLE, (10.0, 3.4), 0.0, 0.3, (1.75, 0.6, 1.7), (30, 60, 160), 4.0),
    (K.BICYCLE, (-8.0, 4.2), 0.0, 3.0, (1.75, 0.6, 1.7), (190, 150, 40), 0.0),
    (K.WALKER, (8.0, 8.0), 0.12, 0.2, (0.45, 0.6, 1.75), (20, 30, 200), 1.0),
    (K.WALKER, (-6.0, -0.5), 0.0, 1.2, (0.45, 0.6, 1.65), (200, 180, 20), 1.2),
    (K.WALKER, (34.0, -3.0), 0.0, 1.2, (0.45, 0.6, 1.8), (120, 20, 90), 1.2),
    (K.LAMP, (23.47, -6.5), 5.6, math.pi, (0.1, 0.7, 0.7), (255, 40, 28), 0.0),
)

HERE = Pose2(0.0, 0.0, 0.0)
PICTURES = Path(__file__).parent / "pictures"


def rendered(moving, conditions=None, *, tick=0, static=None, seed=3, camera=CAMERA, pose=HERE, braking=None):
    renderer = CameraRenderer(SURFACES, Boxes.empty() if static is None else static, (camera,), seed,
                              conditions=conditions)
    return renderer.render(moving, pose, tick, braking)[0].astype(int)


def one(kind, size, x=9.0, y=0.0, yaw=math.pi, speed=5.0, color=(120, 124, 128)):
    return boxes((kind, (x, y), 0.0, yaw, size, color, speed))


@pytest.mark.parametrize("view", [0, 1])
def test_under_default_conditions_the_picture_is_the_one_that_was_always_drawn(view):
    """Compared with pictures drawn before there was weather: no pixel may differ by more than 2 gray levels."""
    seed, pose = VIEWS[view]
    wanted = cv2.cvtColor(cv2.imread(str(PICTURES / f"default_look_{view}.png")), cv2.COLOR_BGR2RGB).astype(int)
    renderer = CameraRenderer(SURFACES, STATIC, (CAMERA,), seed, conditions=Conditions())
    for tick in (0, 7):
        found = renderer.render(MOVING, pose, tick)[0].astype(int)
        assert np.abs(found - wanted).max() <= 2


def test_faults_of_the_sensors_leave_the_daylight_of_the_seed_alone():
    faults = Conditions(camera_jitter_deg=1.0, lidar_dropout=0.5, sensor_latency_ticks=2, varied_vehicles=True)
    assert light_of(5, faults) == daylight(5)
    assert light_of(5, Conditions(fog=0.2)) != daylight(5)


@pytest.mark.parametrize(("kind", "size", "wanted"), [
    (BodyKind.EMERGENCY, (5.4, 2.1, 2.4), "ambulance"), (BodyKind.EMERGENCY, (4.7, 1.9, 1.5), "police_car"),
    (BodyKind.CAR, (4.5, 1.8, 1.5), "car"), (BodyKind.CAR, (3.7, 1.7, 1.5), "hatchback"),
    (BodyKind.CAR, (4.7, 1.9, 1.8), "off_roader"), (BodyKind.CAR, (4.9, 1.9, 2.0), "van"),
    (BodyKind.TRUCK, (5.5, 2.0, 2.4), "van"), (BodyKind.TRUCK, (8.0, 2.4, 3.2), "truck"),
    (BodyKind.SIGN, (0.5, 1.9, 1.9), "warning_board"), (BodyKind.SIGN, (0.6, 2.2, 2.3), "arrow_board"),
    (BodyKind.DOOR, (0.15, 0.95, 1.2), "door"), (BodyKind.DOOR, (0.95, 0.15, 1.2), "door_along"),
    (BodyKind.CONTAINER, (1.2, 2.2, 2.1), "container"), (BodyKind.CONTAINER, (0.4, 1.4, 2.1), "advertisement"),
    (BodyKind.CONTAINER, (1.3, 1.3, 2.9), "column"), (BodyKind.CONE, (0.4, 0.4, 0.8), "cone"),
    (BodyKind.DEBRIS, (0.7, 0.7, 0.12), "debris"),
])
def test_kind_and_size_say_what_is_drawn(kind, size, wanted):
    assert NAMES[Instances(one(kind, size), moving=True).looks_N[0]] == wanted


def test_varied_vehicles_differ_by_id_in_shape_and_paint_and_keep_both():
    rows = [(BodyKind.CAR, (float(i), 0.0), 0.0, 0.0, (4.4, 1.8, 1.55), (9, 9, 9), 5.0) for i in range(60)]
    many = boxes(*rows)
    plain, varied = (Instances(many, moving=True, varied=v) for v in (False, True))
    assert set(plain.looks_N) == {NAMES.index("car")}
    assert {NAMES[code] for code in varied.looks_N} == {"car", "hatchback", "off_roader"}
    assert len(np.unique(varied.rows_N12[:, 8:11], axis=0)) > 8
    order = np.arange(60)[::-1]
    again = Instances(many.select(order), moving=True, varied=True)
    assert np.array_equal(again.looks_N, varied.looks_N[order])
    assert np.array_equal(again.rows_N12[:, 8:11], varied.rows_N12[order, 8:11])


def share(image, mask):
    return float(mask(*image.transpose(2, 0, 1)).mean())


def test_each_new_kind_shows_its_colours():
    empty = rendered(Boxes.empty())

    def changed(kind, size, mask, **place):
        image = rendered(one(kind, size, **place))
        return float((mask(*image.transpose(2, 0, 1)) & (np.abs(image - empty).sum(axis=2) > 30)).sum())

    def orange(r, g, b):
        return (r > 170) & (g < 0.65 * r) & (b < 0.45 * r)

    def white(r, g, b):
        return (r > 100) & (np.abs(r - g) < 12) & (np.abs(g - b) < 20)

    def red(r, g, b):
        return (r > 120) & (g < 60) & (b < 60)

    assert changed(BodyKind.CONE, (0.4, 0.4, 0.8), orange, x=4.0) > 12
    assert changed(BodyKind.CONE, (0.4, 0.4, 0.8), white, x=4.0) > 6
    assert changed(BodyKind.SIGN, (0.5, 1.9, 1.9), red) > 50
    assert changed(BodyKind.SIGN, (0.5, 1.9, 1.9), white) > 50
    assert changed(BodyKind.EMERGENCY, (5.4, 2.1, 2.4), red, yaw=2.5) > 40
    assert changed(BodyKind.DEBRIS, (0.7, 0.7, 0.12), lambda r, g, b: r > b + 8, x=7.0, y=-1.0) > 8


def test_beacons_and_arrow_boards_flash_by_the_tick():
    car = one(BodyKind.EMERGENCY, (4.7, 1.9, 1.5), yaw=0.0)

    def beacon(tick):
        image = rendered(car, tick=tick)
        top = image[: CAMERA.height_px // 2 + 8]
        return int((top[..., 0] - top[..., 2]).max()), int((top[..., 2] - top[..., 0]).max())

    first, second = beacon(0), beacon(FLASH_TICKS)
    assert first == beacon(2 * FLASH_TICKS)
    assert abs(first[0] - second[0]) > 60
    board = one(BodyKind.SIGN, (0.6, 2.2, 2.3))
    on, off = (share(rendered(board, tick=t), lambda r, g, b: (r > 200) & (g > 120) & (b < 90))
               for t in (0, FLASH_TICKS))
    assert abs(on - off) > 2e-3


def test_brake_lamps_burn_when_told_that_a_car_slows_down():
    car = one(BodyKind.CAR, (4.5, 1.85, 1.5), yaw=0.0, color=(60, 60, 60))

    def redness(braking):
        image = rendered(car, braking=np.array([braking]))
        return int((image[..., 0] - image[..., 1:].max(axis=2)).max())

    assert redness(True) > redness(False) + 20


def brightness(conditions, **more):
    return rendered(MOVING, conditions, static=STATIC, **more)


def test_night_is_dark_but_the_road_ahead_is_lit():
    camera = CAMERA
    night, day = (rendered(Boxes.empty(), Conditions(sun_altitude_deg=a)) for a in (-15.0, 50.0))
    assert night.mean() < 0.45 * day.mean()
    assert night[: camera.height_px // 3].mean() < 35
    ahead = night[camera.height_px - 15, camera.width_px // 2 - 20 : camera.width_px // 2 - 8].mean()
    assert 35 < ahead < 200


def test_fog_hides_what_is_far_and_leaves_what_is_near():
    far = one(BodyKind.CONTAINER, (2.0, 3.0, 4.0), x=60.0, color=(200, 20, 20))
    near = one(BodyKind.CONTAINER, (2.0, 3.0, 3.0), x=12.0, color=(200, 20, 20))

    def contrast(thing, fog):
        c = Conditions(fog=fog)
        return int(np.abs(rendered(thing, c) - rendered(Boxes.empty(), c)).max())

    assert contrast(far, 0.0) > 60
    assert contrast(far, 1.0) < 6
    assert contrast(near, 1.0) > 60


def test_rain_darkens_the_road_and_puts_drops_on_the_lens_that_stay_a_while():
    dry, wet = (brightness(Conditions(cloudiness=0.9, rain=r, varied_vehicles=False)) for r in (0.0, 0.8))
    assert wet[-12:].mean() < 0.9 * dry[-12:].mean()
    picture = np.random.default_rng(1).integers(0, 255, (128, 256, 3)).astype(np.uint8)
    lens = WetLens(256, 128, 0.8, 3, 0)
    lens_again, other = WetLens(256, 128, 0.8, 3, 0), WetLens(256, 128, 0.8, 3, 1)

    def drops(of, tick):
        return np.abs(of.seen_through(picture, tick).astype(int) - picture).max(axis=2) > 60

    first, soon, late = drops(lens, 0), drops(lens, 6), drops(lens, 40 * EPOCH_TICKS)
    assert 0.005 < first.mean() < 0.4
    assert (first & soon).sum() > 0.9 * first.sum()
    assert (first & late).sum() < 0.5 * first.sum()
    assert np.array_equal(drops(lens_again, 6), soon)
    assert not np.array_equal(drops(other, 6), soon)


def test_jitter_moves_all_cameras_together_and_is_drawn_by_tick():
    shaken = Conditions(camera_jitter_deg=0.8)
    one_tick, same, next_tick = (brightness(shaken, tick=t) for t in (3, 3, 4))
    assert np.array_equal(one_tick, same)
    assert np.abs(one_tick - next_tick).mean() > 1.0
    assert np.array_equal(brightness(Conditions(), tick=3), brightness(Conditions(), tick=4))


def test_overcast_and_low_sun_change_light_and_shadow():
    fine, gray, low = (light_of(1, Conditions(cloudiness=c, sun_altitude_deg=a)) for c, a in (
        (0.1, 50.0), (1.0, 50.0), (0.1, 5.0)))
    assert gray.shadow < 0.5 * fine.shadow
    assert max(gray.zenith) - min(gray.zenith) < 0.5 * (max(fine.zenith) - min(fine.zenith))
    assert low.sun[0] > 1.5 * low.sun[2]
    assert low.to_sun[2] == pytest.approx(math.sin(math.radians(5.0)))


def test_drawn_conditions_are_within_bounds_and_varied():
    drawn = [drawn_conditions(seed) for seed in range(60)]
    assert drawn[7] == drawn_conditions(7)
    assert all(c.varied_vehicles for c in drawn)
    for name in ("fog", "rain", "camera_jitter_deg", "lidar_dropout", "sensor_latency_ticks"):
        values = [getattr(c, name) for c in drawn]
        assert min(values) == 0
        assert max(values) > 0
    assert min(c.sun_altitude_deg for c in drawn) < 0.0
    assert all(dataclasses.replace(c) == c for c in drawn)


def test_a_camera_of_another_shape_gets_its_own_lens():
    camera = CameraModel(width_px=96, height_px=64)
    assert rendered(Boxes.empty(), Conditions(rain=1.0), camera=camera).shape == (64, 96, 3)
