"""The one description of the stack: it hangs together, and it needs no ROS to be read."""

import subprocess
import sys

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import describe
from automot_ros.guard.config import GuardConfig
from automot_ros.nodes.interfaces import CONTRACTS
from automot_ros.nodes.stack import StackSettings, drive_stack


def test_every_topic_that_a_node_reads_is_published_by_another():
    nodes = {d.name: d for d in drive_stack(StackSettings())}
    outputs = {target for d in nodes.values() for source, target in d.remaps.items() if "/output/" in source}
    inputs = {target for d in nodes.values() if d.name != "dashboard"
              for source, target in d.remaps.items() if "/input/" in source}
    assert {t for t in inputs if t.startswith("/automot/")} <= outputs
    assert {t for t in inputs if not t.startswith("/automot/")} == {
        "/carla/hero/rgb_front/image", "/carla/hero/lidar", "/carla/hero/odometry", "/carla/hero/waypoints"}


def test_the_embedded_world_is_driven_by_the_commands_of_carla_only():
    with pytest.raises(ConfigError, match="takes the commands of CARLA in drive_interface: got twist"):
        StackSettings(drive_interface="twist")
    with pytest.raises(ConfigError, match="unknown drive interface in drive_interface: got horse, wanted carla"):
        StackSettings(drive_interface="horse")


def test_a_vehicle_is_described_by_four_settings():
    settings = StackSettings(simulator=False, drive_interface="autoware", vehicle="mine.yaml", rig="eyes.yaml",
                             image_transport="compressed")
    nodes = {d.name: d for d in drive_stack(settings)}
    controller = nodes["controller"]
    assert [controller.parameters[k] for k in ("drive_interface", "vehicle", "rig")] == [
        "autoware", "mine.yaml", "eyes.yaml"]
    assert controller.remaps["~/output/command"] == "/control/command/control_cmd"
    assert controller.remaps["~/output/engage"] == "/vehicle/engage"
    for name in ("understanding", "action"):
        assert [nodes[name].parameters[k] for k in ("rig", "image_transport")] == ["eyes.yaml", "compressed"]
        assert nodes[name].remaps["~/input/image"] == "/carla/hero/rgb_front/image/compressed"


def test_a_dry_run_sends_every_output_where_no_vehicle_listens():
    settings = StackSettings(simulator=False, actuation=False, drive_interface="autoware", namespace="ego1")
    controller = next(d for d in drive_stack(settings) if d.name == "controller")
    outputs = {k: v for k, v in controller.remaps.items() if k in CONTRACTS["autoware"].topics}
    assert len(outputs) == 4
    assert all(v == f"/ego1/automot/dry_run/{k.removeprefix('~/output/')}" for k, v in outputs.items())


def test_another_ego_has_topics_of_its_own():
    ours, others = ({t for d in drive_stack(StackSettings(simulator=False, role=r, namespace=n))
                     for t in d.remaps.values()} for r, n in (("hero", ""), ("rival", "two/rival")))
    assert ours & others == {"/carla/world_info", "/carla/traffic_lights/status", "/diagnostics"}
    assert "/two/rival/automot/trajectory" in others and "/carla/rival/odometry" in others


@pytest.mark.parametrize(("change", "complaint"), [
    ({"role": "two words"}, "no name of ROS in role"), ({"namespace": "/slash"}, "no name of ROS in namespace"),
    ({"image_topic": "relative"}, "no name of ROS in image_topic"), ({"role": ""}, "no name of ROS in role")])
def test_a_name_that_ros_does_not_take_is_refused(change, complaint):
    with pytest.raises(ConfigError, match=complaint):
        StackSettings(simulator=False, **change)


@pytest.mark.parametrize("change", [{"role": "rival"}, {"namespace": "a"}, {"actuation": False},
                                    {"points_topic": "/velodyne"}])
def test_the_embedded_world_has_one_ego_with_names_of_its_own(change):
    with pytest.raises(ConfigError, match="one ego with names of its own"):
        StackSettings(**change)


def test_the_simulator_comes_up_last_so_that_nobody_misses_its_first_tick():
    assert drive_stack(StackSettings())[-1].name == "simulator"


def test_what_may_be_late_yields_to_what_may_not():
    nice = {d.name: d.nice for d in drive_stack(StackSettings())}
    assert max(nice[n] for n in ("action", "refiner", "controller", "simulator")) < min(
        nice[n] for n in ("understanding", "dashboard", "recorder"))


def test_all_nodes_of_a_lockstep_stack_have_the_same_clock():
    stack = drive_stack(StackSettings(lockstep=True, understanding_lag_s=0.5))
    timed = [d.parameters for d in stack if "context_lag_s" in d.parameters]
    assert len(timed) == 3
    assert {(p["lockstep"], p["context_period_s"], p["context_lag_s"]) for p in timed} == {(True, 0.25, 0.5)}


def test_without_guard_every_check_is_off():
    controller = next(d for d in drive_stack(StackSettings(guard=False)) if d.name == "controller")
    switches = {k: v for k, v in controller.parameters.items() if k.startswith("guard.")}
    assert switches == {f"guard.{s.name}": False for s in describe(GuardConfig) if s.name.startswith("check_")}


def test_lockstep_without_the_simulation_clock_is_refused():
    with pytest.raises(ConfigError, match="clock of the simulation"):
        StackSettings(lockstep=True, use_sim_time=False)


def test_the_description_is_read_without_ros_and_without_torch():
    code = "import automot_ros.nodes.stack, sys; print([m for m in ('rclpy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_recorder_is_told_all_parameters_in_a_form_that_ros2_launch_leaves_alone() -> None:
    import base64
    import json

    import yaml

    nodes = {d.name: d.parameters for d in drive_stack(StackSettings(lockstep=True))}
    text = nodes["recorder"]["stack"]
    assert yaml.safe_load(str(text)) == text, "launch reads a mapping, and refuses it"
    said = json.loads(base64.b64decode(str(text)))
    assert said == {name: dict(own) for name, own in nodes.items() if name not in ("recorder", "simulator")}
