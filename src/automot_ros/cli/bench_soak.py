"""`automot bench soak`: drive for hours and see whether memory, files, shared memory or latency grow."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.cli.become import become


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--duration", type=float, default=3600.0, metavar="S", help="of the clock (default one hour)")
    parser.add_argument("--lockstep", action="store_true", help="simulated time, as fast as it goes; else real time")
    parser.add_argument("--policy", default="nano", help="nano or a model folder")
    parser.add_argument("--suite", default="plain", help="what is driven, a new map every minute")
    parser.add_argument("--seed", type=int, default=1_000_000, help="of the first route")
    parser.add_argument("--out", type=Path, default=Path("runs/bench_soak"), help="folder for result.json")
    parser.add_argument("--page", type=Path, help="also write the section of docs/performance.md")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the driving process. Does not return."""
    if not 10.0 <= args.duration <= 1e6:
        raise ConfigError("out of bounds", where="--duration", got=args.duration, wanted="10..1e6 s")
    become("soak", {"duration_s": args.duration, "lockstep": args.lockstep, "policy": args.policy, "suite": args.suite,
                    "first_seed": args.seed, "out": str(args.out.resolve()),
                    "page": None if args.page is None else str(args.page)})
