"""Records topics as they are on the wire into an MCAP bag; the bag appears whole when the node stops."""

from __future__ import annotations

import base64
import importlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import String

from automot_ros.base.errors import ConfigError, ContextError, MessageError
from automot_ros.base.quantity import check_bounds, choice, quantity, switch
from automot_ros.context.ring import RingReader
from automot_ros.data.bags import BagWriter, offered_qos
from automot_ros.msg import AttentionContext
from automot_ros.nodes.convert_plan import context_from_msg
from automot_ros.nodes.lifecycle import ERROR, OK, DrivingNode, run_node
from automot_ros.nodes.stack import STACK_TOPIC

IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
CONTEXT = "automot_ros/msg/AttentionContext"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecorderConfig:
    """What is recorded, and where to."""

    bag: str = choice("runs/bag", (), "Directory of the bag; must not exist. A later activation appends _2, _3 ...")
    topics: str = choice("*", (), "Topics to record, separated by commas; * records all that are published.")
    images: bool = switch(True, "Record image topics, as they are; without them a bag is far smaller.")
    contexts_in_band: bool = switch(True, "Copy attention contexts out of shared memory into the bag.")
    compress: bool = switch(False, "Compress the bag (zstd).")
    search_period_s: float = quantity(0.2, "s", "How often new topics are looked for.", low=0.02, high=10.0)

    stack: str = choice("", (), "Parameters of the recorded nodes (base64 of JSON): the bag's first message.")

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.topics != "*" and not self.wanted:
            raise ConfigError("nothing to record", where="RecorderConfig.topics", got=repr(self.topics))

    @property
    def parameters(self) -> str:
        """What `stack` says, as JSON. ConfigError when it is no base64 of text."""
        try:
            return base64.b64decode(self.stack, validate=True).decode()
        except ValueError as error:
            raise ConfigError("not base64 of JSON", where="RecorderConfig.stack", got=repr(self.stack[:40])) from error

    @property
    def wanted(self) -> frozenset[str]:
        """The topics by name; empty for all."""
        names = () if self.topics == "*" else self.topics.split(",")
        return frozenset("/" + n.strip().strip("/") for n in names if n.strip())


class RecorderNode(DrivingNode):
    """Subscribes to topics as their publishers appear, with the quality of service they offer."""

    CONFIG: ClassVar[Mapping[str, type]] = {"": RecorderConfig}

    def __init__(self) -> None:
        super().__init__("recorder")
        self._bag: BagWriter | None = None
        self._subscribed: dict[str, Any] = {}
        self._refused: set[str] = set()
        self._timer: Any = None
        self._ring = RingReader()
        self._lost = ""

    def set_up(self) -> None:
        """Check that the bag can be written where it is wanted."""
        self._config = self.config(RecorderConfig)
        self._parameters = self._config.parameters
        if Path(self._config.bag).exists():
            raise ConfigError("bag exists already", where="recorder.bag", got=self._config.bag, wanted="a new name")
        Path(self._config.bag).parent.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Open a bag and look for topics."""
        path = Path(self._config.bag)
        names = itertools.chain([path], (path.with_name(f"{path.name}_{n}") for n in itertools.count(2)))
        self._lost = ""
        self._bag = BagWriter(next(p for p in names if not p.exists()), compress=self._config.compress)
        if self._config.stack:
            self._bag.add_topic(STACK_TOPIC, "std_msgs/msg/String", offered_qos(reliable=True, latched=True, depth=1))
            told = serialize_message(String(data=self._parameters))
            self._bag.write(STACK_TOPIC, max(0, self.now_ns()), bytes(told))
        self._timer = self.create_timer(self._config.search_period_s, self._search)
        self._search()

    def stop(self) -> None:
        """Close the bag: from here on it can be read."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for subscription in self._subscribed.values():
            self.destroy_subscription(subscription)
        self._subscribed.clear()
        self._ring.close()
        bag, self._bag = self._bag, None
        if bag is None:
            return
        try:
            path, total = bag.close(), sum(bag.counts.values())
        except OSError as error:
            self._give_up(error)
        else:
            print(f"recorded {total} messages of {len(bag.counts)} topics in {path}", flush=True)

    def _give_up(self, error: OSError) -> None:
        """A full disk ends the recording, not the node, and nothing else: what is on the disk stays there."""
        self._lost = f"the recording of {self._config.bag} ended: {error.strerror or error}"
        self._bag = None
        self.get_logger().error(self._lost)

    def _search(self) -> None:
        if self._lost:
            self.diagnose(ERROR, self._lost, {})
            return
        for topic, types in self.get_topic_names_and_types():
            if topic in self._subscribed or topic in self._refused or not self._is_wanted(topic, types):
                continue
            offers = self.get_publishers_info_by_topic(topic)
            if not offers:
                continue
            try:
                self._record(topic, types[0], [o.qos_profile for o in offers])
            except (MessageError, ImportError, AttributeError) as error:
                self._refused.add(topic)
                self.get_logger().warning(f"{topic} is not recorded: {error}")
        bag = self._bag
        if bag is not None:
            level = ERROR if self._refused and not bag.counts else OK
            self.diagnose(level, str(bag.path), {"messages": sum(bag.counts.values()), "topics": len(bag.counts)})

    def _is_wanted(self, topic: str, types: list[str]) -> bool:
        named = not self._config.wanted or topic in self._config.wanted
        return named and (self._config.images or types[0] not in IMAGES)

    def _record(self, topic: str, type_name: str, offers: list[QoSProfile]) -> None:
        if self._bag is None:
            return
        package, _, name = type_name.split("/")
        kind = getattr(importlib.import_module(f"{package}.msg"), name)
        reliable = all(o.reliability == ReliabilityPolicy.RELIABLE for o in offers)
        latched = all(o.durability == DurabilityPolicy.TRANSIENT_LOCAL for o in offers)
        self._bag.add_topic(topic, type_name, offered_qos(reliable=reliable, latched=latched))
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=100 if latched or reliable else 20,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)
        in_band = type_name == CONTEXT and self._config.contexts_in_band
        self._subscribed[topic] = self.create_subscription(kind, topic, self._writer_of(topic, in_band), profile,
                                                           raw=True)

    def _writer_of(self, topic: str, in_band: bool) -> Callable[[bytes], None]:
        def write(cdr: bytes) -> None:
            if self._bag is None:
                return
            try:
                self._bag.write(topic, max(0, self.now_ns()), self._with_payload(topic, cdr) if in_band else cdr)
            except OSError as error:
                self._give_up(error)

        return write

    def _with_payload(self, topic: str, cdr: bytes) -> bytes:
        """The context with its numbers in the message; as it was when the slot is gone already."""
        try:
            message = deserialize_message(cdr, AttentionContext)
            if not message.segment:
                return cdr
            payload = self._ring.read(context_from_msg(message))
        except (ContextError, MessageError) as error:
            self.count_bad(topic, error)
            return cdr
        except RuntimeError as error:  # bytes that are no context: they are recorded as they came
            self.count_bad(topic, MessageError("not a context", where=topic, got=str(error)))
            return cdr
        message.payload.frombytes(payload)
        message.segment, message.slot, message.generation = "", 0, 0
        return bytes(serialize_message(message))


def main() -> int:
    """Run the node."""
    return run_node(RecorderNode)


if __name__ == "__main__":
    raise SystemExit(main())
