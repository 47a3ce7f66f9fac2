"""The camera's pixels against CameraModel.project, and that the same input gives the same picture."""

import dataclasses
import math
from dataclasses import dataclass

import moderngl
import numpy as np
import pytest

from automot_ros.base.errors import AutomotError, MachineError
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import SIDE_CAMERAS, CameraModel
from automot_ros.simulation import camera_gl, camera_meshes
from automot_ros.simulation.camera import CameraRenderer
from automot_ros.simulation.camera_ground import ground_mesh


@dataclass
class FakeSurface:
    kind: str
    triangles_M33: np.ndarray


def rectangle(kind, x, y, z):
    p = np.array([[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]], np.float32)
    return FakeSurface(kind, np.stack([p[[0, 1, 2]], p[[0, 2, 3]]]))


def boxes(*rows):
    """Rows of kind, xy, base, yaw, size, color, speed."""
    n = len(rows)
    a = [np.array([row[i] for row in rows], dtype=float) for i in range(1, 5)]
    return Boxes(np.arange(n), np.array([int(r[0]) for r in rows]), a[0].reshape(n, 2), a[1], a[2], a[3].reshape(n, 3),
                 np.array([float(r[6]) for r in rows]), np.array([r[5] for r in rows], np.uint8),
                 np.array([r[0] == BodyKind.LAMP for r in rows]))


ROAD = (rectangle("road", (-60, 60), (-5, 5), 0.0), rectangle("sidewalk", (-60, 60), (5, 7), 0.12))
CAMERAS = (CameraModel(), *SIDE_CAMERAS, CameraModel(name="low", width_px=320, height_px=200, pitch_rad=-0.12,
                                                     horizontal_fov_rad=1.1, yaw_rad=0.3))
POSES = (Pose2(0.0, 0.0, 0.0), Pose2(-31.0, 12.0, 2.4))


def rendered(camera, moving, pose, seed=1, static=None):
    renderer = CameraRenderer(ROAD, Boxes.empty() if static is None else static, (camera,), seed)
    return renderer.render(moving, pose)[0].astype(int)


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("camera", CAMERAS, ids=lambda c: c.name)
def test_the_silhouette_of_a_block_is_where_the_camera_model_projects_its_corners(camera, pose):
    distance, side = 14.0, 1.5
    bearing = camera.yaw_rad
    xy_ego = np.array([distance * math.cos(bearing) - side * math.sin(bearing),
                       distance * math.sin(bearing) + side * math.cos(bearing)])
    size, base, yaw_ego = (3.0, 1.4, 1.2), 0.6, 0.35
    block = boxes((BodyKind.POLE, pose.apply(xy_ego[None])[0], base, pose.yaw_rad + yaw_ego, size, (255, 0, 255), 0))
    with_block, without = rendered(camera, block, pose), rendered(camera, Boxes.empty(), pose)
    rows, columns = np.nonzero(np.abs(with_block - without).sum(axis=2) > 30)
    corners = np.array([[sx * size[0] / 2, sy * size[1] / 2] for sx in (-1, 1) for sy in (-1, 1)])
    corners = Pose2(float(xy_ego[0]), float(xy_ego[1]), yaw_ego).apply(corners)
    corners = np.concatenate([np.c_[corners, np.full(4, z)] for z in (base, base + size[2])])
    pixels, ahead = camera.project(corners)
    assert ahead.all()
    seen = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
    wanted = [pixels[:, 0].min(), pixels[:, 0].max(), pixels[:, 1].min(), pixels[:, 1].max()]
    np.testing.assert_allclose(seen, wanted, atol=1.0)


def test_a_road_marking_lies_where_the_camera_model_projects_it():
    camera, pose = CameraModel(), Pose2(5.0, 1.0, 0.3)
    corners_ego = np.array([[9.0, -2.0], [12.0, -2.0], [12.0, -1.0], [9.0, -1.0]])
    p = np.c_[pose.apply(corners_ego), np.full(4, 0.02)].astype(np.float32)
    mark = FakeSurface("marking_white", np.stack([p[[0, 1, 2]], p[[0, 2, 3]]]))
    whole = rectangle("road", (-60, 60), (-60, 60), 0.0)
    plain = CameraRenderer([whole], Boxes.empty(), (camera,), 1).render(Boxes.empty(), pose)[0].astype(int)
    marked = CameraRenderer([whole, mark], Boxes.empty(), (camera,), 1).render(Boxes.empty(), pose)[0].astype(int)
    rows, columns = np.nonzero(np.abs(marked - plain).sum(axis=2) > 60)
    pixels, _ = camera.project(np.c_[corners_ego, np.full(4, 0.02)])
    np.testing.assert_allclose([columns.min(), columns.max() + 1, rows.min(), rows.max() + 1],
                               [*np.array([pixels[:, 0].min(), pixels[:, 0].max()]), pixels[:, 1].min(),
                                pixels[:, 1].max()], atol=1.0)


