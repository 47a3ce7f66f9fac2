"""docs/performance.md: one section for each measurement, written by the command that measured it (`--page`)."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import write_bytes

Row = Mapping[str, Any]
CPU_INFO = Path("/proc/cpuinfo")


class Load:
    """How busy the machine was while something was measured: a figure from a busy machine says so."""

    def __init__(self) -> None:
        self._began = time.time()
        self._before = os.getloadavg()[0]

    def as_json(self) -> dict[str, Any]:
        """Load averages of a minute at begin and end, the processor, the date."""
        return {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self._began)),
                "duration_s": round(time.time() - self._began, 1), "load_before": round(self._before, 2),
                "load_after": round(os.getloadavg()[0], 2), "processor": _processor(), "cpus": os.cpu_count()}


def table(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], str] | str]) -> str:
    """A Markdown table; a column is a key of the rows with a format ("megabytes .1f"), or a function of a row."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row, how) for how in columns.values()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def put_section(page: Path, name: str, result: Mapping[str, Any], body: str) -> None:
    """Replace the section of a measurement on the page. ConfigError when the page has no place for it."""
    begins, ends = f"<!-- bench {name}: generated -->\n", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if begins not in text or ends not in text:
        raise ConfigError("page without a place for this", where=str(page), got=f"bench {name}",
                          wanted=f"{begins.strip()} ... {ends}")
    load = result["load"]
    command = re.sub(r" --(out|page)[ =]\S+", "", result["command"])  # where it was written to is nobody's business
    head = (f"`{command}`, {load['date']}, {load['processor']} with {load['cpus']} cores, load before and "
            f"after {load['load_before']} and {load['load_after']}.\n\n")
    before, rest = text.split(begins, 1)
    after = rest.split(ends, 1)[1]
    write_bytes(page, (before + begins + head + body + ends + after).encode())


def _cell(row: Row, how: Callable[[Row], str] | str) -> str:
    if callable(how):
        return how(row)
    key, _, form = how.partition(" ")
    value = row.get(key)
    return "-" if value is None else format(value, form)


def _processor() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
