"""Boxes as the camera draws them: which mesh, which colour, which lamps burn. N counts boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import BodyKind, Boxes
from automot_ros.simulation.camera_gl import LOOKS

STANDING_MPS = 0.3
FLASH_TICKS = 4
LAMP_POST_M = 6.0
NAMES = list(LOOKS)
FAR_LOOKS = tuple((NAMES.index(name), NAMES.index(f"{name}_far"))
                  for name in ("car", "walker", "hatchback", "off_roader"))
_LOOK_OF_KIND = {
    BodyKind.CAR: "car", BodyKind.TRUCK: "truck", BodyKind.BICYCLE: "bicycle", BodyKind.WALKER: "walker",
    BodyKind.BUILDING: "building", BodyKind.TREE: "tree_round", BodyKind.POLE: "pole",
    BodyKind.LIGHT_HOUSING: "housing", BodyKind.LAMP: "lamp", BodyKind.OBSTACLE: "obstacle",
    BodyKind.EMERGENCY: "ambulance", BodyKind.CONE: "cone", BodyKind.SIGN: "warning_board", BodyKind.DOOR: "door",
    BodyKind.CONTAINER: "container", BodyKind.DEBRIS: "debris",
}
_LOOK_CODES = np.array([NAMES.index(_LOOK_OF_KIND[kind]) for kind in BodyKind])
_SHADOW_KINDS = np.array([BodyKind.CAR, BodyKind.TRUCK, BodyKind.BICYCLE, BodyKind.WALKER, BodyKind.TREE,
                          BodyKind.OBSTACLE, BodyKind.EMERGENCY, BodyKind.CONE, BodyKind.SIGN, BodyKind.CONTAINER])
_VEHICLES = np.array([BodyKind.CAR, BodyKind.TRUCK, BodyKind.EMERGENCY])
_PAINTS = np.array([(186, 28, 30), (28, 58, 150), (226, 228, 230), (36, 37, 42), (146, 150, 156), (22, 92, 62),
                    (188, 150, 44), (112, 60, 34), (92, 18, 28), (72, 118, 168), (205, 98, 30), (206, 196, 170),
                    (88, 94, 70), (58, 64, 74), (120, 26, 90), (30, 120, 130)], dtype=np.uint8)


class Instances:
    """Boxes as instance rows: base (3), cosine and sine (2), size (3), colour (3) and lamps.

    Lamps: 0..1 how bright the brake lamps are; 2 more in the first half of a flash of what flashes.
    """

    def __init__(self, boxes: Boxes, *, moving: bool, tick: int = 0, varied: bool = False,
                 braking_N: NDArray[np.bool_] | None = None) -> None:
        """`moving`: what stands, stands in traffic, with a foot on the brake; `varied`: shapes and paints go by id.

        `braking_N`: boxes that slow down; None where nobody knows.
        """
        kinds = boxes.kinds_N
        self.rows_N12 = np.zeros((len(boxes), 12), dtype=np.float32)
        self.rows_N12[:, 0:2] = boxes.xy_N2
        self.rows_N12[:, 2] = boxes.base_z_N
        self.rows_N12[:, 3], self.rows_N12[:, 4] = np.cos(boxes.yaw_N), np.sin(boxes.yaw_N)
        self.rows_N12[:, 5:8] = boxes.sizes_N3
        self.rows_N12[:, 8:11] = _paints(boxes, varied) / np.float32(255.0)
        # What stands in traffic has its foot on the brake; what is parked for good has not.
        brakes = (np.abs(boxes.speed_N) < STANDING_MPS) & moving
        if braking_N is not None:
            brakes |= braking_N
        self.rows_N12[:, 11] = brakes
        flashing = (kinds == BodyKind.EMERGENCY) | (kinds == BodyKind.SIGN)
        self.rows_N12[flashing & ((tick // FLASH_TICKS + boxes.ids_N) % 2 == 0), 11] += 2.0
        self.looks_N = _looks(boxes, varied)
        self.glows_N = boxes.emissive_N & (kinds == BodyKind.LAMP)
        self.beacons_N = kinds == BodyKind.EMERGENCY
        self.driven_N = np.isin(kinds, _VEHICLES) & moving
        self.lit_posts_N = (kinds == BodyKind.POLE) & (boxes.sizes_N3[:, 2] == LAMP_POST_M)
        self.casts_N = np.isin(kinds, _SHADOW_KINDS) & (boxes.sizes_N3[:, 1] > 0.36)
        self.centres_N2 = boxes.xy_N2
        self.radii_N = 0.5 * np.hypot(boxes.sizes_N3[:, 0], boxes.sizes_N3[:, 1]) + 1.0


def _hash(ids_N: NDArray[np.int64], salt: int) -> NDArray[np.int64]:
    """Numbers that look random and depend on the id only."""
    mixed = (ids_N.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray((mixed ^ (mixed >> np.uint64(29))) >> np.uint64(40), dtype=np.int64)


def _paints(boxes: Boxes, varied: bool) -> NDArray[np.uint8]:
    if not varied:
        return boxes.color_N3
    colors: NDArray[np.uint8] = boxes.color_N3.copy()
    painted = (boxes.kinds_N == BodyKind.CAR) | (boxes.kinds_N == BodyKind.TRUCK)
    colors[painted] = _PAINTS[_hash(boxes.ids_N[painted], 1) % len(_PAINTS)]
    return colors


def _looks(boxes: Boxes, varied: bool) -> NDArray[np.int64]:
    """The mesh of each box: by kind, and by shape where a kind stands for several things."""
    kinds, look = boxes.kinds_N, NAMES.index
    looks: NDArray[np.int64] = _LOOK_CODES[kinds]
    long, wide, high = boxes.sizes_N3.T
    tree, pole = kinds == BodyKind.TREE, kinds == BodyKind.POLE
    looks[tree & (wide < 0.25 * high)] = look("trunk")
    hanging = tree & (boxes.base_z_N > 1.0)
    looks[hanging] = np.where(boxes.ids_N[hanging] % 4 == 0, look("crown_tall"), look("crown_round"))
    looks[pole & (wide > 4.0 * long)] = look("sign")
    looks[pole & (long > 2.0 * high)] = look("beam")
    _vehicle_looks(looks, boxes, varied)
    sign, door, bulk = kinds == BodyKind.SIGN, kinds == BodyKind.DOOR, kinds == BodyKind.CONTAINER
    looks[sign & ((wide > 2.1) | (high > 2.1))] = look("arrow_board")
    looks[door & (long > wide)] = look("door_along")
    thin, broad = np.minimum(long, wide), np.maximum(long, wide)
    looks[bulk & (thin < 0.6)] = look("advertisement")
    looks[bulk & (thin < 0.6) & (long > wide)] = look("advertisement_along")
    looks[bulk & (thin >= 0.6) & (broad < 1.3 * thin) & (high > 1.5 * broad)] = look("column")
    return looks


def _vehicle_looks(looks: NDArray[np.int64], boxes: Boxes, varied: bool) -> None:
    """Body styles by size; where `varied`, also by id, among those that suit the size."""
    look = NAMES.index
    long, _, high = boxes.sizes_N3.T
    car, truck = boxes.kinds_N == BodyKind.CAR, boxes.kinds_N == BodyKind.TRUCK
    if varied:
        pick = _hash(boxes.ids_N, 2) % 100
        looks[car & (pick < 34) & (long < 4.55)] = look("hatchback")
        looks[car & (pick >= 66) & (high > 1.45)] = look("off_roader")
        looks[truck & (pick < 50) & (long < 7.0)] = look("van")
    looks[car & (long < 3.88)] = look("hatchback")
    looks[car & (high > 1.72)] = look("off_roader")
    looks[(car & (high > 1.95)) | (truck & (long < 5.9))] = look("van")
    looks[(boxes.kinds_N == BodyKind.EMERGENCY) & (high < 1.9)] = look("police_car")


def beacon_halos(rows_M12: NDArray[np.float32], eye: NDArray[np.float64]) -> NDArray[np.float32]:
    """Glow rows of the beacons that shine at this tick: red on the left or blue on the right of the roof."""
    on_left = rows_M12[:, 11] > 1.5
    side = np.where(on_left, 0.22, -0.22)
    along = np.where(rows_M12[:, 7] < 1.9, -0.11, 0.155)
    halos = _halo_rows(rows_M12, along, side, np.full(len(rows_M12), 0.95), 0.3)
    halos[:, 8:11] = np.where(on_left[:, None], (1.0, 0.15, 0.1), (0.2, 0.45, 1.0))
    return _facing(halos, eye)


def lamp_halos(rows_M12: NDArray[np.float32], night: float) -> NDArray[np.float32]:
    """Glow rows of head and tail lamps by night."""
    parts = []
    for along, color, size, back in ((0.5, (1.0, 0.95, 0.8), 0.3, 1.0), (-0.5, (0.8, 0.05, 0.04), 0.16, -1.0)):
        for side in (0.36, -0.36):
            n = len(rows_M12)
            rows = _halo_rows(rows_M12, np.full(n, along), np.full(n, side), np.full(n, 0.42), size)
            rows[:, 3:5] *= back
            rows[:, 8:11] = np.array(color) * night
            parts.append(rows)
    return np.concatenate(parts)


def post_halos(rows_M12: NDArray[np.float32], eye: NDArray[np.float64], night: float) -> NDArray[np.float32]:
    """Glow rows of street lamps by night, at the top of their posts."""
    n = len(rows_M12)
    rows = _halo_rows(rows_M12, np.zeros(n), np.zeros(n), np.ones(n), 0.55)
    rows[:, 8:11] = np.array((1.0, 0.82, 0.5)) * (1.4 * night)
    return _facing(rows, eye)


def _halo_rows(rows_M12: NDArray[np.float32], along_M: NDArray[np.float64], side_M: NDArray[np.float64],
               up_M: NDArray[np.float64], size_m: float) -> NDArray[np.float32]:
    """Rows for the glow program at a place given in shares of each box."""
    made: NDArray[np.float32] = rows_M12.copy()
    x, y = along_M * rows_M12[:, 5], side_M * rows_M12[:, 6]
    c, s = rows_M12[:, 3], rows_M12[:, 4]
    made[:, 0] += c * x - s * y
    made[:, 1] += s * x + c * y
    made[:, 2] += up_M * rows_M12[:, 7] - 0.5 * size_m
    made[:, 5:8] = size_m
    return made


def _facing(rows_M12: NDArray[np.float32], eye: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same lamps, seen from everywhere."""
    to_eye = eye[:2].astype(np.float32) - rows_M12[:, :2]
    rows_M12[:, 3:5] = to_eye / np.maximum(np.hypot(to_eye[:, 0], to_eye[:, 1]), 1e-3)[:, None]
    return rows_M12
