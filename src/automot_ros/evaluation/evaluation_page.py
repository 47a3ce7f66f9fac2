"""report.html of an examination: the score, tables by scenario and by ability, and every failed route with pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from automot_ros.base.results import write_bytes
from automot_ros.evaluation.report_page import (
    STYLE,
    infractions_in_words,
    origin_section,
    routes_table,
    share,
    table,
    tile,
)
from automot_ros.evaluation.strips import strip_file

REPORT_NAME = "report.html"


def write_evaluation_page(out: Path, result: dict[str, Any], note: str = "") -> Path:
    """Write out/report.html from a closed-loop result and the pictures in out/strips."""
    routes = result["routes"]
    failed = [route for route in routes if not route["success"]]
    tiles = "".join([
        tile("driving score", f"{result['driving_score']:.1f}", "of 100"),
        tile("success", f"{100.0 * share(result['success_rate']):.1f} %", "completed without any infraction"),
        tile("route completion", f"{result['route_completion']:.1f} %", ""),
        tile("infractions", str(sum(result["infractions"].values())),
             infractions_in_words(result["infractions"]) or "none"), *_named_tile(result["hazards_named"])])
    notes = [note] if note else []
    if result["crashed"]:
        notes.append(f"{result['crashed']} of {len(routes)} routes crashed or could not be set up; they count as 0.")
    if result["not_run"]:
        notes.append("Scenario classes that this program does not know, not run: "
                     + ", ".join(f"{kind} ({n})" for kind, n in result["not_run"].items()))
    said = "".join(f"<p class=note>{escape(text)}</p>" for text in notes)
    head = (f"<h1>{escape(str(result['label']))}</h1><p class=faint>{len(routes)} routes of "
            f"{escape(str(result.get('suite', 'a route file')))} in the embedded world, lockstep; refiner "
            f"{escape(str(result['refiner']))}, guard {'on' if result['guard'] else 'off'}, understanding lag "
            f"{result['understanding_lag_s']:g} s. These are scores of the embedded world, not of CARLA.</p>")
    sections = [f"<section><h2>By scenario</h2>{scenario_table(routes)}</section>"]
    if result["ability"]:
        sections.append(f"<section><h2>By ability</h2>{_abilities(result['ability'])}</section>")
    if result["hazards_named"] is not None:
        sections.append(f"<section><h2>Hazards that the report named in time</h2>{_named(result['hazards_named'])}"
                        "</section>")
    if failed:
        sections.append(f"<section><h2>Failed routes ({len(failed)})</h2></section>"
                        + "".join(_failed(out, route) for route in failed))
    sections.append(f"<section><h2>All routes</h2>{routes_table(routes)}</section>{origin_section(result)}")
    page = (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>automot_ros: {escape(str(result['label']))}</title><style>{STYLE}</style><body><main>"
            f"<header>{head}</header><div class=tiles>{tiles}</div>{said}{''.join(sections)}</main></body></html>\n")
    write_bytes(out / REPORT_NAME, page.encode())
    return out / REPORT_NAME


def by_scenario(routes: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The routes of each scenario class, in the order of the first of each."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for route in routes:
        groups.setdefault(str(route["scenario"]), []).append(route)
    return groups


def scenario_table(routes: Sequence[dict[str, Any]]) -> str:
    """One row a scenario class."""
    rows = []
    for name, group in by_scenario(routes).items():
        count: dict[str, int] = {}
        for route in group:
            for kind, n in route["infractions"].items():
                count[kind] = count.get(kind, 0) + n
        rows.append([escape(name), str(len(group)), f"{np.mean([r['driving_score'] for r in group]):.1f}",
                     f"{100.0 * np.mean([r['success'] for r in group]):.0f} %",
                     f"{np.mean([r['route_completion'] for r in group]):.1f} %",
                     escape(infractions_in_words(count) or "none")])
    return table(["scenario", "routes", "driving score", "success", "completion", "infractions"], rows,
                 numbers=(1, 2, 3, 4))


def _abilities(ability: dict[str, float | None]) -> str:
    rows = [[escape(name.replace("_", " ")), "-" if value is None else f"{100.0 * value:.1f} %"]
            for name, value in ability.items()]
    return table(["ability", "routes passed"], rows, numbers=(1,))


def _named_tile(named: dict[str, Any] | None) -> list[str]:
    if named is None or named["share"] is None:
        return []
    return [tile("hazards named", f"{100.0 * named['share']:.1f} %", f"in time, of {named['encounters']}")]


def _named(named: dict[str, Any]) -> str:
    rows = [[escape(name), str(met["encounters"]), "-" if met["share"] is None else f"{100.0 * met['share']:.0f} %"]
            for group in ("by_hazard", "by_scenario") for name, met in named[group].items()]
    return table(["hazard, scenario", "met", "named in time"], rows, numbers=(1, 2))


def _failed(out: Path, route: dict[str, Any]) -> str:
    first = ""
    if route["events"]:
        event = route["events"][0]
        first = f" First, at {event['time_s']:.1f} s: {event['text']}"
    words = infractions_in_words(route["infractions"]) or "no infraction"
    text = (f"<h3 id='{escape(route['id'], quote=True)}'>{escape(route['id'])}</h3><p class=faint>"
            f"{escape(str(route['status']))}; {escape(words)}; score {route['driving_score']:.1f}, completion "
            f"{route['route_completion']:.1f} %, {route['duration_s']:.0f} s.{escape(first)} Video: <code>automot "
            f"evaluate video --out {escape(str(out))} {escape(route['id'])}</code></p>")
    file = strip_file(out, route["id"])
    if file.exists():
        data = base64.b64encode(file.read_bytes()).decode()
        text += (f'<div class=scroll><img class=strip src="data:image/jpeg;base64,{data}" '
                 f'alt="camera and view from above around the moment it went wrong"></div>')
    if "error" in route:
        text += f"<details><summary>{escape(route['error'])}</summary><pre>{escape(route['traceback'])}</pre></details>"
    return f"<section>{text}</section>"
