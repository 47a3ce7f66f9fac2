import dataclasses
import math

import numpy as np
import pytest

from automot_ros.geometry.polyline import Polyline
from automot_ros.scene.actors import BodyKind
from automot_ros.simulation.lights import Lights, LightState
from automot_ros.simulation.posts import Posts
from automot_ros.simulation.scenery import build_scenery
from automot_ros.simulation.tasks import load_map, plain_task


@pytest.fixture(scope="module", params=range(3))
def place(request):
    task = plain_task(request.param)
    return load_map(task.map_name, task.xodr), Polyline(task.route_map_N2), request.param


def _footprint(boxes, i):
    u = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 7), np.linspace(-0.5, 0.5, 7)), -1).reshape(-1, 2)
    p = u * boxes.sizes_N3[i, :2]
    c, s = math.cos(boxes.yaw_N[i]), math.sin(boxes.yaw_N[i])
    return boxes.xy_N2[i] + p @ np.array([[c, s], [-s, c]])


def test_nothing_stands_on_a_road_or_a_sidewalk_but_parked_cars_on_parking_lanes(place):
    road_map, route, seed = place
    boxes = build_scenery(road_map, route, 30, seed)
    assert (boxes.kinds_N == BodyKind.BUILDING).sum() + (boxes.kinds_N == BodyKind.TREE).sum() > 20
    standing = [i for i in range(len(boxes)) if boxes.base_z_N[i] == 0.0 and boxes.kinds_N[i] != BodyKind.CAR]
    points = np.concatenate([_footprint(boxes, i) for i in standing])
    assert not road_map.drivable(points).any()
    for line in road_map.sidewalks:
        offsets = [abs(line.project(p)[1]) for p in boxes.xy_N2[standing]]
        assert min(offsets) > 1.0
    cars = np.flatnonzero(boxes.kinds_N == BodyKind.CAR)
    for i in cars:
        assert min(abs(line.project(boxes.xy_N2[i])[1]) for line in road_map.parking) < 0.4
        assert abs(route.project(boxes.xy_N2[i])[1]) > 2.0


def test_buildings_do_not_stand_in_each_other(place):
    road_map, route, seed = place
    boxes = build_scenery(road_map, route, 0, seed)
    houses = boxes.select(boxes.kinds_N == BodyKind.BUILDING)
    for i in range(len(houses)):
        others = houses.xy_N2[np.arange(len(houses)) != i]
        assert np.hypot(*(others - houses.xy_N2[i]).T).min() > 6.0


def test_ids_are_unique_and_the_seed_decides(place):
    road_map, route, seed = place
    a, b, c = (build_scenery(road_map, route, 10, s) for s in (seed, seed, seed + 1))
    assert len(set(a.ids_N.tolist())) == len(a)
    for f in dataclasses.fields(a):
        np.testing.assert_array_equal(getattr(a, f.name), getattr(b, f.name))
    assert len(a) != len(c) or not np.array_equal(a.xy_N2, c.xy_N2)


def test_one_lamp_of_each_head_burns_in_the_colour_of_the_light_and_faces_the_driver():
    task = plain_task(0)
    road_map, route = load_map(task.map_name, task.xodr), Polyline(task.route_map_N2)
    posts, lights = Posts(road_map, route), Lights(road_map.signals, 0)
    rgb = {LightState.RED: (255, 40, 28), LightState.YELLOW: (255, 200, 20), LightState.GREEN: (40, 255, 90)}
    near = [s for s in road_map.signals if s.kind == "light" and np.min(
        np.hypot(*(route.points_N2 - s.stop_line.mean(axis=0)).T)) < 60.0]
    assert near
    for tick in range(0, 900, 130):
        lights.update(tick)
        lamps = posts.lamps(lights.states)
        heads = lamps.emissive_N.reshape(-1, 3)
        assert (heads.sum(axis=1) == 1).all()
        for signal in near:
            middle = signal.stop_line.mean(axis=0)
            lane = road_map.lanes[road_map.lanes[signal.lanes[0]].previous[0]]
            yaw = lane.center.yaw_at(lane.center.length_m)
            faces = np.cos(lamps.yaw_N - yaw) < -0.97
            close = np.hypot(*(lamps.xy_N2 - middle).T) < 15.0
            lit = lamps.color_N3[faces & close & lamps.emissive_N]
            assert tuple(rgb[lights.states[signal.id]]) in [tuple(map(int, c)) for c in lit]
