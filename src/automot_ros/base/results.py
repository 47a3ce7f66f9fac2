"""result.json: what every command leaves behind, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from automot_ros.base.errors import AutomotError, MessageError

SCHEMA_VERSION = 1


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, then rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, path)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON. Not-a-number and infinities become null: JSON has neither."""
    write_bytes(path, (json.dumps(_finite(value), indent=2, sort_keys=False) + "\n").encode())


def read_json(path: Path, error: type[AutomotError] = MessageError) -> Any:
    """The value in a JSON file; `error` says which file cannot be read and why."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as reason:
        raise error("no readable JSON", where=str(path), got=reason) from reason


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def run_header(*, model_hash: str = "", seeds: str = "") -> dict[str, Any]:
    """What produced a result: schema, command line, commit, machine. The same run gives the same header."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": " ".join(["automot", *sys.argv[1:]]),
        "git_commit": _git_commit(),
        "model_hash": model_hash,
        "machine": {"system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count(),
                    "python": platform.python_version()},
        "seeds": seeds,
    }


def _git_commit() -> str:
    try:
        done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=5,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    elif hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
