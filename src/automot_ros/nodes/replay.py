"""`automot replay` behind its flags: the cores of any nodes fed from a bag, what they say compared with what was said.

Every node reads what was recorded, so that a difference is its own; where the bag lacks an input, it reads what the
node before it made. Takes one argument, a JSON object of ReplayRequest's fields.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.serialization import serialize_message

from automot_ros.base.errors import AutomotError, ConfigError
from automot_ros.base.results import run_header, write_json
from automot_ros.data.bags import BagWriter
from automot_ros.nodes.replay_compare import Comparison, tolerance_of
from automot_ros.nodes.replay_input import GAP_NS, INPUTS, ROLES, BagInput, Moment, ReplayMap, read_map
from automot_ros.nodes.replay_stages import STAGES, ControllerStage, Stage, seconds

SAME, OTHER, REFUSED = 0, 1, 2
NEW_DRIVE_NS = 2 * GAP_NS  # as far as a clock has to jump for the nodes to begin anew
SHOWN = 5


@dataclass(frozen=True)
class ReplayRequest:
    """What cli/replay.py was asked for. `parameters` override the recorded ones, for every node that has them."""

    bag: str
    nodes: list[str]
    map: str | None
    policy: str | None
    out: str
    write_bag: bool
    command: str


class Replay:
    """One bag through some nodes. `run` once; then `comparisons` by role, `counts` of what was made, `refused`."""

    def __init__(self, bag: Path, nodes: list[str], mapping: ReplayMap, policy: str | None = None) -> None:
        self.input = BagInput(bag, mapping)
        recorded = frozenset(self.input.topics)
        missing = sorted(set(INPUTS) - recorded)
        if missing and nodes != ["refiner"] and not self.input.note:  # a bag that is cut may end before them
            raise ConfigError("inputs are not in the bag", where=str(bag), got=sorted(recorded),
                              wanted=[f"{role} ({' or '.join(ROLES[role])}, or a mapping file)" for role in missing])
        changed = {"rig": mapping.rig, "vehicle": mapping.vehicle, "policy": policy or ""}
        self.stages: dict[str, Stage] = {}
        for name in [name for name in STAGES if name in nodes]:
            told = self.input.parameters.get(name, {})
            self.stages[name] = STAGES[name]({**told, **{k: v for k, v in changed.items() if v}}, recorded)
        self.comparisons: dict[str, Comparison] = {}
        for stage in self.stages.values():
            if not (isinstance(stage, ControllerStage) and not stage.exact):
                self.comparisons |= {role: Comparison() for role in stage.makes if role in recorded}
        self.counts: dict[str, int] = {}
        self.refused: list[str] = []
        self.first_ns = self.last_ns = 0

    def run(self, keep: Callable[[str, int, Any], None]) -> None:
        """Feed the whole bag; `keep` gets each message made: role, stamp, message."""
        for moment in self.input.moments():
            if "odometry" in moment.messages:
                if self.last_ns and abs(moment.stamp_ns - self.last_ns) > NEW_DRIVE_NS:
                    for stage in self.stages.values():
                        stage.reset()
                self.first_ns, self.last_ns = self.first_ns or moment.stamp_ns, moment.stamp_ns
            made: dict[str, Any] = {}
            for name, stage in self.stages.items():
                given = Moment(moment.stamp_ns, {**made, **moment.messages})
                try:
                    made |= stage.step(given)
                except AutomotError as error:
                    self.refused.append(f"{name} at {seconds(moment.stamp_ns):.3f} s: {error}")
            for role, message in made.items():
                self.counts[role] = self.counts.get(role, 0) + 1
                keep(role, moment.stamp_ns, message)
            self._compare(moment, made)

    def _compare(self, moment: Moment, made: dict[str, Any]) -> None:
        for role, comparison in self.comparisons.items():
            recorded, now = moment.messages.get(role), made.get(role)
            if recorded is not None and now is not None:
                comparison.add(moment.stamp_ns, recorded, now)
            elif recorded is not None:
                comparison.missing.append(moment.stamp_ns)
            elif now is not None and comparison.compared:
                comparison.extra.append(moment.stamp_ns)

    def forgive_the_end(self) -> None:
        """What was made after the last recorded message of a topic: the recording ended before it was said."""
        for comparison in self.comparisons.values():
            last = max([*comparison.bad, *comparison.missing, 0])
            while comparison.extra and comparison.extra[-1] > max(last, self.last_ns - NEW_DRIVE_NS):
                comparison.extra.pop()


def run(request: ReplayRequest, say: Callable[[str], None]) -> int:
    """Replay, say a table, write result.json. 1 when something differs."""
    mapping = ReplayMap() if request.map is None else read_map(Path(request.map))
    replay = Replay(Path(request.bag), request.nodes, mapping, request.policy)
    out = Path(request.out)
    if request.write_bag:
        with BagWriter(out / "bag", compress=True) as bag:
            replay.run(lambda role, stamp_ns, message: _write(bag, role, stamp_ns, message))
    else:
        replay.run(lambda *_: None)
    replay.forgive_the_end()
    if replay.input.note:
        say(f"note: {replay.input.note}; replayed up to {seconds(replay.last_ns):.2f} s")
    for line in table_of(replay):
        say(line)
    for line in replay.refused[:SHOWN]:
        say(f"refused: {line}")
    same = all(c.good for c in replay.comparisons.values()) and not replay.refused
    nothing = not sum(replay.counts.values())
    write_json(out / "result.json", {
        **run_header(), "command": request.command, "replay": request.bag, "nodes": list(replay.stages),
        "note": replay.input.note, "late_inputs": replay.input.late, "made": replay.counts, "same": same,
        "begin_s": seconds(replay.first_ns), "end_s": seconds(replay.last_ns), "refused": replay.refused,
        "topics": {role: {"compared": c.compared, "worst": c.worst, "bad": c.bad, "missing": c.missing,
                          "extra": c.extra} for role, c in replay.comparisons.items()}})
    if nothing:
        say("nothing was made: the bag ends before the first plan" if replay.input.note else "nothing was made")
    elif not any(c.compared for c in replay.comparisons.values()):
        say(f"nothing to compare with; made {replay.counts}")
    else:
        say("the same as recorded" if same else "NOT the same as recorded")
    say(f"written: {out}/result.json")
    return SAME if same and not nothing else OTHER


def table_of(replay: Replay) -> list[str]:
    """One line a topic, and one for each field that is worst."""
    lines = [f"{'topic':<18} {'compared':>8} {'off':>5} {'missing':>7} {'extra':>5}  largest difference"]
    for role, c in replay.comparisons.items():
        worst = sorted(c.worst.items(), key=lambda item: item[1] / tolerance_of(item[0]), reverse=True)[:1]
        said = ", ".join(f"{name} {value:.2e} (allowed {tolerance_of(name):.0e})" for name, value in worst) or "none"
        lines.append(f"{role:<18} {c.compared:8d} {len(c.bad):5d} {len(c.missing):7d} {len(c.extra):5d}  {said}")
        lines += [f"    {kind} at {', '.join(f'{seconds(n):.3f}' for n in stamps[:SHOWN])} s"
                  for kind, stamps in (("off", c.bad), ("missing", c.missing), ("extra", c.extra)) if stamps]
    lines += [f"{role:<18} not compared: in real time a command depends on arrival times, which a bag does not hold"
              for role in ControllerStage.makes
              if "controller" in replay.stages and role in replay.input.topics and role not in replay.comparisons]
    return lines


def _write(bag: BagWriter, role: str, stamp_ns: int, message: Any) -> None:
    package = type(message).__module__.split(".")[0]
    bag.add_topic(ROLES[role][0], f"{package}/msg/{type(message).__name__}")
    bag.write(ROLES[role][0], stamp_ns, bytes(serialize_message(message)))


def main() -> int:
    """Run one request."""
    try:
        return run(ReplayRequest(**json.loads(sys.argv[1])), lambda line: print(line, flush=True))
    except AutomotError as error:
        print(f"automot replay: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    raise SystemExit(main())
