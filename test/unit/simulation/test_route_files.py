import math
import re
from dataclasses import replace

import numpy as np
import pytest

from automot_ros.base.errors import MapError
from automot_ros.geometry.polyline import Polyline
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.simulation.conditions import Conditions, drawn_conditions
from automot_ros.simulation.route_files import LOWEST_SEED, find_map, read_routes, stable_seed
from automot_ros.simulation.route_writing import write_routes
from automot_ros.simulation.tasks import ScenarioSpec, plain_task

GOOD = """<route id="{id}" town="{town}"><waypoints>{waypoints}</waypoints>
<scenarios>{scenarios}</scenarios><weathers>{weathers}</weathers></route>"""
TRIGGER = '<trigger_point x="{0}" y="{1}" z="364.7" yaw="{2}"/>'


@pytest.fixture(scope="module")
def town():
    return plain_task(0)


@pytest.fixture
def maps(tmp_path, town):
    (tmp_path / "Town99.xodr").write_text(town.xodr)
    return tmp_path


def positions(points):
    """Map points as the file has them: y the other way, a tenth of a metre."""
    return "".join(f'<position x="{x:.1f}" y="{-y:.1f}" z="364.9"/>' for x, y in points)


def route(town, number="7", map_name="Town99", scenarios="", weathers="", points=None):
    points = town.route_map_N2[:160:2] if points is None else points
    return GOOD.format(id=number, town=map_name, waypoints=positions(points), scenarios=scenarios, weathers=weathers)


def write(folder, *routes):
    path = folder / "given.xml"
    path.write_text(f"<routes>{''.join(routes)}</routes>")
    return path


def one(folder, *routes):
    return read_routes(write(folder, *routes), folder)[0]


def apart(a_N2, b_N2):
    """Largest distance between two routes, either way, and between their ends."""
    a, b = Polyline(a_N2), Polyline(b_N2)
    sides = [max(abs(x.project(p)[1]) for p in y.points_N2) for x, y in ((a, b), (b, a))]
    return max(*sides, float(np.hypot(*(a_N2[[0, -1]] - b_N2[[0, -1]]).T).max()))


def test_written_routes_are_read_back_as_the_same_tasks(tmp_path):
    tasks = []
    for seed in (0, 1, 2):
        task = plain_task(seed)
        line = Polyline(task.route_map_N2)
        x, y = line.at(80.0)
        specs = (ScenarioSpec("Accident_1", "Accident", Pose2(float(x), float(y), wrap_angle(line.yaw_at(80.0))),
                              {"distance": {"value": "41"}, "frequency": {"from": "31", "to": "90"},
                               "start_actor_flow": {"x": "-1.5", "y": "2.25", "z": "0.0"}}),
                 ScenarioSpec("hand made", "NobodyKnowsThis", Pose2(float(x), float(y), -3.0), {}))
        tasks.append(replace(task, scenarios=specs[:seed], conditions=drawn_conditions(seed)))
    path = write_routes(tasks, tmp_path / "out")
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(
        ["routes.xml", *{f"{t.map_name}.xodr" for t in tasks}])
    entries = read_routes(path, path.parent)
    assert [e.kinds for e in entries] == [(), ("Accident",), ("Accident", "NobodyKnowsThis")]
    for entry, task in zip(entries, tasks, strict=True):
        assert entry.task is None
        again = entry.build()
        assert apart(again.route_map_N2, task.route_map_N2) < 0.3
        for name in ("name", "seed", "map_name", "xodr", "traffic", "time_limit_s"):
            assert getattr(again, name) == getattr(task, name), name
        assert len(again.scenarios) == len(task.scenarios)
        for read, given in zip(again.scenarios, task.scenarios, strict=True):
            assert (read.name, read.kind, read.parameters) == (given.name, given.kind, given.parameters)
            a, b = read.trigger_map, given.trigger_map
            np.testing.assert_allclose([a.x_m, a.y_m, a.yaw_rad], [b.x_m, b.y_m, b.yaw_rad], atol=1e-3)
        for name in Conditions.__dataclass_fields__:
            assert getattr(again.conditions, name) == pytest.approx(getattr(task.conditions, name), abs=1e-6)


def test_a_foreign_route_is_turned_to_the_right_handed_frame(maps, town):
    x, y = town.route_map_N2[40]
    scenario = ('<scenario name="A" type="ParkingCutIn"><direction value="left"/>'
                f'{TRIGGER.format(x, -y, -90.2)}<other_actor x="1"/><other_actor x="2"/></scenario>')
    task = one(maps, route(town, scenarios=scenario)).build()
    assert apart(task.route_map_N2, town.route_map_N2[:159]) < 0.15
    (spec,) = task.scenarios
    assert spec.trigger_map.y_m == pytest.approx(y)
    assert spec.trigger_map.yaw_rad == pytest.approx(math.radians(90.2))
    assert spec.parameters == {"direction": {"value": "left"}, "other_actor": {"x": "1"}, "other_actor#2": {"x": "2"}}
    assert task.name == "RouteScenario_7"
    assert task.seed == stable_seed("Town99", "7") >= LOWEST_SEED
    assert stable_seed("Town99", "8") != task.seed


def test_the_time_limit_is_the_leaderboards(tmp_path, town):
    """158 m at a tenth of 36 km/h, which is 1 m/s, take 158 s; 300 s on top: 458 s."""
    slow = re.sub(r'(<speed max=")[^"]*(" unit="km/h")', r"\g<1>36\g<2>", town.xodr)
    assert slow != town.xodr
    (tmp_path / "Town99.xodr").write_text(slow)
    assert one(tmp_path, route(town)).build().time_limit_s == pytest.approx(458.0, abs=0.5)


