"""LiDAR ranges against geometry worked out by hand, and against a ray caster that knows no tricks."""

import math

import numpy as np
import pytest

from automot_ros.base.errors import AutomotError
from automot_ros.base.seeds import stream
from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.scene.sensing import LidarModel
from automot_ros.simulation.lidar import GROUND_INTENSITY, KIND_INTENSITIES, azimuths, drop_out, sweep

MODEL = LidarModel()


def box(kind=BodyKind.CAR, xy=(10.0, 0.0), base=0.0, yaw=0.0, size=(4.0, 2.0, 1.5)):
    return Boxes(np.array([1]), np.array([int(kind)]), np.array([xy], float), np.array([base], float),
                 np.array([yaw]), np.array([size], float), np.zeros(1), np.zeros((1, 3), np.uint8), np.zeros(1, bool))


def random_boxes(count, seed=0):
    rng = stream(seed, "boxes")
    sizes = rng.uniform(0.3, 9.0, (count, 3))
    return Boxes(np.arange(count), rng.integers(0, len(BodyKind), count), rng.uniform(-70.0, 70.0, (count, 2)),
                 rng.choice([0.0, 2.0], count), rng.uniform(-4.0, 4.0, count), sizes, np.zeros(count),
                 np.zeros((count, 3), np.uint8), np.zeros(count, bool))


def plain_ranges(model, pose, boxes, half):
    """Ranges of all beams that hit, beam by beam, in three dimensions."""
    found = []
    origin = np.array([*pose.apply(np.array([model.position_ego_m[:2]]))[0], model.position_ego_m[2]])
    c, s = np.cos(boxes.yaw_N), np.sin(boxes.yaw_N)
    x, y = origin[0] - boxes.xy_N2[:, 0], origin[1] - boxes.xy_N2[:, 1]
    start = np.stack([c * x + s * y, c * y - s * x, origin[2] - boxes.base_z_N], axis=1)
    low = np.stack([-boxes.sizes_N3[:, 0] / 2, -boxes.sizes_N3[:, 1] / 2, 0.0 * c], axis=1)
    high = np.stack([boxes.sizes_N3[:, 0] / 2, boxes.sizes_N3[:, 1] / 2, boxes.sizes_N3[:, 2]], axis=1)
    for azimuth in azimuths(model, half) + pose.yaw_rad:
        for elevation in np.linspace(model.lowest_rad, model.highest_rad, model.channels):
            d = np.array([math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth),
                          math.sin(elevation)])
            turned = np.stack([c * d[0] + s * d[1], c * d[1] - s * d[0], np.full(len(c), d[2])], axis=1)
            a, b = (low - start) / turned, (high - start) / turned
            enter, leave = np.maximum(np.minimum(a, b).max(1), 0.0), np.maximum(a, b).min(1)
            best = min([-origin[2] / d[2] if d[2] < 0 else math.inf, *enter[enter <= leave]])
            if best <= model.range_m:
                found.append(best)
    return np.array(found)


def test_an_empty_world_gives_rings_of_ground():
    points = sweep(MODEL, Pose2(3.0, 4.0, 1.0), Boxes.empty(), 0)
    np.testing.assert_allclose(points[:, 2], -MODEL.position_ego_m[2], atol=1e-5)
    ring = MODEL.position_ego_m[2] / math.tan(-MODEL.lowest_rad)
    assert np.hypot(points[:, 0], points[:, 1]).min() == pytest.approx(ring, abs=1e-4)
    assert np.linalg.norm(points[:, :3], axis=1).max() <= MODEL.range_m
    assert points[:, 3].max() <= GROUND_INTENSITY


def test_a_wall_ahead_is_a_flat_wall_at_its_distance():
    wall = box(BodyKind.BUILDING, (20.5, 0.0), 0.0, 0.0, (1.0, 200.0, 30.0))
    points = np.concatenate([sweep(MODEL, Pose2(0.0, 0.0, 0.0), wall, half) for half in (0, 1)])
    ahead = points[(np.abs(points[:, 1]) < 5.0) & (points[:, 0] > 19.0) & (points[:, 2] > -2.3)]
    assert len(ahead) > 100
    np.testing.assert_allclose(ahead[:, 0], 20.0, atol=1e-4)


def test_the_pose_of_the_ego_only_moves_the_frame():
    pose = Pose2(-12.0, 7.0, 2.2)
    here = sweep(MODEL, Pose2(0.0, 0.0, 0.0), box(xy=(15.0, 6.0), yaw=0.4), 0)
    xy = pose.apply(np.array([[15.0, 6.0]]))[0]
    there = sweep(MODEL, pose, box(xy=xy, yaw=0.4 + pose.yaw_rad), 0)
    np.testing.assert_allclose(here, there, atol=1e-4)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("seed", [1, 2])
