"""The right-handed view: sides, neighbours, junctions, signals, ground."""

import numpy as np
import pytest

from automot_ros.scene.decision import Lateral
from automot_ros.simulation.maps.road_map import RoadMap


def test_coordinates_are_carlas_with_y_negated(town: RoadMap) -> None:
    waypoint = town.engine.generate_waypoints(5.0)[10]
    place = waypoint.transform
    found = town.lane_at(np.array([place.location.x, -place.location.y]))
    assert found is not None
    lane = town.lanes[found[0]]
    assert (lane.road_id, lane.lane_id) == (waypoint.road_id, waypoint.lane_id)
    assert abs(found[2]) < 0.05
    turned = lane.center.yaw_at(found[1]) + np.radians(place.rotation.yaw)
    assert abs((turned + np.pi) % (2 * np.pi) - np.pi) < 0.05


def test_left_turns_turn_left_and_right_turns_right(road_map: RoadMap) -> None:
    for lane in road_map.lanes:
        turned = lane.center.yaw_at(lane.center.length_m) - lane.center.yaw_at(0.0)
        if lane.turn is Lateral.TURN_LEFT:
            assert turned > 0.6
        elif lane.turn is Lateral.TURN_RIGHT:
            assert turned < -0.6


def test_the_right_neighbour_lies_to_the_right_and_runs_the_same_way(arterial: RoadMap) -> None:
    pairs = [(lane, arterial.lanes[lane.right]) for lane in arterial.lanes if lane.right is not None]
    assert pairs
    for lane, other in pairs:
        middle = lane.center.length_m / 2
        _, offset = lane.center.project(other.center.at(other.center.length_m / 2))
        assert -4.0 < offset < -3.0
        assert other.left == lane.index
        assert abs(lane.center.yaw_at(middle) - other.center.yaw_at(other.center.length_m / 2)) < 0.1


def test_the_oncoming_lane_is_on_the_left(town: RoadMap) -> None:
    by_key = {(lane.road_id, lane.lane_id): lane for lane in town.lanes}
    lane = next(lane for lane in town.lanes if lane.lane_id == -1 and (lane.road_id, 1) in by_key)
    _, offset = lane.center.project(by_key[lane.road_id, 1].center.at(20.0))
    assert 3.0 < offset < 4.0


def test_parking_and_sidewalk_lie_right_of_the_lane_and_are_no_driving_lanes(town: RoadMap) -> None:
    for line in (*town.parking, *town.sidewalks):
        if line.length_m < 40.0:
            continue
        point = line.at(line.length_m / 2)
        near = town.lane_at(point)
        assert near is not None
        assert near[2] < -2.0


def test_lane_centres_are_sampled_every_metre_or_finer(road_map: RoadMap) -> None:
    assert max(np.diff(lane.center.s_N).max() for lane in road_map.lanes) < 1.01


def test_links_go_both_ways(road_map: RoadMap) -> None:
    for lane in road_map.lanes:
        assert all(lane.index in road_map.lanes[i].previous for i in lane.next)
        assert all(lane.index in road_map.lanes[i].next for i in lane.previous)


def test_conflicts_are_mutual_and_close_and_complete(road_map: RoadMap) -> None:
    for junction in road_map.junctions.values():
        fine = {i: road_map.lanes[i].center.resampled(0.5).points_N2 for i in junction.lanes}
        for a in junction.lanes:
            assert a not in junction.conflicts[a]
            for b in junction.lanes:
                if a != b:
                    apart = np.hypot(*(fine[a][:, None] - fine[b][None]).transpose(2, 0, 1)).min()
                    assert (b in junction.conflicts[a]) == (apart <= 2.5)
                    assert (b in junction.conflicts[a]) == (a in junction.conflicts[b])


def test_a_signal_rules_all_lanes_of_its_arm_and_stops_cars_at_their_end(road_map: RoadMap) -> None:
    for signal in road_map.signals:
        assert all(road_map.lanes[i].junction_id == signal.junction_id for i in signal.lanes)
        approaches = {p for i in signal.lanes for p in road_map.lanes[i].previous}
        assert {n for p in approaches for n in road_map.lanes[p].next} == set(signal.lanes)
        left, right = signal.stop_line
        for p in approaches:
            lane = road_map.lanes[p]
            end, yaw = lane.center.points_N2[-1], lane.center.yaw_at(lane.center.length_m)
            ahead, aside = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
            assert abs((left - end) @ ahead) < 0.3
            assert abs((right - end) @ ahead) < 0.3
            assert (left - end) @ aside > 1.5
            assert (right - end) @ aside < -1.5
            assert signal.head.forward @ ahead < -0.99
            assert -1.0 < (signal.head.position_m - end) @ ahead < 12.0


