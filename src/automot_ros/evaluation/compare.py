"""Several examinations side by side: one row a driver, the difference to the first on the routes that both drove."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.errors import ConfigError, MessageError
from automot_ros.base.form import checked
from automot_ros.base.results import read_json, write_bytes, write_json
from automot_ros.evaluation.evaluation_page import by_scenario
from automot_ros.evaluation.forms import COMPARED
from automot_ros.evaluation.report_page import STYLE, table

SCORES = ("driver", "routes", "driving score", "95 %", "success %", "completion %", "score to first",
          "success to first")
FIGURES = ("collisions a route", "red lights a route", "comfort %", "jerk m/s3", "hazards named %", "guarded ticks %")
CLASSES_A_BLOCK = 6


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
        result: dict[str, Any] = checked(read_json(path), COMPARED, str(path))
    except MessageError as error:
        raise MessageError("no closed-loop result", where=str(folder), got=error,
                           wanted="the folder of a finished `automot evaluate closed-loop`") from error
    ids = {route["id"] for route in result["routes"]}
    if not ids or len(ids) != len(result["routes"]) or len(result["driving_score_ci"]) != 2:
        raise MessageError("route ids repeat, or there are none", where=str(path))
    return result


def compare(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """One row a folder: driver, figures, score and success by scenario class, difference to the first row.

    Comfort, the share of hazards named and of ticks at which the guard intervened 0..1; None where a driver has none.
    """
    results = [read_result(folder) for folder in folders]
    first = {route["id"]: route for route in results[0]["routes"]}
    rows = []
    for folder, result in zip(folders, results, strict=True):
        other = None if result is results[0] else _difference(first, result["routes"])
        rows.append({
            "folder": str(folder), "driver": driver_of(result), "routes": len(result["routes"]),
            "driving_score": result["driving_score"], "success_rate": result["success_rate"],
            "driving_score_ci": result["driving_score_ci"], "route_completion": result["route_completion"],
            "crashed": result.get("crashed", 0), **_figures(result),
            "scenarios": {name: {"routes": len(group), "driving_score": _mean([r["driving_score"] for r in group]),
                                 "success_rate": _mean([r["success"] for r in group])}
                          for name, group in by_scenario(result["routes"]).items()},
            "difference": None if other is None else {
                "common_routes": other.routes, "driving_score": other.driving_score,
                "driving_score_standard_error": other.driving_score_error, "success_rate": other.success,
                "success_rate_standard_error": other.success_error},
        })
    return rows


def _figures(result: dict[str, Any]) -> dict[str, Any]:
    counts, routes = result["infractions"], len(result["routes"])
    hits = sum(n for kind, n in counts.items() if kind.startswith("collisions"))
    # Neither a drive of nodes nor a baseline has words; results of earlier versions have no jerk.
    named, guarded = result.get("hazards_named"), result.get("interventions")
    return {"collisions_per_route": round(hits / routes, 6),
            "red_lights_per_route": round(counts.get("red_light", 0) / routes, 6),
            "comfort_corrected": result["comfort_corrected"], "jerk_mps3": result.get("jerk_mps3"),
            "hazards_named": None if named is None else named["share"],
            "guarded_ticks": None if guarded is None else guarded["share"]}


def driver_of(result: dict[str, Any]) -> str:
    """What the table calls a driver: policy, guard, and what was taken away."""
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
    """(heads, cells): SCORES, FIGURES, then one column a scenario class."""
    classes = list(dict.fromkeys(name for row in rows for name in row["scenarios"]))
    body = []
    for row in rows:
        low, high = row["driving_score_ci"]
        line = [row["driver"], str(row["routes"]), f"{row['driving_score']:.2f}", f"{low:.1f}-{high:.1f}",
                f"{100.0 * row['success_rate']:.1f}", f"{row['route_completion']:.1f}",
                *_differences(row["difference"]),
                f"{row['collisions_per_route']:.2f}", f"{row['red_lights_per_route']:.2f}",
                _known(row["comfort_corrected"], 100.0, 1), _known(row["jerk_mps3"], 1.0, 2),
                _known(row["hazards_named"], 100.0, 1), _known(row["guarded_ticks"], 100.0, 2)]
        for name in classes:
            c = row["scenarios"].get(name)
            line.append("-" if c is None else f"{c['driving_score']:.1f} / {100.0 * c['success_rate']:.0f} %")
        body.append(line)
    return [*SCORES, *FIGURES, *classes], body


def _differences(d: dict[str, Any] | None) -> list[str]:
    if d is None:
        return ["", ""]
    error = d["success_rate_standard_error"]
    return [_plus_minus(d["driving_score"], d["driving_score_standard_error"], 2),
            _plus_minus(100.0 * d["success_rate"], None if error is None else 100.0 * error, 1)]


def _known(value: float | None, scale: float, digits: int) -> str:
    return "-" if value is None else f"{scale * value:.{digits}f}"


def _plus_minus(value: float, error: float | None, digits: int) -> str:
    return f"{value:+.{digits}f}" + ("" if error is None else f" +- {error:.{digits}f}")


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    """The table for a terminal: scores, figures, then classes (score / success) in blocks below one another."""
    heads, body = cells(rows)
    edges = [len(SCORES), *range(len(SCORES) + len(FIGURES), len(heads), CLASSES_A_BLOCK), len(heads)]
    parts = []
    for begin, end in zip([1, *edges], edges, strict=False):
        columns = [0, *range(begin, end)]
        widths = [max(len(heads[c]), *(len(line[c]) for line in body)) for c in columns]
        parts += ["  ".join(text[c].ljust(w) for c, w in zip(columns, widths, strict=True)).rstrip()
                  for text in [heads, *body]]
        parts.append("")
    return "\n".join(parts).rstrip()


def section(rows: Sequence[dict[str, Any]], title: str = "") -> str:
    """The table as HTML, with what it says of its differences."""
    heads, body = cells(rows)
    text = table(heads, [[escape(cell) for cell in line] for line in body], numbers=range(1, len(heads)))
    common = [row["difference"]["common_routes"] for row in rows if row["difference"] is not None]
    about = (f"<p class=faint>Differences to {escape(rows[0]['driver'])}, paired over {min(common)} common routes or "
             "more, +- one standard error.</p>" if common else "")
    head = f"<h2>{escape(title)}</h2>" if title else ""
    return f"<section>{head}{about}{text}</section>"


def page(title: str, sections: Sequence[str]) -> str:
    """A page of such tables."""
    return (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>automot_ros: {escape(title)}</title><style>{STYLE}</style><body><main><header>"
            f"<h1>{escape(title)}</h1><p class=faint>95 %: the interval that holds the mean driving score. Scenario "
            f"classes: driving score / success. Scores of the embedded world, not of CARLA.</p></header>"
            f"{''.join(sections)}</main></body></html>\n")


def write_comparison(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """out/compare.json and out/compare.html."""
    write_json(out / "compare.json", {"rows": rows})
    write_bytes(out / "compare.html", page("Drivers compared", [section(rows)]).encode())
