"""`automot faults` behind its flags: one stack, one fault after the other, a table in the end.

Takes one argument, a JSON object of FaultRequest's fields. Rows are kept as they come: a session that was stopped goes
on where it was.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from automot_ros.base.errors import AutomotError
from automot_ros.base.results import run_header, write_json
from automot_ros.nodes import stack
from automot_ros.nodes.bring_up import BringUp
from automot_ros.nodes.faults.catalogue import FAULTS, Fault, faults_named
from automot_ros.nodes.faults.conductor import NAME, Conductor
from automot_ros.nodes.faults.processes import Processes
from automot_ros.nodes.faults.relay import behind_relay
from automot_ros.nodes.faults.table import as_text
from automot_ros.nodes.faults.trial import Row, run_trial
from automot_ros.nodes.revival import Revival
from automot_ros.nodes.stack import NodeDescription, StackSettings, drive_stack
from automot_ros.nodes.supervisor import Supervisor, free_domain_id, ros_environment

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
FIRST_SEED, ROUTES = 1_000_002, 1000
BRING_UP_S = 300.0
RECORDED = ",".join((stack.ODOMETRY_TOPIC, stack.POINTS_TOPIC, stack.GUARD_TOPIC))


@dataclass(frozen=True)
class FaultRequest:
    """What the command was asked for: names joined by commas (none: only tell what there is), who drives, where the
    results go.
    """

    names: str
    policy: str
    out: str
    command: str


def fault_stack(policy: str, folder: Path, *, recorder: bool) -> tuple[NodeDescription, ...]:
    """The stack as it runs on a vehicle, on an empty road, behind the relay; the world waits for the conductor."""
    settings = StackSettings(policy=policy, refiner="none" if policy == "steady" else "diffusion", dashboard=False,
                             recorder=recorder, first_seed=FIRST_SEED, routes=ROUTES, out=str(folder))
    changes: dict[str, dict[str, stack.Value]] = {
        "simulator": {"lockstep": True, "readers": NAME, "traffic": False, "answer_timeout_s": 600.0},
        "recorder": {"topics": RECORDED, "compress": False}}
    return tuple(behind_relay(replace(d, parameters={**d.parameters, **changes.get(d.name, {})}))
                 for d in drive_stack(settings))


class Session:
    """A running stack and what breaks it. A context manager: whatever happens, nothing stays behind."""

    def __init__(self, policy: str, folder: Path, say: Callable[[str], None], *, recorder: bool = False) -> None:
        domain = free_domain_id()
        os.environ.update(ros_environment() | {"ROS_DOMAIN_ID": str(domain)})
        rclpy.init(domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self._say = say
        self._node = rclpy.create_node("automot_faults")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self.conductor = Conductor(self._node, self._executor)
        self.supervisor = Supervisor(fault_stack(policy, folder, recorder=recorder), folder,
                                     {"ROS_DOMAIN_ID": str(domain)})
        revival = Revival(self._node, self.supervisor, say, [d.name for d in self.supervisor.stack])
        self._processes = Processes(self.supervisor, revival, self.conductor.spin)

    def __enter__(self) -> Session:
        try:
            self.supervisor.start()
            BringUp(self._node, self._executor, self.supervisor).run(self._say, BRING_UP_S)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._close()

    def run(self, fault: Fault) -> Row:
        """One fault. MachineError when the stack does not get over it."""
        return run_trial(fault, self.conductor, self._processes)

    def _close(self) -> None:
        for process in self.supervisor.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGCONT)
        self.supervisor.stop(self._say)
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()
        rclpy.try_shutdown()


class Results:
    """result.json, row by row."""

    def __init__(self, request: FaultRequest) -> None:
        self._request, self.path = request, Path(request.out) / "result.json"
        self.rows: list[dict[str, Any]] = json.loads(self.path.read_text())["faults"] if self.path.exists() else []

    def add(self, row: dict[str, Any]) -> None:
        """Keep one more row."""
        self.rows.append(row)
        header = {**run_header(seeds=str(FIRST_SEED)), "command": self._request.command}
        write_json(self.path, {**header, "world": "embedded", "clock": "lockstep", "policy": self._request.policy,
                               "passed": sum(bool(r["passed"]) for r in self.rows), "faults": self.rows})


def run_all(request: FaultRequest, say: Callable[[str], None]) -> int:
    """All faults that have no row yet; a stack that does not get over one is replaced. The exit status."""
    results = Results(request)
    done = {row["name"] for row in results.rows}
    todo = [f for f in faults_named(request.names) if f.name not in done]
    while todo:
        folder = Path(request.out) / "stacks" / time.strftime("%Y%m%d-%H%M%S")
        recorder = any(f.node == "recorder" for f in todo)
        say(f"starting the stack ({request.policy}), logs in {folder / 'logs'}")
        with Session(request.policy, folder, say, recorder=recorder) as session:
            while todo:
                fault = todo.pop(0)
                try:
                    row = session.run(fault).as_json()
                except AutomotError as error:
                    say(f"{fault.name}: {error}")
                    results.add(_lost(fault, error))
                    break
                results.add(row)
                say(_line(row))
    say(as_text(results.rows))
    say(f"wrote {results.path}")
    return DONE if all(row["passed"] for row in results.rows) else FAILED


def _line(row: dict[str, Any]) -> str:
    verdict = "ok" if row["passed"] else "FAILED: " + "; ".join(row["failures"])
    return f"{row['name']:<28} {row['reason'].lower() or 'nothing':<20} {verdict}  ({row['wall_s']:.0f} s of wall time)"


def _lost(fault: Fault, error: AutomotError) -> dict[str, Any]:
    """The row of a fault that the stack did not get over."""
    nothing = dict.fromkeys(("detected_s", "commanded_s", "standstill_s", "distance_m", "hold", "resume_s",
                             "restart_wall_s"))
    return {"name": fault.name, "group": fault.group, "what": fault.text, "node": fault.node,
            "expected": fault.expected.kind, "shows_s": fault.expected.shows_s, "lasts_s": fault.lasts_s, "reason": "",
            "text": "", **nothing, "passed": False, "failures": [str(error)]}


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run one request."""
    request = FaultRequest(**json.loads(sys.argv[1]))
    if not request.names:
        print("\n".join(f"{f.name:<32} {f.expected.kind:<10} {f.text}" for f in FAULTS))
        return DONE
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run_all(request, lambda text: print(text, flush=True))
    except AutomotError as error:
        print(f"automot faults: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("automot faults: stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
