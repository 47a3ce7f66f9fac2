"""`automot bench WHAT`: figures of this machine, as a table and as result.json; a module for each WHAT."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType

BENCHES = {
    "world": "how fast the embedded world runs",
    "transport": "a context from one process to another, by handle and in band, against one copy of its bytes",
    "tick": "from sensor to command through the real nodes, stage by stage, asynchronous and synchronous",
    "soak": "hours of driving: whether memory, files, shared memory or latency grow",
    "released": "contexts and fast steps at the released size, random weights",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A sub-command for each measurement."""
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, text in BENCHES.items():
        made = kinds.add_parser(name, help=text, description=text)
        _module(name).add_arguments(made)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write result.json. 0 when done, 1 when a target is not reached."""
    return int(_module(args.what).run(args))


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"automot_ros.cli.bench_{name}")
