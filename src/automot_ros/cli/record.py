"""`automot record`: what runs on this ROS domain, into a bag, until Ctrl-C."""

from __future__ import annotations

import argparse
from pathlib import Path

from automot_ros.base.errors import ConfigError
from automot_ros.cli.become import become


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--bag", type=Path, required=True, help="the bag's directory; must not exist")
    parser.add_argument("--topics", default="*", help="joined by commas (default: all that are published)")
    parser.add_argument("--no-images", action="store_true", help="leave image topics out")
    parser.add_argument("--compress", action="store_true", help="pack the bag (zstd)")


def run(args: argparse.Namespace) -> int:
    """Check the flags, then become the recorder. Does not return."""
    if args.bag.exists():
        raise ConfigError("bag exists already", where="--bag", got=str(args.bag), wanted="a new name")
    become("record", {"bag": str(args.bag), "topics": args.topics, "images": not args.no_images,
                      "compress": args.compress})
