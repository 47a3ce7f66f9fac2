"""A bag as moments: all messages of one stamp together, by the part they play, whatever the topics are called."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from rclpy.serialization import deserialize_message

from automot_ros.base.errors import ConfigError, MessageError
from automot_ros.data.bags import BagReader, RawMessage
from automot_ros.data.salvage import CutBag
from automot_ros.nodes import stack
from automot_ros.nodes.convert import stamp_from_msg

HORIZON_NS = 1_000_000_000
GAP_NS = 500_000_000
LARGEST_MAP_BYTES = 1 << 20
ROLES: dict[str, tuple[str, ...]] = {  # the usual topics, the first that the bag has
    "route": (stack.ROUTE_TOPIC,), "odometry": (stack.ODOMETRY_TOPIC,),
    "image": (stack.IMAGE_TOPIC, stack.COMPRESSED_TOPIC), "points": (stack.POINTS_TOPIC,),
    "attention_context": (stack.CONTEXT_TOPIC,), "scene_report": (stack.REPORT_TOPIC,),
    "draft": (stack.DRAFT_TOPIC,), "decision": (stack.DECISION_TOPIC,), "trajectory": (stack.TRAJECTORY_TOPIC,),
    "command": (stack.COMMAND_TOPIC,), "guard_status": (stack.GUARD_TOPIC,)}
INPUTS = ("route", "odometry", "image", "points")


@dataclass(frozen=True, slots=True)
class ReplayMap:
    """What a mapping file says: topics by role, frame ids of the bag by ours, and the rig and vehicle of the run."""

    topics: dict[str, str] = field(default_factory=dict)
    frames: dict[str, str] = field(default_factory=dict)
    rig: str = ""
    vehicle: str = ""


def read_map(path: Path) -> ReplayMap:
    """The mapping of a YAML file. ConfigError says what is unknown or not text."""
    try:
        if path.stat().st_size > LARGEST_MAP_BYTES:
            raise ConfigError("mapping file too large", where=str(path), wanted=f"<= {LARGEST_MAP_BYTES} bytes")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError("no readable YAML", where=str(path), got=str(error)[:200]) from error
    if not isinstance(content, dict) or not set(content) <= {"topics", "frames", "rig", "vehicle"}:
        raise ConfigError("not a mapping file", where=str(path), got=str(content)[:80],
                          wanted="topics, frames, rig, vehicle")
    topics, frames = (_texts(content.get(key, {}), f"{path}: {key}") for key in ("topics", "frames"))
    unknown = sorted(set(topics) - set(ROLES))
    if unknown:
        raise ConfigError("unknown role", where=f"{path}: topics", got=unknown, wanted=list(ROLES))
    rig, vehicle = (content.get(key, "") for key in ("rig", "vehicle"))
    if not (isinstance(rig, str) and isinstance(vehicle, str)):
        raise ConfigError("not text", where=f"{path}: rig, vehicle", got=f"{rig!r}, {vehicle!r}")
    return ReplayMap(topics, frames, rig, vehicle)


def _texts(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(x, str) for pair in value.items() for x in pair):
        raise ConfigError("not names by names", where=where, got=str(value)[:80], wanted="ours: theirs")
    return value


@dataclass(slots=True)
class Moment:
    """Messages of one stamp by role."""

    stamp_ns: int
    messages: dict[str, Any] = field(default_factory=dict)


class BagInput:
    """The bag that is replayed. `topics` are those of the roles that it has, `parameters` those of the recorded nodes
    (empty where the bag does not tell), `note` what is wrong with it (after `moments`).
    """

    def __init__(self, path: Path, mapping: ReplayMap) -> None:
        self._path, self._map, self.note, self.late = path, mapping, "", 0
        self.parameters: dict[str, dict[str, Any]] = {}
        try:
            with BagReader(path) as bag:
                there = bag.topics
                told = next(bag.raw([stack.STACK_TOPIC]), None) if stack.STACK_TOPIC in there else None
        except MessageError as error:
            if not path.exists():
                raise
            cut, there, told = CutBag(path), {}, None  # MessageError where it is no MCAP file either
            for message in cut.raw():
                there[message.topic] = message.type_name
                told = told or (message if message.topic == stack.STACK_TOPIC else None)
            self.note = cut.cut or str(error)
        wanted = {role: (mapping.topics[role],) if role in mapping.topics else usual for role, usual in ROLES.items()}
        self.topics = {role: name for role, names in wanted.items() if (name := next(
            (n for n in names if n in there), ""))}
        missing = [f"{role}: {' or '.join(wanted[role])}" for role in mapping.topics if role not in self.topics]
        if missing:
            raise ConfigError("mapped topics are not in the bag", where=str(path), got=missing, wanted=sorted(there))
        if told is not None:
            self.parameters = _parameters(told, path)

    def moments(self) -> Iterator[Moment]:
        """In the order of their stamps. Messages may come up to a second late; a jump of the stamps is a new drive."""
        roles = {topic: role for role, topic in self.topics.items()}
        waiting: dict[int, Moment] = {}
        newest = done = -1
        for raw in self._raw(list(roles)):
            role = roles[raw.topic]
            message = self._message(raw)
            stamp_ns = stamp_from_msg(message.header.stamp, f"{self._path} {raw.topic}")
            if newest >= 0 and (stamp_ns - newest > HORIZON_NS or newest - stamp_ns > 2 * HORIZON_NS) and (
                    role in ("odometry", "image")):
                for at in sorted(n for n in waiting if n <= newest):
                    yield waiting.pop(at)
                newest = done = -1
            if stamp_ns <= done and role != "route":
                self.late += role in INPUTS
                if role in INPUTS:
                    continue
            waiting.setdefault(stamp_ns, Moment(stamp_ns)).messages.setdefault(role, message)
            if role in ("odometry", "image"):
                newest = max(newest, stamp_ns)
            for at in sorted(n for n in waiting if n < newest - HORIZON_NS):
                done = max(done, at)
                yield waiting.pop(at)
        for at in sorted(waiting):
            yield waiting[at]

    def _raw(self, topics: list[str]) -> Iterator[RawMessage]:
        if self.note:
            yield from (m for m in CutBag(self._path).raw() if m.topic in topics)
            return
        try:
            with BagReader(self._path) as bag:
                yield from bag.raw(topics)
        except MessageError as error:  # broken in the middle
            self.note = str(error)

    def _message(self, raw: RawMessage) -> Any:
        package, _, name = raw.type_name.split("/")
        try:
            kind = getattr(importlib.import_module(f"{package}.msg"), name)
            message = deserialize_message(raw.cdr, kind)
        except (ImportError, AttributeError) as error:
            raise MessageError("messages of this type are not installed", where=f"{self._path} {raw.topic}",
                               got=raw.type_name) from error
        except RuntimeError as error:
            raise MessageError("message cannot be decoded", where=f"{self._path} {raw.topic} at {raw.stamp_ns}",
                               got=str(error), wanted=raw.type_name) from error
        if not hasattr(message, "header"):
            raise MessageError("message without a stamp", where=f"{self._path} {raw.topic}", got=raw.type_name)
        message.header.frame_id = self._map.frames.get(message.header.frame_id, message.header.frame_id)
        return message


def _parameters(told: RawMessage, path: Path) -> dict[str, dict[str, Any]]:
    from std_msgs.msg import String

    try:
        value = json.loads(deserialize_message(told.cdr, String).data)
        if isinstance(value, dict) and all(isinstance(v, dict) for v in value.values()):
            return value
    except (ValueError, RuntimeError) as error:
        raise MessageError("parameters of the recorded nodes cannot be read", where=f"{path} {told.topic}",
                           got=str(error)) from error
    raise MessageError("parameters of the recorded nodes cannot be read", where=f"{path} {told.topic}",
                       wanted="node: parameters")
