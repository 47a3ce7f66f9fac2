"""`automot bench transport` behind its flags: contexts of every size from one process to another, three ways.

handle: shared memory, a handle in the message. profile: in the message itself, with our profile of Fast DDS. default:
in the message, Fast DDS as it comes. Hand-over is from the payload ready in its place (slot or byte array, checksum
made) to the attention buffer ready in the other process, every check done. Beside each stands a copy of as many bytes
between two arrays of the reader, made between the contexts of the same run.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import AutomotError, MachineError
from automot_ros.base.results import read_json, run_header, write_json
from automot_ros.context.killing import kill_writers
from automot_ros.context.layout import ContextLayout
from automot_ros.context.ring import SHARED_MEMORY, remove_abandoned
from automot_ros.evaluation.performance import Load, put_section, table
from automot_ros.nodes import leftovers
from automot_ros.nodes.security import OLD_PROFILE, PROFILE
from automot_ros.nodes.supervisor import ros_environment
from automot_ros.nodes.transport_end import TransportCell

END_S = 60.0
RELEASED_TOKENS = 626
P50_RATIO, P99_RATIO = 2.0, 4.0
JUDGED_MB, JUDGED_HZ = (37.5, 92.0), 2.0
DONE, MISSED, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class TransportRequest:
    """What cli/bench_transport.py was asked for."""

    sizes_mb: list[float]
    rates_hz: list[float]
    ways: list[str]
    count: int
    in_band_count: int
    kills: int
    plan_ticks: int
    out: str
    page: str | None
    command: str


def measure(cell: TransportCell, way: str) -> dict[str, Any]:
    """One row: a writer and a reader process, from start to end."""
    environment = {**os.environ, **ros_environment(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if way == "default":
        environment = {k: v for k, v in environment.items() if k not in (PROFILE, OLD_PROFILE)}
    before = leftovers.present()
    Path(cell.result).with_suffix(".ready").unlink(missing_ok=True)
    command = [sys.executable, "-m", "automot_ros.nodes.transport_end"]
    ends = {role: subprocess.Popen([*command, json.dumps({"role": role, **asdict(cell)})], env=environment,
                                   stdin=subprocess.DEVNULL) for role in ("reader", "writer")}
    try:
        status = ends["writer"].wait(cell.count / cell.rate_hz * 4.0 + cell.megabytes + END_S)
        ends["reader"].send_signal(signal.SIGTERM)
        if status or ends["reader"].wait(END_S):
            raise MachineError("an end of the transport failed", where=f"{way}, {cell.megabytes} MB")
    except subprocess.TimeoutExpired as error:
        raise MachineError("the transport hangs", where=f"{way}, {cell.megabytes} MB") from error
    finally:
        for end in ends.values():
            if end.poll() is None:
                end.kill()
                end.wait()
        remove_abandoned()
        leftovers.remove_new(before)
    result = Path(cell.result)
    wrote, took = (read_json(result.with_suffix(f".{role}.json")) for role in ("writer", "reader"))
    return row_of(cell, way, wrote, took)


def row_of(cell: TransportCell, way: str, wrote: dict[str, Any], took: dict[str, Any]) -> dict[str, Any]:
    """The figures of a cell, milliseconds; ratios to the median copy of the same run."""
    sent, received = len(wrote["fill_s"]), len(took["hand_over_s"])
    row: dict[str, Any] = {
        "way": way, "megabytes": round(cell.layout.size_bytes / 1e6, 2), "rate_hz": cell.rate_hz, "sent": sent,
        "received": received, "lost": sent - received, "refused": took["refused"], "corrupted": took["corrupted"],
        "lost_sequences": sorted(set(range(sent)) - set(took["sequences"]))[:20],
        "fill_p50_ms": _ms(wrote["fill_s"], 50),
        "left_in_shared_memory": int(bool(wrote["segment"]) and (SHARED_MEMORY / wrote["segment"]).exists())}
    if received:
        copy = float(np.median(took["memcpy_s"]))
        p50, p99 = (float(np.percentile(took["hand_over_s"], q)) for q in (50, 99))
        whole = p50 + float(np.median(wrote["fill_s"]))
        row |= {"memcpy_p50_ms": 1e3 * copy, "memcpy_p99_ms": _ms(took["memcpy_s"], 99), "p50_ms": 1e3 * p50,
                "p99_ms": 1e3 * p99, "max_ms": 1e3 * max(took["hand_over_s"]), "p50_ratio": p50 / copy,
                "p99_ratio": p99 / copy, "with_fill_p50_ratio": whole / copy}
    return row


def measure_all(request: TransportRequest, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every row, printed as it comes."""
    rows = []
    say(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for way in request.ways:
            for megabytes in request.sizes_mb:
                for rate in request.rates_hz:
                    by_handle = way == "handle"
                    cell = TransportCell("handle" if by_handle else "in band", megabytes, rate,
                                         request.count if by_handle else request.in_band_count, f"{folder}/cell")
                    rows.append(measure(cell, way))
                    say(line_of(rows[-1]))
    return rows


HEAD = (f"{'way':<8} {'MB':>6} {'Hz':>4} {'sent':>5} {'lost':>5} {'corrupt':>7} {'fill':>8} {'memcpy':>8} {'p50':>9} "
        f"{'p99':>9} {'p50/memcpy':>10} {'p99/memcpy':>10}   (ms)")


def line_of(row: dict[str, Any]) -> str:
    """A row for people."""
    start = (f"{row['way']:<8} {row['megabytes']:6.1f} {row['rate_hz']:4g} {row['sent']:5d} {row['lost']:5d} "
             f"{row['corrupted']:7d} {row['fill_p50_ms']:8.2f} ")
    if not row["received"]:
        return start + "nothing arrived"
    return start + (f"{row['memcpy_p50_ms']:8.2f} {row['p50_ms']:9.2f} {row['p99_ms']:9.2f} {row['p50_ratio']:10.2f} "
                    f"{row['p99_ratio']:10.2f}")


def _ms(seconds: list[float], q: float) -> float:
    return 1e3 * float(np.percentile(seconds, q))


def misses(rows: list[dict[str, Any]]) -> list[str]:
    """The targets that a row misses."""
    found = []
    for row in rows:
        name = f"{row['way']}, {row['megabytes']} MB, {row['rate_hz']:g} Hz"
        if row["corrupted"]:
            found.append(f"{name}: {row['corrupted']} corrupted")
        if row["left_in_shared_memory"]:
            found.append(f"{name}: {row['left_in_shared_memory']} segments left in shared memory")
        if row["way"] != "handle" or row["rate_hz"] != JUDGED_HZ:
            continue
        if row["lost"]:
            found.append(f"{name}: {row['lost']} lost")
        if any(abs(row["megabytes"] - size) < 1.0 for size in JUDGED_MB):
            found += [f"{name}: {figure} {row.get(figure, math.inf):.2f} > {limit}"
                      for figure, limit in (("p50_ratio", P50_RATIO), ("p99_ratio", P99_RATIO))
                      if row.get(figure, math.inf) > limit]
    return found


def page_of(result: dict[str, Any]) -> str:
    """The section of docs/performance.md."""
    k = result["killed_writers"]
    hand_over = table(result["rows"], {
        "way": "way", "MB": "megabytes .1f", "Hz": "rate_hz g", "sent": "sent", "lost": "lost",
        "corrupted": "corrupted", "fill ms": "fill_p50_ms .2f", "one copy ms": "memcpy_p50_ms .2f",
        "hand-over p50 ms": "p50_ms .2f", "p99 ms": "p99_ms .2f", "p50 / copy": "p50_ratio .2f",
        "p99 / copy": "p99_ratio .2f", "(fill + p50) / copy": "with_fill_p50_ratio .2f"})
    formats = table(result["formats"], {
        "format": "dtype", "MB": lambda r: f"{r['payload_bytes'] / 1e6:.1f}", "encode ms": "encode_ms .0f",
        "decode ms": "decode_ms .0f"})
    effect = table(result["plan_effect"], {
        "format": "dtype", "kB": lambda r: f"{r['payload_bytes'] / 1e3:.1f}", "plans": "plans",
        "waypoints, mean m": "waypoint_shift_mean_m .5f", "worst m": "waypoint_shift_worst_m .5f",
        "route, mean m": "route_shift_mean_m .5f", "worst m ": "route_shift_worst_m .5f"})
    missed = "".join(f"- missed: {line}\n" for line in result["missed"]) or "No target missed.\n"
    return (f"{hand_over}\n{missed}\n{k['killed']} writers killed, {k['mid_write']} of them in the middle of a write: "
            f"{k['read']} contexts read from what they left, {k['refused']} refused, **{k['wrong']} wrong**, "
            f"{k['left']} segments left.\n\nA context of the released layout in each format (numpy, one thread):\n\n"
            f"{formats}\nHow far the shipped model's refined plan moves when its context goes through a format:\n\n"
            f"{effect}")


def run(request: TransportRequest, say: Callable[[str], None]) -> int:
    """Measure, say tables, write result.json. 1 when a target is missed."""
    load = Load()
    killed = kill_writers(request.kills, 4_000_000)  # forks: before anything here has threads
    say(f"{killed.killed} writers killed, {killed.mid_write} in the middle of a write: {killed.read} contexts read, "
        f"{killed.refused} refused, {killed.wrong} wrong, {killed.left} segments left")
    rows = measure_all(request, say)
    from automot_ros.evaluation.codec_effect import as_rows, effect_of_formats, times_of_formats  # torch

    formats = times_of_formats(ContextLayout(36, 4, 128, 80, RELEASED_TOKENS))
    for row in formats:
        say(f"released size as {row['dtype']:<9} {row['payload_bytes'] / 1e6:6.1f} MB  encode {row['encode_ms']:7.1f} "
            f"ms  decode {row['decode_ms']:7.1f} ms")
    ticks = request.plan_ticks
    effects = as_rows(effect_of_formats("PedestrianCrossing", 1_000_000, ticks)) if ticks else []
    for row in effects:
        say(f"nano's plan on {row['dtype']:<9} {row['payload_bytes'] / 1e3:6.1f} kB  {row['plans']} plans: waypoints "
            f"shift by {row['waypoint_shift_mean_m']:.5f} m, worst {row['waypoint_shift_worst_m']:.5f} m")
    missed = misses(rows) + [f"{killed.wrong} wrong contexts from killed writers"] * (killed.wrong > 0)
    result = {**run_header(), "command": request.command, "bench": "transport", "load": load.as_json(),
              "killed_writers": asdict(killed), "rows": rows, "formats": formats, "plan_effect": effects,
              "missed": missed}
    write_json(Path(request.out) / "result.json", result)
    if request.page is not None:
        put_section(Path(request.page), "transport", result, page_of(result))
    for line in missed:
        say(f"missed: {line}")
    say(f"written: {request.out}/result.json")
    return MISSED if missed else DONE


def main() -> int:
    """Run one request."""
    try:
        return run(TransportRequest(**json.loads(sys.argv[1])), lambda line: print(line, flush=True))
    except AutomotError as error:
        print(f"automot bench transport: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    raise SystemExit(main())
