"""`python -m fuzzing`: bad inputs for every target, in processes of their own; a table, and 1 if any crashed or hung.

Every input is a function of the name of its target, the seed and its number: what is found is found again with
`--target NAME --first NUMBER --inputs 1`. After a finding the next input goes to a new process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from fuzzing.subject import Target
from fuzzing.targets import FAULTY, ROS_MODULES, TARGETS, has_ros
from fuzzing.worker import FINDING, PROGRESS, TOO_LONG, save, work

ALL = 100_000
MOST_WALL_S = 60.0
"""A process that stays at one input for so long hangs where no alarm reaches it."""
MOST_FINDINGS = 5
"""A target that has so many is given no more inputs."""
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Row:
    """What came of a target: `crashed` raised, ended or claimed what it must not, `hung` took too long."""

    target: str
    inputs: int = 0
    refused: int = 0
    accepted: int = 0
    crashed: int = 0
    hung: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        counts = (self.inputs, self.refused, self.accepted, self.crashed, self.hung)
        return f"{self.target:<20}{''.join(f'{n:>9}' for n in counts)}{self.seconds:>9.1f}"


def main() -> int:
    """Run what was asked for; the exit status."""
    asked = _arguments()
    out = Path(asked.out)
    if asked.worker:
        return work(_named(asked.worker), asked.seed, asked.first, asked.first + asked.inputs, out)
    if asked.save:
        save(_named(asked.save), asked.seed, asked.first, out, Path(asked.into))
        return 0
    chosen = [_named(name) for name in asked.target or [t.name for t in TARGETS]]
    if unready := [t.name for t in chosen if t.module in ROS_MODULES and not has_ros()]:
        print(f"not run, they need rclpy: {', '.join(unready)}")
        chosen = [t for t in chosen if t.name not in unready]
    print("".join(f"{f.name:<20}" if f.name == "target" else f"{f.name:>9}" for f in fields(Row)), flush=True)
    total = Row("all")
    for target in chosen:
        count = asked.inputs if asked.target or asked.each else max(1, round(asked.inputs * target.share / ALL))
        row = _run(target, asked.seed, asked.first, count, out)
        print(row, flush=True)
        total = Row("all", *(a + b for a, b in zip(astuple(total)[1:], astuple(row)[1:], strict=True)))
    print(total)
    return 1 if total.crashed or total.hung else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=ALL, help="in all, or of each --target")
    parser.add_argument("--each", action="store_true", help="--inputs of each target")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--out", default=str(ROOT / "build" / "fuzz"), help="where findings are saved")
    for hidden in ("--worker", "--save", "--into"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args()


def _named(name: str) -> Target:
    found = [t for t in (*TARGETS, FAULTY) if t.name == name]
    if not found:
        raise SystemExit(f"no target {name}: one of {', '.join(t.name for t in TARGETS)}")
    return found[0]


def _run(target: Target, seed: int, first: int, count: int, out: Path) -> Row:
    """All inputs of a target, whatever happens at some of them."""
    row, begin, at = Row(target.name), time.monotonic(), first
    while at < first + count and row.crashed + row.hung < MOST_FINDINGS:
        (out / target.name).mkdir(parents=True, exist_ok=True)
        at, refused, accepted, what = _work(target, seed, at, first + count - at, out / target.name)
        row.refused, row.accepted = row.refused + refused, row.accepted + accepted
        if what:
            hung = what.startswith((TOO_LONG, "hangs"))
            row.hung, row.crashed = row.hung + hung, row.crashed + (not hung)
            print(f"\nFINDING in {target.name}, seed {seed}, input {at}: {what}\n{_kept(target, seed, at, out)}\n",
                  flush=True)
            at += 1
    row.inputs, row.seconds = at - first, time.monotonic() - begin
    return row


def _work(target: Target, seed: int, first: int, count: int, folder: Path) -> tuple[int, int, int, str]:
    """One process, to its end: the input at which it is, refused, accepted, and what was found, if anything."""
    progress, finding = folder / "progress", folder / FINDING
    finding.unlink(missing_ok=True)
    progress.write_bytes(PROGRESS.pack(first, 0, 0))
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fuzzing", "--worker", target.name, "--seed", str(seed), "--first", str(first),
             "--inputs", str(count), "--out", str(folder)],
            stdout=log, stderr=log, cwd=Path(__file__).parents[1], env={**os.environ, "OMP_NUM_THREADS": "1"})
        hangs = _watch(process, progress)
    index, refused, accepted = PROGRESS.unpack(progress.read_bytes())
    if finding.exists():
        found = json.loads(finding.read_text())
        return index, refused, accepted, f"{found['what']}\n{found['traceback']}"
    if hangs or process.returncode:
        end = f"hangs for {MOST_WALL_S:.0f} s" if hangs else f"the process ended with {process.returncode}"
        return index, refused, accepted, f"{end}\n{(folder / 'log.txt').read_text(errors='replace')[-4000:]}"
    return index, refused, accepted, ""


def _watch(process: subprocess.Popen[bytes], progress: Path) -> bool:
    """Wait for the end; True when the process had to be ended because it stood still."""
    before, since = b"", time.monotonic()
    while True:
        try:
            process.wait(0.2)
            return False
        except subprocess.TimeoutExpired:
            now = progress.read_bytes()
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > MOST_WALL_S:
                process.kill()
                process.wait()
                return True


def _kept(target: Target, seed: int, index: int, out: Path) -> str:
    """Write the input beside the other findings; in a process of its own, this one stays clean."""
    into = out / "findings" / f"{target.name}-{seed}-{index}"
    subprocess.run([sys.executable, "-m", "fuzzing", "--save", target.name, "--seed", str(seed), "--first", str(index),
                    "--out", str(out / target.name), "--into", str(into)], cwd=Path(__file__).parents[1], check=False)
    return (f"saved in {into}\nagain (in test/fuzz): python -m fuzzing --target {target.name} --seed {seed} "
            f"--first {index} --inputs 1")


if __name__ == "__main__":
    raise SystemExit(main())
