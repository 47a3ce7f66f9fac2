"""The recorder in a process of its own: what is published is in the bag, and a signal leaves a whole bag."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from std_msgs.msg import Float32, String

from automot_ros.context.ring import RingWriter
from automot_ros.data.bags import BagReader
from automot_ros.geometry.se2 import Pose2
from automot_ros.msg import AttentionContext as ContextMessage
from automot_ros.nodes import qos
from automot_ros.nodes.convert_plan import context_to_msg
from automot_ros.scene.context import AttentionContext

pytestmark = pytest.mark.ros
DOMAIN = 61


@pytest.fixture
def node():
    rclpy.init(domain_id=DOMAIN)
    made = rclpy.create_node("recorder_test")
    yield made
    made.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def recorder(tmp_path, node):
    command = [sys.executable, "-m", "automot_ros.nodes.recorder", "--ros-args", "-p", f"bag:={tmp_path / 'bag'}",
               "-p", "topics:=/speed,/fixed,/context"]
    process = subprocess.Popen(command, env=os.environ | {"ROS_DOMAIN_ID": str(DOMAIN)}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def change_state(node, transition):
    client = node.create_client(ChangeState, "/recorder/change_state")
    assert client.wait_for_service(timeout_sec=20.0)
    request = ChangeState.Request()
    request.transition.id = transition
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future, timeout_sec=20.0)
    assert future.done()
    return future.result().success


def wait_until(condition, limit_s=15.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_is_published_is_in_the_bag_after_a_signal(node, recorder, tmp_path, how):
    speed = node.create_publisher(Float32, "/speed", qos.SENSOR)
    fixed = node.create_publisher(String, "/fixed", qos.LATCHED)
    other = node.create_publisher(Float32, "/not_wanted", 10)
    fixed.publish(String(data="published before the recorder was there"))
    assert change_state(node, Transition.TRANSITION_CONFIGURE)
    assert change_state(node, Transition.TRANSITION_ACTIVATE)
    wait_until(lambda: speed.get_subscription_count() == 1 and fixed.get_subscription_count() == 1)
    for n in range(40):
        speed.publish(Float32(data=float(n)))
        other.publish(Float32(data=0.0))
        time.sleep(0.02)
    time.sleep(0.5)
    assert not (tmp_path / "bag").exists()
    recorder.send_signal(how)
    output, _ = recorder.communicate(timeout=15)
    assert recorder.returncode == 0, output
    with BagReader(tmp_path / "bag") as bag:
        assert bag.topics == {"/fixed": "std_msgs/msg/String", "/speed": "std_msgs/msg/Float32"}
        assert [m.message.data for m in bag.messages(["/fixed"])] == ["published before the recorder was there"]
        assert [m.message.data for m in bag.messages(["/speed"])] == [float(n) for n in range(40)]
    assert [p.name for p in tmp_path.iterdir()] == ["bag"]


def test_an_existing_bag_keeps_the_node_unconfigured(node, recorder, tmp_path):
    (tmp_path / "bag").mkdir()
    assert not change_state(node, Transition.TRANSITION_CONFIGURE)
    recorder.send_signal(signal.SIGTERM)
    output, _ = recorder.communicate(timeout=15)
    assert "exists already" in output


def test_a_context_in_shared_memory_is_in_the_bag_with_its_numbers(node, recorder, tmp_path):
    rng = np.random.default_rng(1)
    keys, values = (rng.standard_normal((2, 2, 30, 8)).astype(np.float32) for _ in range(2))
    ring = RingWriter(epoch=0x7E57 << 16 | os.getpid(), slot_bytes=1 << 16)
    try:
        publisher = node.create_publisher(ContextMessage, "/context", qos.CONTEXT)
        assert change_state(node, Transition.TRANSITION_CONFIGURE)
        assert change_state(node, Transition.TRANSITION_ACTIVATE)
        wait_until(lambda: publisher.get_subscription_count() == 1)
        context = AttentionContext(5_000_000_000, ring.epoch, 1, "hash", keys, values, 30, Pose2(1.0, 2.0, 0.5))
        publisher.publish(context_to_msg(ring.write(context)))
        time.sleep(1.0)
    finally:
        ring.close()
    recorder.send_signal(signal.SIGTERM)
    output, _ = recorder.communicate(timeout=15)
    with BagReader(tmp_path / "bag") as bag:
        (read,) = bag.messages(["/context"])
    assert read.message.segment == "", output
    assert read.message.payload.tobytes() == keys[0].tobytes() + values[0].tobytes() + keys[1].tobytes() + \
        values[1].tobytes()