def test_the_first_row_is_sky_and_the_last_is_road():
    image = rendered(CameraModel(), Boxes.empty(), Pose2(0.0, 0.0, 0.0))
    sky, road = image[0, 200:312].mean(axis=0), image[-1, 240:272].mean(axis=0)
    assert sky[2] > sky[0] + 30
    assert np.ptp(road) < 25
    assert road.mean() < 140


def test_left_in_the_world_is_left_in_the_picture():
    lamp = boxes((BodyKind.LAMP, (15.0, 4.0), 2.0, 0.0, (0.3, 0.9, 0.9), (255, 0, 0), 0))
    image = rendered(CameraModel(), lamp, Pose2(0.0, 0.0, 0.0))
    red = (image[..., 0] > 200) & (image[..., 1] < 60) & (image[..., 2] < 60)
    pixels, _ = CameraModel().project(np.array([[15.0, 4.0, 2.45]]))
    rows, columns = np.nonzero(red)
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], pixels[0], atol=1.0)


@pytest.mark.parametrize("color", [(255, 40, 28), (255, 200, 20), (40, 255, 90)])
def test_a_burning_lamp_keeps_its_colour_at_forty_metres(color):
    lamp = boxes((BodyKind.LAMP, (40.0, 0.0), 5.0, math.pi, (0.1, 0.7, 0.7), color, 0))
    image = rendered(CameraModel(), lamp, Pose2(0.0, 0.0, 0.0))
    u, v = CameraModel().project(np.array([[40.0, 0.0, 5.35]]))[0][0]
    found = image[int(v), int(u)]
    assert int(np.argmax(found)) == int(np.argmax(color))
    assert np.abs(found - np.array(color)).max() < 130


def test_a_burning_lamp_is_not_seen_from_behind_its_housing():
    housing = (BodyKind.LIGHT_HOUSING, (20.0, 0.0), 3.8, 0.0, (0.35, 1.0, 2.6), (22, 22, 24), 0)
    lamp = (BodyKind.LAMP, (20.23, 0.0), 5.6, 0.0, (0.1, 0.7, 0.7), (255, 40, 28), 0)
    behind, before = (rendered(CameraModel(), boxes(housing, lamp), pose)
                      for pose in (Pose2(0.0, 0.0, 0.0), Pose2(40.0, 0.0, math.pi)))
    def reddest(image):
        return int((image[..., 0] - image[..., 1:].max(axis=2)).max())

    assert reddest(before) > 150
    assert reddest(behind) < 10


def test_what_stands_nearer_hides_what_stands_behind():
    near = (BodyKind.POLE, (8.0, 0.0), 0.0, 0.0, (4.0, 1.0, 1.0), (250, 30, 30), 0)
    far = (BodyKind.POLE, (20.0, 0.0), 0.0, 0.0, (4.0, 1.0, 1.0), (30, 30, 250), 0)
    for rows in ((near, far), (far, near)):
        image = rendered(CameraModel(), boxes(*rows), Pose2(0.0, 0.0, 0.0))
        u, v = CameraModel().project(np.array([[6.0, 0.0, 0.5]]))[0][0]
        assert image[int(v), int(u), 0] > image[int(v), int(u), 2] + 40


def test_a_standing_car_in_traffic_shows_brighter_tail_lights_than_a_moving_or_a_parked_one():
    def redness(speed, parked):
        car = boxes((BodyKind.CAR, (10.0, 0.0), 0.0, 0.0, (4.6, 1.9, 1.5), (60, 60, 60), speed))
        static, moving = (car, Boxes.empty()) if parked else (Boxes.empty(), car)
        image = rendered(CameraModel(), moving, Pose2(0.0, 0.0, 0.0), static=static)
        return int((image[..., 0] - image[..., 1:].max(axis=2)).max())

    assert redness(0.0, False) > redness(6.0, False) + 20
    assert abs(redness(0.0, True) - redness(6.0, False)) <= 4


