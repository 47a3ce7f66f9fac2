"""Driving efficiency as Bench2Drive publishes it, in per cent of the traffic's speed.

Source: tools/efficiency_smoothness_benchmark.py: values above 1000 are dropped, a route counts as the mean of its
values, a route without any is skipped. (The tool divides by zero where a route has values and all are above 1000;
here such a route is skipped as well.)
"""

from collections.abc import Iterable, Sequence

HIGHEST_PERCENT = 1000.0


def route_efficiency(min_speed_percent: Sequence[float]) -> float | None:
    """Mean of the values of one route; None when there is none to count."""
    kept = [value for value in min_speed_percent if value <= HIGHEST_PERCENT]
    return sum(kept) / len(kept) if kept else None


def efficiency(routes: Iterable[Sequence[float]]) -> float | None:
    """Mean over the routes that have values; None when none has."""
    values = [value for value in map(route_efficiency, routes) if value is not None]
    return sum(values) / len(values) if values else None
