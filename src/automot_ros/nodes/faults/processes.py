"""Faults of processes and of what they need: killed, stopped, starved, no room on disk or in shared memory."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable

from automot_ros.base.errors import MachineError
from automot_ros.nodes.faults.catalogue import Fault
from automot_ros.nodes.revival import Revival
from automot_ros.nodes.supervisor import Supervisor

RETURN_S = 240.0
LITTLE_BYTES = 1 << 20
STARVED_TICKS = 10
FOUND_S = 1.0  # an active node hears and is heard when its peers have found it: that is health
_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Processes:
    """What is done to the processes of a stack. `spin` lets messages come in for some seconds of wall time."""

    def __init__(self, supervisor: Supervisor, revival: Revival, spin: Callable[[float], None]) -> None:
        self._supervisor, self._revival, self._spin = supervisor, revival, spin

    def begin(self, fault: Fault) -> None:
        """Make it fail, here and now in simulated time."""
        if fault.process in ("killed", "shared_memory_full"):
            self._send(fault, signal.SIGKILL)
            self._supervisor.processes[fault.node].wait(10.0)
        elif fault.process in ("stopped", "starved"):
            self._send(fault, signal.SIGSTOP)
        elif fault.process == "disk_full":
            # The bag is larger already: it cannot grow. The log is smaller, and can say so.
            self._limit(fault, (LITTLE_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        if fault.node == "simulator" and fault.process == "stopped":
            self._spin(2.0)
            self._send(fault, signal.SIGCONT)

    def during(self, fault: Fault, tick: int) -> None:
        """Before each tick of the fault, counted from 0."""
        if fault.process == "starved":
            on = tick % STARVED_TICKS == STARVED_TICKS - 1
            self._send(fault, signal.SIGCONT if on else signal.SIGSTOP)

    def end(self, fault: Fault) -> float | None:
        """Heal it. The world stands meanwhile; the wall time until the node is active and found, where it was dead."""
        if fault.process in ("stopped", "starved") and fault.node != "simulator":
            self._send(fault, signal.SIGCONT)
        elif fault.process == "disk_full":
            self._await_word(fault, "the recording of")
            self._limit(fault, _UNLIMITED)
        elif fault.process == "killed":
            return self._return(fault)
        elif fault.process == "shared_memory_full":
            return self._return_without_memory(fault)
        return None

    def _return(self, fault: Fault) -> float:
        begin = time.monotonic()
        self._revival.poll()
        while self._revival.busy:
            self._spin(0.05)
            self._revival.poll()
            if fault.node in self._revival.hopeless or time.monotonic() - begin > RETURN_S:
                raise MachineError("a node does not come back", where=fault.node,
                                   got=self._supervisor.complaint(fault.node), wanted="active")
        self._spin(FOUND_S)
        return time.monotonic() - begin

    def _return_without_memory(self, fault: Fault) -> float:
        """Started with no room for a file: it must refuse to be configured and say why; with room it comes back."""
        begin, old = time.monotonic(), self._supervisor.processes[fault.node]
        while self._supervisor.processes[fault.node] is old:
            self._revival.poll()
            self._spin(0.02)
        self._limit(fault, (LITTLE_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        self._await_word(fault, "shared memory is full")
        self._limit(fault, _UNLIMITED)
        return self._return(fault) + time.monotonic() - begin

    def _await_word(self, fault: Fault, word: str) -> None:
        """Until the node has said what is wrong."""
        until, log = time.monotonic() + RETURN_S, self._supervisor.log_of(fault.node)
        while word not in log.read_text(errors="replace"):
            self._revival.poll()
            self._spin(0.05)
            if time.monotonic() > until:
                raise MachineError("a node does not say what is wrong", where=fault.node, wanted=repr(word),
                                   got=self._supervisor.complaint(fault.node))

    def _send(self, fault: Fault, number: signal.Signals) -> None:
        os.killpg(self._supervisor.processes[fault.node].pid, number)

    def _limit(self, fault: Fault, limits: tuple[int, int]) -> None:
        resource.prlimit(self._supervisor.processes[fault.node].pid, resource.RLIMIT_FSIZE, limits)
