"""`automot bench tick`: from sensor to command through the real nodes, stage by stage."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.cli.become import become


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--duration", type=float, default=300.0, metavar="S",
                        help="real time, the understanding beside the fast loop (default 300 s)")
    parser.add_argument("--watched", type=float, default=60.0, metavar="S",
                        help="the same with page and recorder beside it (default 60 s; 0: not measured)")
    parser.add_argument("--synchronous", type=float, default=60.0, metavar="S",
                        help="the understanding in every tick (default 60 s; 0: not measured)")
    parser.add_argument("--policy", default="nano", help="nano or a model folder")
    parser.add_argument("--suite", default="plain", help="what is driven meanwhile")
    parser.add_argument("--seed", type=int, default=1_000_000, help="of the first route")
    parser.add_argument("--out", type=Path, default=Path("runs/bench_tick"), help="folder for result.json and tick.png")
    parser.add_argument("--page", type=Path, help="also write the section of docs/performance.md")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the measuring process. Does not return."""
    spans = (args.duration, args.watched, args.synchronous)
    if not all(0.0 <= span <= 36000.0 for span in spans) or args.duration < 5.0:
        raise ConfigError("out of bounds", where="--duration, --watched, --synchronous", got=spans,
                          wanted="5..36000 s, 0..36000 s, 0..36000 s")
    become("tick_bench", {
        "duration_s": args.duration, "watched_s": args.watched, "synchronous_s": args.synchronous,
        "policy": args.policy, "suite": args.suite, "first_seed": args.seed, "out": str(args.out.resolve()),
        "page": None if args.page is None else str(args.page)})
