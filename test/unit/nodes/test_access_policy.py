"""The SROS2 policy against the tables of docs/topics.md and docs/parameters.md: all of it is granted, nothing else."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from automot_ros.nodes.access_policy import Grants, grants_of, policy_xml
from automot_ros.nodes.security import enclave_of
from automot_ros.nodes.stack import NodeDescription, StackSettings, drive_stack

ROOT = Path(__file__).resolve().parents[3]
POLICY = ElementTree.parse(ROOT / "config" / "security" / "drive.policy.xml").getroot()
NODES = [d.name for d in drive_stack(StackSettings())]
LOGS = {"/rosout", "/parameter_events"}
RIGHTS = {"publish": "topic", "subscribe": "topic", "reply": "service", "request": "service"}


def rows(page):
    for line in (ROOT / "docs" / page).read_text().splitlines():
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0] not in ("node", "parameter", "who", "---"):
            yield cells


def in_table(node, direction):
    return {cells[3].strip("`") for cells in rows("topics.md") if cells[:2] == [node, direction] and cells[2]}


def services(who, direction):
    return {name.removeprefix("~/") for cells in rows("topics.md") if len(cells) == 3 and who in cells[0]
            and cells[1] == direction for name in re.findall(r"`([^` ]+)`", cells[2])}


def granted(name, right):
    (enclave,) = [e for e in POLICY.iter("enclave") if e.get("path") == enclave_of(name)]
    return {item.text for group in enclave.iter(f"{RIGHTS[right]}s") if group.get(right) == "ALLOW" for item in group}


def test_there_is_an_enclave_for_every_process_and_no_other():
    assert [e.get("path") for e in POLICY.iter("enclave")] == [f"/automot/{n}" for n in [*NODES, "drive"]]
    assert [p.get("node") for p in POLICY.iter("profile")] == [*NODES, "automot_drive"]


@pytest.mark.parametrize("node", NODES)
def test_a_node_may_publish_what_the_table_says(node):
    assert granted(node, "publish") == in_table(node, "publishes") | LOGS | {f"/{node}/transition_event"}


@pytest.mark.parametrize("node", [n for n in NODES if n != "recorder"])
def test_a_node_may_read_what_the_table_says(node):
    clock = {"/clock"} if node != "simulator" else set()
    assert granted(node, "subscribe") == in_table(node, "reads") | clock


def test_the_recorder_may_read_what_anybody_may_publish():
    assert granted("recorder", "subscribe") == set().union(*(granted(n, "publish") for n in NODES))


@pytest.mark.parametrize("node", NODES)
def test_a_node_answers_for_its_own_parameters_and_lifecycle_and_asks_nobody(node):
    wanted = services("every node", "offers")
    assert {"set_parameters", "get_parameters", "change_state"} <= wanted
    assert granted(node, "reply") == {f"/{node}/{s}" for s in wanted}
    assert granted(node, "request") == set()


def test_every_node_with_parameters_is_the_only_one_to_answer_for_them():
    owners = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "parameters.md").read_text(), re.MULTILINE))
    assert owners == set(NODES)
    for owner in owners:
        assert [n for n in [*NODES, "drive"] if f"/{owner}/set_parameters" in granted(n, "reply")] == [owner]


def test_the_starter_brings_nodes_up_and_watches_and_says_nothing():
    assert granted("drive", "publish") == LOGS
    assert granted("drive", "subscribe") == in_table("drive", "reads")
    assert granted("drive", "request") == {f"/{n}/{s}" for n in NODES for s in services("drive", "calls")}
    assert granted("drive", "reply") == {f"/automot_drive/{s}" for s in services("automot drive", "offers")}


def test_only_the_controller_may_command_the_car_and_only_the_starter_may_change_a_state():
    everybody = [*NODES, "drive"]
    assert [n for n in everybody if "/carla/hero/vehicle_control_cmd" in granted(n, "publish")] == ["controller"]
    assert [n for n in everybody if any(s.endswith("change_state") for s in granted(n, "request"))] == ["drive"]


def test_no_grant_is_a_pattern_and_nothing_is_granted_twice():
    for profile in POLICY.iter("profile"):
        for group in profile:
            names = [item.text for item in group]
            assert names == sorted(set(names))
            assert all(re.fullmatch(r"(/[A-Za-z0-9_]+)+", n) for n in names), names


def test_a_new_topic_is_granted_to_who_uses_it_and_to_the_recorder():
    nodes = [NodeDescription(name=n, parameters={}) for n in ("camera", "recorder", "stranger")]
    camera, recorder, stranger, _ = grants_of(nodes, [("camera", "publishes", "/picture")])
    assert isinstance(camera, Grants)
    assert "/picture" in camera.publish and "/picture" in recorder.subscribe
    assert not any("/picture" in names for names in (camera.subscribe, recorder.publish, stranger.publish,
                                                     stranger.subscribe))
    text = policy_xml([camera])
    assert ElementTree.fromstring(text.encode()).find(".//topic[.='/picture']") is not None


def test_every_node_is_started_in_its_enclave(tmp_path):
    pytest.importorskip("rclpy")
    from automot_ros.nodes.supervisor import arguments_of

    for description in drive_stack(StackSettings()):
        arguments = arguments_of(description, tmp_path / "x.yaml")
        assert arguments[arguments.index("--enclave") + 1] == f"/automot/{description.name}"
        assert arguments[0] == "--ros-args"
