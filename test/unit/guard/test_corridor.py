"""What stands in the way, and what only stands beside it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from automot_ros.geometry.se2 import Pose2
from automot_ros.guard.config import GuardConfig
from automot_ros.guard.corridor import Corridor, points_in_map
from automot_ros.scene.sensing import EgoState, PointCloud
from automot_ros.vehicle.specification import VehicleSpec
from automot_ros.vehicle.sweep import free_way, swept_poses

CONFIG, VEHICLE = GuardConfig(), VehicleSpec()
HALF_LENGTH, HALF_WIDTH = VEHICLE.length_m / 2, VEHICLE.width_m / 2
STRAIGHT = np.stack([np.arange(0.0, 26.0), np.zeros(26)], 1)
Ego = Callable[..., EgoState]
Points = Callable[..., PointCloud]


def wall(x: float, y: float = 0.0, count: int = 3) -> np.ndarray:
    return np.tile([x, y], (count, 1))


def free(points: np.ndarray, path: np.ndarray = STRAIGHT, speed: float = 5.0, pose: Pose2 = Pose2(0.0, 0.0, 0.0),
         config: GuardConfig = CONFIG) -> float:
    poses = swept_poses(VEHICLE, pose.inverse_apply(path), speed, 25.0)
    return free_way(VEHICLE, poses, points, near_m=config.corridor_margin_m, far_m=config.corridor_margin_far_m,
                    agreeing=config.corridor_points)


def test_the_free_way_is_measured_from_the_bumper() -> None:
    for x in (5.0, 8.2, 12.9):
        assert free(wall(x)) == pytest.approx(x - HALF_LENGTH, abs=1e-6)


def test_nothing_ahead_is_infinitely_free() -> None:
    assert free(np.zeros((0, 2))) == math.inf
    assert free(wall(-6.0)) == math.inf
    assert free(wall(60.0)) == math.inf


def test_fewer_points_than_wanted_are_no_obstacle_wherever_they_are() -> None:
    assert free(wall(8.0, count=2)) == math.inf
    assert free(np.concatenate([wall(5.0, count=2), wall(12.0, count=5)])) == pytest.approx(12.0 - HALF_LENGTH)
    assert free(np.concatenate([wall(8.0, count=2), wall(8.0, 5.0)])) == math.inf


def test_the_margin_beside_the_body_counts_near_and_shrinks_with_distance() -> None:
    beside = HALF_WIDTH + 0.15
    assert free(wall(5.0, beside)) < 5.0
    assert free(wall(18.0, beside)) == math.inf
    assert free(wall(5.0, HALF_WIDTH + 0.3)) == math.inf
    assert free(wall(5.0, -HALF_WIDTH - 0.3)) == math.inf


def test_what_stands_within_the_margin_beside_the_doors_does_not_hold_the_car() -> None:
    assert free(wall(0.5, HALF_WIDTH + 0.1)) == math.inf
    # But turning into it does.
    angles = np.linspace(0.0, 1.5, 26)
    left = np.stack([6.0 * np.sin(angles), 6.0 - 6.0 * np.cos(angles)], 1)
    assert free(wall(2.0, HALF_WIDTH + 0.1), left) < 3.0


def test_points_elsewhere_and_inside_the_body_hide_no_obstacle() -> None:
    others = np.array([[1.0, 0.5], [0.0, 0.0], [60.0, 0.0], [-30.0, 5.0], [5.0, 40.0], [5.0, -40.0]])
    assert free(np.concatenate([others, wall(9.0), others])) == pytest.approx(9.0 - HALF_LENGTH)


def test_the_margin_shrinks_in_proportion_to_the_distance() -> None:
    # Met by the body 10.5 m ahead, where the margin is 0.25 - 0.35 * 10.5 / 20 = 0.066 m.
    assert free(wall(12.5, HALF_WIDTH + 0.06)) < 11.0
    assert free(wall(12.5, HALF_WIDTH + 0.07)) == math.inf


def test_points_inside_the_body_are_its_own() -> None:
    assert free(wall(1.0, 0.5)) == math.inf


def test_the_way_ends_where_the_path_ends() -> None:
    short = STRAIGHT[:9]
    assert free(wall(9.0), short) == pytest.approx(9.0 - HALF_LENGTH)
    assert free(wall(8.0 + HALF_LENGTH + 0.5), short) == math.inf


def test_a_car_at_the_end_of_its_path_sees_nothing_and_no_error() -> None:
    assert free(wall(29.0), STRAIGHT, pose=Pose2(25.0, 0.0, 0.0)) == math.inf


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_in_a_bend_the_corner_that_swings_out_counts_and_the_next_lane_does_not(side: float) -> None:
    radius = 8.0
    angles = np.linspace(0.0, 2.0, 40)
    bend = np.stack([radius * np.sin(angles), side * (radius - radius * np.cos(angles))], 1)

    def at(r: float, angle: float) -> np.ndarray:
        return wall(r * math.sin(angle), side * (radius - r * math.cos(angle)))

    # The outer front corner of a 4.6 m car runs 0.3 m outside its side.
    assert free(at(radius + HALF_WIDTH + 0.4, 1.0), bend) < 10.0
    assert free(at(radius + HALF_WIDTH + 0.8, 1.0), bend) == math.inf
    assert free(at(radius - HALF_WIDTH - 0.6, 1.0), bend) == math.inf
    # Straight on, where the car does not go.
    assert free(wall(14.0, 0.0), bend) == math.inf


def test_a_car_beside_its_path_is_expected_to_return_gently() -> None:
    pose = Pose2(0.0, -1.0, 0.0)
    poses = swept_poses(VEHICLE, pose.inverse_apply(STRAIGHT), 8.0, 25.0)
    assert poses[0] == pytest.approx([0.0, 0.0, 0.0])
    assert poses[-1, :2] == pytest.approx([25.0, 1.0])
    assert max(abs(poses[:, 2])) < 0.3


def test_only_points_between_the_ground_and_the_roof_can_be_hit(make_points: Points) -> None:
    heights = [0.0, 0.29, 0.5, 2.0, 2.3, 5.0]
    cloud = make_points(0, [(5.0, 0.0, z) for z in heights])
    placed = points_in_map(CONFIG, cloud.points_N4, (0.0, 0.0, 2.4), Pose2(100.0, 50.0, math.pi / 2))
    assert placed == pytest.approx(np.array([[100.0, 55.0]] * 2))


def test_ground_may_rise_with_distance_and_broken_points_are_dropped(make_points: Points) -> None:
    cloud = make_points(0, [(20.0, 0.0, 0.45), (20.0, 0.0, 0.6), (math.nan, 0.0, 1.0), (20.0, 0.0, math.nan),
                            (math.inf, 0.0, 1.0), (200.0, 0.0, 1.0)])
    assert points_in_map(CONFIG, cloud.points_N4, (0.0, 0.0, 2.4), Pose2(0.0, 0.0, 0.0)).shape == (1, 2)


def test_a_lidar_mounted_off_the_centre_is_accounted_for() -> None:
    points = np.array([[4.0, 0.0, -0.9, 1.0]], np.float32)
    placed = points_in_map(CONFIG, points, (1.0, 0.5, 1.8), Pose2(0.0, 0.0, 0.0))
    assert placed == pytest.approx(np.array([[5.0, 0.5]]))


def test_where_one_point_is_an_obstacle_the_origin_of_the_map_is_none(make_ego: Ego) -> None:
    corridor = Corridor(GuardConfig(corridor_points=1), VEHICLE)
    ahead_of = make_ego(x=-10.0)
    assert corridor.ahead(STRAIGHT - [10.0, 0.0], ahead_of) == (math.inf, 0.0)
    corridor.add_sweep(wall(0.0, count=1))
    assert corridor.ahead(STRAIGHT - [10.0, 0.0], ahead_of)[0] == pytest.approx(10.0 - HALF_LENGTH)


def corridor_with(*points: np.ndarray) -> Corridor:
    corridor = Corridor(CONFIG, VEHICLE)
    for p in points:
        corridor.add_sweep(p)
    return corridor


def test_the_last_two_half_sweeps_count_and_no_older_one(make_ego: Ego) -> None:
    nothing = np.zeros((0, 2))
    ego = make_ego()
    assert corridor_with().ahead(STRAIGHT, ego) == (math.inf, 0.0)
    assert corridor_with(wall(10.0), nothing).ahead(STRAIGHT, ego) == (pytest.approx(10.0 - HALF_LENGTH), 0.0)
    assert corridor_with(wall(10.0), nothing, nothing).ahead(STRAIGHT, ego) == (math.inf, 0.0)


def test_the_corridor_turns_with_the_car() -> None:
    points = np.array([[100.0, 50.0 + 10.0]] * 3)
    path = np.stack([np.full(26, 100.0), 50.0 + np.arange(26.0)], 1)
    ego = EgoState(0, Pose2(100.0, 50.0, math.pi / 2), 5.0)
    assert corridor_with(points).ahead(path, ego)[0] == pytest.approx(10.0 - HALF_LENGTH)


def tracked(corridor: Corridor, place: Callable[[float], float | None], seconds: float,
            speed: float) -> list[tuple[float, float]]:
    """(free way, obstacle's speed) at each tick that shows an obstacle; `place` is where it stands at a time."""
    seen = []
    for k in range(round(seconds / 0.05)):
        t = 0.05 * k
        at = place(t)
        corridor.add_sweep(np.zeros((0, 2)) if at is None else wall(at))
        corridor.add_sweep(np.zeros((0, 2)))
        free_m, mps = corridor.ahead(STRAIGHT + [speed * t, 0.0],
                                     EgoState(k * 50_000_000, Pose2(speed * t, 0.0, 0.0), speed))
        if math.isfinite(free_m):
            seen.append((free_m, mps))
    return seen


def test_a_leader_is_taken_as_standing_first_and_then_at_its_speed() -> None:
    seen = tracked(Corridor(CONFIG, VEHICLE), lambda t: 18.0 + 6.0 * t, 1.0, 6.0)
    assert [mps for _, mps in seen[:3]] == [0.0, 0.0, 0.0]
    assert [mps for _, mps in seen[3:]] == pytest.approx([6.0] * 17, abs=0.1)


def test_a_slow_leader_of_a_fast_car_is_one_obstacle() -> None:
    seen = tracked(Corridor(CONFIG, VEHICLE), lambda t: 24.0 + 10.0 * t, 0.5, 25.0)
    assert seen[-1][1] == pytest.approx(10.0, abs=0.1)


def test_the_same_odometry_again_does_not_count_as_seen_again() -> None:
    corridor = Corridor(CONFIG, VEHICLE)
    tracked(corridor, lambda t: 18.0 + 6.0 * t, 0.15, 6.0)
    corridor.add_sweep(wall(18.6))
    assert corridor.ahead(STRAIGHT + [0.6, 0.0], EgoState(100_000_000, Pose2(0.6, 0.0, 0.0), 6.0))[1] == 0.0


def test_an_approached_obstacle_that_stands_has_no_speed_and_an_oncoming_one_neither() -> None:
    assert max(mps for _, mps in tracked(Corridor(CONFIG, VEHICLE), lambda t: 18.0, 1.0, 6.0)) < 0.1
    assert max(mps for _, mps in tracked(Corridor(CONFIG, VEHICLE), lambda t: 22.0 - 3.0 * t, 1.0, 3.0)) == 0.0


def test_another_obstacle_does_not_inherit_the_track_of_the_last() -> None:
    corridor = Corridor(CONFIG, VEHICLE)
    seen = tracked(corridor, lambda t: 18.0 + 6.0 * t if t < 0.5 else 14.0 + 6.0 * t, 1.0, 6.0)
    assert seen[9][1] == pytest.approx(6.0, abs=0.1)
    assert seen[10][1] == 0.0
    gone = tracked(Corridor(CONFIG, VEHICLE), lambda t: None if 0.45 < t < 0.55 else 18.0 + 6.0 * t, 1.0, 6.0)
    assert gone[10][1] == 0.0


def test_odometry_of_one_stamp_twice_does_not_bend_the_track() -> None:
    corridor = Corridor(CONFIG, VEHICLE)
    tracked(corridor, lambda t: 18.0 + 6.0 * t, 0.5, 6.0)
    last = EgoState(450_000_000, Pose2(2.7, 0.0, 0.0), 6.0)
    corridor.add_sweep(wall(20.7))
    again = corridor.ahead(STRAIGHT + [2.7, 0.0], last)
    assert again[1] == pytest.approx(6.0, abs=0.1)


def test_the_wanted_gap_is_the_firm_stopping_way_less_what_a_leader_needs() -> None:
    corridor = Corridor(CONFIG, VEHICLE)
    assert corridor.wanted_gap_m(1.0, 8.0, 0.0) == pytest.approx(1.0 + 1.6 + 8.0)
    assert corridor.wanted_gap_m(1.0, 8.0, 8.0) == pytest.approx(1.0 + 1.6 + 8.0 - 4.0)
    assert corridor.wanted_gap_m(1.0, 2.0, 20.0) == 1.0


def test_the_nearer_the_obstacle_the_harder_the_braking_and_never_less_than_firm() -> None:
    corridor = Corridor(CONFIG, VEHICLE)
    assert corridor.deceleration_to(1.0, 20.0, 8.0, 0.0) == 4.0
    assert corridor.deceleration_to(1.0, 4.5, 8.0, 0.0) == pytest.approx(8.0)
    assert corridor.deceleration_to(1.0, 4.5, 8.0, 8.0) == pytest.approx(4.0)
    assert corridor.deceleration_to(1.0, 0.0, 8.0, 0.0) == pytest.approx(64.0 / 0.6)
    assert corridor.deceleration_to(1.0, 2.0, 8.0, 4.0) == pytest.approx(64.0 / (2.0 * (2.0 - 0.5 + 1.0)))
    wide = Corridor(GuardConfig(stop_gap_m=2.0), VEHICLE)
    assert wide.deceleration_to(2.0, 3.0, 8.0, 0.0) == pytest.approx(64.0 / (2.0 * (3.0 - 1.0)))


def test_points_are_kept_ten_metres_beyond_the_watched_range_and_by_their_distance_on_the_ground(
        make_points: Points) -> None:
    cloud = make_points(0, [(34.9, 0.0, 1.0), (35.1, 0.0, 1.0), (0.0, 34.9, 1.0), (25.0, 25.0, 1.0)])
    placed = points_in_map(CONFIG, cloud.points_N4, (0.0, 0.0, 2.4), Pose2(0.0, 0.0, 0.0))
    assert placed == pytest.approx(np.array([[34.9, 0.0], [0.0, 34.9]]))
    # 30 m to the side the ground may stand 0.6 m high.
    aside = make_points(0, [(0.0, 30.0, 0.55), (0.0, 30.0, 0.65)])
    assert len(points_in_map(CONFIG, aside.points_N4, (0.0, 0.0, 2.4), Pose2(0.0, 0.0, 0.0))) == 1
