"""What the processes of a running stack really publish, read, offer and call is what the SROS2 policy grants them."""

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

rclpy = pytest.importorskip("rclpy")

from automot_ros.base.places import shipped
from automot_ros.nodes.bring_up import BringUp
from automot_ros.nodes.security import enclave_of

pytestmark = pytest.mark.ros
KINDS = {"publish": "topics", "subscribe": "topics", "reply": "services", "request": "services"}


def granted():
    root = ElementTree.parse(shipped("config/security/drive.policy.xml")).getroot()
    return {enclave.get("path"): {
        right: {item.text for group in enclave.iter(kind) if group.get(right) for item in group}
        for right, kind in KINDS.items()} for enclave in root.iter("enclave")}


def used(watcher, node):
    graph = {"publish": watcher.get_publisher_names_and_types_by_node,
             "subscribe": watcher.get_subscriber_names_and_types_by_node,
             "reply": watcher.get_service_names_and_types_by_node,
             "request": watcher.get_client_names_and_types_by_node}
    return {right: {name for name, _ in ask(node, "/")} for right, ask in graph.items()}


def test_every_node_uses_what_it_is_granted_and_nothing_else(make_stack):
    def with_everything(description):
        if description.name != "dashboard":
            return description
        return replace(description, parameters={**description.parameters, "rviz": True})

    stack = make_stack(with_everything, dashboard=True, recorder=True, lockstep=True)
    stack.supervisor.start()
    up = BringUp(stack.node, stack.executor, stack.supervisor)
    watched = used(stack.node, "test")  # with the test's node in the place of the starter's
    up.run(print, 240.0)
    names = [d.name for d in stack.supervisor.stack]
    policy = granted()
    stack.spin_until(lambda: all(used(stack.node, n) == policy[enclave_of(n)] for n in names if n != "recorder"), 60.0)
    recorder, allowed = used(stack.node, "recorder"), policy[enclave_of("recorder")]
    assert recorder["subscribe"] <= allowed["subscribe"]
    assert {r: v for r, v in recorder.items() if r != "subscribe"} == {
        r: v for r, v in allowed.items() if r != "subscribe"}
    starter = policy[enclave_of("drive")]
    assert watched["subscribe"] == starter["subscribe"]
    assert watched["request"] == {s for s in starter["request"] if s.endswith("/change_state")}
    assert watched["publish"] == starter["publish"]
    found = {name: enclave for name, _, enclave in stack.node.get_node_names_and_namespaces_with_enclaves()}
    assert {n: found[n] for n in names} == {n: enclave_of(n) for n in names}


def test_the_transports_shared_memory_of_a_running_stack_is_private(make_stack):
    stack = make_stack(lockstep=True)
    stack.up()
    own = mapped("self")  # the test's node is none of the stack's
    for process in stack.supervisor.processes.values():
        segments = mapped(process.pid) - own
        assert segments
        loose = {s: oct(os.stat(s).st_mode) for s in segments if os.stat(s).st_mode & 0o077}
        assert not loose, process.args


def mapped(process):
    maps = Path(f"/proc/{process}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in maps if "/dev/shm/fastdds_" in line and "(deleted)" not in line}
