"""What Fast DDS leaves in /dev/shm when a process is killed: found and removed, if it is new, ours and unused."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
_PATTERNS = ("fastdds_*", "sem.fastdds_*")


def present(folder: Path = SHARED_MEMORY) -> frozenset[str]:
    """Names of the transport's files now."""
    return frozenset(p.name for pattern in _PATTERNS for p in folder.glob(pattern))


def remove_new(before: frozenset[str], folder: Path = SHARED_MEMORY, *, older_than_s: float = 0.0) -> list[str]:
    """Remove files of this user that were not there `before` and whose lock files nobody holds; their names.

    Fast DDS holds a lock on `<name>_el` (or `<name>_sl`) for as long as a process uses `<name>`. Files younger than
    `older_than_s` stay: somebody may be about to lock them.
    """
    removed = []
    for name in sorted(present(folder) - before):
        stem = name.removeprefix("sem.").removesuffix("_mutex").removesuffix("_el").removesuffix("_sl")
        path = folder / name
        try:
            status = path.lstat()
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < older_than_s:
                continue
            if any(_locked(folder / f"{stem}{s}") for s in ("_el", "_sl")):
                continue
            path.unlink()
        except OSError:
            continue  # gone meanwhile
        removed.append(name)
    return removed


def _locked(path: Path) -> bool:
    try:
        # Anybody may make a file there: no link is followed, and nobody waits for the other end of a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
