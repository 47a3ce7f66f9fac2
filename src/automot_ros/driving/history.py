"""The recent past of one input, by stamp."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from automot_ros.driving.clock import GAP_NS
from automot_ros.geometry.se2 import Pose2, wrap_angle
from automot_ros.scene.sensing import EgoState

T = TypeVar("T")


class History(Generic[T]):
    """Values with increasing stamps, as far back as `keep_ns`. A stamp of another drive begins it anew."""

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._items: deque[tuple[int, T]] = deque()

    def add(self, stamp_ns: int, value: T) -> bool:
        """Keep a value; False for one that is late or repeated."""
        if self._items:
            step = stamp_ns - self._items[-1][0]
            if -GAP_NS <= step <= 0:
                return False
            if step < 0 or step > self._keep_ns:
                self._items.clear()
        self._items.append((stamp_ns, value))
        while stamp_ns - self._items[0][0] > self._keep_ns:
            self._items.popleft()
        return True

    def put_back(self, stamp_ns: int, value: T) -> None:
        """Keep a late value in its place (it was lost and comes again), unless one of its stamp is here."""
        newer = [item for item in self._items if item[0] >= stamp_ns]
        if newer and newer[0][0] != stamp_ns:
            self._items.insert(len(self._items) - len(newer), (stamp_ns, value))

    def forget_before(self, stamp_ns: int) -> None:
        """Drop what is older than the stamp."""
        while self._items and self._items[0][0] < stamp_ns:
            self._items.popleft()

    @property
    def newest(self) -> tuple[int, T] | None:
        """(stamp, value) of the last one."""
        return self._items[-1] if self._items else None

    def at(self, stamp_ns: int) -> T | None:
        """The value of exactly this stamp."""
        for stamp, value in reversed(self._items):
            if stamp <= stamp_ns:
                return value if stamp == stamp_ns else None
        return None

    def up_to(self, stamp_ns: int) -> list[tuple[int, T]]:
        """All (stamp, value) up to a stamp, newest first."""
        return [item for item in reversed(self._items) if item[0] <= stamp_ns]

    def nearest(self, stamp_ns: int) -> tuple[int, T] | None:
        """The (stamp, value) closest in time."""
        return min(self._items, key=lambda item: abs(item[0] - stamp_ns), default=None)

    def around(self, stamp_ns: int) -> tuple[tuple[int, T], tuple[int, T]] | None:
        """The last one at or before the stamp and the first one after it; None where one is missing."""
        after = None
        for item in reversed(self._items):
            if item[0] <= stamp_ns:
                return (item, after) if after is not None else None
            after = item
        return None


def pose_at(egos: History[EgoState], stamp_ns: int, slack_ns: int) -> Pose2 | None:
    """The ego's pose on the map at a stamp: exact, between two, or the nearest within `slack_ns`; else None."""
    exact = egos.at(stamp_ns)
    if exact is not None:
        return exact.pose_map_to_ego
    between = egos.around(stamp_ns)
    if between is not None:
        (t0, e0), (t1, e1) = between
        share = (stamp_ns - t0) / (t1 - t0)
        a, b = e0.pose_map_to_ego, e1.pose_map_to_ego
        return Pose2(a.x_m + share * (b.x_m - a.x_m), a.y_m + share * (b.y_m - a.y_m),
                     wrap_angle(a.yaw_rad + share * wrap_angle(b.yaw_rad - a.yaw_rad)))
    near = egos.nearest(stamp_ns)
    return near[1].pose_map_to_ego if near is not None and abs(near[0] - stamp_ns) <= slack_ns else None
