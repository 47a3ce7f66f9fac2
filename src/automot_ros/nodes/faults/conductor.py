"""Holds the world at every tick until what is to come of it has come, and notes what every tick was like.

The simulator waits for this node alone (its `readers`). While all is well a tick is over when the command from inputs
of its stamp is here and contexts are not behind; so nothing depends on how fast this machine is. While something is
broken that command may never come: then the wait is short, and the world goes on as it would.
"""

from __future__ import annotations

import time
from typing import Any

from carla_msgs.msg import CarlaEgoVehicleStatus
from nav_msgs.msg import Odometry, Path
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from std_msgs.msg import Header

from automot_ros.base.errors import MachineError
from automot_ros.geometry.polyline import Polyline
from automot_ros.msg import AttentionContext, GuardStatus
from automot_ros.nodes import convert, qos, stack
from automot_ros.nodes.faults.measure import Tick
from automot_ros.nodes.faults.messages import stamp_ns
from automot_ros.nodes.faults.relay import Relay
from automot_ros.nodes.interfaces import contract
from automot_ros.scene.plan import GuardReason
from automot_ros.scene.sensing import SECOND_NS, EgoState

NAME = "faults"
TICK_NS = 50_000_000
CONTEXT_BEHIND_NS = 400_000_000
# Wall time that a tick waits for its answer: while all is well, while something is broken, after one that never came,
# where none can come, and after a command of older inputs.
PATIENCE_S, FAULTY_PATIENCE_S, SHORT_PATIENCE_S, NO_PATIENCE_S, SETTLE_S = 10.0, 1.5, 0.4, 0.05, 0.1
WORLD_S = 90.0
SAY_AGAIN_S = 0.5
HOLD_BRAKE = 0.5


