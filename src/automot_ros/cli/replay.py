"""`automot replay BAG`: run nodes again on what was recorded, and compare what they say with what they said."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.cli.become import become

NODES = ("understanding", "action", "refiner", "controller")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("bag", type=Path, help="a bag directory, or a bare .mcap file, cut off or not")
    parser.add_argument("--nodes", default=",".join(NODES), help=f"joined by commas: {', '.join(NODES)} (default: all)")
    parser.add_argument("--map", type=Path, help="YAML: topics by role, frames, rig, vehicle of a run that is not ours")
    parser.add_argument("--policy", help="another model than was recorded: nano or a model folder")
    parser.add_argument("--write-bag", action="store_true", help="keep what the nodes say now as OUT/bag")
    parser.add_argument("--out", type=Path, default=Path("runs/replay"), help="folder for result.json")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the replaying process: 0 the same, 1 not the same. Does not return."""
    nodes = args.nodes.split(",")
    if not nodes or not set(nodes) <= set(NODES):
        raise ConfigError("unknown node", where="--nodes", got=args.nodes, wanted=",".join(NODES))
    if args.write_bag and (args.out / "bag").exists():
        raise ConfigError("folder holds another bag", where="--out", got=str(args.out), wanted="a new folder")
    become("replay", {"bag": str(args.bag), "nodes": nodes, "map": None if args.map is None else str(args.map),
                      "policy": args.policy, "out": str(args.out), "write_bag": args.write_bag})
