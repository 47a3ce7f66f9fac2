"""Bodies of the world: boxes with a pose, read by physics, camera, LiDAR, scores and the bird's-eye view."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class BodyKind(IntEnum):
    """What a box is. The order is part of the wire format of /objects."""

    CAR = 0
    TRUCK = 1
    BICYCLE = 2
    WALKER = 3
    BUILDING = 4
    TREE = 5
    POLE = 6
    LIGHT_HOUSING = 7
    LAMP = 8
    OBSTACLE = 9
    EMERGENCY = 10
    CONE = 11
    SIGN = 12
    DOOR = 13
    CONTAINER = 14
    DEBRIS = 15


@dataclass(frozen=True, slots=True)
class Boxes:
    """N upright boxes in the map frame, one row each; arrays are read-only views.

    ids_N unique and stable over time; xy_N2 centres; base_z_N height of the underside; yaw_N; sizes_N3 length (x),
    width (y), height (z) in metres; speed_N along yaw in m/s; color_N3 uint8 RGB; emissive_N: drawn unlit (a lamp).
    """

    ids_N: NDArray[np.int64]
    kinds_N: NDArray[np.int64]
    xy_N2: NDArray[np.float64]
    base_z_N: NDArray[np.float64]
    yaw_N: NDArray[np.float64]
    sizes_N3: NDArray[np.float64]
    speed_N: NDArray[np.float64]
    color_N3: NDArray[np.uint8]
    emissive_N: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids_N)

    def select(self, mask_N: NDArray[np.bool_] | NDArray[np.signedinteger]) -> Boxes:
        """The boxes where `mask_N` holds, or at those indices."""
        return Boxes(*(getattr(self, name)[mask_N] for name in self.__slots__))

    @staticmethod
    def join(*parts: Boxes) -> Boxes:
        """All boxes of `parts`, in order."""
        return Boxes(*(np.concatenate([getattr(p, name) for p in parts]) for name in Boxes.__slots__))

    @staticmethod
    def empty() -> Boxes:
        """No boxes."""
        return Boxes(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0), np.zeros(0),
                     np.zeros((0, 3)), np.zeros(0), np.zeros((0, 3), np.uint8), np.zeros(0, np.bool_))
