"""A node and the clock of the simulation: when a new drive begins."""

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.executors import SingleThreadedExecutor
from rosgraph_msgs.msg import Clock

from automot_ros.nodes import convert, qos
from automot_ros.nodes.lifecycle import DrivingNode
from automot_ros.nodes.supervisor import free_domain_id

pytestmark = pytest.mark.ros


class Counting(DrivingNode):
    """Counts how often it starts anew."""

    resets = 0

    def set_up(self) -> None:
        pass

    def reset(self) -> None:
        self.resets += 1


@pytest.fixture
def clocked():
    """An active node, and a function that lets it see a time."""
    rclpy.init(args=["--ros-args", "-p", "use_sim_time:=true"], domain_id=free_domain_id())
    node = Counting("counting")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    publisher = node.create_publisher(Clock, "/clock", qos.CLOCK)
    node.trigger_configure()
    node.trigger_activate()

    def show(stamp_ns):
        for _ in range(100):
            publisher.publish(Clock(clock=convert.stamp_to_msg(stamp_ns)))
            executor.spin_once(timeout_sec=0.1)
            if node.now_ns() == stamp_ns:
                return node.resets
        raise AssertionError(f"never saw {stamp_ns} ns")

    yield show
    node.close()
    executor.shutdown(timeout_sec=1.0)
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_new_drive_begins_with_a_jump_of_the_clock_but_not_with_its_first_reading(clocked):
    assert clocked(1_100_000_000) == 1, "what was seen before the clock was found belongs to this drive"
    assert clocked(1_150_000_000) == 1
    assert clocked(60_000_000_000) == 2
    assert clocked(1_000_000_000) == 3
