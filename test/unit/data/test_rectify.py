"""A real camera's picture becomes the pinhole picture: checked against OpenCV's projection and on drawn scenes."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.data.rectify import Rectifier, distorted
from automot_ros.scene.sensing import CameraModel, Lens, LidarModel, PointCloud, mounting

WIDE = Lens(width_px=1280, height_px=720, fx_px=560.0, fy_px=570.0, cx_px=650.0, cy_px=350.0)
PLUMB = replace(WIDE, distortion="plumb_bob", k1=-0.05, k2=0.01, p1=0.001, p2=-0.002, k3=0.003)
RATIONAL = replace(WIDE, distortion="rational_polynomial", k1=0.3, k2=0.05, p1=0.001, p2=-0.001, k3=0.001, k4=0.4,
                   k5=0.06, k6=0.002)
FISH = replace(WIDE, distortion="equidistant", k1=-0.02, k2=0.003, k3=-0.001, k4=0.0001, fx_px=600.0, fy_px=600.0)
RNG = np.random.default_rng(0)
DIRECTIONS_N2 = RNG.uniform(-0.9, 0.9, (200, 2))


@pytest.mark.parametrize("lens", [WIDE, PLUMB, RATIONAL])
def test_the_lens_bends_as_that_of_opencv(lens: Lens) -> None:
    points = np.concatenate([DIRECTIONS_N2, np.ones((200, 1))], axis=1)
    d = np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3, lens.k4, lens.k5, lens.k6])
    wanted, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), d)
    np.testing.assert_allclose(distorted(lens, DIRECTIONS_N2), wanted[:, 0], atol=1e-12)


def test_the_fisheye_bends_as_that_of_opencv() -> None:
    points = np.concatenate([DIRECTIONS_N2, np.ones((200, 1))], axis=1)[:, None]
    d = np.array([FISH.k1, FISH.k2, FISH.k3, FISH.k4])
    wanted, _ = cv2.fisheye.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), d)
    np.testing.assert_allclose(distorted(FISH, DIRECTIONS_N2), wanted[:, 0], atol=1e-12)
    np.testing.assert_array_equal(distorted(FISH, np.zeros((1, 2))), 0.0)


def test_beyond_where_a_polynomial_turns_back_nothing_is_seen() -> None:
    turning = replace(WIDE, distortion="plumb_bob", k1=-0.3)  # r - 0.3 r^3 grows to r = 1.05
    bent = distorted(turning, np.array([[1.0, 0.0], [1.2, 0.0]]))
    assert np.isfinite(bent[0]).all() and np.isnan(bent[1]).all()


def drawn(lens: Lens, dots_ego_N3: np.ndarray) -> np.ndarray:
    """What the lens sees of white dots far away in the ego's directions: OpenCV's projection, not ours."""
    image = np.zeros((lens.height_px, lens.width_px, 3), np.uint8)
    turned = dots_ego_N3 @ mounting(lens.roll_rad, lens.pitch_rad, lens.yaw_rad)
    optical = np.stack([-turned[:, 1], -turned[:, 2], turned[:, 0]], axis=1)
    matrix = np.array([[lens.fx_px, 0.0, lens.cx_px], [0.0, lens.fy_px, lens.cy_px], [0.0, 0.0, 1.0]])
    if lens.distortion == "equidistant":
        d = np.array([lens.k1, lens.k2, lens.k3, lens.k4])
        pixels, _ = cv2.fisheye.projectPoints(optical[:, None], np.zeros(3), np.zeros(3), matrix, d)
    else:
        d = np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3, lens.k4, lens.k5, lens.k6])
        pixels, _ = cv2.projectPoints(optical, np.zeros(3), np.zeros(3), matrix, d)
    for u, v in pixels.reshape(-1, 2):
        cv2.circle(image, (round(u * 16), round(v * 16)), 48, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


@pytest.mark.parametrize("lens", [
    WIDE, PLUMB, RATIONAL, FISH, replace(PLUMB, pitch_rad=-0.05, yaw_rad=0.04, roll_rad=0.03),
    Lens(width_px=1920, height_px=1080, fx_px=905.0, fy_px=905.0, cx_px=957.0, cy_px=541.0, pitch_rad=-0.035)])
@pytest.mark.parametrize("at", [(20.0, 0.0, 0.0), (20.0, 9.0, 1.0), (20.0, -8.0, -4.0)])
def test_a_dot_is_seen_where_the_pinhole_would_see_it(lens: Lens, at: tuple[float, float, float]) -> None:
    camera = CameraModel(position_ego_m=(0.0, 0.0, 0.0), lens=lens)
    seen = Rectifier(camera)(drawn(lens, np.array([at])))[:, :, 0].astype(np.float64)
    assert seen.max() > 100
    v, u = (np.average(axis, weights=seen) + 0.5 for axis in np.indices(seen.shape))
    (wanted,), _ = camera.project(np.array([at]))
    assert math.hypot(u - wanted[0], v - wanted[1]) < 0.15, "left is on the left, up is up"


def test_a_camera_like_the_models_gives_its_picture_to_the_bit() -> None:
    image = RNG.integers(0, 256, (256, 512, 3), dtype=np.uint8)
    assert np.array_equal(Rectifier(CameraModel(lens=Lens()))(image), image)


def test_fine_stripes_of_a_large_image_become_grey_and_do_not_flicker() -> None:
    lens = Lens(width_px=2048, height_px=1024, fx_px=1024.0, fy_px=1024.0, cx_px=1023.5, cy_px=511.5)
    image = np.zeros((1024, 2048, 3), np.uint8)
    image[:, ::2] = 255
    seen = Rectifier(CameraModel(lens=lens))(image)
    assert seen.min() >= 120 and seen.max() <= 135


def test_what_the_camera_does_not_see_is_black_and_counted() -> None:
    lens = Lens(width_px=512, height_px=256, fx_px=290.0, fy_px=270.0, cx_px=255.5, cy_px=127.5)
    rectify = Rectifier(CameraModel(lens=lens))
    seen = rectify(np.full((256, 512, 3), 200, np.uint8))
    assert 0.8 < rectify.coverage < 0.9
    assert (seen[:, :20] == 0).all() and (seen[100:150, 100:400] == 200).all()


@pytest.mark.parametrize("lens", [replace(WIDE, fx_px=2000.0, fy_px=2000.0), replace(WIDE, yaw_rad=math.pi),
                                  replace(WIDE, pitch_rad=0.6)])
def test_a_camera_that_looks_elsewhere_is_refused(lens: Lens) -> None:
    with pytest.raises(ConfigError, match=r"sees too little of what the model looks at in camera rgb_front: got \d+%"):
        Rectifier(CameraModel(lens=lens))


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="another size"):
        Rectifier(CameraModel(lens=WIDE))(np.zeros((256, 512, 3), np.uint8))


@pytest.mark.parametrize(("angles", "forward"), [
    ((0.0, 0.0, math.pi / 2), (0.0, 1.0, 0.0)), ((0.0, math.pi / 2, 0.0), (0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))])
def test_yaw_turns_left_and_pitch_turns_up(angles: tuple[float, float, float],
                                           forward: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(mounting(*angles) @ [1.0, 0.0, 0.0], forward, atol=1e-12)
    assert (mounting(0.3, 0.0, 0.0) @ [0.0, 1.0, 0.0])[2] > 0.0, "roll: left side up"


def test_points_of_a_turned_lidar_come_back_into_the_axes_of_the_car() -> None:
    lidar = LidarModel(yaw_rad=math.pi / 2)
    cloud = PointCloud(7, np.array([[1.0, 0.0, -2.0, 0.5]], np.float32))
    np.testing.assert_allclose(lidar.upright(cloud).points_N4, [[0.0, 1.0, -2.0, 0.5]], atol=1e-6)
    assert lidar.upright(cloud).stamp_ns == 7
    assert LidarModel().upright(cloud) is cloud
