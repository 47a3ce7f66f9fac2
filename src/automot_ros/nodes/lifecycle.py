"""The one lifecycle shell of all driving nodes: parameters, guarded callbacks, counters, diagnostics, clean exit.

A subclass names its config classes in `CONFIG` and fills in `set_up`, `start`, `reset`, `stop` and `tear_down`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile

from automot_ros.base.errors import AutomotError
from automot_ros.nodes import parameters, qos
from automot_ros.nodes.security import close_shared_memory

T = TypeVar("T")
JUMP_S = 1.0
LOG_PERIOD_S = 2.0
SUPERVISED = "AUTOMOT_SUPERVISED"  # in the environment: process id of the starter
# What garbage or a bug can raise; signals and exits are not among them.
UNEXPECTED = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RuntimeError, OSError)
LONGEST_WAIT_S = 0.5
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class DrivingNode(LifecycleNode):  # type: ignore[misc]  # rclpy has no types
    """Carries messages to and from one core. Garbage is counted and logged, it never ends the node."""

    CONFIG: ClassVar[Mapping[str, type]] = {}

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._problems = parameters.declare(self, self.CONFIG)
        self._configured = self._active = False
        parameters.refuse_bad_values(self, self.CONFIG, lambda: self._configured)
        self._made: list[tuple[Callable[[Any], Any], Any]] = []
        self._bad: dict[str, int] = {}
        self._logged: dict[str, float] = {}
        self._newest_ns = 0
        self._diagnostics: Any = None
        self._wall_clock = Clock(clock_type=ClockType.STEADY_TIME)
        threshold = JumpThreshold(min_forward=Duration(seconds=JUMP_S), min_backward=Duration(seconds=-JUMP_S))
        self._jump = self.get_clock().create_jump_callback(threshold, post_callback=self._on_clock_jump)

    # What a subclass fills in.

    def set_up(self) -> None:
        """Load, check, build the core, publishers and subscriptions. Raises AutomotError."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to run (timers, threads). The core is fresh: `reset` was called."""

    def reset(self) -> None:
        """Forget everything seen: a new drive begins (activation, or a jump of the clock)."""

    def stop(self) -> None:
        """End what `start` began."""

    def tear_down(self) -> None:
        """Give back what `set_up` took outside ROS (shared memory, renderers). May be called twice."""

    # What a subclass uses.

    @property
    def active(self) -> bool:
        """Whether the node runs."""
        return self._active

    def config(self, kind: type[T], prefix: str = "") -> T:
        """A config as the parameters stand."""
        return parameters.read(self, kind, prefix)

    def publish_on(self, kind: type, topic: str, profile: QoSProfile) -> Any:
        """A publisher that is silent while the node is not active."""
        made = self.create_lifecycle_publisher(kind, topic, profile)
        self._made.append((self.destroy_publisher, made))
        return made

    def subscribe(self, kind: type, topic: str, handler: Callable[[Any], None], profile: QoSProfile,
                  *, always: bool = False) -> None:
        """Call `handler` with each message while active (or `always`); what it raises is counted and logged."""
        self._bad[topic] = 0

        def guarded(message: Any) -> None:
            if not (self._active or always):
                return
            try:
                handler(message)
            except AutomotError as error:
                self.count_bad(topic, error)

        made = self.create_subscription(kind, topic, guarded, profile)
        self._made.append((self.destroy_subscription, made))

    def every(self, period_s: float, callback: Callable[[], None]) -> Any:
        """A timer on the wall clock (it runs on when the simulation stands); what the callback raises is counted."""

        def guarded() -> None:
            try:
                callback()
            except AutomotError as error:
                self.count_bad("timer", error)

        return self.create_timer(period_s, guarded, clock=self._wall_clock)

    def count_bad(self, source: str, error: AutomotError) -> None:
        """Count what could not be used; say so at most once in a while for each source."""
        if self.count(source):
            self.get_logger().warning(f"dropped ({self._bad[source]} so far) from {source}: {error}")

    def count_unexpected(self, source: str, error: Exception) -> None:
        """The same for what no one foresaw: the node lives on, the traceback is in the log."""
        if self.count(source):
            self.get_logger().error(f"unexpected ({self._bad[source]} so far) in {source}:\n"
                                    + "".join(traceback.format_exception(error)))

    def count(self, source: str) -> bool:
        """Count one more failure of `source`; whether it is time to log again."""
        self._bad[source] = self._bad.get(source, 0) + 1
        now = time.monotonic()
        due = now - self._logged.get(source, -LOG_PERIOD_S) >= LOG_PERIOD_S
        if due:
            self._logged[source] = now
        return due

    def seen(self, stamp_ns: int) -> int:
        """Note the stamp of an input. Data can overtake /clock by a tick: `now_ns` is never behind what was seen."""
        if 0 < stamp_ns - self.get_clock().now().nanoseconds < 500_000_000:
            self._newest_ns = max(self._newest_ns, stamp_ns)
        return stamp_ns

    def now_ns(self) -> int:
        """The time of the drive: /clock in simulation, the system's clock on a car."""
        return max(int(self.get_clock().now().nanoseconds), self._newest_ns)

    def pace_s(self) -> float:
        """The clock that sets a node's pace: simulated time where there is one; else one that never jumps."""
        simulated = self.get_parameter("use_sim_time").value
        return self.now_ns() / 1e9 if simulated else time.monotonic()

    def diagnose(self, level: bytes, text: str, values: Mapping[str, object]) -> None:
        """One status on /diagnostics; call it every cycle, also when the cycle failed."""
        if self._diagnostics is None:
            return
        counts = {f"dropped {topic}": n for topic, n in self._bad.items() if n}
        status = DiagnosticStatus(
            level=level, name=f"automot/{self.get_name()}", message=text,
            values=[KeyValue(key=k, value=f"{v:.4f}" if isinstance(v, float) else str(v))
                    for k, v in (dict(values) | counts).items()])
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Fails with a reason and leaves nothing behind."""
        try:
            if self._problems:
                raise self._problems[0]
            self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
            self._made.append((self.destroy_publisher, self._diagnostics))
            self.set_up()
        except (AutomotError, OSError) as error:
            self.get_logger().error(f"{self.get_name()} stays unconfigured: {error}")
            self._release()
            return TransitionCallbackReturn.FAILURE
        self._configured = True
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts from nothing seen."""
        self._restart_drive()
        result = super().on_activate(state)
        self._active = True
        self.start()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Silent from here on."""
        self._active = False
        self.stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Back to unconfigured: parameters may be changed."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything."""
        self.close()
        return super().on_shutdown(state)

    def close(self) -> None:
        """Stop and give back everything; safe in any state, used on the way out of the process."""
        if self._active:
            self._active = False
            self.stop()
        self._release()

    def _release(self) -> None:
        self.tear_down()
        self._diagnostics = None
        while self._made:
            destroy, made = self._made.pop()
            destroy(made)
        self._configured = False

    def _restart_drive(self) -> None:
        self._newest_ns = 0
        self.reset()

    def _on_clock_jump(self, jump: Any) -> None:
        now_ns = self.get_clock().now().nanoseconds
        first = now_ns == jump.delta.nanoseconds  # from 0: no drive was before, and inputs of this one may be here
        if self._active and not first:
            self.get_logger().info(f"the clock jumped by {jump.delta.nanoseconds / 1e9:.1f} s: a new drive begins")
            self._restart_drive()


