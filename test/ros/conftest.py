"""Real processes for the tests: a stack on a ROS domain of its own, stopped and swept up whatever happens."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.executors import SingleThreadedExecutor

from automot_ros.nodes.bring_up import BringUp
from automot_ros.nodes.monitor import Monitor
from automot_ros.nodes.stack import NodeDescription, StackSettings, drive_stack
from automot_ros.nodes.supervisor import Supervisor, free_domain_id, ros_environment


class RunningStack:
    """A stack, and a node of the test's own beside it."""

    def __init__(self, settings: StackSettings, change: Callable[[NodeDescription], NodeDescription]) -> None:
        self.settings, self.folder = settings, Path(settings.out)
        domain = free_domain_id()
        rclpy.init(domain_id=domain)
        self.node = rclpy.create_node("test")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.monitor = Monitor(self.node)
        self.supervisor = Supervisor([change(d) for d in drive_stack(settings)], self.folder,
                                     {"ROS_DOMAIN_ID": str(domain)})

    def up(self) -> None:
        """Start and bring up; returns when all are active."""
        self.supervisor.start()
        BringUp(self.node, self.executor, self.supervisor).run(print, 240.0)

    def hear(self, kind: type, topic: str, profile: Any = 1000) -> list[Any]:
        """All messages of a topic from now on."""
        heard: list[Any] = []
        self.node.create_subscription(kind, topic, heard.append, profile)
        return heard

    def spin_until(self, condition: Callable[[], bool], limit_s: float) -> None:
        """Spin until something holds; fails with the last words of all nodes when it does not in time."""
        end = time.monotonic() + limit_s
        while not condition():
            self.executor.spin_once(timeout_sec=0.05)
            dead = self.supervisor.newly_dead()
            assert not dead, "\n".join(map(self.supervisor.complaint, dead))
            if time.monotonic() > end:
                raise AssertionError(f"not within {limit_s} s\n" + "\n".join(
                    self.supervisor.complaint(d.name) for d in self.supervisor.stack))

    def spin_for(self, duration_s: float) -> None:
        """Spin for some time."""
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)

    def down(self) -> bool:
        """Stop everything; True when all processes ended by asking."""
        gently = self.supervisor.stop(print)
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown()
        return gently


@pytest.fixture
def make_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RunningStack]]:
    """`make_stack(change=..., **settings)`: a stack of the constant-speed baseline, no page, no bag, not started."""
    made: list[RunningStack] = []
    for name, value in ros_environment().items():
        monkeypatch.setenv(name, value)

    def make(change: Callable[[NodeDescription], NodeDescription] = lambda d: d, **settings: Any) -> RunningStack:
        chosen = {"policy": "constant-speed", "refiner": "none", "guard": False, "dashboard": False, "recorder": False,
                  "out": str(tmp_path / "drive"), "routes": 1} | settings
        made.append(RunningStack(StackSettings(**chosen), change))
        return made[-1]

    yield make
    for stack in made:
        for process in stack.supervisor.processes.values():
            if process.poll() is None:
                os.kill(process.pid, 9)
        stack.down()
