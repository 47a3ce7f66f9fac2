"""Every launch file starts what nodes/stack.py describes, and its arguments are the settings of the stack."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from automot_ros.base.errors import ConfigError
from automot_ros.nodes.stack import StackSettings, drive_stack

FILES = sorted(p.name for p in (Path(__file__).resolve().parents[2] / "launch").glob("*.launch.py"))
DEFAULTS = StackSettings()


def stack_nodes(nodes):
    return {n: k for n, k in nodes.items() if k["package"] == "automot_ros"}


def test_there_is_a_launch_file_for_each_use():
    assert {"stack", "drive", "carla", "vehicle"} <= {f.removesuffix(".launch.py") for f in FILES}


@pytest.mark.parametrize("name", FILES)
def test_every_launch_file_is_read_and_starts_nodes_of_the_stack(launch_file, name):
    started = stack_nodes(launch_file(name).nodes())
    assert {"understanding", "action", "refiner", "controller"} <= set(started)
    for node in started.values():
        assert node["executable"] == node["name"]
        assert node["ros_arguments"] == ["--enclave", f"/automot/{node['name']}"]


@pytest.mark.parametrize("name", FILES)
def test_every_argument_says_what_it_is_and_an_unknown_value_is_refused(launch_file, name):
    file = launch_file(name)
    assert all(len(a["description"]) > 10 for a in file.arguments.values())
    with pytest.raises(ConfigError, match="not a yes or no in dashboard: got perhaps, wanted true"):
        file.actions(dashboard="perhaps")


def test_the_stack_takes_every_setting_as_an_argument(launch_file):
    file = launch_file("stack.launch.py")
    assert set(file.arguments) == {f.name for f in fields(StackSettings)} | {"params_file"}
    changed = {"simulator": "false", "out": "runs/stack"}
    for field in fields(StackSettings):
        if field.name not in changed:
            assert file.arguments[field.name]["default_value"].lower() == str(getattr(DEFAULTS, field.name)).lower()


@pytest.mark.parametrize("chosen", [{}, {"policy": "constant-speed", "dashboard": "false", "lockstep": "true"},
                                    {"understanding_delay_s": "1.0", "routes": "1", "recorder": "false"}])
def test_a_drive_is_the_stack_as_it_is_described(launch_file, chosen):
    kinds = {"policy": str, "dashboard": lambda t: t == "true", "lockstep": lambda t: t == "true",
             "recorder": lambda t: t == "true", "understanding_delay_s": float, "routes": int}
    wanted = drive_stack(StackSettings(out="runs/launch", **{k: kinds[k](v) for k, v in chosen.items()}))
    started = launch_file("drive.launch.py").nodes(**chosen)
    assert list(started) == [d.name for d in wanted]
    for node, description in zip(started.values(), wanted, strict=True):
        assert node["parameters"] == [dict(description.parameters)]
        assert dict(node["remappings"]) == dict(description.remaps)
        assert node["respawn"] == description.restart


def test_every_node_is_configured_and_activated_and_the_end_of_the_world_ends_the_launch(launch_file):
    actions = launch_file("drive.launch.py").actions()
    handlers = [type(a.args[0]).__name__ for a in actions if type(a).__name__ == "RegisterEventHandler"]
    nodes = sum(type(a).__name__ == "LifecycleNode" for a in actions)
    assert (handlers.count("OnProcessStart"), handlers.count("OnStateTransition")) == (nodes, nodes)
    assert handlers.count("OnProcessExit") == 1


def test_a_vehicle_hears_nothing_unless_it_is_asked_for(launch_file):
    file = launch_file("vehicle.launch.py")
    for interface, command in (("ackermann", "/ackermann_cmd"), ("autoware", "/control/command/control_cmd"),
                               ("twist", "/cmd_vel")):
        dry = dict(file.nodes(drive_interface=interface)["controller"]["remappings"])
        outputs = [target for source, target in dry.items() if source.startswith("~/output/")
                   and source != "~/output/guard_status"]
        assert outputs and all(t.startswith("/automot/dry_run/") for t in outputs)
        real = dict(file.nodes(drive_interface=interface, actuation="true")["controller"]["remappings"])
        assert real["~/output/command"] == command
    assert file.arguments["actuation"]["default_value"] == "false"


def test_a_car_needs_only_its_files_and_the_names_of_its_topics(launch_file):
    nodes = launch_file("vehicle.launch.py").nodes(
        vehicle="mine.yaml", rig="eyes.yaml", image_topic="/camera/front", image_transport="compressed",
        points_topic="/velodyne", odometry_topic="/localization", route_topic="/route", command_topic="/drive",
        actuation="true", params_file="more.yaml")
    controller = nodes["controller"]
    assert controller["parameters"][0]["vehicle"] == "mine.yaml" and controller["parameters"][0]["rate_hz"] == 50.0
    assert controller["parameters"][1] == "more.yaml"
    assert dict(controller["remappings"])["~/output/command"] == "/drive"
    action = dict(nodes["action"]["remappings"])
    assert [action[f"~/input/{n}"] for n in ("image", "points", "odometry", "route")] == [
        "/camera/front/compressed", "/velodyne", "/localization", "/route"]
    assert nodes["dashboard"]["parameters"][0]["rig"] == "eyes.yaml"
    assert not nodes["controller"]["parameters"][0]["use_sim_time"]


def test_two_egos_share_no_topic_but_those_of_the_world(launch_file):
    file = launch_file("carla.launch.py")
    both = [stack_nodes(file.nodes(role=role, namespace=role)) for role in ("hero", "rival")]
    topics = [{t for n in nodes.values() for _, t in n["remappings"]} for nodes in both]
    assert topics[0] & topics[1] == {"/carla/world_info", "/carla/traffic_lights/status", "/diagnostics"}
    assert {n["namespace"] for n in both[1].values()} == {"rival"}
    assert all("rival" in t for t in topics[1] - topics[0])


def test_carla_gets_a_bridge_that_waits_and_an_ego_with_our_sensors(launch_file):
    nodes = launch_file("carla.launch.py").nodes(role="ego_vehicle", town="Town05", carla_port="2002")
    (bridge,) = nodes["carla_ros_bridge"]["parameters"]
    assert (bridge["town"], bridge["port"], bridge["ego_vehicle_role_name"]) == ("Town05", 2002, ["ego_vehicle"])
    assert bridge["synchronous_mode"] and bridge["synchronous_mode_wait_for_vehicle_control_command"]
    (spawn,) = nodes["spawn_ego_vehicle"]["parameters"]
    ego = next(o for o in json.loads(Path(spawn["objects_definition_file"]).read_text())["objects"]
               if o["id"] == "ego_vehicle")
    assert {s["id"] for s in ego["sensors"]} >= {"rgb_front", "lidar", "odometry", "objects"}
    assert dict(nodes["action"]["remappings"])["~/input/image"] == "/carla/ego_vehicle/rgb_front/image"
    alone = launch_file("carla.launch.py").nodes(bridge="none")
    assert set(alone) == set(stack_nodes(alone))


def test_carlas_own_interface_gets_its_complement_and_no_bridge(launch_file):
    nodes = launch_file("carla.launch.py").nodes(bridge="none", carla_native="true", router="true", lockstep="false",
                                                 carla_port="2002")
    assert set(nodes) == set(stack_nodes(nodes)) >= {"carla_native", "route"}
    assert nodes["carla_native"]["parameters"][0] == {"role": "hero", "rig": "carla", "host": "localhost", "port": 2002}
    assert dict(nodes["route"]["remappings"])["~/input/goal"] == "/carla/hero/goal"


def test_rviz_is_started_with_our_view_of_this_ego(launch_file):
    rviz = launch_file("carla.launch.py").nodes(rviz="true", role="rival", namespace="rival")["rviz2"]
    assert Path(rviz["arguments"][1]).name == "automot.rviz"
    renamed = dict(rviz["remappings"])
    assert renamed["/carla/hero/lidar"] == "/carla/rival/lidar"
    assert renamed["/automot/markers"] == "/rival/automot/markers"


def test_the_transport_profile_is_set(launch_file, monkeypatch):
    monkeypatch.delenv("FASTDDS_DEFAULT_PROFILES_FILE", raising=False)
    assert Path(launch_file("drive.launch.py").variables["FASTDDS_DEFAULT_PROFILES_FILE"]).is_file()


def test_discovery_stays_on_this_machine_unless_the_user_says_otherwise(launch_file, monkeypatch):
    for name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS", "ROS_DISTRO"):
        monkeypatch.delenv(name, raising=False)
    assert launch_file("drive.launch.py").variables["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in launch_file("drive.launch.py").variables
