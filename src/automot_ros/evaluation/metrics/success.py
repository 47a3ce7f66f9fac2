"""Success as Bench2Drive has it: the route is completed and nothing at all went wrong (minimum speed aside).

Source: tools/merge_route_json.py. One centimetre outside the route's lanes is an infraction like any other.
"""

from collections.abc import Mapping


def succeeded(status: str, counts: Mapping[str, int]) -> bool:
    """True for a completed route with every infraction count at zero."""
    return status in ("Completed", "Perfect") and not any(counts.values())
