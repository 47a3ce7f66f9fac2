"""Real processes and real faults: a killed node, garbage on every topic."""

import array
import dataclasses
import random
import signal
import time

import pytest

rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry, Path
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import Header

from automot_ros import msg
from automot_ros.nodes import qos, stack
from automot_ros.nodes.interfaces import contract

pytestmark = pytest.mark.ros
STOP_CONTEXT_AGE_S = 1.5


CHANGES = {
    # Limits that keep the test short, and no plan check: the constant-speed baseline starts faster than a car can.
    "controller": {"guard.check_trajectory": False, "guard.check_corridor": False, "guard.max_context_age_s": 1.0,
                   "guard.stop_context_age_s": STOP_CONTEXT_AGE_S},
    "understanding": {"transport": "in_band", "dtype": "int8"},
}


def fast_to_give_up(description):
    return dataclasses.replace(
        description, parameters=dict(description.parameters) | CHANGES.get(description.name, {}))


def test_the_car_stops_when_the_understanding_node_is_killed(make_stack):
    running = make_stack(fast_to_give_up, guard=True)
    guard = running.hear(msg.GuardStatus, stack.GUARD_TOPIC)
    running.up()
    running.spin_until(lambda: running.monitor.speed_mps > 3.0, 40.0)
    running.supervisor.processes["understanding"].send_signal(signal.SIGKILL)
    running.supervisor.processes["understanding"].wait(5.0)
    running.supervisor.newly_dead()
    guard.clear()
    running.spin_until(lambda: running.monitor.speed_mps == 0.0, 30.0)
    stale = [m for m in guard if m.reason == msg.GuardStatus.REASON_CONTEXT_STALE]
    assert stale
    first_brake_age = stale[0].context_age_s
    assert first_brake_age < STOP_CONTEXT_AGE_S + 0.5
    assert "context is" in stale[0].text
    running.spin_for(1.0)
    assert running.monitor.speed_mps == 0.0


def garbage_of(rng):
    """Topics and what nobody should be sent on them."""
    nan, huge = float("nan"), 1e300
    stamp = rng.choice([(0, 0), (-1, 5), (2**31 - 1, 0), (3, 4_000_000_000)])

    def stamped(made, frame):
        made.header.stamp.sec, made.header.stamp.nanosec = stamp
        made.header.frame_id = frame
        return made

    def odometry(x, frame):
        made = stamped(Odometry(), frame)
        made.pose.pose.position.x = x
        made.pose.pose.orientation.w = rng.choice([1.0, 0.0, nan])
        return made

    def image(width, encoding, length):
        return stamped(Image(width=width, height=256, encoding=encoding, step=rng.choice([0, 2**32 - 1, 4 * width]),
                             data=array.array("B", bytes(length))), "hero/rgb_front")

    def points(count, step, offset, length):
        fields = [PointField(name=n, offset=offset, datatype=PointField.FLOAT32, count=1) for n in "xyz"]
        return stamped(PointCloud2(height=1, width=count, fields=fields, point_step=step, row_step=step,
                                   data=array.array("B", bytes(length))), "hero/lidar")

    def path(values):
        made = stamped(Path(), "map")
        for value in values:
            pose = PoseStamped()
            pose.pose.position.x = value
            made.poses.append(pose)
        return made

    tensor = msg.FloatTensor(dims=[2**32 - 1] * 9, data=array.array("f", [nan] * 3))
    carla = contract("carla")
    control = carla.COMMAND_MESSAGE(throttle=nan, steer=7.0, brake=-1.0)
    context = msg.AttentionContext(epoch=2**64 - 1, layers=2**32 - 1, kv_heads=1, key_dim=1, value_dim=1, tokens=1,
                                   dtype=rng.choice(["float32", "pickle"]), segment="../../etc/passwd", size=2**64 - 1)
    layered = msg.AttentionContext(epoch=3, layers=1, kv_heads=1, key_dim=1, value_dim=1, tokens=1, dtype="float32",
                                   model_hash="constant-speed", segment="automot_00000000000000aa", size=8,
                                    slot=2**32 - 1)
    return {
        stack.ODOMETRY_TOPIC: [odometry(nan, "map"), odometry(huge, "map"), odometry(0.0, "moon")],
        stack.IMAGE_TOPIC: [image(512, "bgra8", 7), image(2**32 - 1, "bgra8", 0), image(512, "bayer", 9)],
        stack.POINTS_TOPIC: [points(2**32 - 1, 16, 0, 8), points(2, 4, 2**32 - 1, 8), points(1, 0, 0, 0)],
        stack.ROUTE_TOPIC: [path([]), path([nan, 1.0]), path([0.0, 1e6])],
        stack.CONTEXT_TOPIC: [context, layered],
        stack.DRAFT_TOPIC: [stamped(msg.ActionDraft(waypoints=tensor, route=tensor), "hero"), msg.ActionDraft()],
        stack.TRAJECTORY_TOPIC: [stamped(msg.PlannedTrajectory(points=[msg.PlanPoint(time_s=nan)] * 3), "map"),
                                 stamped(msg.PlannedTrajectory(status=99), "map")],
        stack.COMMAND_TOPIC: [control, carla.COMMAND_MESSAGE(throttle=1.0, reverse=True)],
        stack.TAKEN_TOPIC: [Header(frame_id="action", stamp=Time(sec=-1)), Header(frame_id="nobody")],
        "/clock": [Clock()],
    }


def test_garbage_on_every_topic_kills_nobody_and_is_counted(make_stack):
    running = make_stack(guard=False)
    diagnostics = running.hear(DiagnosticArray, "/diagnostics")
    running.up()
    running.spin_until(lambda: running.monitor.speed_mps > 1.0, 40.0)
    rng = random.Random(0)
    latched = (stack.ROUTE_TOPIC,)
    publishers = {topic: running.node.create_publisher(type(made[0]), topic,
                                                       qos.LATCHED if topic in latched else qos.OFFERED)
                  for topic, made in garbage_of(rng).items()}
    running.spin_for(1.0)
    end = time.monotonic() + 6.0
    while time.monotonic() < end:
        for topic, made in garbage_of(rng).items():
            for one in made:
                publishers[topic].publish(one)
                noise = bytearray(serialize_message(one))
                for _ in range(8):
                    noise[rng.randrange(4, len(noise))] = rng.randrange(256)
                publishers[topic].publish(bytes(noise))
        running.spin_for(0.1)
    diagnostics.clear()
    before = len(running.monitor.drives[-1].plan_stamps_s)
    running.spin_until(lambda: len(running.monitor.drives[-1].plan_stamps_s) > before + 20, 20.0)
    assert [n for n, p in running.supervisor.processes.items() if p.poll() is not None] == []
    running.spin_for(1.0)
    dropped = {f"{s.name.removeprefix('automot/')} {v.key.removeprefix('dropped ')}": int(v.value)
               for array_ in diagnostics for s in array_.status for v in s.values if v.key.startswith("dropped ")}
    for where in ("action ~/input/odometry", "action ~/input/image", "action ~/input/points", "action ~/input/route",
                  "action ~/input/attention_context", "refiner ~/input/draft", "controller ~/input/trajectory",
                  "controller ~/input/odometry", f"simulator {stack.COMMAND_TOPIC}", f"simulator {stack.TAKEN_TOPIC}"):
        assert dropped.get(where, 0) > 3, f"{where} not counted: {dropped}"
