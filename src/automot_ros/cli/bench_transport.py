"""`automot bench transport`: contexts of every size between two processes, and what a smaller format costs."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.cli.become import become

WAYS = ("handle", "profile", "default")
MOST_MB, MOST_HZ = 1000.0, 100.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--sizes", default="1,10,37.5,92,150", help="megabytes, joined by commas")
    parser.add_argument("--rates", default="2,10", help="contexts a second, joined by commas")
    parser.add_argument("--ways", default=",".join(WAYS), help="joined by commas: handle (shared memory), profile (in "
                        "the message, with our Fast DDS profile), default (in the message, Fast DDS as it comes)")
    parser.add_argument("--count", type=int, default=500, help="contexts by handle in each row (default 500)")
    parser.add_argument("--in-band-count", type=int, default=30, help="contexts in band in each row (default 30)")
    parser.add_argument("--kills", type=int, default=100, help="writers killed in the middle of a write (default 100)")
    parser.add_argument("--plan-ticks", type=int, default=200,
                        help="ticks of a drive on which the number formats are compared; 0: not compared")
    parser.add_argument("--out", type=Path, default=Path("runs/bench_transport"), help="folder for result.json")
    parser.add_argument("--page", type=Path, help="also write the section of docs/performance.md")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the measuring process. Does not return."""
    ways = args.ways.split(",")
    if not set(ways) <= set(WAYS):
        raise ConfigError("unknown way", where="--ways", got=args.ways, wanted=",".join(WAYS))
    if min(args.count, args.in_band_count) < 1 or min(args.kills, args.plan_ticks) < 0:
        raise ConfigError("nothing to measure", where="--count, --in-band-count, --kills, --plan-ticks",
                          got=[args.count, args.in_band_count, args.kills, args.plan_ticks], wanted=">= 1, >= 0")
    become("transport_bench", {
        "sizes_mb": _numbers(args.sizes, "--sizes", MOST_MB), "rates_hz": _numbers(args.rates, "--rates", MOST_HZ),
        "ways": ways, "count": args.count, "in_band_count": args.in_band_count, "kills": args.kills,
        "plan_ticks": args.plan_ticks, "out": str(args.out), "page": None if args.page is None else str(args.page)})


def _numbers(text: str, flag: str, most: float) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError("not numbers", where=flag, got=text, wanted="numbers joined by commas") from error
    if not all(0.0 < number <= most for number in numbers):
        raise ConfigError("out of bounds", where=flag, got=text, wanted=f"0..{most:g}")
    return numbers