def settle() -> None:
    """Never collect what stands now: with torch loaded, a full collection takes up to 0.1 s in the middle of a drive.

    For nodes whose lasting objects are made by `set_up`; what is replaced later in rings would stay for ever.
    """
    gc.collect()
    gc.freeze()


def run_node(make: Callable[[], DrivingNode]) -> int:
    """The main of every node: run until asked to stop, then give back shared memory and leave. Returns 0."""
    _end_with_the_starter()
    # rclpy's own handler ends the spinning; a KeyboardInterrupt in the middle of a callback would tear it in two.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    rclpy.init(args=sys.argv)
    executor = SingleThreadedExecutor()
    try:
        node = make()
    except RuntimeError:
        if rclpy.ok():
            raise
        return 0  # asked to stop before it was there
    executor.add_node(node)
    close_shared_memory()
    try:
        while rclpy.ok():
            try:
                # Not for ever: a signal that comes between the question above and the wait wakes nobody.
                executor.spin_once(timeout_sec=LONGEST_WAIT_S)
            except UNEXPECTED as error:
                # Bytes that do not decode, a clock that is negative: raised inside rclpy, before any callback of ours.
                node.count_unexpected("executor", error)
    except ExternalShutdownException:
        pass
    finally:
        gc.unfreeze()  # what is not collected does not give back its shared memory
        node.close()
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _end_with_the_starter() -> None:
    """A node that `automot drive` started ends when that process dies, however it died (Linux)."""
    starter = os.environ.get(SUPERVISED)
    if not starter:
        return
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if os.getppid() != int(starter):  # it died before the line above
        sys.exit(1)