def test_the_first_weather_becomes_the_conditions(maps, town):
    late = '<weather route_percentage="100" cloudiness="0"/>'
    first = ('<weather route_percentage="0" cloudiness="80" fog_density="25" precipitation="10" wetness="90" '
             'precipitation_deposits="60" sun_altitude_angle="-90" sun_azimuth_angle="45" wind_intensity="3"/>')
    got = one(maps, route(town, weathers=late + first)).conditions
    assert (got.cloudiness, got.fog, got.rain) == (0.8, 0.25, 0.45)
    assert (got.sun_altitude_deg, got.sun_azimuth_deg) == (-30.0, -45.0)
    none = one(maps, route(town)).conditions
    assert (none.cloudiness, none.sun_altitude_deg, none.rain) == (0.5, 70.0, 0.0)


@pytest.mark.parametrize("folder", ["", "Town99/OpenDrive", "OpenDrive"])
def test_maps_are_found_in_a_folder_and_in_carla(tmp_path, monkeypatch, folder):
    place = tmp_path / folder / "Town99.xodr"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    assert find_map("Town99", tmp_path) == place
    carla = tmp_path / "CarlaUE4" / "Content" / "Carla" / "Maps" / "OpenDrive"
    carla.mkdir(parents=True)
    (carla / "Town98.xodr").write_text("x")
    monkeypatch.setenv("CARLA_ROOT", str(tmp_path))
    assert find_map("Town98", None) == carla / "Town98.xodr"
    monkeypatch.delenv("CARLA_ROOT")
    with pytest.raises(MapError, match="CARLA_ROOT"):
        find_map("Town98", None)


@pytest.mark.parametrize(("broken", "why"), [
    ({"map_name": "../Town99"}, "name of a town"),
    ({"map_name": "a/b"}, "name of a town"),
    ({"map_name": "Town42"}, "Town42.xodr"),
    ({"points": [[9000.0, 0.0], [9002.0, 0.0]]}, "point 0.*9000"),
    ({"points": [[0.0, 0.0]]}, "too few waypoints: got 1"),
    ({"scenarios": '<scenario name="S" type="Accident"/>'}, "trigger point in S"),
    ({"scenarios": f'<scenario name="S" type="Accident">{TRIGGER.format(900, 0, 0)}</scenario>'}, "off the route in S"),
    ({"scenarios": f'<scenario name="S">{TRIGGER.format(0, 0, 0)}</scenario>'}, "without a type"),
    ({"scenarios": f'<scenario name="S" type="A">{TRIGGER.format("nan", 0, 0)}</scenario>'}, "x of <trigger_point>"),
    ({"weathers": '<weather route_percentage="0" cloudiness="lots"/>'}, "cloudiness.*'lots'"),
    ({"number": "6"}, "must be there and differ"),
    ({"number": ""}, "must be there and differ"),
])
def test_a_bad_route_is_one_error_and_the_others_are_driven(maps, town, broken, why):
    path = write(maps, route(town, "6"), route(town, **{"number": "17", **broken}), route(town, "8"))
    first, bad, last = read_routes(path, maps)
    assert len({e.id for e in (first, bad, last)}) == 3
    with pytest.raises(MapError, match=f"route {bad.id} cannot be driven.*{why}"):
        bad.build()
    assert bad.error is not None
    assert bad.task is None
    assert len(last.build().route_map_N2) > 150


def test_a_route_driven_backwards_is_refused_instead_of_sent_round_the_block(maps, town):
    entry = one(maps, route(town, points=town.route_map_N2[60::-2]))
    with pytest.raises(MapError, match="no way over the lanes"):
        entry.build()


@pytest.mark.parametrize(("text", "why"), [
    ("<routes><route>", "not usable XML"),
    ("<OpenDRIVE/>", "wanted <routes>"),
    ("<routes/>", "without routes"),
    ('<!DOCTYPE routes [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><routes>&b;</routes>', "document types"),
    ('<!DOCTYPE routes SYSTEM "file:///etc/passwd"><routes/>', "document types"),
])
def test_what_is_no_route_file_is_refused(tmp_path, text, why):
    path = tmp_path / "bad.xml"
    path.write_text(text)
    with pytest.raises(MapError, match=why):
        read_routes(path, tmp_path)


def test_a_missing_or_huge_route_file_is_refused(tmp_path, monkeypatch):
    with pytest.raises(MapError, match="cannot read"):
        read_routes(tmp_path / "none.xml", None)
    monkeypatch.setattr("automot_ros.simulation.route_files.MAX_BYTES", 5)
    (tmp_path / "big.xml").write_text("<routes/>")
    with pytest.raises(MapError, match=r"too large.*got 9 bytes"):
        read_routes(tmp_path / "big.xml", None)


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, town):
    pose = Pose2(*town.route_map_N2[9], 0.0)
    bad = [
        ([], "no routes"),
        ([town, replace(town, xodr=town.xodr + " ")], "two maps"),
        ([replace(town, map_name="../x")], "name of a town"),
        ([replace(town, name="a\x01b")], "not usable XML"),
        ([replace(town, scenarios=(ScenarioSpec("S", "Accident", pose, {"a b": {}}),))], "S.*'a b'"),
    ]
    for tasks, why in bad:
        with pytest.raises(MapError, match=why):
            write_routes(tasks, tmp_path / "out")
    assert not (tmp_path / "out").exists()
