"""The route the driver is asked to follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automot_ros.geometry.polyline import Polyline


@dataclass(frozen=True, slots=True)
class Route:
    """Lane centres from start to goal: (N, 2) map points, at most 2 m apart."""

    stamp_ns: int
    points_map_N2: NDArray[np.float64]

    def line(self) -> Polyline:
        """The route as a polyline. Build it once, it is not cached."""
        return Polyline(self.points_map_N2)
