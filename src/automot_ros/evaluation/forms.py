"""What the files of an evaluation must hold for whoever reads them again. See base/form.py."""

from __future__ import annotations

from automot_ros.base.form import Each

COUNTS = Each(int)
_SHARE = (None, {"share": (None, float)})
_SUCCESS = (bool, float)

COMPARED = {
    "routes": [{"id": str, "scenario": object, "seed": int, "map": str, "driving_score": float, "success": _SUCCESS,
                "infractions?": COUNTS, "error?": str}],
    "policy": str, "label?": (None, str), "driving_score": float, "driving_score_ci": [float], "success_rate": float,
    "route_completion": float, "crashed?": int, "infractions": COUNTS, "comfort_corrected": (None, float),
    "jerk_mps3?": (None, float), "hazards_named?": _SHARE, "interventions?": _SHARE}
"""Of a result.json that is compared with others."""

REPORTED = {
    "routes": [{"id": str, "map": str, "status": str, "route_length_m": float, "route_completion": float,
                "driving_score": float, "duration_s": float, "mean_speed_mps": float, "success": _SUCCESS,
                "infractions": COUNTS}],
    "policy": str, "refiner": object, "guard": object, "understanding_lag_s": float, "driving_score": float,
    "route_completion": float, "success_rate": float, "infractions": COUNTS, "suite?": str, "clock?": str,
    "machine?": dict}
"""Of a result.json of which a report is drawn."""

SETTINGS = {
    "maps": (None, str), "policy": str, "refiner": str, "guard": bool, "understanding_lag_s": float,
    "context_period_s": float, "without": [str]}
"""routes/settings.json of an evaluation."""

DRIVEN = {"id": str, "suite": str, "seed": int}
"""Of the record of a route that is driven again."""

SUMMED = {
    "id": str, "scenario": str, "status": str, "driving_score": float, "driving_score_2_1": float, "success": _SUCCESS,
    "route_completion": float, "infractions": COUNTS, "min_speed_percent": [(None, float)], "comfort": (None, float),
    "comfort_corrected": (None, float), "jerk_mps3": (None, float), "not_run?": [str],
    "hazards?": (None, {"looks": int, "agreed": int, "encounters": [
        {"hazard": str, "at_s": float, "named_s": (None, float), "in_time": bool}]}),
    "guard?": (None, {"ticks": int, "by_reason": Each(float)})}
"""Of the record of a route that a result is made of."""
