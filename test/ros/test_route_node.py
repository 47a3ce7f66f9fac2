"""The route node: a goal becomes a latched route that the others can read; a goal off the map is dropped and said."""

import time

import pytest

rclpy = pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry, Path
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from automot_ros.bridges import carla_bridge
from automot_ros.nodes import convert, qos
from automot_ros.nodes.route import RouteNode
from automot_ros.nodes.supervisor import free_domain_id
from automot_ros.simulation.tasks import plain_task
from automot_ros.simulation.world import World


@pytest.fixture
def ros():
    rclpy.init(domain_id=free_domain_id())
    executor = SingleThreadedExecutor()
    yield executor
    executor.shutdown(timeout_sec=1.0)
    rclpy.try_shutdown()


def spin_until(executor, condition, limit_s=15.0):
    end = time.monotonic() + limit_s
    while not condition():
        executor.spin_once(timeout_sec=0.05)
        assert time.monotonic() < end


def goal_at(xy):
    message = PoseStamped()
    message.header.frame_id = "map"
    message.pose.position.x, message.pose.position.y = (float(v) for v in xy)
    return message


def test_a_goal_becomes_a_route_for_those_who_come_late_too(ros):
    world = World(plain_task(3))
    node, other = RouteNode(), rclpy.create_node("other")
    node.trigger_configure()
    node.trigger_activate()
    ros.add_node(node)
    ros.add_node(other)
    odometry = other.create_publisher(Odometry, "/route/input/odometry", qos.OFFERED)
    maps = other.create_publisher(type(carla_bridge.world_info_to_msg("", "")), "/route/input/world_info", qos.LATCHED)
    goals = other.create_publisher(PoseStamped, "/route/input/goal", qos.OFFERED)
    maps.publish(carla_bridge.world_info_to_msg("town", world.task.xodr))
    spin_until(ros, lambda: odometry.get_subscription_count() and goals.get_subscription_count())
    odometry.publish(convert.ego_to_msg(world.ego))
    for _ in range(20):
        ros.spin_once(timeout_sec=0.05)
    goals.publish(goal_at((9e5, 0.0)))
    spin_until(ros, lambda: node._bad["~/input/goal"] == 1)
    goals.publish(goal_at(world.route.points_map_N2[-20]))
    for _ in range(20):
        ros.spin_once(timeout_sec=0.05)
    heard = []
    other.create_subscription(Path, "/route/output/route", heard.append, qos.LATCHED)  # late
    spin_until(ros, lambda: heard)
    route = convert.route_from_msg(heard[0])
    assert route.points_map_N2[-1] == pytest.approx(world.route.points_map_N2[-20], abs=2.0)
    node.close()
    node.destroy_node()
    other.destroy_node()


def test_a_map_that_is_not_there_keeps_it_from_being_configured(ros, capfd):
    node = RouteNode()
    node.set_parameters([Parameter("map", value="nowhere.xodr")])
    node.trigger_configure()
    assert "stays unconfigured" in "".join(capfd.readouterr())
    node.destroy_node()