class Conductor:
    """`next_tick` lets the world go on by one tick; `healthy` and `commands_come` say what is to be waited for."""

    def __init__(self, node: Node, executor: Executor) -> None:
        self._executor = executor
        self.healthy, self.commands_come = True, True
        self.missed = 0
        self.ego: EgoState | None = None
        self._opened_s, self._answered_in_time = 0.0, True
        self._command_ns, self._command_s = -1, 0.0
        self._context_ns = -1
        self._applied: dict[int, tuple[float, float, int]] = {}
        self._guard: GuardStatus | None = None
        self._last_word: GuardStatus | None = None
        self._line: Polyline | None = None
        self._s_m = 0.0
        self.relay = Relay(node, {stack.ODOMETRY_TOPIC: self._on_odometry, stack.CONTEXT_TOPIC: self._on_context,
                                  stack.ROUTE_TOPIC: self._on_route})
        self._taken = node.create_publisher(Header, stack.TAKEN_TOPIC, qos.TAKEN)
        command = contract("carla").COMMAND_MESSAGE
        node.create_subscription(command, stack.COMMAND_TOPIC, self._on_command, qos.OFFERED)
        node.create_subscription(GuardStatus, stack.GUARD_TOPIC, self._on_guard, qos.OFFERED)
        node.create_subscription(CarlaEgoVehicleStatus, stack.STATUS_TOPIC, self._on_status, qos.OFFERED)

    @property
    def room_m(self) -> float:
        """What is left of the route."""
        return 0.0 if self._line is None else self._line.length_m - self._s_m

    @property
    def stamp_ns(self) -> int:
        """The time of the world."""
        return -1 if self.ego is None else self.ego.stamp_ns

    def all_is_well(self) -> None:
        """From here on every tick is answered. The next is waited for in full: peers of a new process find it late."""
        self.healthy = self.commands_come = self._answered_in_time = True

    def spin(self, duration_s: float) -> None:
        """Let messages come in while the world stands."""
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)

    def next_tick(self) -> Tick:
        """Let the world make a tick, and wait until it is answered; what the tick BEFORE it was like.

        Of that one it is known by now what the world applied. MachineError when the world does not come.
        """
        before, guard, at_ns = self.ego, self._guard, self.stamp_ns
        self._guard = None
        self._release()
        self._await_world(at_ns)
        self._await_answer()
        return self._tick(before, guard)

    def _release(self) -> None:
        if self.ego is not None:
            self._taken.publish(convert.header(self.ego.stamp_ns, NAME))

    def _await_world(self, at_ns: int) -> None:
        begin = said = time.monotonic()
        while self.stamp_ns == at_ns:
            self._executor.spin_once(timeout_sec=0.02)
            now = time.monotonic()
            if now - said > SAY_AGAIN_S:
                said = now
                self._release()
            if now - begin > WORLD_S:
                raise MachineError("the world stands still", got=f"{WORLD_S:.0f} s without a tick", wanted="a tick")

    def _await_answer(self) -> None:
        while True:
            waited_s = time.monotonic() - self._opened_s
            if self._command_ns >= self.stamp_ns and (not self.healthy or self._context_is_near()):
                self._answered_in_time = True
                return
            if waited_s > self._patience_s():
                self._answered_in_time = False
                self.missed += 1
                return
            self._executor.spin_once(timeout_sec=0.02)

    def _patience_s(self) -> float:
        if not self.commands_come:
            return NO_PATIENCE_S
        if not self.healthy and self._command_s > self._opened_s:
            return self._command_s - self._opened_s + SETTLE_S  # there will be no other
        if not self._answered_in_time:
            return SHORT_PATIENCE_S
        return PATIENCE_S if self.healthy else FAULTY_PATIENCE_S

    def _context_is_near(self) -> bool:
        return self.stamp_ns - self._context_ns < CONTEXT_BEHIND_NS

    def _tick(self, ego: EgoState | None, guard: GuardStatus | None) -> Tick:
        if ego is None:
            return Tick(0.0, 0.0, 0.0, 0.0, -1, "", "", 0.0, HOLD_BRAKE, 0.0, True)
        until = time.monotonic() + 2.0
        while ego.stamp_ns not in self._applied and time.monotonic() < until and self._is_next(ego):
            self._executor.spin_once(timeout_sec=0.02)
        throttle, brake, command_ns = self._applied.pop(ego.stamp_ns, (0.0, HOLD_BRAKE, ego.stamp_ns))
        held = throttle == 0.0 and brake == HOLD_BRAKE and command_ns == ego.stamp_ns and guard is None
        self._last_word = word = guard or self._last_word  # it stands for as long as nothing else is said
        return Tick(
            ego.stamp_ns / SECOND_NS, ego.pose_map_to_ego.x_m, ego.pose_map_to_ego.y_m, ego.speed_mps,
            -1 if word is None else int(word.mode), "" if word is None else GuardReason(word.reason).name,
            "" if word is None else word.text, throttle, brake, (ego.stamp_ns - command_ns) / SECOND_NS, held)

    def _is_next(self, ego: EgoState) -> bool:
        return self.stamp_ns - ego.stamp_ns == TICK_NS

    def _on_odometry(self, serialized: bytes) -> None:
        ego = convert.ego_from_msg(deserialize_message(serialized, Odometry))
        if ego.stamp_ns == self.stamp_ns:
            return
        self.ego, self._opened_s, self._command_ns = ego, time.monotonic(), -1
        if self._line is not None:
            s_m, _ = self._line.project(ego.pose_map_to_ego.position_m, self._s_m - 2.0, self._s_m + 15.0)
            self._s_m = max(self._s_m, s_m)

    def _on_context(self, serialized: bytes) -> None:
        self._context_ns = stamp_ns(deserialize_message(serialized, AttentionContext))

    def _on_route(self, serialized: bytes) -> None:
        self._line, self._s_m = convert.route_from_msg(deserialize_message(serialized, Path)).line(), 0.0

    def _on_command(self, message: Any) -> None:
        self._command_ns, self._command_s = stamp_ns(message), time.monotonic()

    def _on_guard(self, message: GuardStatus) -> None:
        self._guard = message

    def _on_status(self, message: CarlaEgoVehicleStatus) -> None:
        before_ns = stamp_ns(message) - TICK_NS
        control = message.control
        self._applied.setdefault(before_ns, (control.throttle, control.brake, stamp_ns(control)))
        self._applied = {at: v for at, v in self._applied.items() if abs(at - before_ns) < SECOND_NS}
