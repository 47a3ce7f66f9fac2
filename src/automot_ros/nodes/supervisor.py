"""Starts the processes of a stack, takes them through their lifecycle, watches them, and leaves nothing behind.

This is what `ros2 launch` would do; it works where the launch packages are not installed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from automot_ros.base.errors import MachineError
from automot_ros.context.ring import remove_abandoned
from automot_ros.nodes import leftovers
from automot_ros.nodes.lifecycle import SUPERVISED
from automot_ros.nodes.security import enclave_arguments, network_environment
from automot_ros.nodes.stack import NodeDescription

STOP_GRACE_S = 20.0
OLD_S = 60.0


def ros_environment() -> dict[str, str]:
    """Variables for this process and its children: quiet domain, this machine only, the transport profile.

    What the user has set stays. Call it before rclpy.init and put the result into os.environ.
    """
    found = {"RMW_IMPLEMENTATION": os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")}
    found |= network_environment(os.environ)
    found["ROS_DOMAIN_ID"] = os.environ.get("ROS_DOMAIN_ID") or str(free_domain_id())
    return found


def free_domain_id() -> int:
    """A ROS domain that nobody on this machine uses: no one listens on its discovery ports.

    Whoever is found on this machine only has no multicast port, just that of the first process.
    """
    candidates = list(range(1, 101))
    random.SystemRandom().shuffle(candidates)
    for domain in candidates:
        if all(_nobody_listens(7400 + 250 * domain + offset) for offset in (0, 10)):
            return domain
    raise MachineError("no free ROS domain", got="100 in use", wanted="export ROS_DOMAIN_ID=... to choose one")


def _nobody_listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def free_port(wanted: int) -> int:
    """The TCP port on localhost, or the next one that nobody listens on."""
    for port in range(wanted, min(wanted + 50, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise MachineError("no free port for the page", got=f"{wanted}..{wanted + 49} taken",
                       wanted="--port or --no-dashboard")


def arguments_of(description: NodeDescription, parameters_file: Path) -> list[str]:
    """The ROS arguments of one node."""
    out = [*enclave_arguments(description.name), "-r", f"__node:={description.name}",
           "--params-file", str(parameters_file)]
    for source, target in description.remaps.items():
        out += ["-r", f"{source}:={target}"]
    return out


class Supervisor:
    """The processes of one stack. `folder` gets logs/ and parameters/."""

    def __init__(self, stack: Sequence[NodeDescription], folder: Path, environment: Mapping[str, str]) -> None:
        self.stack = tuple(stack)
        self._folder = folder
        self._environment = {**os.environ, **environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                             "PYTHONUNBUFFERED": "1", SUPERVISED: str(os.getpid())}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._mourned: set[str] = set()
        self._before: frozenset[str] = frozenset()

    def log_of(self, name: str) -> Path:
        """Where the output of a node goes."""
        return self._folder / "logs" / f"{name}.log"

    def start(self) -> None:
        """Start every process at once."""
        remove_abandoned()
        leftovers.remove_new(frozenset(), older_than_s=OLD_S)  # of runs that were killed as a whole
        self._before = leftovers.present()
        for sub in ("logs", "parameters"):
            (self._folder / sub).mkdir(parents=True, exist_ok=True)
        for description in self.stack:
            file = self._folder / "parameters" / f"{description.name}.yaml"
            file.write_text(json.dumps({description.name: {"ros__parameters": dict(description.parameters)}}, indent=1))
            self.log_of(description.name).unlink(missing_ok=True)
            self._spawn(description)

    def start_again(self, name: str) -> None:
        """Start a node that ended; its log goes on, and what it left in shared memory is removed."""
        remove_abandoned()
        self._spawn(next(d for d in self.stack if d.name == name))
        self._mourned.discard(name)

    def _spawn(self, description: NodeDescription) -> None:
        file = self._folder / "parameters" / f"{description.name}.yaml"
        command = [sys.executable, "-m", f"automot_ros.nodes.{description.name}", *arguments_of(description, file)]
        if description.nice:
            command = ["nice", "-n", str(description.nice), *command]
        with self.log_of(description.name).open("ab") as log:
            # A session of its own: Ctrl-C reaches this process only, which then stops the others in order.
            self.processes[description.name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=self._environment,
                start_new_session=True)

    def newly_dead(self) -> list[str]:
        """Names of the nodes that ended since the last call."""
        dead = [n for n, p in self.processes.items() if n not in self._mourned and p.poll() is not None]
        self._mourned.update(dead)
        return dead

    def complaint(self, name: str) -> str:
        """What a dead or unwilling node said last, for people."""
        log = self.log_of(name)
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        code = self.processes[name].poll()
        ended = f"ended with {_describe(code)}" if code is not None else "does not come up"
        return f"{name} {ended}; its last words ({log}):\n" + "\n".join(f"    {line}" for line in lines[-6:])

    def stop(self, say: Callable[[str], None] = lambda _: None) -> bool:
        """Stop everything: ask, insist, kill; then remove what killed processes left. True when all ended by asking."""
        gently = True
        for step, grace_s in ((signal.SIGINT, STOP_GRACE_S), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
            running = [n for n, p in self.processes.items() if p.poll() is None]
            if not running:
                break
            if step != signal.SIGINT:
                gently = False
                say(f"{', '.join(running)} still running, sending {step.name}")
            for name in running:
                _signal(self.processes[name], step)
            until = time.monotonic() + grace_s
            while time.monotonic() < until and any(p.poll() is None for p in self.processes.values()):
                time.sleep(0.05)
        remove_abandoned()
        leftovers.remove_new(self._before)
        return gently


def _signal(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    try:
        os.killpg(process.pid, which)
    except ProcessLookupError:
        process.poll()


def _describe(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
