"""Nodes that die are started again, later each time, and go through their lifecycle as at the first start.

Nothing here blocks: `poll` is called between the spins of the starter. A node is asked for its state and moved on from
there, so a call that a dying node took with it is only asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node

from automot_ros.nodes.supervisor import Supervisor

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 8.0
LIVED_S = 30.0  # who has run this long since its last start has earned a first delay again
TRIES = 6
CALL_S = 2.0
_NEXT = {State.PRIMARY_STATE_UNCONFIGURED: Transition.TRANSITION_CONFIGURE,
         State.PRIMARY_STATE_INACTIVE: Transition.TRANSITION_ACTIVATE}


def delay_s(tries: int) -> float:
    """Wall time to wait before the next start, after `tries` that failed in a row (at least 1)."""
    return min(FIRST_DELAY_S * 2.0 ** (tries - 1), LONGEST_DELAY_S)


@dataclass
class _Patient:
    """One node on its way back."""

    tries: int = 0
    started_s: float = 0.0
    waits_until_s: float = 0.0
    process_due: bool = True
    call: Any = None
    asked_s: float = 0.0
    clients: list[Any] = field(default_factory=list)


class Revival:
    """Watches the nodes named, all of the stack that are told to be restarted when none are."""

    def __init__(self, node: Node, supervisor: Supervisor, say: Callable[[str], None],
                 names: Collection[str] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._supervisor, self._say, self._clock = node, supervisor, say, clock
        self._names = frozenset(names) or frozenset(d.name for d in supervisor.stack if d.restart)
        self._patients: dict[str, _Patient] = {}
        self._history: dict[str, tuple[int, float]] = {}
        self.hopeless: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a node is on its way back."""
        return bool(self._patients)

    def poll(self) -> None:
        """Note who died, start who is due, move on who comes back."""
        for name in self._supervisor.newly_dead():
            self._say(self._supervisor.complaint(name))
            if name in self._names:
                self._admit(name)
            else:
                self.hopeless.add(name)
        for name in list(self._patients):
            self._treat(name, self._patients[name])

    def _admit(self, name: str) -> None:
        now = self._clock()
        old = self._patients.pop(name, None)
        if old is not None:
            self._dismiss(old)
        tries, started_s = self._history.get(name, (0, -LIVED_S))
        patient = _Patient(tries=0 if now - started_s > LIVED_S else tries, started_s=started_s)
        self._patients[name] = patient
        self._put_off(name, patient, process_due=True)

    def _put_off(self, name: str, patient: _Patient, *, process_due: bool) -> None:
        """Another try later, or none: the process anew, or only its configuration."""
        patient.tries += 1
        if patient.tries > TRIES:
            self._dismiss(self._patients.pop(name))
            self.hopeless.add(name)
            self._say(f"{name} has failed {TRIES} times in a row and is given up")
            return
        patient.process_due = process_due
        patient.waits_until_s = self._clock() + delay_s(patient.tries)
        self._history[name] = (patient.tries, patient.started_s)
        self._say(f"{name} is started again in {delay_s(patient.tries):.1f} s (try {patient.tries} of {TRIES})")

    def _treat(self, name: str, patient: _Patient) -> None:
        now = self._clock()
        if now < patient.waits_until_s:
            return
        if patient.process_due:
            self._supervisor.start_again(name)
            patient.process_due, patient.started_s = False, now
            self._history[name] = (patient.tries, now)
            if not next(d.lifecycle for d in self._supervisor.stack if d.name == name):
                self._patients.pop(name)
                return
            patient.clients = [self._node.create_client(GetState, f"/{name}/get_state"),
                               self._node.create_client(ChangeState, f"/{name}/change_state")]
        if patient.call is None or (not patient.call.done() and now - patient.asked_s > CALL_S):
            self._ask(patient, patient.clients[0], GetState.Request())
        elif patient.call.done():
            self._move_on(name, patient, patient.call.result())

    def _ask(self, patient: _Patient, client: Any, request: Any) -> None:
        if patient.call is not None:  # unanswered: whoever was asked is dead, or not there yet
            patient.clients[0].remove_pending_request(patient.call)
        patient.call, patient.asked_s = client.call_async(request), self._clock()

    def _move_on(self, name: str, patient: _Patient, answer: Any) -> None:
        patient.call = None
        if isinstance(answer, ChangeState.Response):
            if not answer.success:
                self._say(self._supervisor.complaint(name))
                self._put_off(name, patient, process_due=False)
            return
        if answer.current_state.id == State.PRIMARY_STATE_ACTIVE:
            self._dismiss(self._patients.pop(name))
            self._say(f"{name} is back {self._clock() - patient.started_s:.1f} s after its start")
        elif answer.current_state.id in _NEXT:
            request = ChangeState.Request()
            request.transition.id = _NEXT[answer.current_state.id]
            self._ask(patient, patient.clients[1], request)

    def _dismiss(self, patient: _Patient) -> None:
        for client in patient.clients:
            self._node.destroy_client(client)
        patient.clients = []
