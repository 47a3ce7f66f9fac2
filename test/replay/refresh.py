"""Writes test/replay/golden, the bag that test_golden.py replays: `.venv/bin/python test/replay/refresh.py`.

Refresh it when a change is meant to change what the nodes say (new weights, another message), in a commit of its own
that says why; test_golden.py fails until then. The car is driven by nano in the embedded world for 2 s; the pictures
are kept as JPEG and an eighth of the points, so that the bag stays small. What the nodes say to that is then recorded
beside it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from automot_ros.data.bags import BagReader, BagWriter, offered_qos
from automot_ros.evaluation.drivers import DriverSettings, make_driver
from automot_ros.nodes import convert, stack
from automot_ros.nodes.replay import Replay
from automot_ros.nodes.replay_input import ReplayMap
from automot_ros.nodes.stack import StackSettings, drive_stack
from automot_ros.scene.sensing import PointCloud, SensorTick
from automot_ros.simulation.sensors import SensorSuite
from automot_ros.simulation.suites import task_of
from automot_ros.simulation.world import World

GOLDEN = Path(__file__).resolve().parent / "golden"
SUITE, SEED, TICKS, SKIPPED = "PedestrianCrossing", 1_000_000, 41, 60
JPEG_QUALITY, POINTS_EVERY = 70, 8
MOST_BYTES = 3_000_000
NODES = ["understanding", "action", "refiner", "controller"]


def parameters() -> dict[str, dict[str, Any]]:
    """Of the nodes: lockstep, and few contexts, which are most of the bag."""
    settings = StackSettings(lockstep=True, dashboard=False, recorder=False, context_period_s=1.0)
    return {d.name: dict(d.parameters) for d in drive_stack(settings) if d.name in NODES}


def messages_of(tick: SensorTick) -> list[tuple[str, str, Any]]:
    """(topic, type, message) of what was sensed, made small."""
    front = tick.cameras[0]
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(front.image_HW3[..., ::-1]),
                           [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    image = CompressedImage(header=convert.header(tick.stamp_ns, f"{convert.EGO_FRAME}/{front.camera}"), format="jpeg")
    image.data = convert.byte_array(jpeg)
    points = np.round(tick.points.points_N4[::POINTS_EVERY] * 64.0) / np.float32(64.0)
    return [(stack.ODOMETRY_TOPIC, "nav_msgs/msg/Odometry", convert.ego_to_msg(tick.ego)),
            (stack.COMPRESSED_TOPIC, "sensor_msgs/msg/CompressedImage", image),
            (stack.POINTS_TOPIC, "sensor_msgs/msg/PointCloud2",
             convert.points_to_msg(PointCloud(tick.stamp_ns, points.astype(np.float32))))]


def record_inputs(path: Path) -> None:
    """Drive, and keep what was sensed from the moment on at which it becomes interesting."""
    world = World(task_of(SUITE, SEED))
    driver, _ = make_driver(DriverSettings("nano"), world)
    sensors = SensorSuite(world)
    driver.observe_route(world.route)
    latched = offered_qos(reliable=True, latched=True, depth=1)
    with BagWriter(path) as bag:
        bag.add_topic(stack.STACK_TOPIC, "std_msgs/msg/String", latched)
        bag.write(stack.STACK_TOPIC, 0, bytes(serialize_message(String(data=json.dumps(parameters())))))
        bag.add_topic(stack.ROUTE_TOPIC, "nav_msgs/msg/Path", latched)
        route = convert.path_to_msg(world.route.points_map_N2, world.route.stamp_ns)
        for n in range(SKIPPED + TICKS):
            tick = sensors.sense()
            world.step(driver.step(tick).command)
            if n == SKIPPED:
                route.header = convert.header(tick.stamp_ns, convert.MAP_FRAME)
                bag.write(stack.ROUTE_TOPIC, tick.stamp_ns, bytes(serialize_message(route)))
            for topic, kind, message in messages_of(tick) if n >= SKIPPED else ():
                bag.add_topic(topic, kind, offered_qos(reliable=True, latched=False))
                bag.write(topic, tick.stamp_ns, bytes(serialize_message(message)))


def record_answers(inputs: Path, golden: Path) -> None:
    """The inputs again, and beside them what the nodes say."""
    said: list[tuple[int, str, str, bytes]] = []
    replay = Replay(inputs, NODES, ReplayMap())

    def keep(role: str, stamp_ns: int, message: Any) -> None:
        kind = f"{type(message).__module__.split('.')[0]}/msg/{type(message).__name__}"
        topic = {"attention_context": stack.CONTEXT_TOPIC, "scene_report": stack.REPORT_TOPIC,
                 "draft": stack.DRAFT_TOPIC, "decision": stack.DECISION_TOPIC, "trajectory": stack.TRAJECTORY_TOPIC,
                 "command": stack.COMMAND_TOPIC, "guard_status": stack.GUARD_TOPIC}[role]
        said.append((stamp_ns + 1, topic, kind, bytes(serialize_message(message))))

    replay.run(keep)
    with BagReader(inputs) as bag:
        kinds = bag.topics
        sensed = [(m.stamp_ns, m.topic, kinds[m.topic], m.cdr) for m in bag.raw()]
    with BagWriter(golden, compress=True) as out:
        for stamp_ns, topic, kind, cdr in sorted([*sensed, *said], key=lambda item: item[0]):
            latched = topic in (stack.ROUTE_TOPIC, stack.STACK_TOPIC)
            out.add_topic(topic, kind, offered_qos(reliable=True, latched=latched))
            out.write(topic, stamp_ns, cdr)


def main() -> None:
    """Replace the golden bag."""
    with tempfile.TemporaryDirectory() as folder:
        record_inputs(Path(folder) / "inputs")
        record_answers(Path(folder) / "inputs", Path(folder) / "golden")
        size = sum(p.stat().st_size for p in (Path(folder) / "golden").iterdir())
        if size > MOST_BYTES:
            raise SystemExit(f"the bag has {size} bytes, wanted at most {MOST_BYTES}")
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(Path(folder) / "golden", GOLDEN)
    print(f"written: {GOLDEN}, {size} bytes")


if __name__ == "__main__":
    main()
