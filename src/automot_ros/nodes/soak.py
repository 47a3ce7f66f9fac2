"""`automot bench soak` behind its flags: drive for hours, and see whether anything grows.

All nodes with the page beside them; no recorder, whose bag grows by design. Real time, or lockstep for as much of its
own time. Ctrl-C ends it early: what was seen until then is judged.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import AutomotError
from automot_ros.base.results import run_header, write_json
from automot_ros.context.ring import SHARED_MEMORY
from automot_ros.evaluation.performance import Load, put_section, table
from automot_ros.evaluation.slopes import Slope, slope_of
from automot_ros.nodes.stack import StackSettings
from automot_ros.nodes.tick_bench import Run
from automot_ros.nodes.tick_watch import latencies_s
from automot_ros.scene.sensing import SECOND_NS

DONE, GROWS, REFUSED = 0, 1, 2
ROUTE_S, SAMPLE_S, WARM_UP_SHARE, WARM_UP_S = 60.0, 5.0, 0.1, 300.0
STALLED_S = 300.0
# Growth an hour that counts, where the whole confidence interval lies above.
BOUNDS = {"memory_mb": 5.0, "files": 1.0, "threads": 1.0, "shared_mb": 1.0, "latency_ms": 2.0}


@dataclass(frozen=True)
class SoakRequest:
    """What cli/bench_soak.py was asked for."""

    duration_s: float
    lockstep: bool
    policy: str
    suite: str
    first_seed: int
    out: str
    page: str | None
    command: str


class Samples:
    """Time series by what is watched; times are those of the drive's clock, seconds."""

    def __init__(self, run: Run, request: SoakRequest, say: Callable[[str], None]) -> None:
        self._run, self._request, self._say = run, request, say
        self.series: dict[str, list[tuple[float, float]]] = {}
        self.at_s = self._driven_s = self._moved_s = 0.0
        self._newest_ns = 0

    def take(self, wall_s: float) -> bool:
        """One sample of everything; False when the time is over."""
        watch = self._run.watch
        watch.link()
        newest_ns = max(watch.ticks, default=self._newest_ns)
        if newest_ns > self._newest_ns:
            # Between two drives the clock jumps to the next full minute: that is no time driven.
            self._driven_s += min((newest_ns - self._newest_ns) / SECOND_NS, 30.0) if self._newest_ns else 0.0
            self._newest_ns, self._moved_s = newest_ns, wall_s
        elif wall_s - self._moved_s > STALLED_S:
            raise AutomotError("the drive stands still", where="soak", got=f"no tick for {STALLED_S:.0f} s")
        self.at_s = self._driven_s if self._request.lockstep else wall_s
        latencies = latencies_s(watch)
        if len(latencies):
            self._add("latency_ms end to end", 1e3 * float(np.median(latencies)))
        watch.ticks = {stamp: tick for stamp, tick in watch.ticks.items() if stamp > newest_ns - SECOND_NS}
        watch.commands_ns = watch.commands_ns[-40:]
        watch.contexts_s.clear()
        for name, samples in self._run.usage.items():
            usage = samples[-1][1]
            self._add(f"memory_mb {name}", usage.memory_mb)
            self._add(f"files {name}", float(usage.files))
            self._add(f"threads {name}", float(usage.threads))
            del samples[1:-1]
        self._add("shared_mb all", _shared_mb([p.pid for p in self._run.supervisor.processes.values()]))
        if int(wall_s / 60.0) != int((wall_s - SAMPLE_S) / 60.0):
            memory = sum(v[-1][1] for k, v in self.series.items() if k.startswith("memory_mb"))
            self._say(f"{self.at_s:7.0f} s of {self._request.duration_s:.0f}  memory {memory:.0f} MB  latency "
                      f"{self.series.get('latency_ms end to end', [(0.0, math.nan)])[-1][1]:.1f} ms")
        return self.at_s < self._request.duration_s

    def _add(self, name: str, value: float) -> None:
        self.series.setdefault(name, []).append((self.at_s, value))

    def rows(self) -> list[dict[str, Any]]:
        """Slope of each series after the warm-up, and whether it is growth."""
        made = []
        for name, samples in sorted(self.series.items()):
            warm_s = max(WARM_UP_SHARE * self.at_s, min(WARM_UP_S, 0.5 * self.at_s))
            kept = [(t, v) for t, v in samples if t >= warm_s]
            slope = slope_of([t for t, _ in kept], [v for _, v in kept])
            bound = BOUNDS[name.split()[0]]
            made.append({"what": name, **asdict(slope), "bound": bound, "grows": verdict(slope, bound)})
        return made


def verdict(slope: Slope, bound: float) -> str:
    """Yes or no where the whole interval lies on one side of the bound; open where the drive was too short to tell."""
    return "yes" if slope.low > bound else "no" if slope.high <= bound else "open"


def _shared_mb(pids: list[int]) -> float:
    """Memory in the files of shared memory that these processes have open: contexts and transport."""
    files, total = set(), 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        files |= {line.split(maxsplit=5)[5] for line in lines if f"{SHARED_MEMORY}/" in line}
    for name in files:
        try:
            total += os.stat(name).st_blocks * 512
        except OSError:
            continue  # removed meanwhile
    return total / 1e6


def run(request: SoakRequest, say: Callable[[str], None]) -> int:
    """Drive, sample, judge. 1 when something grows."""
    load, out = Load(), Path(request.out)
    settings = StackSettings(
        policy=request.policy, suite=request.suite, first_seed=request.first_seed, duration_s=ROUTE_S,
        routes=2 + int(request.duration_s / 5.0), out=str(out), recorder=False, lockstep=request.lockstep)
    one = Run(settings, out)
    samples = Samples(one, request, say)
    one.drive(math.inf, samples.take, SAMPLE_S)
    rows = samples.rows()
    result = {**run_header(), "command": request.command, "bench": "soak", "load": load.as_json(),
              "clock": "lockstep" if request.lockstep else "real time", "driven_s": samples.at_s, "slopes": rows,
              "series": samples.series}
    write_json(out / "result.json", result)
    for row in rows:
        say(f"{row['what']:<32} {row['mean']:9.2f}  {row['per_hour']:+9.2f} an hour  [{row['low']:+.2f}, "
            f"{row['high']:+.2f}]  grows: {row['grows']}")
    if request.page is not None:
        put_section(Path(request.page), "soak", result, page_of(result))
    say(f"written: {out}/result.json")
    return GROWS if any(row["grows"] == "yes" for row in rows) else DONE


def page_of(result: dict[str, Any]) -> str:
    """The section of docs/performance.md."""
    names = {kind: [row["what"] for row in result["slopes"] if row["grows"] == kind] for kind in ("yes", "open")}
    said = "; ".join(f"{word}: {', '.join(names[kind]) or 'nothing'}" for kind, word in (
        ("yes", "growing"), ("open", "too short to tell")))
    return f"{result['driven_s']:.0f} s in {result['clock']}; {said}.\n\n" + table(result["slopes"], {
            "what": "what", "mean": "mean .1f", "an hour": "per_hour +.2f",
            "95 %": lambda r: f"{r['low']:+.2f} to {r['high']:+.2f}", "bound": "bound g",
            "grows": "grows"})


def main() -> int:
    """Run one request."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        return run(SoakRequest(**json.loads(sys.argv[1])), lambda line: print(line, flush=True))
    except AutomotError as error:
        print(f"automot bench soak: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    raise SystemExit(main())
