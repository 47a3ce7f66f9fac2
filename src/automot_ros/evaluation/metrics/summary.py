"""The figures of many routes from the results of each: means, confidence intervals, abilities, a row per scenario.

Means over routes are plain means, as Bench2Drive's merge_route_json.py has them (it divides by 220, its number of
routes, whatever the file holds; here by the number of routes given).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automot_ros.base.errors import AutomotError
from automot_ros.evaluation.metrics.ability import ability, ability_as_published
from automot_ros.evaluation.metrics.bootstrap import bootstrap_ci
from automot_ros.evaluation.metrics.efficiency import efficiency

_CI_SEED = 0
_DIGITS = 6


def mean(values: Sequence[float]) -> float:
    """Mean with six decimals."""
    return round(sum(values) / len(values), _DIGITS)


def _mean_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def _interval(values: Sequence[float]) -> list[float]:
    return [round(end, _DIGITS) for end in bootstrap_ci(values, _CI_SEED)]


def _by_scenario(routes: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A row per scenario class in order of name."""
    table: dict[str, dict[str, Any]] = {}
    for kind in sorted({str(route["scenario"]) for route in routes}):
        rows = [route for route in routes if route["scenario"] == kind]
        table[kind] = {
            "routes": len(rows),
            "driving_score": mean([r["driving_score"] for r in rows]),
            "driving_score_2_1": mean([r["driving_score_2_1"] for r in rows]),
            "success_rate": mean([float(r["success"]) for r in rows]),
            "route_completion": mean([r["route_completion"] for r in rows]),
        }
    return table


def summarise_routes(routes: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of one or more route results (`RouteResult.as_json()`).

    Scores, completion and efficiency in per cent; success rate, comfort and abilities 0..1; jerk in m/s3; *_ci: [low,
    high] that hold the mean with 95 %. What no route has (comfort of very short drives, an ability without routes) is
    None.
    """
    if not routes:
        raise AutomotError("nothing to summarise", got="no routes", wanted="one or more")
    scores = [float(r["driving_score"]) for r in routes]
    successes = [float(r["success"]) for r in routes]
    speed = efficiency([r["min_speed_percent"] for r in routes])
    return {
        "driving_score": mean(scores),
        "driving_score_ci": _interval(scores),
        "driving_score_2_1": mean([r["driving_score_2_1"] for r in routes]),
        "success_rate": mean(successes),
        "success_rate_ci": _interval(successes),
        "route_completion": mean([r["route_completion"] for r in routes]),
        "efficiency": None if speed is None else round(speed, _DIGITS),
        "comfort": _mean_of_known([r["comfort"] for r in routes]),
        "comfort_corrected": _mean_of_known([r["comfort_corrected"] for r in routes]),
        "jerk_mps3": _mean_of_known([r["jerk_mps3"] for r in routes]),
        "infractions": {name: sum(r["infractions"][name] for r in routes) for name in routes[0]["infractions"]},
        "ability": _rounded(ability(routes)),
        "ability_as_published": _rounded(ability_as_published(routes)),
        "by_scenario": _by_scenario(routes),
    }


def _rounded(shares: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if share is None else round(share, _DIGITS) for name, share in shares.items()}
