"""Watches the fast loop from outside: when each message of a tick was published, as the transport stamped it.

The stamp is made in the publishing process, so this process may be late without a figure being wrong. Messages are not
decoded, but for the few fields that are figures themselves.
"""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo

from automot_ros.msg import ActionDraft, AttentionContext, PlannedTrajectory
from automot_ros.nodes import stack
from automot_ros.nodes.interfaces import contract
from automot_ros.scene.sensing import SECOND_NS

WATCH = QoSProfile(depth=500, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=500, reliability=ReliabilityPolicy.BEST_EFFORT)
TICK_NS = 50_000_000
_STAMP = struct.Struct("<iI")
_CDR_HEADER = 4


@dataclass(slots=True)
class Tick:
    """Publish times of one sensor stamp by what was published, ns of the wall clock; and what a plan says of itself."""

    at_ns: dict[str, int] = field(default_factory=dict)
    action_s: float = 0.0
    refiner_s: float = 0.0
    context_age_s: float = 0.0


class TickWatch:
    """Subscribes to the fast loop; `ticks` by stamp, `contexts_s` the computing times of contexts."""

    def __init__(self, node: Node) -> None:
        self.ticks: dict[int, Tick] = {}
        self.contexts_s: list[float] = []
        self.commands_ns: list[int] = []
        for name, kind, topic, profile in (
                ("odometry", Odometry, stack.ODOMETRY_TOPIC, BEST_EFFORT),
                # Published right after the picture, and a thousandth of its size.
                ("image", CameraInfo, stack.CAMERA_INFO_TOPIC, BEST_EFFORT),
                ("draft", ActionDraft, stack.DRAFT_TOPIC, WATCH),
                ("command", contract("carla").COMMAND_MESSAGE, stack.COMMAND_TOPIC, WATCH)):
            node.create_subscription(kind, topic, self._noter(name), profile, raw=True)
        node.create_subscription(PlannedTrajectory, stack.TRAJECTORY_TOPIC, self._on_trajectory, WATCH)
        node.create_subscription(AttentionContext, stack.CONTEXT_TOPIC, self._on_context, WATCH)

    def _noter(self, name: str) -> Any:
        def note(cdr: bytes, info: dict[str, int]) -> None:
            sec, nanosec = _STAMP.unpack_from(cdr, _CDR_HEADER)
            self._note(sec * SECOND_NS + nanosec, name, info)

        return note

    def _note(self, stamp_ns: int, name: str, info: dict[str, int]) -> Tick:
        tick = self.ticks.setdefault(stamp_ns, Tick())
        if name == "command":
            self.commands_ns.append(info["source_timestamp"])
        tick.at_ns.setdefault(name, info["source_timestamp"])
        return tick

    def link(self) -> None:
        """Give every tick with a plan the first command after it, as `answer`.

        The stamp of a command is that of the newest odometry, which may be newer than the plan it follows.
        """
        commands = np.sort(np.array(self.commands_ns, np.int64))
        for tick in self.ticks.values():
            if "trajectory" in tick.at_ns:
                place = int(np.searchsorted(commands, tick.at_ns["trajectory"]))
                if place < len(commands):
                    tick.at_ns["answer"] = int(commands[place])

    def _on_trajectory(self, message: PlannedTrajectory, info: dict[str, int]) -> None:
        stamp = message.header.stamp
        tick = self._note(stamp.sec * SECOND_NS + stamp.nanosec, "trajectory", info)
        tick.action_s, tick.refiner_s = message.action_compute_s, message.refiner_compute_s
        tick.context_age_s = message.context_age_s

    def _on_context(self, message: AttentionContext) -> None:
        self.contexts_s.append(message.compute_s)


STAGES: Mapping[str, tuple[str, str]] = {
    "sensors published": ("odometry", "image"), "to the draft": ("image", "draft"),
    "to the trajectory": ("draft", "trajectory"), "to the command": ("trajectory", "answer"),
    "sensor to command": ("odometry", "answer"), "newest odometry to command": ("odometry", "command")}


def figures_of(watch: TickWatch, warm_up_s: float = 2.0) -> dict[str, Any]:
    """Distributions in ms over all ticks that have the stage; the first seconds of each drive do not count."""
    watch.link()
    stamps = sorted(watch.ticks)
    counted, begun_ns, last_ns = [], 0, -(1 << 62)
    for stamp in stamps:
        if stamp - last_ns > 10 * TICK_NS:
            begun_ns = stamp
        last_ns = stamp
        if stamp - begun_ns >= warm_up_s * SECOND_NS:
            counted.append(stamp)
    ticks = [watch.ticks[stamp] for stamp in counted]
    stages = {name: spread_ms([(t.at_ns[b] - t.at_ns[a]) / 1e9 for t in ticks if a in t.at_ns and b in t.at_ns])
              for name, (a, b) in STAGES.items()}
    planned = [t for t in ticks if "trajectory" in t.at_ns]
    stages |= {"action, computing": spread_ms([t.action_s for t in planned]),
               "refiner, computing": spread_ms([t.refiner_s for t in planned]),
               "model, fast": spread_ms([t.action_s + t.refiner_s for t in planned]),
               "understanding, computing": spread_ms(watch.contexts_s)}
    commands = sorted(watch.ticks[s].at_ns["command"] / 1e9 for s in counted if "command" in watch.ticks[s].at_ns)
    gaps = [b - a for a, b in itertools.pairwise(commands) if b - a < 1.0]
    sensed = [t for t in ticks if "odometry" in t.at_ns]
    return {
        "ticks": len(sensed), "stages_ms": stages,
        "missed_commands": sum("command" not in t.at_ns for t in sensed),
        "missed_plans": sum("trajectory" not in t.at_ns for t in sensed),
        "command_period_ms": spread_ms(gaps),
        "command_jitter_ms": spread_ms([abs(gap - TICK_NS / 1e9) for gap in gaps]),
        "context_age_s": {k: None if v is None else v / 1e3 for k, v in spread_ms(
            [t.context_age_s for t in planned]).items()}}


def latencies_s(watch: TickWatch) -> NDArray[np.float64]:
    """Sensor to command of every tick that has both."""
    found = [t.at_ns["answer"] - t.at_ns["odometry"] for t in watch.ticks.values()
             if {"answer", "odometry"} <= t.at_ns.keys()]
    return np.array(found, np.float64) / 1e9


def spread_ms(seconds: Iterable[float]) -> dict[str, float | None]:
    """p50, p90, p99 and the largest, milliseconds; None where there is nothing."""
    values = np.array(list(seconds), np.float64) * 1e3
    if not len(values):
        return {"p50": None, "p90": None, "p99": None, "max": None}
    p50, p90, p99 = np.percentile(values, [50, 90, 99])
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "max": float(values.max())}


@dataclass(slots=True)
class Usage:
    """What one process uses now."""

    cpu_s: float
    memory_mb: float
    threads: int
    files: int


def usage_of(pid: int) -> Usage | None:
    """From /proc; None for a process that is gone. Memory is the resident set without what is shared with files."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        files = len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, ValueError):
        return None
    ticks = int(stat[11]) + int(stat[12])
    kilobytes = int(status.get("RssAnon", "0 kB").split()[0]) + int(status.get("RssShmem", "0 kB").split()[0])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), kilobytes / 1e3, int(status.get("Threads", "0")), files)