def test_ranges_equal_those_of_a_plain_ray_caster(half, seed):
    model = LidarModel(channels=12, azimuths_per_half_sweep=40)
    pose, boxes = Pose2(3.0, -2.0, 0.7 + seed), random_boxes(40, seed)
    points = sweep(model, pose, boxes, half)
    wanted = plain_ranges(model, pose, boxes, half)
    np.testing.assert_allclose(np.linalg.norm(points[:, :3], axis=1), wanted, atol=1e-4)


def test_the_two_half_sweeps_are_the_left_and_the_right_half():
    left, right = (sweep(MODEL, Pose2(0.0, 0.0, 0.0), random_boxes(30), half) for half in (0, 1))
    assert (left[:, 1] > 0.0).all()
    assert (right[:, 1] < 0.0).all()
    turn = np.sort(np.concatenate([azimuths(MODEL, 0), azimuths(MODEL, 1)]))
    np.testing.assert_allclose(np.diff(turn), 2.0 * math.pi / (2 * MODEL.azimuths_per_half_sweep))
    with pytest.raises(AutomotError, match="half"):
        azimuths(MODEL, 2)


def test_a_hanging_box_is_seen_below_and_through_under_it():
    housing = box(BodyKind.LIGHT_HOUSING, (12.0, 1.0), 1.5, 0.0, (0.4, 1.0, 1.0))
    points = sweep(MODEL, Pose2(0.0, 0.0, 0.0), housing, 0)
    on_it = points[:, 3] > 0.3
    z = points[on_it, 2] + MODEL.position_ego_m[2]
    assert on_it.any()
    assert z.min() >= 1.5 - 1e-4
    assert z.max() <= 2.5 + 1e-4
    beyond = np.hypot(points[:, 0], points[:, 1]) > 13.0
    assert (beyond & (np.abs(points[:, 1] / points[:, 0]) < 0.08)).any()


def test_intensity_tells_the_kind_and_falls_with_range():
    near = sweep(MODEL, Pose2(0, 0, 0.0), box(xy=(8.0, 3.0), size=(2.0, 2.0, 6.0)), 0)[:, 3].max()
    far = sweep(MODEL, Pose2(0, 0, 0.0), box(xy=(40.0, 3.0), size=(2.0, 2.0, 6.0)), 0)[:, 3].max()
    assert 0.8 * KIND_INTENSITIES[BodyKind.CAR] < near <= KIND_INTENSITIES[BodyKind.CAR]
    assert far < near


def test_boxes_out_of_range_and_their_order_change_nothing():
    boxes, far = random_boxes(20), box(xy=(400.0, 0.0))
    one = sweep(MODEL, Pose2(0, 0, 0.0), boxes, 1)
    assert np.array_equal(one, sweep(MODEL, Pose2(0, 0, 0.0), Boxes.join(far, boxes), 1))
    assert np.array_equal(one, sweep(MODEL, Pose2(0, 0, 0.0), boxes, 1))
    assert one.dtype == np.float32
    assert np.isfinite(one).all()


def test_every_kind_has_an_intensity_and_a_reflecting_sign_the_highest():
    assert len(KIND_INTENSITIES) == len(BodyKind)
    assert ((KIND_INTENSITIES > GROUND_INTENSITY) & (KIND_INTENSITIES <= 1.0)).all()
    assert int(np.argmax(KIND_INTENSITIES)) == BodyKind.SIGN


def test_rubbish_is_seen_and_lies_lower_than_anything_that_matters():
    points = sweep(MODEL, Pose2(0, 0, 0.0), box(BodyKind.DEBRIS, (6.0, 1.0), size=(0.8, 0.8, 0.12)), 0)
    on_it = points[points[:, 3] > GROUND_INTENSITY]
    assert len(on_it) > 0
    assert (on_it[:, 2] + MODEL.position_ego_m[2]).max() < 0.3


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_drop_out_loses_its_share_by_seed_and_tick_and_leaves_the_rest_as_it_is(share):
    points = sweep(MODEL, Pose2(0, 0, 0.0), random_boxes(30), 0)
    left = drop_out(points, share, 3, 8)
    assert len(left) / len(points) == pytest.approx(1.0 - share, abs=0.03)
    assert np.array_equal(left, drop_out(points, share, 3, 8))
    assert not np.array_equal(left[:200], drop_out(points, share, 3, 9)[:200])
    assert {tuple(p) for p in left.tolist()} <= {tuple(p) for p in points.tolist()}
    assert len(drop_out(points, 0.0, 3, 8)) == len(points)
