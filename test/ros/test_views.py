"""RViz and Foxglove show what there is: topics, types, quality of service and fields against the stack's own table."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

import yaml

from automot_ros.evaluation.view import View
from automot_ros.geometry.se2 import Pose2
from automot_ros.nodes import markers as marker_layers
from automot_ros.nodes import stack
from automot_ros.nodes.markers import NAMESPACES, age_color, bird_grid, markers
from automot_ros.nodes.stack import StackSettings, drive_stack
from automot_ros.scene.plan import GuardMode, GuardReason, GuardReport, Trajectory
from automot_ros.scene.sensing import EgoState
from automot_ros.vehicle.specification import VehicleSpec

ROOT = Path(__file__).resolve().parents[2]
SHOWS = {"Image": "Image", "PointCloud2": "PointCloud2", "Path": "Path", "MarkerArray": "MarkerArray",
         "Map": "OccupancyGrid"}


@pytest.fixture(scope="module")
def table():
    """topic -> (type name, quality of service as the code names it), of what is published."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = sys.modules["generate"] = importlib.util.module_from_spec(spec)  # its dataclasses look there
    spec.loader.exec_module(generate)
    return {u.topic: (u.kind, u.quality) for u in generate.uses() if u.direction == "publishes"}


def displays(items):
    for item in items:
        if item["Class"] == "rviz_common/Group":
            assert item["Name"]
            yield from displays(item["Displays"])
        else:
            yield item


@pytest.fixture(scope="module")
def rviz():
    return yaml.safe_load((ROOT / "rviz" / "automot.rviz").read_text())["Visualization Manager"]


def test_every_display_shows_a_topic_of_the_stack_as_its_type(rviz, table):
    shown = [d for d in displays(rviz["Displays"]) if "Topic" in d]
    assert len(shown) >= 8
    for display in shown:
        kind, quality = table[display["Topic"]["Value"]]
        assert SHOWS[display["Class"].rpartition("/")[2]] == kind, display["Name"]
        latched = display["Topic"]["Durability Policy"] == "Transient Local"
        assert latched == (quality == "qos.LATCHED"), display["Name"]
        assert kind not in ("Image", "PointCloud2") or "automot" in display["Topic"]["Value"] or (
            display["Topic"]["Reliability Policy"] == "Best Effort")


def test_displays_are_grouped_and_named_once(rviz):
    groups = [g["Name"] for g in rviz["Displays"]]
    assert groups == ["World", "Sees", "Plans", "Watches", "Understands"]
    names = [d["Name"] for d in displays(rviz["Displays"])]
    assert len(set(names)) == len(names)


def test_every_layer_of_the_markers_is_shown_in_one_group_and_can_be_switched_off(rviz):
    layers = [d["Namespaces"] for d in displays(rviz["Displays"]) if d["Class"].endswith("MarkerArray")]
    for layer in layers:
        assert set(layer) == set(NAMESPACES)
    shown = {n: sum(layer[n] for layer in layers) for n in NAMESPACES}
    assert {n for n, count in shown.items() if count != 1} == {"route"}, "the route has a display of its own"


def full_view():
    view, pose = View(), Pose2(10.0, 20.0, 0.5)
    path = pose.apply(np.stack([np.arange(40.0), np.zeros(40)], axis=1))
    view.begin_route(path)
    view.see_ego(EgoState(10**9, pose, 5.0))
    view.trajectory = Trajectory(10**9, np.arange(40.0), path, *[np.zeros(40)] * 4, path)
    view.guard = GuardReport(10**9, GuardMode.BRAKING, GuardReason.OBSTACLE, "obstacle", *[0.0] * 4, 2.0, 1)
    view.report, view.report_stamp_ns = "light red 12 ahead free", 5 * 10**8
    return view


def test_markers_use_the_layers_that_rviz_knows_and_stay_in_the_map():
    made = markers(full_view(), VehicleSpec()).markers
    spaces = {m.ns for m in made}
    assert {"route", "plan", "corridor", "understanding", "guard", "ego"} <= spaces <= set(NAMESPACES)
    assert {m.header.frame_id for m in made} == {"map"}
    assert len({(m.ns, m.id) for m in made}) == len(made)
    (words,) = [m for m in made if m.ns == "understanding"]
    assert "0.5 s old" in words.text


def test_words_turn_from_green_to_red_with_the_age_of_what_they_say():
    assert [age_color(a) for a in (0.1, 0.5, 1.5)] == list(marker_layers.AGE_COLORS)


def test_the_grid_has_an_obstacle_where_the_lidar_hit_it():
    grid = bird_grid(full_view(), np.array([[15.2, 22.7], [500.0, 0.0]]))
    filled = np.frombuffer(grid.data, np.int8).reshape(grid.info.height, grid.info.width)
    ((row, column),) = np.argwhere(filled)
    at = np.array([grid.info.origin.position.x, grid.info.origin.position.y]) + grid.info.resolution * np.array(
        [column, row])
    assert ((at <= [15.2, 22.7]) & (at + grid.info.resolution > [15.2, 22.7])).all()


def test_the_goal_of_rviz_goes_where_the_bridge_takes_it(rviz):
    (goal,) = [t for t in rviz["Tools"] if t["Class"].endswith("SetGoal")]
    assert goal["Topic"]["Value"] == f"{stack.CARLA}/goal"


def field_of(kind, path):
    """The type of a field such as points[0].speed_mps in a message class; KeyError where there is none."""
    name, _, rest = path.partition(".")
    type_name = kind.get_fields_and_field_types()[re.sub(r"\[\d+\]$", "", name)]
    if not rest:
        return type_name
    package, inner = re.sub(r"^sequence<(.*)>$", r"\1", type_name).split("/")
    return field_of(getattr(__import__(f"{package}.msg", fromlist=["msg"]), inner), rest)


def test_the_foxglove_layout_names_topics_and_fields_that_are_in_the_bag(table):
    layout = json.loads((ROOT / "config" / "foxglove.json").read_text())
    panels = layout["configById"]
    text = json.dumps(layout["layout"])
    assert all(f'"{panel}"' in text for panel in panels), "a panel that is nowhere"
    assert len(re.findall(r'"[A-Za-z0-9]+![a-z]+"', text)) == len(panels)
    topics = {t for p in panels.values() for t in p.get("topics", {})}
    topics |= {t for p in panels.values() for t in p.get("imageMode", {}).values()}
    assert topics | {panels["DiagnosticSummary!all"]["topicToRender"]} <= set(table)
    paths = [p["value"] for panel in panels.values() for p in panel.get("paths", [])]
    modules = {m: __import__(f"{m}.msg", fromlist=["msg"]) for m in ("automot_ros", "nav_msgs", "carla_msgs")}
    for path in [*paths, panels["RawMessages!report"]["topicPath"]]:
        topic, _, rest = path.partition(".")
        (kind,) = [k for k in (getattr(m, table[topic][0], None) for m in modules.values()) if k is not None]
        assert field_of(kind, rest) in ("double", "float", "uint8", "string"), path


def test_rviz_is_fed_only_when_it_is_asked_for():
    asked = {s: next(d for d in drive_stack(StackSettings(rviz=s)) if d.name == "dashboard") for s in (True, False)}
    assert asked[True].parameters["rviz"] and not asked[False].parameters["rviz"]
