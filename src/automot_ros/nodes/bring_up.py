"""Takes the nodes of a stack from started to active: configure as they appear, activate in the order of the stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import Executor
from rclpy.node import Node

from automot_ros.base.errors import MachineError
from automot_ros.nodes.supervisor import Supervisor

BRING_UP_S = 120.0
POLL_S = 0.02


class BringUp:
    """One attempt. `run` returns when every node is active; what is not essential may fail."""

    def __init__(self, node: Node, executor: Executor, supervisor: Supervisor) -> None:
        self._executor, self._supervisor = executor, supervisor
        self._waiting = [d for d in supervisor.stack if d.lifecycle]
        self._clients = {d.name: node.create_client(ChangeState, f"/{d.name}/change_state") for d in self._waiting}
        self._node = node
        self._calls: dict[str, Any] = {}
        self._state = {d.name: "starting" for d in self._waiting}

    def run(self, say: Callable[[str], None], timeout_s: float = BRING_UP_S) -> None:
        """Spin until all are active. MachineError with the last words of a node that dies or does not come up."""
        until = time.monotonic() + timeout_s
        try:
            while any(state not in ("active", "absent") for state in self._state.values()):
                self._executor.spin_once(timeout_sec=POLL_S)
                self._bury(say)
                for description in self._waiting:
                    self._advance(description.name, description.essential, say)
                if time.monotonic() > until:
                    late = [n for n, s in self._state.items() if s not in ("active", "absent")]
                    raise MachineError("nodes do not come up", where=", ".join(late), got=f"{timeout_s:.0f} s",
                                       wanted="active\n" + self._supervisor.complaint(late[0]))
        finally:
            for client in self._clients.values():
                self._node.destroy_client(client)

    def _bury(self, say: Callable[[str], None]) -> None:
        for name in self._supervisor.newly_dead():
            self._fail(name, say)

    def _fail(self, name: str, say: Callable[[str], None]) -> None:
        words = self._supervisor.complaint(name)
        if any(d.essential for d in self._supervisor.stack if d.name == name):
            raise MachineError("a node does not come up", where=name, got=words)
        self._state[name] = "absent"
        say(f"goes on without {words}")

    def _advance(self, name: str, essential: bool, say: Callable[[str], None]) -> None:
        state = self._state[name]
        if state == "starting" and self._clients[name].service_is_ready():
            self._call(name, Transition.TRANSITION_CONFIGURE, "configuring")
        elif state in ("configuring", "activating") and self._calls[name].done():
            if not self._calls[name].result().success:
                self._fail(name, say)
            else:
                self._state[name] = "inactive" if state == "configuring" else "active"
        elif state == "inactive" and self._is_next(name, essential):
            self._call(name, Transition.TRANSITION_ACTIVATE, "activating")

    def _is_next(self, name: str, essential: bool) -> bool:
        """Whether all essential nodes before this one are active; one that is not essential waits for nobody."""
        for description in self._waiting:
            if description.name == name:
                return True
            if essential and self._state[description.name] not in ("active", "absent"):
                return False
        return True

    def _call(self, name: str, transition: int, state: str) -> None:
        request = ChangeState.Request()
        request.transition.id = transition
        self._calls[name] = self._clients[name].call_async(request)
        self._state[name] = state
