"""One fault on a driving car: get it to drive, break something, mend it, see it drive again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from automot_ros.base.errors import MachineError
from automot_ros.nodes import stack
from automot_ros.nodes.faults.catalogue import HARMLESS, Fault
from automot_ros.nodes.faults.conductor import TICK_NS, Conductor
from automot_ros.nodes.faults.measure import Tick, figures
from automot_ros.nodes.faults.processes import Processes

TICK_S = TICK_NS / 1e9
READY_MPS, READY_S = 6.0, 1.0  # driving, and nothing wrong, for this long
ROOM_M = 45.0
READY_LIMIT_S = 120.0
AFTER_S, RESUMED_S = 4.0, 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault; figures as of measure.Figures."""

    fault: Fault
    figures: dict[str, Any]
    restart_wall_s: float | None
    wall_s: float

    def as_json(self) -> dict[str, Any]:
        """One row of result.json."""
        f = self.fault
        return {"name": f.name, "group": f.group, "what": f.text, "node": f.node, "expected": f.expected.kind,
                "shows_s": f.expected.shows_s, "lasts_s": f.lasts_s, **self.figures,
                "restart_wall_s": self.restart_wall_s, "wall_s": round(self.wall_s, 1)}


def run_trial(fault: Fault, conductor: Conductor, processes: Processes) -> Row:
    """Drive until all is well, then the fault. MachineError when the car never gets to drive."""
    begin = time.monotonic()
    before = _get_ready(conductor)
    missed = conductor.missed
    if fault.node == "simulator" and fault.process == "killed":
        return _new_world(fault, conductor, processes, before, begin)
    conductor.healthy, conductor.commands_come = False, fault.node != "controller"
    conductor.relay.begin(fault.effects)
    processes.begin(fault)
    during: list[Tick] = []
    for n in range(round(fault.lasts_s / TICK_S)):
        processes.during(fault, n)
        if stack.ROUTE_TOPIC in fault.effects and n % 10 == 0:
            conductor.relay.route_again()
        during.append(conductor.next_tick())
    before.append(during.pop(0))  # next_tick tells of the tick before
    conductor.relay.end()
    restart_s = processes.end(fault)
    conductor.all_is_well()
    during.append(conductor.next_tick())
    after = _after(conductor)
    found = figures(fault.expected, before, during, after)
    row = {**found.as_json(), "missed_ticks": conductor.missed - missed}
    return Row(fault, row, restart_s, time.monotonic() - begin)


def _get_ready(conductor: Conductor) -> list[Tick]:
    """The ticks since the car first drove as fast as it should."""
    ticks: list[Tick] = []
    for _ in range(round(READY_LIMIT_S / TICK_S)):
        tick = conductor.next_tick()
        if ticks or tick.speed_mps >= READY_MPS:
            ticks.append(tick)
        # At the end of a route the car brakes for good reasons: the next route comes.
        if conductor.room_m < ROOM_M:
            ticks = []
        calm = ticks[-round(READY_S / TICK_S):]
        if len(calm) >= READY_S / TICK_S and all(not t.limits and t.speed_mps >= READY_MPS for t in calm):
            return ticks
    raise MachineError("the car does not get to drive", got=f"{READY_LIMIT_S:.0f} s, last: {tick}",
                       wanted=f"{READY_MPS} m/s for {READY_S} s")


def _after(conductor: Conductor) -> list[Tick]:
    ticks: list[Tick] = []
    driving_s = 0.0
    for _ in range(round(AFTER_S / TICK_S)):
        ticks.append(conductor.next_tick())
        driving_s = driving_s + TICK_S if ticks[-1].mode == 0 and ticks[-1].throttle > 0.0 else 0.0
        if driving_s >= RESUMED_S:
            break
    return ticks


def _new_world(fault: Fault, conductor: Conductor, processes: Processes, before: list[Tick], begin: float) -> Row:
    """The world itself dies: simulated time stands. All nodes must outlive it and drive in the next one."""
    processes.begin(fault)
    restart_s = processes.end(fault)
    after = _get_ready(conductor)
    found = figures(HARMLESS, before, [], after[-round(READY_S / TICK_S):])
    return Row(fault, {**found.as_json(), "missed_ticks": 0}, restart_s, time.monotonic() - begin)
