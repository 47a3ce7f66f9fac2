"""The one relay between publishers and subscribers: it carries, and while a fault lasts it makes of messages what the
fault makes of them.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, PointCloud2

from automot_ros.msg import AttentionContext, PlannedTrajectory
from automot_ros.nodes import qos, stack
from automot_ros.nodes.faults.messages import Effect, stamp_ns
from automot_ros.nodes.stack import NodeDescription

CLOCK_TOPIC = "/clock"
BEHIND = "/relayed"
KEPT = 60  # messages a fault may look back on: three seconds of the fastest topic
# topic: type, and the quality of service it is read with and sent on with.
WAYS: dict[str, tuple[type, QoSProfile, QoSProfile]] = {
    CLOCK_TOPIC: (Clock, qos.CLOCK, qos.CLOCK),
    stack.IMAGE_TOPIC: (Image, qos.SENSOR_LOCKSTEP, qos.OFFERED),
    stack.POINTS_TOPIC: (PointCloud2, qos.SENSOR_LOCKSTEP, qos.OFFERED),
    stack.ODOMETRY_TOPIC: (Odometry, qos.SENSOR_LOCKSTEP, qos.OFFERED),
    stack.ROUTE_TOPIC: (Path, qos.LATCHED, qos.LATCHED),
    stack.CONTEXT_TOPIC: (AttentionContext, qos.CONTEXT, qos.OFFERED),
    stack.TRAJECTORY_TOPIC: (PlannedTrajectory, qos.OFFERED, qos.OFFERED),
}


def behind_relay(description: NodeDescription) -> NodeDescription:
    """A node that reads what the relay sends; the simulator reads and is read as it is."""
    if description.name == "simulator":
        return description
    remaps = {source: f"{BEHIND}{topic}" if topic in WAYS and "/input/" in source else topic
              for source, topic in description.remaps.items()}
    return dataclasses.replace(description, remaps={**remaps, CLOCK_TOPIC: f"{BEHIND}{CLOCK_TOPIC}"})


class Relay:
    """Carries all ways. `watch` is called with topic and message in the wire format as it came, before any fault."""

    def __init__(self, node: Node, watch: Mapping[str, Callable[[bytes], None]]) -> None:
        self._effects: Mapping[str, Effect] = {}
        self._heard: dict[str, deque[Any]] = {}
        self._out = {topic: node.create_publisher(kind, f"{BEHIND}{topic}", send)
                     for topic, (kind, _, send) in WAYS.items()}
        self._watch = watch
        self._last: dict[str, bytes] = {}
        for topic, (kind, read, _) in WAYS.items():
            node.create_subscription(kind, topic, self._carrier(topic), read, raw=True)

    def begin(self, effects: Mapping[str, Effect]) -> None:
        """From here on these topics are faulty. What a fault looks back on begins with the last good message."""
        self._effects = effects
        self._heard = {topic: deque([deserialize_message(self._last[topic], WAYS[topic][0])] if topic in self._last
                                    else [], maxlen=KEPT) for topic in effects}

    def end(self) -> None:
        """From here on all is carried as it comes; a route that was replaced is put right."""
        effects, self._effects = self._effects, {}
        if stack.ROUTE_TOPIC in effects:
            self.route_again()

    def route_again(self) -> None:
        """Send the route once more, as a planner that repeats itself would: through the fault, if there is one."""
        if stack.ROUTE_TOPIC in self._last:
            self._send(stack.ROUTE_TOPIC, self._last[stack.ROUTE_TOPIC])

    def _carrier(self, topic: str) -> Callable[[bytes], None]:
        def carry(serialized: bytes) -> None:
            self._last[topic] = serialized
            if topic in self._watch:
                self._watch[topic](serialized)
            self._send(topic, serialized)

        return carry

    def _send(self, topic: str, serialized: bytes) -> None:
        effect = self._effects.get(topic)
        if effect is None:
            self._out[topic].publish(serialized)
            return
        message, heard = deserialize_message(serialized, WAYS[topic][0]), self._heard[topic]
        if topic not in (CLOCK_TOPIC, stack.ROUTE_TOPIC) and heard and stamp_ns(heard[-1]) == stamp_ns(message):
            return  # the world says a tick again that it waits for; that is not the fault
        heard.append(message)
        for made in effect(heard):
            self._out[topic].publish(made)
