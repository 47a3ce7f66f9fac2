"""`automot faults`: a car that drives through the real processes, one thing made to fail at a time, and a table."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument("--only", default="all",
                        help="faults, groups of faults or quick, joined by commas (default: all; see --list)")
    parser.add_argument("--list", action="store_true", help="name the faults and what is done, and end")
    parser.add_argument("--policy", default="steady",
                        help="who drives: steady (a baseline without weights, default) | nano | a model folder")
    parser.add_argument("--out", type=Path, default=Path("runs/faults"),
                        help="folder of result.json; faults that have a row there are not repeated")


def run(args: argparse.Namespace) -> int:
    """Become the process that runs the faults: Ctrl-C and the exit status are its own. Does not return."""
    request = {"names": "" if args.list else args.only, "policy": args.policy, "out": str(args.out.resolve()),
               "command": " ".join(["automot", *sys.argv[1:]])}
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "automot_ros.nodes.faults.session", json.dumps(request)])
