"""Every callback of every node: the nodes themselves, configured and active, nothing between them and the bytes."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message, serialize_message

from automot_ros.base.errors import AutomotError
from automot_ros.nodes import stack
from automot_ros.nodes.action import ActionNode
from automot_ros.nodes.controller import ControllerNode
from automot_ros.nodes.monitor import Monitor
from automot_ros.nodes.recorder import RecorderNode
from automot_ros.nodes.refiner import RefinerNode
from automot_ros.nodes.simulator import SimulatorNode
from automot_ros.nodes.supervisor import free_domain_id, ros_environment
from automot_ros.nodes.understanding import UnderstandingNode
from automot_ros.nodes.watching import Watching
from automot_ros.scene.sensing import SECOND_NS
from fuzzing.messages import KINDS, changed_message, good_messages
from fuzzing.mutate import damaged
from fuzzing.subject import Case, FindingError, Refusal, Subject

TOPIC_OF = {kind: topic for topic, kind in KINDS.items()}
Callback = Callable[[bytes], None]


class Callbacks(Subject):
    """Callbacks by the topic of the stack that they read; what they count as bad is a refusal."""

    model_hash = ""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._refused: list[AutomotError] = []
        self._unexpected: list[Exception] = []
        self.callbacks: Mapping[str, Callback] = {}

    def good(self) -> Case:
        """One message on every topic, all of one instant."""
        made = good_messages(self.model_hash)
        return {topic.strip("/"): serialize_message(made[topic]) for topic in self.callbacks}

    def draw(self, rng: random.Random) -> Case:
        """A changed message alone, or with good ones of its instant; a few are not even messages."""
        made = good_messages(self.model_hash, rng.randrange(1, 10**12))
        topic = rng.choice(list(self.callbacks))
        others = [t for t in self.callbacks if t != topic] if rng.random() < 0.6 else []
        data = serialize_message(changed_message(rng, made[topic]))
        pieces = {t: serialize_message(made[t]) for t in others}
        pieces[topic] = damaged(rng, data) if self.raw and rng.random() < 0.3 else data
        if rng.random() < 0.5:
            pieces = {t: pieces[t] for t in self.callbacks if t in pieces}
        return {topic.strip("/"): data for topic, data in pieces.items()}

    raw: ClassVar[bool] = False

    def take(self, case: Case) -> None:
        """Call the callbacks in this order."""
        self._refused.clear()
        self.before(case)
        for name, data in case.items():
            self.callbacks[f"/{name}"](data)
        self.after()
        if self._unexpected:
            raise FindingError("an error that nobody foresaw") from self._unexpected.pop()
        if self._refused:
            raise Refusal from self._refused[0]

    def before(self, case: Case) -> None:
        """Forget earlier inputs: the same input does the same again."""

    def after(self) -> None:
        """What the node does when it comes round to it."""

    def _count_bad(self, _source: str, error: AutomotError) -> None:
        self._refused.append(error)

    def _count_unexpected(self, _source: str, error: Exception) -> None:
        self._unexpected.append(error)


def typed(callback: Callable[[Any], None], kind: type) -> Callback:
    """A callback that wants the message, given its bytes."""
    return lambda data: callback(deserialize_message(data, kind))


class Node(Callbacks):
    """A lifecycle node in this process, on a ROS domain of its own."""

    make: ClassVar[Callable[[], Any]]
    parameters: ClassVar[Mapping[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        os.environ.update(ros_environment())
        given = [part for name, value in self.parameters.items() for part in ("-p", f"{name}:={value}")]
        rclpy.init(args=["--ros-args", *given], domain_id=free_domain_id())
        self.node = type(self).make()
        self.node.count_bad, self.node.count_unexpected = self._count_bad, self._count_unexpected
        for change in (self.node.trigger_configure, self.node.trigger_activate):
            if change() != TransitionCallbackReturn.SUCCESS:
                raise RuntimeError(f"{self.node.get_name()} does not start")
        self.node.now_ns = lambda: self._now_ns
        self.model_hash = getattr(self.node, "model_hash", "")
        self.callbacks = {TOPIC_OF[s.msg_type]: typed(s.callback, s.msg_type) for s in self.node.subscriptions
                          if s.msg_type in TOPIC_OF and "input" in s.topic_name}

    def before(self, case: Case) -> None:
        """A new drive, a moment after the stamp that most of the messages have."""
        stamps = [struct.unpack_from("<iI", data, 4) for data in case.values() if len(data) >= 12]
        sec, nanosec = max(stamps, key=stamps.count, default=(0, 0))
        self._now_ns = max(0, sec * SECOND_NS + nanosec) + 30_000_000
        self.node._restart_drive()

    def close(self) -> None:
        """Give back shared memory and the like."""
        self.node.close()
        rclpy.try_shutdown()


class ActionCallbacks(Node):
    """The shipped network plans whenever its inputs are complete."""

    make = ActionNode
    parameters: ClassVar = {"policy": "nano"}

    def after(self) -> None:
        """A beat."""
        self.node._step()


class UnderstandingCallbacks(Node):
    """A baseline in its own thread."""

    make = UnderstandingNode
    parameters: ClassVar = {"policy": "constant-speed"}


class RefinerCallbacks(Node):
    """Drafts of any kind become trajectories."""

    make = RefinerNode
    parameters: ClassVar = {"policy": "constant-speed", "refiner": "none"}


class ControllerCallbacks(Node):
    """With its guard."""

    make = ControllerNode

    def after(self) -> None:
        """A beat."""
        self.node._step()


class AckermannCallbacks(ControllerCallbacks):
    """Orders for another vehicle through another drive interface."""

    parameters: ClassVar = {"drive_interface": "ackermann", "vehicle": "ackermann_car"}


class TwistCallbacks(ControllerCallbacks):
    """And a third."""

    parameters: ClassVar = {"drive_interface": "twist", "vehicle": "small_robot"}


class SimulatorCallbacks(Node):
    """In lockstep: a good command moves the world on."""

    make = SimulatorNode
    parameters: ClassVar = {"lockstep": "true", "readers": "controller", "settle_s": "0.0", "traffic": "false"}

    def before(self, case: Case) -> None:
        """The world goes on."""

    def __init__(self, folder: Path) -> None:
        os.chdir(folder)
        super().__init__(folder)
        self.node._on_timer()
        self.callbacks = {TOPIC_OF[s.msg_type]: typed(s.callback, s.msg_type) for s in self.node.subscriptions
                          if TOPIC_OF.get(s.msg_type) in (stack.COMMAND_TOPIC, stack.TAKEN_TOPIC)}


class RecorderCallbacks(Node):
    """Raw bytes into a bag; contexts are put into band first."""

    make = RecorderNode
    raw = True
    TOPICS = (stack.CONTEXT_TOPIC, stack.ODOMETRY_TOPIC)

    def __init__(self, folder: Path) -> None:
        self.parameters = {"bag": str(folder / "bag")}
        super().__init__(folder)
        for topic in self.TOPICS:
            package, _, name = KINDS[topic].__module__.partition(".msg.")
            self.node._record(topic, f"{package}/msg/{KINDS[topic].__name__}", [QoSProfile(depth=1)])
            assert name
        self.callbacks = {topic: partial(self._given, self.node._subscribed[topic].callback) for topic in self.TOPICS}

    @staticmethod
    def _given(callback: Callable[..., None], data: bytes) -> None:
        callback(data)


class DashboardCallbacks(Callbacks):
    """What the page shows."""

    raw = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._watching = Watching(self._count_bad)
        self.callbacks = {topic: partial(self._given, take) for _, topic, _, take in self._watching.topics()}

    @staticmethod
    def _given(take: Callable[..., None], data: bytes) -> None:
        take(data, {"source_timestamp": 1})

    def after(self) -> None:
        """A picture is due."""
        self._watching.digest()


class MonitorCallbacks(Callbacks):
    """What `automot drive` counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        made: dict[str, Callback] = {}

        class Listener:
            """Stands for a node: keeps the callbacks."""

            def create_subscription(self, kind: type, topic: str, callback: Callable[[Any], None], _: Any) -> None:
                made[topic] = typed(callback, kind)

        self.monitor = Monitor(Listener())
        self.callbacks = made
