"""What each part of a model is worth in closed loop: many drivers on the same routes, and their paired differences.

Each row of the table is one ordinary evaluation in a folder of its own, so that a stopped run goes on where it was and
rows can join a table later. A row's difference to the full model is one change and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from automot_ros.base.errors import ConfigError
from automot_ros.base.results import run_header, write_bytes, write_json
from automot_ros.evaluation.closed_loop import evaluate, keep_settings
from automot_ros.evaluation.compare import compare, page, section
from automot_ros.evaluation.drivers import DriverSettings
from automot_ros.evaluation.evaluation_page import write_evaluation_page
from automot_ros.evaluation.pool import Runner
from automot_ros.evaluation.routes import RouteJob, route_settings, source_of
from automot_ros.policy.ablation import PARTS

PAGE_NAME = "ablations.html"
FULL, SYNCHRONOUS = "full", "lag-0"
LAGS_S = (0.25, 0.5, 1.0, 1.5, 2.0)
_LAG_ROWS = (SYNCHRONOUS, *(f"lag-{lag_s:g}" for lag_s in LAGS_S))
_AGE_ROWS = ("lag-1", "lag-1-no-age")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def known_rows(policy: str) -> dict[str, DriverSettings]:
    """The rows that need no other weights, by name, in the order of the table."""
    full = DriverSettings(policy)
    if not full.has_model:
        raise ConfigError("nothing to take apart", where="--policy", got=policy, wanted="nano or a model folder")
    lags = (0.0, *LAGS_S)
    return {
        FULL: full,
        **{f"no-{part}": replace(full, without=(part,)) for part in PARTS},
        "no-refiner": replace(full, refiner="none"),
        "no-guard": replace(full, guard=False),
        **{name: replace(full, understanding_lag_s=lag_s) for name, lag_s in zip(_LAG_ROWS, lags, strict=True)},
        "lag-1-no-age": replace(full, understanding_lag_s=1.0, without=("age",)),
        "blind": DriverSettings("blind", guard=False),
        "blind-guard": DriverSettings("blind"),
        "expert": DriverSettings("expert"),
    }


def rows_asked(texts: Sequence[str], policy: str) -> dict[str, DriverSettings]:
    """The full model and the rows of these texts: a known name, or NAME=FOLDER[:SETTINGS]; all known ones for none."""
    known = known_rows(policy)
    if not texts:
        return known
    rows = {FULL: known[FULL]}
    for text in texts:
        name, own, rest = text.partition("=")
        if own and (name in known or _NAME.fullmatch(name) is None):
            raise ConfigError("not a name for a row", where="--rows", got=name, wanted="a new name of letters, digits, "
                              "dots and dashes")
        if not own and name not in known:
            raise ConfigError("no such row", where="--rows", got=name,
                              wanted=" | ".join([*known, "NAME=MODEL_FOLDER[:SETTINGS]"]))
        rows[name] = _other_weights(rest) if own else known[name]
    return rows


def _other_weights(text: str) -> DriverSettings:
    """FOLDER[:refiner=none,guard=off,lag=0.5,without=age+motion]."""
    folder, _, rest = text.partition(":")
    settings = DriverSettings(folder)
    for item in rest.split(",") if rest else ():
        key, _, value = item.partition("=")
        if key == "refiner" and value in ("none", "diffusion"):
            settings = replace(settings, refiner=value)
        elif key == "guard" and value in ("on", "off"):
            settings = replace(settings, guard=value == "on")
        elif key == "lag" and re.fullmatch(r"[0-5](\.\d+)?", value):
            settings = replace(settings, understanding_lag_s=float(value))
        elif key == "without":
            settings = replace(settings, without=tuple(value.split("+")))
        else:
            raise ConfigError("not a setting of a row", where="--rows", got=item,
                              wanted="refiner=none|diffusion, guard=on|off, lag=0..5, without=PART+PART")
    return settings


def run_ablations(jobs: Sequence[RouteJob], rows: Mapping[str, DriverSettings], out: Path, runner: Runner,
                  progress: Callable[[str], None], about: dict[str, Any]) -> dict[str, Any]:
    """Drive every row into out/<name>; writes out/result.json and out/ablations.html of all rows in the folder."""
    for name, settings in rows.items():  # no weights, or a folder of another driver: told before hours of driving
        keep_settings(out / name, {**source_of(jobs, None), **route_settings(settings)})
    for number, (name, settings) in enumerate(rows.items(), start=1):
        progress(f"row {number}/{len(rows)}, {name}: {settings.label}, lag {settings.understanding_lag_s:g} s")
        done = evaluate(jobs, settings, out / name, runner, progress, about=about)
        write_evaluation_page(out / name, done)
    full = rows[FULL]
    result = {**run_header(model_hash=full.model_hash), "world": "embedded", **about, "policy": full.policy,
              "groups": table_of(out)}
    write_json(out / "result.json", result)
    sections = [section(group["rows"], group["title"]) for group in result["groups"]]
    write_bytes(out / PAGE_NAME, page(f"What each part of {full.policy} is worth", sections).encode())
    return result


def table_of(out: Path) -> list[dict[str, Any]]:
    """Of all finished rows in a folder: {title, rows}, the differences of each group to its first row."""
    order = list(known_rows("nano"))
    there = {path.parent.name for path in out.glob("*/result.json")}
    names = [name for name in order if name in there] + sorted(there - set(order))
    groups = [{"title": "Every row against the full model", "rows": _named(out, names)}]
    for title, wanted in (("A late context against one of the same instant", _LAG_ROWS),
                          ("A context one second late whose age is not told", _AGE_ROWS)):
        found = [name for name in wanted if name in there]
        if len(found) > 1 and found[0] == wanted[0]:
            groups.append({"title": title, "rows": _named(out, found)})
    return groups


def _named(out: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a comparison under their names in this table."""
    rows = compare([out / name for name in names])
    return [{**row, "driver": name, "label": row["driver"]} for name, row in zip(names, rows, strict=True)]
