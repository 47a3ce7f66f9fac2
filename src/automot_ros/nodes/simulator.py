"""The simulator node: the embedded world on the topics of the CARLA bridge, in real time or in lockstep.

Real time: a tick every 50 ms of the wall clock; a late command is late, an old one (0.25 s) is replaced by the brake.
Lockstep: the world waits for the command whose stamp equals that of the sensors, as CARLA's synchronous mode does, and
for receipts: who plans later from a tick must have it (`readers`). Meanwhile it repeats the tick (lockstep.py).
In both the brake is held on silence: a command is good for 0.25 s of simulated time.
Drives one task after the other; the clock goes on, with a jump to the next full minute between two drives.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from std_msgs.msg import Header

from automot_ros.base.quantity import check_bounds, choice, quantity, switch
from automot_ros.base.results import write_json
from automot_ros.nodes import qos
from automot_ros.nodes.convert import stamp_from_msg
from automot_ros.nodes.interfaces import contract
from automot_ros.nodes.lifecycle import OK, WARN, DrivingNode, run_node
from automot_ros.nodes.lockstep import Wait
from automot_ros.nodes.stack import COMMAND_TOPIC, TAKEN_TOPIC
from automot_ros.nodes.world_session import WorldSession, emptied
from automot_ros.nodes.world_topics import WorldTopics
from automot_ros.simulation.suites import drives_of, task_of

TICK_S = 0.05
CONTROLLER = "controller"  # its answer is the command


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorConfig:
    """What is driven, and by which clock."""

    suite: str = choice("plain", (), "What is driven, joined by commas: plain, scenario classes, six, all, .xodr maps.")
    first_seed: int = quantity(1_000_000, "", "Seed of the first task.", low=0, high=2**31 - 1)
    routes: int = quantity(3, "", "How many seeds of each suite are driven, one after the other.", low=1, high=100_000)
    lockstep: bool = switch(False, "The world waits for the command of every tick.")
    duration_s: float = quantity(0.0, "s", "Simulated time after which a drive is cut off; 0: it ends by itself.",
                                 low=0.0, high=36000.0)
    max_command_age_s: float = quantity(0.25, "s", "An older command is replaced by the brake.",
                                        low=0.05, high=5.0)
    readers: str = choice("controller,understanding,action", (),
                          "Lockstep: who is waited for at every tick, joined by commas; the controller's answer is its "
                          "command, that of others a receipt.")
    answer_timeout_s: float = quantity(30.0, "s", "Lockstep: wall time after which a tick goes on without the answers.",
                                       low=0.2, high=600.0)
    traffic: bool = switch(True, "Other road users, and the weather of the seed; off: an empty road on a fine day.")
    settle_s: float = quantity(0.5, "s", "Wall time between route and first tick, for everybody to start anew.",
                               low=0.0, high=10.0)
    out: str = choice("runs/drive", (), "Folder that gets routes/<suite>-<seed>.json.")

    def __post_init__(self) -> None:
        check_bounds(self)


class SimulatorNode(DrivingNode):
    """Keeps the clock of the world and carries its messages."""

    CONFIG: ClassVar = {"": SimulatorConfig}

    def __init__(self) -> None:
        super().__init__("simulator")
        self._session: WorldSession | None = None
        self._timer: Any = None

    def set_up(self) -> None:
        """Build the first world: whatever is missing (a graphics driver, memory) shows here."""
        self._config = self.config(SimulatorConfig)
        self._done = 0
        self._drives = drives_of(self._config.suite, self._config.first_seed, self._config.routes)
        self._carla = contract("carla")
        self._session = self._prepare(0)
        self._topics = WorldTopics(self, self._session, synchronous=self._config.lockstep)
        self._wait = Wait(filter(None, self._config.readers.split(",")), self._config.answer_timeout_s)
        self.subscribe(self._carla.COMMAND_MESSAGE, COMMAND_TOPIC, self._on_command, qos.PLAN)
        self.subscribe(Header, TAKEN_TOPIC, self._on_taken, qos.TAKEN)

    def start(self) -> None:
        """Let the world run."""
        self._begin()
        self._timer = self.every(0.1 if self._config.lockstep else TICK_S, self._on_timer)

    def stop(self) -> None:
        """Stop the world; an unfinished drive is scored as it stands."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self._session is not None and self._session.world.tick > 0:
            self._session.examiner.give_up("stopped")
            self._write(self._session)
        self._session = None

    def _prepare(self, offset_ns: int) -> WorldSession:
        c = self._config
        suite, seed, _ = self._drives[self._done]
        task = task_of(suite, seed)
        return WorldSession(task if c.traffic else emptied(task), offset_ns, c.max_command_age_s)

    def _begin(self) -> None:
        """Announce the drive: clock and route first, the world stands still for a moment."""
        if self._session is None:
            return
        self._topics.announce(self._session)
        self._starts_s = time.monotonic() + self._config.settle_s
        self._begun = False
        self.get_logger().info(f"drive {self._done + 1}/{len(self._drives)}: {self._session.world.task.name} on "
                               f"{self._session.world.task.map_name}")

    def _on_timer(self) -> None:
        session, now = self._session, time.monotonic()
        if session is None:
            return
        if not self._begun:
            self._topics.clock(session)
            if now >= self._starts_s:
                self._begun, self._due_s = True, now
                self._send(session)
        elif self._config.lockstep:
            self._watch_answers(session)
        else:
            self._due_s += TICK_S
            late_s = now - self._due_s
            session.late_s.append(max(0.0, late_s))
            if late_s > TICK_S:  # the world slows down rather than making several steps at once
                self._due_s = now
            self._advance(session)

    def _watch_answers(self, session: WorldSession) -> None:
        silent = self._wait.silent
        if self._wait.overdue():
            self.get_logger().warning(f"stamp {session.stamp_ns} ns: no answer from {', '.join(silent)} in "
                                      f"{self._config.answer_timeout_s} s")
            self._advance(session)
        elif self._wait.repeat():
            self._publish(session)

    def _on_command(self, message: Any) -> None:
        session = self._session
        if session is None or not self._begun:
            return
        command = self._carla.control_from_msg(message)
        if session.receive(command):
            self._answered(session, CONTROLLER, command.stamp_ns)

    def _on_taken(self, message: Header) -> None:
        if self._session is not None and self._begun:
            self._answered(self._session, message.frame_id, stamp_from_msg(message.stamp, "taken"))

    def _answered(self, session: WorldSession, name: str, stamp_ns: int) -> None:
        self._wait.answer(name, stamp_ns)
        if self._config.lockstep and not self._wait.silent:
            self._advance(session)

    def _advance(self, session: WorldSession) -> None:
        session.step()
        limit = self._config.duration_s
        if session.examiner.done or (limit > 0.0 and session.world.tick * TICK_S >= limit):
            self._finish(session)
        else:
            self._send(session)

    def _send(self, session: WorldSession) -> None:
        self._wait.begin(session.stamp_ns)
        self._publish(session)

    def _publish(self, session: WorldSession) -> None:
        self._topics.publish(session)
        late_s = session.late_s[-1] if session.late_s else 0.0
        self.diagnose(WARN if late_s > TICK_S else OK, "driving", {
            "tick": session.world.tick, "late_s": late_s, "brake_held_ticks": session.held_ticks,
            "route_completion": session.examiner.route_completion,
            "driving_score": session.examiner.driving_score})

    def _finish(self, session: WorldSession) -> None:
        self._session = None
        self._write(session)
        self._done += 1
        if self._done < len(self._drives):
            self._session = self._prepare(session.next_offset_ns)
            self._begin()
        else:
            self.get_logger().info("all drives done")

    def _write(self, session: WorldSession) -> None:
        result = session.result()
        write_json(Path(self._config.out) / "routes" / f"{self._drives[self._done][2]}.json", result)
        completion = result["route_completion"]
        self.get_logger().info(f"{result['id']}: {result['status']}, route completion {completion:.1f} %")


def main() -> int:
    """Run the node."""
    return run_node(SimulatorNode)


if __name__ == "__main__":
    raise SystemExit(main())
