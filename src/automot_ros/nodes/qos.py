"""Quality of service of every topic, in one place.

Sensors: best effort, so that a slow reader loses old data instead of delaying new data. In lockstep the world waits for
the answer to every tick, so there readers ask for reliable delivery; the simulator (as the CARLA bridge) offers both.
Reliable is not enough at the start: what is sent before two nodes have found each other is lost, see lockstep.py.
"""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, *, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


SENSOR = _profile(5, reliable=False)
SENSOR_LOCKSTEP = _profile(30, reliable=True)
OFFERED = _profile(10, reliable=True)
LATCHED = _profile(1, reliable=True, latched=True)
PLAN = _profile(1, reliable=True)
CONTEXT = _profile(1, reliable=True)
CONTEXT_LOCKSTEP = _profile(30, reliable=True)
TAKEN = _profile(10, reliable=True)
DIAGNOSTICS = _profile(10, reliable=True)
CLOCK = _profile(10, reliable=True)


def sensor(lockstep: bool) -> QoSProfile:
    """What a reader of sensor data asks for."""
    return SENSOR_LOCKSTEP if lockstep else SENSOR


def context(lockstep: bool) -> QoSProfile:
    """What writer and reader of contexts use: the newest counts, but in lockstep every one is waited for."""
    return CONTEXT_LOCKSTEP if lockstep else CONTEXT


def command(latched: bool) -> QoSProfile:
    """What the writer of commands offers: the newest only; some vehicles ask for it when they come late."""
    return LATCHED if latched else PLAN