def test_the_same_input_gives_the_same_picture_whatever_was_drawn_before():
    moving = boxes((BodyKind.CAR, (12.0, 1.0), 0.0, 0.2, (4.6, 1.9, 1.5), (200, 30, 30), 3.0),
                   (BodyKind.WALKER, (9.0, -3.0), 0.0, 0.2, (0.5, 0.5, 1.7), (20, 30, 200), 1.0))
    static = boxes((BodyKind.BUILDING, (20.0, 14.0), 0.0, 0.0, (10.0, 8.0, 9.0), (200, 180, 150), 0.0),
                   (BodyKind.TREE, (15.0, -8.0), 0.0, 0.0, (3.0, 3.0, 6.0), (40, 90, 40), 0.0))
    first = CameraRenderer(ROAD, static, (CameraModel(), *SIDE_CAMERAS), 7)
    images = first.render(moving, Pose2(1.0, 0.5, 0.1))
    other = CameraRenderer(ROAD, Boxes.empty(), (CameraModel(width_px=64, height_px=64),), 8)
    other.render(Boxes.empty(), Pose2(9.0, 9.0, 3.0))
    first.render(Boxes.empty(), Pose2(-20.0, 3.0, 2.0))
    again = first.render(moving, Pose2(1.0, 0.5, 0.1))
    fresh = CameraRenderer(ROAD, static, (CameraModel(), *SIDE_CAMERAS), 7).render(moving, Pose2(1.0, 0.5, 0.1))
    assert len(images) == 3
    for a, b, c in zip(images, again, fresh, strict=True):
        assert a.shape == (256, 512, 3)
        assert a.dtype == np.uint8
        assert np.array_equal(a, b)
        assert np.array_equal(a, c)


def test_another_seed_is_another_day():
    one, two = (rendered(CameraModel(), Boxes.empty(), Pose2(0, 0, 0.0), seed=s) for s in (1, 2))
    assert np.abs(one - two).mean() > 2.0


def test_scenery_far_away_costs_no_instances_and_changes_no_pixel():
    far = boxes((BodyKind.BUILDING, (400.0, 0.0), 0.0, 0.0, (30.0, 30.0, 60.0), (255, 0, 0), 0.0))
    assert np.array_equal(rendered(CameraModel(), Boxes.empty(), POSES[0], static=far),
                          rendered(CameraModel(), Boxes.empty(), POSES[0]))


@pytest.mark.parametrize("name", sorted(camera_gl.LOOKS))
def test_every_mesh_fills_the_unit_box_and_its_faces_look_outwards(name):
    mesh = camera_gl.LOOKS[name][0]().astype(float)
    low, high = mesh[:, :3].min(axis=0), mesh[:, :3].max(axis=0)
    assert (low >= [-0.52, -0.52, -0.01]).all()
    assert (high <= [0.52, 0.52, 1.01]).all()
    if name in ("shadow", "glow"):
        return
    assert (high - low >= [0.7, 0.7, 0.85]).all()
    faces = mesh.reshape(-1, 3, 7)
    winding = np.cross(faces[:, 1, :3] - faces[:, 0, :3], faces[:, 2, :3] - faces[:, 0, :3])
    assert (np.einsum("ij,ij->i", winding, faces[:, 0, 3:6]) > 0.0).all()
    # The flux of (0, 0, z) through a closed surface is its volume: negative would mean inside out.
    volume = np.einsum("ij,i->", winding[:, 2:], faces[:, :, 2].mean(axis=1)) / 2.0
    assert volume > 0.0


def test_the_material_table_has_a_row_for_each_material():
    looks, glows = camera_meshes.material_table()
    assert looks.shape == glows.shape == (len(camera_meshes.Material), 4)


def test_an_unknown_surface_is_refused_by_name():
    with pytest.raises(AutomotError, match="lava"):
        ground_mesh([rectangle("lava", (0, 1), (0, 1), 0.0)])


def test_triangles_wound_either_way_are_drawn():
    road = rectangle("road", (-60, 60), (-60, 60), 0.0)
    turned = dataclasses.replace(road, triangles_M33=road.triangles_M33[:, ::-1])
    images = [CameraRenderer([r], Boxes.empty(), (CameraModel(),), 1).render(Boxes.empty(), POSES[0])[0]
              for r in (road, turned)]
    assert np.array_equal(*images)


def test_a_machine_without_a_driver_is_told_what_to_install(monkeypatch):
    def refuse(**_):
        raise Exception("eglInitialize failed (0x3001)")

    monkeypatch.setattr(moderngl, "create_standalone_context", refuse)
    with pytest.raises(MachineError, match="apt-get install -y libegl1"):
        camera_gl.GraphicsDevice()
