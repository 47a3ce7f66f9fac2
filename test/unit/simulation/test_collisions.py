import math

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.collisions import StaticField, push_out


def _boxes(xy, yaw, size, base_z=0.0):
    n = len(xy)
    return Boxes(np.arange(n), np.full(n, int(BodyKind.BUILDING)), np.array(xy, float), np.full(n, base_z),
                 np.array(yaw, float), np.tile(np.array(size, float), (n, 1)), np.zeros(n), np.zeros((n, 3), np.uint8),
                 np.zeros(n, np.bool_))


def _grid(pose, length, width):
    u = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 41) * length, np.linspace(-0.5, 0.5, 41) * width), -1)
    return pose.apply(u.reshape(-1, 2))


def _share_a_point(a, size_a, b, size_b):
    inside = np.abs(b.inverse_apply(_grid(a, *size_a))) <= 0.5 * np.array(size_b)
    outside = np.abs(a.inverse_apply(_grid(b, *size_b))) <= 0.5 * np.array(size_a)
    return bool(inside.all(axis=1).any() or outside.all(axis=1).any())


def test_boxes_hit_exactly_when_they_share_a_point():
    rng = np.random.default_rng(0)
    agree = hits = 0
    for _ in range(300):
        ego = Pose2(0.0, 0.0, float(rng.uniform(-math.pi, math.pi)))
        other = Pose2(*map(float, rng.uniform(-4.0, 4.0, 2)), float(rng.uniform(-math.pi, math.pi)))
        hit, push = push_out(ego, 4.6, 1.9, other.position_m[None], np.array([other.yaw_rad]), np.array([[4.2, 1.8]]))
        near_touch = hit[0] and np.hypot(*push[0]) < 0.12
        agree += bool(hit[0]) == _share_a_point(ego, (4.6, 1.9), other, (4.2, 1.8)) or near_touch
        hits += bool(hit[0])
    assert agree == 300
    assert 50 < hits < 250


def test_the_push_parts_the_boxes_and_no_shorter_one_along_it_does():
    rng = np.random.default_rng(1)
    for _ in range(200):
        yaw, other_yaw = rng.uniform(-3, 3, 2)
        xy = rng.uniform(-2.0, 2.0, (1, 2))
        args = (xy, np.array([other_yaw]), np.array([[4.2, 1.8]]))
        hit, push = push_out(Pose2(0.0, 0.0, float(yaw)), 4.6, 1.9, *args)
        if not hit[0]:
            continue
        assert not push_out(Pose2(*map(float, 1.0001 * push[0]), float(yaw)), 4.6, 1.9, *args)[0][0]
        assert push_out(Pose2(*map(float, 0.99 * push[0]), float(yaw)), 4.6, 1.9, *args)[0][0]


def test_a_static_field_misses_nothing_that_a_full_test_finds():
    rng = np.random.default_rng(2)
    boxes = _boxes(rng.uniform(0, 100, (60, 2)), rng.uniform(-3, 3, 60), (3.0, 2.0, 2.0))
    field = StaticField(boxes)
    found = 0
    for step in range(2000):
        pose = Pose2(50 + 45 * math.cos(step * 0.004), 50 + 45 * math.sin(step * 0.0083), step * 0.01)
        touched, push = field.touching(pose, 4.6, 1.9)
        hit, _ = push_out(pose, 4.6, 1.9, boxes.xy_N2, boxes.yaw_N, boxes.sizes_N3[:, :2])
        assert touched.ids_N.tolist() == boxes.ids_N[hit].tolist()
        assert len(push) == len(touched)
        found += len(touched)
    assert found > 50


def test_what_hangs_high_is_driven_under():
    field = StaticField(Boxes.join(_boxes([(0, 0)], [0.0], (3, 2, 1), base_z=3.8), _boxes([(50, 0)], [0.0], (3, 2, 1))))
    assert len(field.touching(Pose2(0.0, 0.0, 0.0), 4.6, 1.9)[0]) == 0
    assert len(field.touching(Pose2(50.0, 0.0, 0.0), 4.6, 1.9)[0]) == 1
