"""What goes wrong on a drive, noted by the rules of CARLA's criteria."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from automot_ros.geometry.se2 import Pose2
from automot_ros.scene.sensing import SECOND_NS

STANDING_MPS = 0.1
_SAME_EVENT_NS = 5 * SECOND_NS
_SAME_PLACE_M = 5.0


class EventKind(IntEnum):
    """What the ego did wrong, or what was done to it."""

    COLLISION_WALKER = 0
    COLLISION_VEHICLE = 1
    COLLISION_STATIC = 2
    RED_LIGHT = 3
    STOP_SIGN = 4
    SCENARIO_TIMEOUT = 5
    YIELD_EMERGENCY = 6


COLLISIONS = (EventKind.COLLISION_WALKER, EventKind.COLLISION_VEHICLE, EventKind.COLLISION_STATIC)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. other_id: the box hit, or the signal passed; xy: where the ego was; speed_mps: the ego's, before."""

    stamp_ns: int
    kind: EventKind
    other_id: int
    xy: tuple[float, float]
    speed_mps: float


class EventLog:
    """All events of a drive.

    A collision does not count for an ego that stands, nor within five metres of the last that counted, nor with the
    same body within five seconds; other events count once in five seconds for each other.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._last: dict[tuple[EventKind, int], int] = {}
        self._collision: Event | None = None
        self._at_collision = False

    def moved(self, pose: Pose2) -> None:
        """The ego is here now: once five metres away, the last collision is left behind."""
        if self._collision is not None and self._at_collision:
            self._at_collision = float(np.hypot(*(pose.position_m - self._collision.xy))) <= _SAME_PLACE_M

    def note(self, stamp_ns: int, kind: EventKind, other_id: int, pose: Pose2, speed_mps: float) -> None:
        """Something happened; it is kept if it counts."""
        event = Event(stamp_ns, kind, other_id, (pose.x_m, pose.y_m), speed_mps)
        if kind in COLLISIONS:
            last = self._collision
            same = last is not None and last.other_id == other_id and stamp_ns - last.stamp_ns < _SAME_EVENT_NS
            if speed_mps < STANDING_MPS or same or self._at_collision:
                return
            self._collision, self._at_collision = event, True
        elif kind is not EventKind.SCENARIO_TIMEOUT:
            before = self._last.get((kind, other_id))
            if before is not None and stamp_ns - before < _SAME_EVENT_NS:
                return
            self._last[(kind, other_id)] = stamp_ns
        self.events.append(event)
