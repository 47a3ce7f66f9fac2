"""Drivers side by side: paired differences, standard errors, classes as columns."""

import json
import math
from pathlib import Path

import pytest

from automot_ros.base.errors import ConfigError, MessageError
from automot_ros.evaluation.compare import FIGURES, as_text, cells, compare, write_comparison


def result(folder: Path, label: str, scores: dict[str, float]) -> Path:
    """A result.json with routes `CLASS-seed`; a score of 100 is a success."""
    routes = [{"id": name, "scenario": name.partition("-")[0], "seed": int(name.partition("-")[2]), "map": "m",
               "driving_score": score, "success": score == 100.0} for name, score in scores.items()]
    n = len(routes)
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({
        "label": label, "policy": label, "routes": routes, "route_completion": 90.0, "crashed": 0,
        "driving_score_ci": [10.0, 95.0], "comfort_corrected": 0.75, "jerk_mps3": None,
        "hazards_named": {"share": 0.5, "encounters": 4}, "interventions": {"share": 0.0123},
        "infractions": {"collisions_pedestrian": 1, "collisions_vehicle": 2, "red_light": 1, "route_dev": 9},
        "driving_score": sum(scores.values()) / n, "success_rate": sum(r["success"] for r in routes) / n}))
    return folder


def test_the_difference_is_paired_over_common_routes(tmp_path) -> None:
    """Differences -10, -30, -50 on the three common routes: mean -30, deviation 20, error 20 / sqrt(3)."""
    a = result(tmp_path / "a", "expert", {"plain-1": 100, "plain-2": 100, "Accident-1": 90, "plain-9": 0})
    b = result(tmp_path / "b", "blind + guard", {"plain-1": 90, "plain-2": 70, "Accident-1": 40})
    first, second = compare([a, b])
    assert first["difference"] is None
    d = second["difference"]
    assert (d["common_routes"], d["driving_score"]) == (3, -30.0)
    assert d["driving_score_standard_error"] == pytest.approx(20.0 / math.sqrt(3.0), abs=1e-6)
    assert d["success_rate"] == pytest.approx(-2.0 / 3.0, abs=1e-6)
    assert second["scenarios"]["plain"] == {"routes": 2, "driving_score": 80.0, "success_rate": 0.0}


def test_figures_are_a_route_and_what_is_not_known_is_a_dash(tmp_path) -> None:
    row, = compare([result(tmp_path / "a", "nano", {"plain-1": 100, "plain-2": 100})])
    assert (row["collisions_per_route"], row["red_lights_per_route"]) == (1.5, 0.5)
    heads, (line,) = cells([row])
    found = dict(zip(heads, line, strict=True))
    assert [found[name] for name in ("95 %", *FIGURES)] == ["10.0-95.0", "1.50", "0.50", "75.0", "-", "50.0",
                                                                      "1.23"]


def test_the_table_has_a_row_a_driver_and_a_column_a_class(tmp_path) -> None:
    many = {f"Class{i}-1": 100.0 for i in range(9)}
    rows = compare([result(tmp_path / "a", "expert", many), result(tmp_path / "b", "<b>blind", many)])
    text = as_text(rows)
    assert all(f"Class{i}" in text for i in range(9))
    assert text.count("expert") == 4, "one row in each block of columns"
    assert "+0.00 +- 0.00" in text
    write_comparison(rows, tmp_path / "out")
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "<b>blind" not in page and "&lt;b&gt;blind" in page
    assert len(json.loads((tmp_path / "out" / "compare.json").read_text())["rows"]) == 2


def test_folders_without_result_or_without_common_routes_are_refused(tmp_path) -> None:
    a = result(tmp_path / "a", "x", {"plain-1": 1.0})
    with pytest.raises(MessageError, match="no closed-loop result"):
        compare([a, tmp_path / "nothing"])
    with pytest.raises(ConfigError, match="in common"):
        compare([a, result(tmp_path / "b", "y", {"plain-2": 1.0})])