def test_lights_hang_ahead_of_the_driver_and_arms_are_numbered(town: RoadMap) -> None:
    for junction in town.junctions.values():
        lights = [s for s in town.signals if s.junction_id == junction.id and s.kind == "light"]
        assert junction.signalised == bool(lights)
        if lights:
            assert sorted(s.approach for s in lights) == list(range(len(lights)))
            assert sorted(i for s in lights for i in s.lanes) == sorted(junction.lanes)
            assert all(3.0 < s.head_z_m < 5.0 for s in lights)
    assert len({s.id for s in town.signals}) == len(town.signals)


def test_crosswalks_lead_across_the_road(town: RoadMap) -> None:
    for corners in town.crosswalks:
        a, b, c, d = corners
        assert np.hypot(*(b - a)) > np.hypot(*(c - b)) > 2.5
        assert np.hypot(*(b - a - (c - d))) < 0.1
        assert town.drivable(np.array([0.5 * (a + c)]))[0]
        for end in (0.5 * (a + d), 0.5 * (b + c)):
            assert min(abs(line.project(end)[1]) for line in town.sidewalks) < 2.0


def test_lane_at_is_none_in_a_field_and_exact_on_a_lane(town: RoadMap) -> None:
    assert town.lane_at(np.array([1e4, 0.0])) is None
    lane = town.lanes[5]
    index, s, lateral = town.lane_at(lane.center.at(lane.center.length_m / 2)) or (-1, 0.0, 0.0)
    assert index == 5
    assert s == pytest.approx(lane.center.length_m / 2, abs=0.1)
    assert abs(lateral) < 0.01


def test_lanes_parking_and_junctions_are_drivable_sidewalks_and_fields_are_not(town: RoadMap) -> None:
    assert all(town.drivable(lane.center.points_N2).all() for lane in town.lanes)
    assert all(town.drivable(line.points_N2).all() for line in town.parking)
    beside = np.concatenate([line.points_N2 for line in town.sidewalks if line.length_m > 40.0])
    assert town.drivable(beside).mean() < 0.01
    assert not town.drivable(np.array([[1e4, 0.0], [-1e4, 5.0]])).any()


def test_the_middle_of_a_junction_is_paved_without_holes(town: RoadMap) -> None:
    for junction in town.junctions.values():
        ends = np.array([town.lanes[i].center.points_N2[0] for i in junction.lanes])
        middle = 0.5 * (ends.min(axis=0) + ends.max(axis=0))
        around = middle + np.stack(np.meshgrid(np.arange(-4, 4.1, 0.25), np.arange(-4, 4.1, 0.25)), -1).reshape(-1, 2)
        assert town.drivable(around).mean() > 0.8 if len(junction.lanes) < 7 else town.drivable(around).all()


def test_surfaces_have_the_promised_kinds_and_heights(town: RoadMap) -> None:
    surfaces = {s.kind: s.triangles_M33 for s in town.surfaces()}
    heights = {"grass": -0.05, "road": 0.0, "parking": 0.0, "sidewalk": 0.12, "marking_white": 0.02,
               "marking_yellow": 0.02, "stop_line": 0.02, "crosswalk": 0.02}
    assert set(surfaces) == set(heights)
    for kind, triangles in surfaces.items():
        assert triangles.dtype == np.float32
        assert len(triangles) > 0
        assert np.isfinite(triangles).all()
        assert np.allclose(triangles[:, :, 2], heights[kind])


def test_stop_lines_are_painted_before_the_junction(town: RoadMap) -> None:
    paint = next(s for s in town.surfaces() if s.kind == "stop_line").triangles_M33.reshape(-1, 3)[:, :2]
    for signal in town.signals:
        lane = town.lanes[town.lanes[signal.lanes[0]].previous[0]]
        near = paint[np.hypot(*(paint - signal.stop_line.mean(axis=0)).T) < 4.0]
        assert len(near)
        yaw = lane.center.yaw_at(lane.center.length_m)
        ahead = (near - lane.center.points_N2[-1]) @ np.array([np.cos(yaw), np.sin(yaw)])
        assert ahead.max() < 0.1
        assert ahead.min() > -0.6
