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
    """The way that odometry speaks of. Across a gap nothing is added: what was seen then cannot be told."""

    def __init__(self) -> None:
        self.metres = 0.0
        self._stamp_ns = 0

    def observe(self, stamp_ns: int, speed_mps: float) -> None:
        """Take the next odometry."""
        step_ns = stamp_ns - self._stamp_ns
        if 0 < step_ns < GAP_NS:
            self.metres += abs(speed_mps) * step_ns / SECOND_NS
        self._stamp_ns = stamp_ns


class Liveness:
    """Call `check` with each message of one input that was understood; MessageError refuses it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._frame: str | None = None
        self._stamp_ns = -1
        self._content: object = None
        self._changed_m = 0.0

    def check(self, frame: str, stamp_ns: int, content: object, travelled_m: float) -> None:
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
            self._content, self._changed_m = content, travelled_m
        elif travelled_m - self._changed_m > FROZEN_M:
            raise MessageError("frozen", where=self._where, got=f"the same for {travelled_m - self._changed_m:.1f} m",
                               wanted="something new")


class InputLiveness:
    """The checks of one node: odometry, and the sensors named."""

    def __init__(self, *sensors: str) -> None:
        self._odometry = Liveness("odometry")
        self._sensors = {name: Liveness(name) for name in sensors}
        self._claimed, self._travel = Travel(), Travel()

    def odometry(self, frame: str, ego: EgoState) -> None:
        """A pose that stays while its own speed says otherwise is frozen."""
        self._claimed.observe(ego.stamp_ns, ego.speed_mps)
        self._odometry.check(frame, ego.stamp_ns, ego.pose_map_to_ego, self._claimed.metres)
        self._travel.observe(ego.stamp_ns, ego.speed_mps)

    def sensor(self, name: str, frame: str, stamp_ns: int, content: object) -> None:
        """A picture that stays while the odometry that was accepted goes on is frozen."""
        self._sensors[name].check(frame, stamp_ns, content, self._travel.metres)
