"""The fault table from result.json: for the screen and for the docs. No ROS here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = ("fault", "what is wrong", "wanted", "reason", "noticed s", "commanded s", "standstill s", "distance m",
           "hold %", "resumed s", "passed")


def cells(row: Mapping[str, Any]) -> list[str]:
    """One row as text."""
    wanted = row["expected"] + (f" after {row['shows_s']:.1f} s" if row["shows_s"] else "")
    hold = None if row["hold"] is None else 100.0 * row["hold"]
    return [row["name"], row["what"], wanted, row["reason"].lower() or "-", _or_dash(row["detected_s"], 2),
            _or_dash(row["commanded_s"], 2), _or_dash(row["standstill_s"], 2), _or_dash(row["distance_m"], 1),
            _or_dash(hold, 0), _or_dash(row["resume_s"], 2), "yes" if row["passed"] else "NO"]


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Columns side by side, and under each row that failed, why."""
    table = [list(COLUMNS), *map(cells, rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in table]
    lines += [f"{row['name']}: {'; '.join(row['failures'])}" for row in rows if not row["passed"]]
    passed = sum(bool(row["passed"]) for row in rows)
    return "\n".join([*lines, f"{passed} of {len(rows)} faults within all limits"])


def as_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table for the docs, one section a group."""
    lines = []
    for group in dict.fromkeys(row["group"] for row in rows):
        lines += [f"\n### {group}\n", f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        lines += [f"| {' | '.join(cells(row))} |" for row in rows if row["group"] == group]
    return "\n".join(lines) + "\n"


def _or_dash(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
