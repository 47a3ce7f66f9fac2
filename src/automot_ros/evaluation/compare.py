"""Several examinations side by side: one row a driver, the difference to the first on the routes that both drove."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import ConfigError, MessageError
from automot_ros.base.results import write_bytes, write_json
from automot_ros.evaluation.evaluation_page import by_scenario
from automot_ros.evaluation.report_page import STYLE, table

CLASSES_A_BLOCK = 6
SHORTEST_NAME = 14


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean difference to the first row over common routes, and its standard error (None for fewer than two routes)."""

    routes: int
    driving_score: float
    driving_score_error: float | None
    success: float
    success_error: float | None


def read_result(folder: Path) -> dict[str, Any]:
    """The result.json of a closed-loop evaluation. MessageError when there is none to use."""
    path = folder / "result.json"
    try:
        result = json.loads(path.read_text())
        routes = {route["id"]: route for route in result["routes"]}
        result["driving_score"], result["success_rate"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise MessageError("no closed-loop result", where=str(path), got=repr(error),
                           wanted="the folder of a finished `automot evaluate closed-loop`") from error
    if not routes or len(routes) != len(result["routes"]):
        raise MessageError("route ids repeat, or there are none", where=str(path))
    return dict(result)


def compare(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """One row a folder: driver, figures, score and success by scenario class, difference to the first row."""
    results = [read_result(folder) for folder in folders]
    first = {route["id"]: route for route in results[0]["routes"]}
    rows = []
    for folder, result in zip(folders, results, strict=True):
        other = None if result is results[0] else _difference(first, result["routes"])
        rows.append({
            "folder": str(folder), "driver": driver_of(result), "routes": len(result["routes"]),
            "driving_score": result["driving_score"], "success_rate": result["success_rate"],
            "route_completion": result["route_completion"], "crashed": result.get("crashed", 0),
            "scenarios": {name: {"routes": len(group), "driving_score": _mean([r["driving_score"] for r in group]),
                                 "success_rate": _mean([r["success"] for r in group])}
                          for name, group in by_scenario(result["routes"]).items()},
            "difference": None if other is None else {
                "common_routes": other.routes, "driving_score": other.driving_score,
                "driving_score_standard_error": other.driving_score_error, "success_rate": other.success,
                "success_rate_standard_error": other.success_error},
        })
    return rows


def driver_of(result: dict[str, Any]) -> str:
    """What the table calls a driver: policy and guard, and the lag where a model has one."""
    return str(result.get("label") or result["policy"])


def _difference(first: dict[str, dict[str, Any]], routes: Sequence[dict[str, Any]]) -> Difference:
    pairs = [(first[route["id"]], route) for route in routes if route["id"] in first]
    if not pairs:
        raise ConfigError("no route in common with the first", got=routes[0]["id"], wanted="the same suites and seeds")
    for a, b in pairs:
        if (a["map"], a["seed"]) != (b["map"], b["seed"]) and "error" not in a and "error" not in b:
            raise ConfigError("two routes of one name", where=a["id"], got=f"{a['map']} and {b['map']}")
    score, score_error = _paired([b["driving_score"] - a["driving_score"] for a, b in pairs])
    success, success_error = _paired([float(b["success"]) - float(a["success"]) for a, b in pairs])
    return Difference(len(pairs), score, score_error, success, success_error)


def _paired(differences: Sequence[float]) -> tuple[float, float | None]:
    n = len(differences)
    return _mean(differences), round(float(np.std(differences, ddof=1)) / math.sqrt(n), 6) if n > 1 else None


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 6)


def cells(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """(heads, cells): driver, routes, score, success, completion, difference, then one column a scenario class."""
    classes = list(dict.fromkeys(name for row in rows for name in row["scenarios"]))
    heads = ["driver", "routes", "driving score", "success %", "completion %", "score to first", "success to first",
             *classes]
    body = []
    for row in rows:
        d = row["difference"]
        line = [row["driver"], str(row["routes"]), f"{row['driving_score']:.2f}", f"{100.0 * row['success_rate']:.1f}",
                f"{row['route_completion']:.1f}"]
        line += ["", ""] if d is None else [
            _plus_minus(d["driving_score"], d["driving_score_standard_error"], 2),
            _plus_minus(100.0 * d["success_rate"], None if d["success_rate_standard_error"] is None
                        else 100.0 * d["success_rate_standard_error"], 1)]
        for name in classes:
            c = row["scenarios"].get(name)
            line.append("-" if c is None else f"{c['driving_score']:.1f} / {100.0 * c['success_rate']:.0f} %")
        body.append(line)
    return heads, body


def _plus_minus(value: float, error: float | None, digits: int) -> str:
    return f"{value:+.{digits}f}" + ("" if error is None else f" +- {error:.{digits}f}")


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    """The table for a terminal; classes in blocks below one another (score / success), since they are many."""
    heads, body = cells(rows)
    fixed = 7
    blocks = [range(fixed)] + [range(i, min(i + CLASSES_A_BLOCK, len(heads)))
                               for i in range(fixed, len(heads), CLASSES_A_BLOCK)]
    parts = []
    for block in blocks:
        columns = list(block) if block.start == 0 else [0, *block]
        widths = [max(len(heads[c]), *(len(line[c]) for line in body)) for c in columns]
        parts += ["  ".join(text[c].ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip()
                  for text in [heads, *body]]
        parts.append("")
    return "\n".join(parts).rstrip()


def write_comparison(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """out/compare.json and out/compare.html."""
    write_json(out / "compare.json", {"rows": rows})
    heads, body = cells(rows)
    text = table(heads, [[escape(cell) for cell in line] for line in body], numbers=range(1, len(heads)))
    common = [row["difference"]["common_routes"] for row in rows if row["difference"] is not None]
    about = (f"Differences to {escape(rows[0]['driver'])}, paired over {min(common)} common routes or more, +- one "
             "standard error. " if common else "")
    page = (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>automot_ros: drivers compared</title><style>{STYLE}</style><body><main><header><h1>Drivers "
            f"compared</h1><p class=faint>{about}Scenario classes: driving score / success. Scores of the embedded "
            f"world, not of CARLA.</p></header>{text}</main></body></html>\n")
    write_bytes(out / "compare.html", page.encode())
