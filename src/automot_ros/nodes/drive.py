"""`automot drive` behind its flags: start the stack, show how it goes, stop everything, write what came of it.

Takes one argument, a JSON object of DriveRequest's fields. Started by cli/drive.py in its own place (exec), so that
Ctrl-C and the exit status are this process's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from automot_ros.base.errors import AutomotError
from automot_ros.nodes.bring_up import BringUp
from automot_ros.nodes.monitor import Monitor
from automot_ros.nodes.revival import Revival
from automot_ros.nodes.security import STARTER, close_shared_memory, enclave_arguments
from automot_ros.nodes.stack import StackSettings, drive_stack
from automot_ros.nodes.supervisor import Supervisor, free_port, ros_environment
from automot_ros.simulation.suites import drives_of

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
LINE_PERIOD_S = 5.0
SCREEN_PERIOD_S = 0.25


@dataclass(frozen=True)
class DriveRequest:
    """What the command was asked for."""

    settings: StackSettings
    command: str
    report: bool = True

    @staticmethod
    def from_json(text: str) -> DriveRequest:
        """The request as cli/drive.py wrote it."""
        values = json.loads(text)
        return DriveRequest(StackSettings(**values["settings"]), values["command"], values["report"])

    def to_json(self) -> str:
        """The request as text."""
        return json.dumps(asdict(self))


class Drive:
    """One run of the stack."""

    def __init__(self, request: DriveRequest) -> None:
        port = free_port(request.settings.dashboard_port)
        self.settings = replace(request.settings, dashboard_port=port)
        self.folder = Path(self.settings.out)
        self._drives = drives_of(self.settings.suite, self.settings.first_seed, self.settings.routes)
        os.environ.update(ros_environment())
        rclpy.init(args=enclave_arguments(STARTER), signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node("automot_drive")
        close_shared_memory()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self.monitor = Monitor(self._node)
        self.supervisor = Supervisor(drive_stack(self.settings), self.folder, {})
        self._shown_s = self._begun_s = time.monotonic()
        self.ready_s = 0.0

    def run(self) -> int:
        """Until every route is driven, an essential node is dead, or somebody interrupts. The exit status."""
        status = INTERRUPTED
        try:
            self.supervisor.start()
            say(f"started {len(self.supervisor.stack)} processes on ROS_DOMAIN_ID={os.environ['ROS_DOMAIN_ID']}, "
                f"logs in {self.folder / 'logs'}")
            BringUp(self._node, self._executor, self.supervisor).run(say)
            self.ready_s = time.monotonic() - self._begun_s
            page = f", page at http://localhost:{self.settings.dashboard_port}" if self.settings.dashboard else ""
            say(f"driving after {self.ready_s:.1f} s{page}")
            status = self._watch()
        except AutomotError as error:
            say(f"automot drive: {error}")
            status = FAILED
        except KeyboardInterrupt:
            say("stopping")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # the way out is not to be interrupted
            self.supervisor.stop(say)
            self._executor.shutdown(timeout_sec=1.0)
            self._node.destroy_node()
            rclpy.try_shutdown()
        return status

    def results(self) -> list[dict[str, Any]]:
        """What the simulator has written so far, in the order of the drives."""
        files = [self.folder / "routes" / f"{name}.json" for _, _, name in self._drives]
        return [json.loads(f.read_text()) for f in files if f.exists()]

    def _watch(self) -> int:
        revival = Revival(self._node, self.supervisor, say)
        essential = {d.name for d in self.supervisor.stack if d.essential}
        while True:
            self._executor.spin_once(timeout_sec=0.1)
            revival.poll()
            if lost := revival.hopeless & essential:
                say(f"the drive ends without {', '.join(sorted(lost))}")
                return FAILED
            now = time.monotonic()
            if now - self._shown_s >= (SCREEN_PERIOD_S if sys.stdout.isatty() else LINE_PERIOD_S):
                self._shown_s = now
                done = len(list((self.folder / "routes").glob("*.json")))
                show(self._progress(done))
                if done >= len(self._drives):
                    return DONE

    def _progress(self, done: int) -> str:
        m = self.monitor
        route = min(done + 1, len(self._drives))
        return (f"route {route}/{len(self._drives)}  RC {m.route_completion:5.1f} %  {m.speed_mps:4.1f} m/s  "
                f"guard {m.guard:<24} context {m.context_age_s:4.2f} s  {m.plans_per_s:4.1f} plans/s  "
                f"{time.monotonic() - self._begun_s:5.0f} s")


def say(text: str) -> None:
    """A line for people, above the progress line."""
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    print(text, flush=True)


def show(text: str) -> None:
    """The progress: one line that is overwritten on a terminal, one after the other elsewhere."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    else:
        print(text, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run one request."""
    request = DriveRequest.from_json(sys.argv[1])
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        drive = Drive(request)
    except AutomotError as error:
        print(f"automot drive: {error}", file=sys.stderr)
        return REFUSED
    status = drive.run()
    results = drive.results()
    if results:
        # Imports torch; at the start of the command that would hold up the nodes, which all start at once.
        from automot_ros.nodes.drive_result import print_table, write_report_of, write_result

        print_table(write_result(request, drive.monitor, results, drive.ready_s, drive.folder), say)
        if request.report:
            write_report_of(drive.folder, say)
    say(f"wrote {drive.folder}")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
