"""What a stamp does not tell: whether an input still comes from where it came from, and still shows the world.

A driver that hangs may send its last picture for ever with fresh stamps, and a restarted one may name another frame.
"""

from __future__ import annotations

from automot_ros.base.errors import MessageError
from automot_ros.scene.sensing import SECOND_NS, EgoState

# The same content after this way is frozen. A car that stands sees the same for as long as it stands.
FROZEN_M = 0.1
GAP_NS = SECOND_NS // 4


class Travel:
    """The way between one odometry and the next. Across a gap it is nothing: what was seen then cannot be told."""

    def __init__(self) -> None:
        self._stamp_ns = 0

    def step_m(self, stamp_ns: int, speed_mps: float) -> float:
        """Take the next odometry."""
        step_ns, self._stamp_ns = stamp_ns - self._stamp_ns, stamp_ns
        return abs(speed_mps) * step_ns / SECOND_NS if 0 < step_ns < GAP_NS else 0.0


class Liveness:
    """Call `check` with each message of one input that was understood; MessageError refuses it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._frame: str | None = None
        self._stamp_ns = -1
        self._content: object = None
        self._since_ns, self._same_m = 0, 0.0

    def travelled(self, stamp_ns: int, step_m: float) -> None:
        """The car has travelled, says odometry of this stamp. Late odometry may speak of a time before the content."""
        if stamp_ns > self._since_ns:
            self._same_m += step_m

    def check(self, frame: str, stamp_ns: int, content: object) -> None:
        """The frame must stay as it was first; `content` must change as the car travels.

        The same stamp again is the same message again, and no fault.
        """
        if self._frame is None:
            self._frame = frame
        if frame != self._frame:
            raise MessageError("frame changed in the middle of a drive", where=self._where, got=repr(frame[:64]),
                               wanted=self._frame)
        if stamp_ns == self._stamp_ns:
            return
        self._stamp_ns = stamp_ns
        if content != self._content:
            self._content, self._since_ns, self._same_m = content, stamp_ns, 0.0
        elif self._same_m > FROZEN_M:
            raise MessageError("frozen", where=self._where, got=f"the same for {self._same_m:.1f} m",
                               wanted="something new")
        self._since_ns = min(self._since_ns, stamp_ns)  # time may begin anew


class InputLiveness:
    """The checks of one node: odometry, and the sensors named."""

    def __init__(self, *sensors: str) -> None:
        self._odometry = Liveness("odometry")
        self._sensors = {name: Liveness(name) for name in sensors}
        self._claimed, self._accepted = Travel(), Travel()

    def odometry(self, frame: str, ego: EgoState) -> None:
        """A pose that stays while its own speed says otherwise is frozen."""
        self._odometry.travelled(ego.stamp_ns, self._claimed.step_m(ego.stamp_ns, ego.speed_mps))
        self._odometry.check(frame, ego.stamp_ns, ego.pose_map_to_ego)
        step_m = self._accepted.step_m(ego.stamp_ns, ego.speed_mps)
        for sensor in self._sensors.values():
            sensor.travelled(ego.stamp_ns, step_m)

    def sensor(self, name: str, frame: str, stamp_ns: int, content: object) -> None:
        """A picture that stays while the odometry that was accepted goes on is frozen."""
        self._sensors[name].check(frame, stamp_ns, content)
