"""A drive of the real processes, recorded by the real recorder, is said again by the cores to the last digit."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")

from std_msgs.msg import Float32

from automot_ros.data.bags import BagReader
from automot_ros.nodes import qos, stack
from automot_ros.nodes.replay import Replay, table_of
from automot_ros.nodes.replay_input import ReplayMap

pytestmark = pytest.mark.ros


def recorded_whole(make_stack: Any, folder: Path) -> Path:
    """The bag of a drive from its first tick. The drive does not wait for the recorder: on a busy machine that finds
    the topics late, and what a node knew from before cannot be replayed. Then it is driven again.
    """
    for n in range(4):
        running = make_stack(lockstep=True, duration_s=2.0, recorder=True, guard=True, out=str(folder / f"drive{n}"))
        running.up()
        running.spin_until((running.folder / "routes" / "plain-1000000.json").exists, 120.0)
        running.down()
        with BagReader(running.folder / "bag") as bag:
            inputs = Counter(m.topic for m in bag.raw([stack.ODOMETRY_TOPIC, stack.IMAGE_TOPIC, stack.POINTS_TOPIC]))
        if list(inputs.values()) == [40, 40, 40]:
            return running.folder / "bag"
    raise AssertionError(f"no drive was recorded from its beginning, the last: {inputs}")


def test_a_drive_in_lockstep_replays_as_it_was(make_stack: Any, tmp_path: Path) -> None:
    bag = recorded_whole(make_stack, tmp_path)
    replay = Replay(bag, ["understanding", "action", "refiner", "controller"], ReplayMap())
    replay.run(lambda *_: None)
    replay.forgive_the_end()
    assert all(c.good for c in replay.comparisons.values()), "\n".join(table_of(replay))
    assert replay.comparisons["command"].compared == 40
    assert replay.comparisons["trajectory"].compared >= 30
    assert all(sum(c.worst.values()) == 0.0 for c in replay.comparisons.values()), "\n".join(table_of(replay))


def test_the_record_command_keeps_what_is_published_until_it_is_stopped(tmp_path: Path) -> None:
    domain = 62
    command = [sys.executable, "-m", "automot_ros.cli.main", "record", "--bag", str(tmp_path / "bag"), "--topics", "/v"]
    process = subprocess.Popen(command, env=os.environ | {"ROS_DOMAIN_ID": str(domain)}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rclpy.init(domain_id=domain)
    node = rclpy.create_node("record_test")
    try:
        publisher = node.create_publisher(Float32, "/v", qos.PLAN)
        until = time.monotonic() + 20.0
        while not publisher.get_subscription_count() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        for n in range(10):
            publisher.publish(Float32(data=float(n)))
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=15)
        node.destroy_node()
        rclpy.shutdown()
    assert process.returncode == 0, output
    with BagReader(tmp_path / "bag") as bag:
        assert [m.message.data for m in bag.messages(["/v"])] == [float(n) for n in range(10)]
