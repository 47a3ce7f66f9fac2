"""Parameters come from the dataclasses: declared, bounded, described, refused with reasons."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

rclpy = pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from automot_ros.base.quantity import describe
from automot_ros.guard.config import GuardConfig
from automot_ros.nodes.controller import ControllerNode
from automot_ros.nodes.reference import parameters_yaml
from automot_ros.nodes.supervisor import free_domain_id

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def make_node():
    made = []

    def make(*overrides):
        rclpy.init(args=["--ros-args", *(part for o in overrides for part in ("-p", o))], domain_id=free_domain_id())
        made.append(ControllerNode())
        return made[-1]

    yield make
    for node in made:
        node.close()
        node.destroy_node()
    rclpy.try_shutdown()


def set_one(node, name, value):
    return node.set_parameters([Parameter(name, value=value)])[0]


def test_every_field_is_a_described_and_bounded_parameter(make_node):
    node = make_node()
    for spec in describe(GuardConfig):
        name = f"guard.{spec.name}"
        descriptor = node.describe_parameter(name)
        assert node.get_parameter(name).value == spec.default
        assert spec.text in descriptor.description
        if spec.high is not None:
            bounds = (descriptor.floating_point_range or descriptor.integer_range)[0]
            assert (bounds.from_value, bounds.to_value) == (spec.low, spec.high)


def test_a_value_out_of_bounds_is_refused_with_a_reason(make_node):
    node = make_node()
    answer = set_one(node, "guard.stale_s", 99.0)
    assert not answer.successful
    assert answer.reason


def test_values_that_contradict_each_other_are_refused_with_a_reason(make_node):
    answer = set_one(make_node(), "guard.stale_s", 1.9)
    assert not answer.successful
    assert "lost_s" in answer.reason


def test_a_good_value_is_taken_before_configure_and_refused_after(make_node):
    node = make_node()
    assert set_one(node, "guard.stale_s", 0.3).successful
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    answer = set_one(node, "guard.stale_s", 0.2)
    assert not answer.successful
    assert "clean up" in answer.reason
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert set_one(node, "guard.stale_s", 0.2).successful


@pytest.mark.parametrize("override", ["guard.stale_s:=99.0", "guard.stale_s:=soon", "no_such_parameter:=1",
                                      "drive_interface:=helicopter", "guard.stale_s:=1.9", "guard.stale_s:=~"])
def test_a_bad_override_leaves_the_node_unconfigured(make_node, override):
    assert make_node(override).trigger_configure() == TransitionCallbackReturn.FAILURE


def test_the_shipped_file_lists_every_parameter_at_its_default():
    text = (CONFIG / "drive.yaml").read_text()
    assert text == parameters_yaml(), "run: python -m automot_ros.nodes.reference > config/drive.yaml"
    values = yaml.safe_load(text)
    assert values["controller"]["ros__parameters"]["guard.stale_s"] == 0.25


def test_torch_is_not_imported_by_nodes_that_need_none():
    names = ("simulator", "controller", "recorder")
    code = (f"import importlib, sys\nfor n in {names}: importlib.import_module('automot_ros.nodes.' + n)\n"
            f"print([m for m in ('torch', 'transformers') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
