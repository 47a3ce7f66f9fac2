"""One process that gives inputs to one subject, and notices what must not happen.

The number of the present input stands in a file, so that who started it knows which input ended or stopped it.
"""

from __future__ import annotations

import importlib
import json
import logging
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import time
import traceback
from pathlib import Path
from types import FrameType

from automot_ros.base.errors import AutomotError
from fuzzing.subject import Case, FindingError, Refusal, Subject, Target, write_case

MOST_CPU_S = 1.0
MOST_ADDRESS_BYTES = 1 << 30
"""What may be taken of the address space beyond what a good input took: larger claims fail, and failing is noticed."""
MOST_GROWTH_BYTES = 256 << 20
PROGRESS = struct.Struct("<QQQ")
"""The present input, how many were refused, how many were accepted."""
FINDING, TOO_LONG = "finding.json", "TooLongError"


class TooLongError(BaseException):
    """Raised by the alarm: no `except Exception` on the way may swallow it."""


class Watch:
    """Gives inputs to a subject under an alarm and with an eye on memory."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        subject.take(subject.good())
        self._peak = _peak_bytes()
        limit = _memory_bytes()[0] + MOST_ADDRESS_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
        signal.signal(signal.SIGPROF, _alarm)

    def give(self, case: Case) -> bool:
        """Whether an input was accepted. Raises what is a finding."""
        resident, begin, accepted = _memory_bytes()[1], time.process_time(), True
        signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
        try:
            self._subject.take(case)
        except (AutomotError, Refusal) as refusal:
            accepted = False
            _look_for_memory_errors(refusal)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
        if (took_s := time.process_time() - begin) > MOST_CPU_S:
            raise TooLongError(f"took {took_s:.2f} s")
        before, self._peak = self._peak, _peak_bytes()
        if self._peak > before and self._peak - resident > MOST_GROWTH_BYTES:
            raise FindingError(f"took {(self._peak - resident) >> 20} MiB")
        return accepted


def generator(target: str, seed: int, index: int) -> random.Random:
    """The generator of one input."""
    return random.Random(f"{target} {seed} {index}")


def make_subject(target: Target, folder: Path) -> Subject:
    """The subject of a target in a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made: Subject = getattr(importlib.import_module(f"fuzzing.{target.module}"), target.kind)(folder)
    return made


def work(target: Target, seed: int, first: int, end: int, folder: Path) -> int:
    """Give inputs `first` to `end` - 1; 1 when one of them is a finding, whose reason is then in `folder`."""
    logging.disable(logging.CRITICAL)
    with (folder / "progress").open("r+b") as file:
        progress = mmap.mmap(file.fileno(), PROGRESS.size)
    index, counts = first, [0, 0]
    subject = make_subject(target, folder / "work")
    try:
        watch = Watch(subject)
        for index in range(first, end):
            PROGRESS.pack_into(progress, 0, index, *counts)
            counts[watch.give(subject.draw(generator(target.name, seed, index)))] += 1
        PROGRESS.pack_into(progress, 0, end, *counts)
    except (Exception, TooLongError) as error:  # noqa: BLE001 whatever it is, it is a finding
        text = "".join(traceback.format_exception(error))[-8000:]
        (folder / FINDING).write_text(json.dumps({"index": index, "what": f"{type(error).__name__}: {error}"[:500],
                                                  "traceback": text}))
        return 1
    finally:
        subject.close()
    return 0


def save(target: Target, seed: int, index: int, folder: Path, into: Path) -> None:
    """Write the input of one index as files."""
    subject = make_subject(target, folder / "work")
    try:
        write_case(subject.draw(generator(target.name, seed, index)), into)
    finally:
        subject.close()


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise TooLongError(f"more than {MOST_CPU_S} s")


def _memory_bytes() -> tuple[int, int]:
    """Address space, and what of it is in memory."""
    size, resident = Path("/proc/self/statm").read_bytes().split()[:2]
    page = os.sysconf("SC_PAGE_SIZE")
    return int(size) * page, int(resident) * page


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _look_for_memory_errors(error: BaseException) -> None:
    """A claimed size that was believed shows as a failed allocation, however the error is dressed."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or "MemoryError" in str(seen) or "bad_alloc" in str(seen):
            raise FindingError(f"a claimed size was believed: {error}") from error
        seen = seen.__cause__ or seen.__context__
