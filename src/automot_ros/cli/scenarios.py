"""`automot scenarios`: a picture of every scenario class, with an index."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_SEED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `automot scenarios`."""
    parser.add_argument("names", nargs="*", help="scenario classes (default: all)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=f"the drives' seed (default {DEFAULT_SEED})")
    parser.add_argument("--out", type=Path, default=Path("runs/scenarios"), help="folder for pictures and README.md")


def run(args: argparse.Namespace) -> int:
    """Drive each class with the expert, write its picture; write the index of all that are there. 0 when done."""
    from automot_ros.base.results import write_bytes
    from automot_ros.evaluation.contact_sheet import index_of, picture_of
    from automot_ros.simulation.scenarios import SCENARIOS

    names = args.names or list(SCENARIOS)
    for place, name in enumerate(names):
        picture = picture_of(name, args.seed)
        write_bytes(args.out / f"{name}.jpg", picture.jpeg)
        print(f"{place + 1}/{len(names)} {name}: {len(picture.jpeg) / 1000:.0f} kB", flush=True)
    drawn = [name for name in SCENARIOS if (args.out / f"{name}.jpg").is_file()]
    write_bytes(args.out / "README.md", index_of(drawn).encode())
    print(f"written: {args.out / 'README.md'}")
    return 0
