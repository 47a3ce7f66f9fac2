"""Where the shipped files lie: config, models, launch, rviz; in a checkout, or under share/ of an installation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from automot_ros.base.errors import MachineError


def shipped(name: str) -> Path:
    """Path of a shipped file or folder such as `config/fastdds.xml` or `models/nano`."""
    checkout = Path(__file__).resolve().parents[3]
    places = [checkout, Path(sys.prefix) / "share" / "automot_ros"]
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    places += [Path(p) / "share" / "automot_ros" for p in prefixes if p]
    for place in places:
        if (place / name).exists():
            return place / name
    raise MachineError("shipped file is missing", where=name, got=f"not in {[str(p) for p in places]}",
                       wanted="a complete installation: pip install . (or make setup)")
