"""Shapes the camera draws: one mesh per look, each inside the unit box that an instance stretches over its body.

A mesh is (V, 7) float32: position (x, y in -0.5..0.5, z in 0..1, x forward), normal, material; three rows a triangle.
Because every mesh fills the unit box, what is seen has the extents that physics and LiDAR use.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream

Mesh = NDArray[np.float32]
Floats = NDArray[np.float64]


class Material(IntEnum):
    """Codes that the body shader knows; PAINT, DARK_PAINT and LAMP take the box's colour, beacons and arrows flash."""

    PAINT = 0
    GLASS = 1
    TIRE = 2
    TAIL_LIGHT = 3
    HEAD_LIGHT = 4
    SKIN = 5
    TROUSERS = 6
    LEAVES = 7
    BARK = 8
    DARK_PAINT = 9
    LAMP = 10
    RIM = 11
    HOUSING = 12
    WHITE = 13
    ORANGE = 14
    METAL = 15
    BLUE = 16
    RED = 17
    BEACON_LEFT = 18
    BEACON_RIGHT = 19
    ARROW_LAMP = 20
    CARDBOARD = 21
    PAPER = 22
    WOOD = 23


# Material: colour, share of the box's own colour, light of its own, gloss.
_MATERIALS: dict[Material, tuple[tuple[float, float, float], float, tuple[float, float, float], float]] = {
    Material.PAINT: ((0.0, 0.0, 0.0), 1.0, (0.0, 0.0, 0.0), 0.25),
    Material.GLASS: ((0.07, 0.09, 0.11), 0.0, (0.0, 0.0, 0.0), 0.75),
    Material.TIRE: ((0.06, 0.06, 0.065), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.TAIL_LIGHT: ((0.55, 0.03, 0.03), 0.0, (0.22, 0.0, 0.0), 0.0),
    Material.HEAD_LIGHT: ((0.9, 0.9, 0.86), 0.0, (0.35, 0.34, 0.3), 0.0),
    Material.SKIN: ((0.87, 0.67, 0.53), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.TROUSERS: ((0.15, 0.16, 0.21), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.LEAVES: ((0.27, 0.42, 0.15), 0.45, (0.0, 0.0, 0.0), 0.0),
    Material.BARK: ((0.31, 0.23, 0.16), 0.3, (0.0, 0.0, 0.0), 0.0),
    Material.DARK_PAINT: ((0.0, 0.0, 0.0), 0.72, (0.0, 0.0, 0.0), 0.15),
    Material.LAMP: ((0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.RIM: ((0.95, 0.78, 0.12), 0.0, (0.12, 0.09, 0.0), 0.0),
    Material.HOUSING: ((0.05, 0.055, 0.05), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.WHITE: ((0.93, 0.93, 0.92), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.ORANGE: ((0.95, 0.36, 0.05), 0.0, (0.1, 0.03, 0.0), 0.0),
    Material.METAL: ((0.62, 0.64, 0.66), 0.0, (0.0, 0.0, 0.0), 0.2),
    Material.BLUE: ((0.06, 0.16, 0.62), 0.0, (0.0, 0.0, 0.0), 0.2),
    Material.RED: ((0.80, 0.06, 0.06), 0.0, (0.05, 0.0, 0.0), 0.1),
    Material.BEACON_LEFT: ((0.25, 0.05, 0.05), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.BEACON_RIGHT: ((0.05, 0.08, 0.3), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.ARROW_LAMP: ((0.22, 0.16, 0.05), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.CARDBOARD: ((0.58, 0.44, 0.29), 0.0, (0.0, 0.0, 0.0), 0.0),
    Material.PAPER: ((0.86, 0.84, 0.76), 0.15, (0.0, 0.0, 0.0), 0.0),
    Material.WOOD: ((0.42, 0.31, 0.2), 0.0, (0.0, 0.0, 0.0), 0.0),
}


def material_table() -> tuple[Mesh, Mesh]:
    """Colours with the share of the box's own, and own light with gloss: (materials, 4) each, for the body shader."""
    rows = [_MATERIALS[m] for m in Material]
    return (np.array([[*color, share] for color, share, _, _ in rows], dtype=np.float32),
            np.array([[*glow, gloss] for _, _, glow, gloss in rows], dtype=np.float32))


def welded(rows_N7: Mesh) -> tuple[Mesh, NDArray[np.int32]]:
    """Vertices and three vertex numbers a triangle: equal rows become one vertex, which is then shaded once.

    Vertices stay in the order of their first use.
    """
    flat = np.ascontiguousarray(rows_N7)
    _, first, inverse = np.unique(flat.view(np.dtype((np.void, 28))).ravel(), return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return flat[first[order]], rank[inverse.reshape(-1)]


def triangles(points_T33: Floats, material: Material) -> Mesh:
    """(T, 3, 3) triangles, counter-clockwise seen from outside, with their flat normals."""
    p = np.asarray(points_T33, dtype=np.float64)
    normal = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    p, normal = p[length[:, 0] > 1e-12], (normal / np.maximum(length, 1e-12))[length[:, 0] > 1e-12]
    rows = np.concatenate([p, np.repeat(normal[:, None], 3, axis=1), np.full((len(p), 3, 1), float(material))], axis=2)
    return rows.reshape(-1, 7).astype(np.float32)


def loft(low_K3: Floats, high_K3: Floats, side: Material, top: Material | None = None,
         bottom: Material | None = None) -> Mesh:
    """The body between two polygons of K corners, both counter-clockwise seen from above."""
    lo, hi = np.asarray(low_K3, dtype=np.float64), np.asarray(high_K3, dtype=np.float64)
    lo_next, hi_next = np.roll(lo, -1, axis=0), np.roll(hi, -1, axis=0)
    parts = [triangles(np.concatenate([np.stack([lo, lo_next, hi_next], 1), np.stack([lo, hi_next, hi], 1)]), side)]
    for ring, material in ((hi, top), (lo[::-1], bottom)):
        if material is not None:
            fan = np.stack([np.repeat(ring[:1], len(ring) - 2, axis=0), ring[1:-1], ring[2:]], axis=1)
            parts.append(triangles(fan, material))
    return np.concatenate(parts)


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], side: Material,
          top: Material | None = None, bottom: Material | None = None) -> Mesh:
    """An axis-aligned block; the top looks like the sides unless said otherwise."""
    low = np.array([[x[0], y[0], z[0]], [x[1], y[0], z[0]], [x[1], y[1], z[0]], [x[0], y[1], z[0]]])
    return loft(low, low + np.array([0.0, 0.0, z[1] - z[0]]), side, side if top is None else top, bottom)


def rectangle(x: tuple[float, float], half_y: float, z: float) -> Floats:
    """Four corners at one height, counter-clockwise seen from above."""
    return np.array([[x[0], -half_y, z], [x[1], -half_y, z], [x[1], half_y, z], [x[0], half_y, z]])


def disc(centre: tuple[float, float, float], radius: tuple[float, float], axis: int, thickness: float,
          side: Material, face: Material, corners: int = 10) -> Mesh:
    """A short cylinder along x (axis 0) or y (axis 1); `radius` along the two other axes."""
    turn = np.arange(corners) * 2.0 * math.pi / corners + math.pi / corners
    flat = np.stack([radius[0] * np.cos(turn), radius[1] * np.sin(turn), np.zeros(corners)], axis=1)
    up = np.array([0.0, 0.0, thickness / 2.0])
    mesh = loft(flat - up, flat + up, side, face, face).astype(np.float64)
    # Even permutations keep the winding: (a, b, c) -> x = c, y = a, z = b, or x = b, y = c, z = a.
    order = [2, 0, 1] if axis == 0 else [1, 2, 0]
    mesh[:, :3] = mesh[:, order] + np.array(centre)
    mesh[:, 3:6] = mesh[:, [3 + i for i in order]]
    return mesh.astype(np.float32)


def wheels(xs: tuple[float, ...], half_y: float, radius_x: float, radius_z: float, width: float) -> Mesh:
    """Tyres with rims at both ends of each axle; `half_y` is where their outer faces lie."""
    return np.concatenate([
        disc((x, side * (half_y - width / 2), radius_z), (radius_z, radius_x), 1, width, Material.TIRE, Material.TIRE)
        for x in xs for side in (-1.0, 1.0)
    ] + [
        disc((x, side * (half_y - 0.002), radius_z), (radius_z * 0.55, radius_x * 0.55), 1, 0.008, Material.METAL,
              Material.METAL, 8)
        for x in xs for side in (-1.0, 1.0)
    ])


def car() -> Mesh:
    """Bonnet, tapered cabin with windows all round, wheels, red tail lights at -x, white head lights at +x."""
    m = Material
    sill = loft(rectangle((-0.48, 0.485), 0.47, 0.13), rectangle((-0.5, 0.5), 0.5, 0.36), m.PAINT, None, m.TIRE)
    waist = loft(rectangle((-0.5, 0.5), 0.5, 0.36), rectangle((-0.485, 0.46), 0.46, 0.60), m.PAINT, m.PAINT)
    glass = loft(rectangle((-0.43, 0.24), 0.44, 0.60), rectangle((-0.29, 0.055), 0.355, 0.94), m.GLASS)
    roof = loft(rectangle((-0.305, 0.07), 0.365, 0.935), rectangle((-0.26, 0.02), 0.32, 1.0), m.PAINT, m.PAINT)
    pillars = [block((x - 0.012, x + 0.012), (s * 0.402 - 0.045, s * 0.402 + 0.045), (0.6, 0.92), m.PAINT)
               for x in (-0.105,) for s in (-1.0, 1.0)]
    tail = [block((-0.503, -0.46), (s * 0.36 - 0.115, s * 0.36 + 0.115), (0.40, 0.555), m.TAIL_LIGHT)
            for s in (-1.0, 1.0)]
    head = [block((0.45, 0.5), (s * 0.36 - 0.1, s * 0.36 + 0.1), (0.38, 0.5), m.HEAD_LIGHT) for s in (-1.0, 1.0)]
    plates = [block((-0.506, -0.48), (-0.14, 0.14), (0.38, 0.47), m.WHITE),
              block((0.48, 0.506), (-0.2, 0.2), (0.22, 0.36), m.HOUSING)]
    bumper = block((-0.506, -0.46), (-0.45, 0.45), (0.17, 0.27), m.HOUSING)
    tires = wheels((-0.30, 0.31), 0.505, 0.071, 0.215, 0.13)
    return np.concatenate([sill, waist, glass, roof, *pillars, *tail, *head, *plates, bumper, tires])


def car_far() -> Mesh:
    """The same silhouette in a tenth of the faces, for cars that cover few pixels."""
    m = Material
    hull = loft(rectangle((-0.5, 0.5), 0.5, 0.16), rectangle((-0.485, 0.46), 0.46, 0.60), m.PAINT, m.PAINT)
    glass = loft(rectangle((-0.43, 0.24), 0.44, 0.60), rectangle((-0.29, 0.055), 0.355, 0.94), m.GLASS)
    roof = loft(rectangle((-0.305, 0.07), 0.365, 0.935), rectangle((-0.26, 0.02), 0.32, 1.0), m.PAINT, m.PAINT)
    under = block((-0.4, 0.4), (-0.48, 0.48), (0.0, 0.17), m.TIRE)
    tail = [block((-0.503, -0.46), (s * 0.36 - 0.115, s * 0.36 + 0.115), (0.40, 0.555), m.TAIL_LIGHT)
            for s in (-1.0, 1.0)]
    head = [block((0.45, 0.5), (s * 0.36 - 0.1, s * 0.36 + 0.1), (0.38, 0.5), m.HEAD_LIGHT) for s in (-1.0, 1.0)]
    return np.concatenate([hull, glass, roof, under, *tail, *head])


def truck() -> Mesh:
    """A cab before a box body, on three axles."""
    m = Material
    cargo = block((-0.5, 0.24), (-0.5, 0.5), (0.27, 1.0), m.PAINT, m.WHITE, m.TIRE)
    stripe = block((-0.49, 0.23), (-0.503, 0.503), (0.42, 0.5), m.WHITE)
    frame = block((-0.49, 0.46), (-0.3, 0.3), (0.14, 0.28), m.HOUSING)
    cab = block((0.27, 0.48), (-0.48, 0.48), (0.16, 0.5), m.DARK_PAINT)
    upper = loft(rectangle((0.27, 0.48), 0.48, 0.5), rectangle((0.27, 0.44), 0.44, 0.84), m.DARK_PAINT, m.DARK_PAINT)
    screen = loft(rectangle((0.4, 0.483), 0.42, 0.52), rectangle((0.4, 0.452), 0.4, 0.76), m.GLASS)
    tail = [block((-0.503, -0.47), (s * 0.4 - 0.08, s * 0.4 + 0.08), (0.29, 0.37), m.TAIL_LIGHT) for s in (-1.0, 1.0)]
    head = [block((0.46, 0.5), (s * 0.36 - 0.08, s * 0.36 + 0.08), (0.2, 0.27), m.HEAD_LIGHT) for s in (-1.0, 1.0)]
    tires = wheels((-0.33, -0.2, 0.36), 0.49, 0.06, 0.15, 0.12)
    return np.concatenate([cargo, stripe, frame, cab, upper, screen, *tail, *head, tires])


def bicycle() -> Mesh:
    """Two wheels, a frame and a rider leaning forward."""
    m = Material
    tires = [disc((x, 0.0, 0.2), (0.2, 0.195), 1, 0.1, m.TIRE, m.HOUSING, 12) for x in (-0.3, 0.3)]
    frame = [block((-0.3, 0.3), (-0.06, 0.06), (0.36, 0.4), m.METAL),
             block((0.24, 0.3), (-0.5, 0.5), (0.55, 0.58), m.METAL)]
    legs = [block((-0.08, 0.1), (s * 0.2 - 0.09, s * 0.2 + 0.09), (0.14, 0.55), m.TROUSERS) for s in (-1.0, 1.0)]
    torso = loft(rectangle((-0.17, 0.06), 0.3, 0.5), rectangle((0.0, 0.17), 0.36, 0.82), m.PAINT, m.PAINT)
    arms = block((0.1, 0.27), (-0.4, 0.4), (0.6, 0.66), m.PAINT)
    head = blob((0.12, 0.0, 0.91), (0.07, 0.2, 0.085), m.SKIN)
    return np.concatenate([*tires, *frame, *legs, torso, arms, head])


def walker() -> Mesh:
    """Legs in mid-step, trunk, arms and head."""
    m = Material
    legs = [loft(rectangle((x - 0.13, x + 0.19), 0.15, 0.0) + np.array([0.0, y, 0.0]),
                 rectangle((-0.17, 0.17), 0.15, 0.48) + np.array([0.0, y, 0.0]), m.TROUSERS)
            for x, y in ((0.28, 0.17), (-0.3, -0.17))]
    chest = loft(rectangle((-0.2, 0.2), 0.3, 0.46), rectangle((-0.22, 0.22), 0.4, 0.82), m.PAINT, m.PAINT)
    arms = [block((-s * 0.16 - 0.11, -s * 0.16 + 0.11), (s * 0.43 - 0.07, s * 0.43 + 0.07), (0.44, 0.8), m.DARK_PAINT)
            for s in (-1.0, 1.0)]
    head = blob((0.02, 0.0, 0.915), (0.2, 0.2, 0.085), m.SKIN)
    hair = blob((-0.03, 0.0, 0.945), (0.2, 0.21, 0.055), m.TROUSERS)
    return np.concatenate([*legs, chest, *arms, head, hair])


def walker_far() -> Mesh:
    """Legs, trunk and head as plain blocks, for people who cover few pixels."""
    m = Material
    return np.concatenate([block((-0.3, 0.3), (-0.35, 0.35), (0.0, 0.48), m.TROUSERS),
                           block((-0.4, 0.4), (-0.5, 0.5), (0.48, 0.82), m.PAINT),
                           block((-0.2, 0.2), (-0.2, 0.2), (0.83, 1.0), m.SKIN)])


def blob(centre: tuple[float, float, float], radii: tuple[float, float, float], material: Material,
          rings: int = 4, corners: int = 7, rough: float = 0.0, seed: int = 0) -> Mesh:
    """An ellipsoid of few faces; `rough` shifts its corners inwards at random (never out of the unit box)."""
    rng = stream(seed, "blob")
    lat = np.linspace(-0.5 * math.pi, 0.5 * math.pi, rings + 1)[:, None]
    lon = np.arange(corners)[None] * 2.0 * math.pi / corners + 0.5 * np.arange(rings + 1)[:, None]
    scale = 1.0 - rough * rng.random((rings + 1, corners))
    scale[[0, -1]] = 1.0 - rough * 0.5
    unit = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat) + 0.0 * lon], axis=2)
    p = np.array(centre) + unit * scale[..., None] * np.array(radii)
    return np.concatenate([loft(p[i], p[i + 1], material) for i in range(rings)])


def tree_round() -> Mesh:
    """A trunk under a rough round crown, in one box."""
    crown = crown_round()
    crown[:, 2] = 0.3 + 0.7 * crown[:, 2]
    return np.concatenate([_post(0.07, 0.0, 0.45), crown])


def crown_round() -> Mesh:
    """Leaves alone: a rough blob with a smaller one at its side."""
    return np.concatenate([blob((0.0, 0.0, 0.5), (0.5, 0.5, 0.5), Material.LEAVES, 5, 9, 0.28, 3),
                           blob((0.15, 0.1, 0.36), (0.33, 0.35, 0.33), Material.LEAVES, 4, 7, 0.22, 5)])


def crown_tall() -> Mesh:
    """A conifer's three cones."""
    parts = []
    rng = stream(4, "cone")
    for low, high, radius in ((0.0, 0.54, 0.5), (0.28, 0.8, 0.38), (0.56, 1.0, 0.26)):
        turn = np.arange(9) * 2.0 * math.pi / 9 + low
        r = radius * (1.0 - 0.18 * rng.random(9))
        ring = np.stack([r * np.cos(turn), r * np.sin(turn), low + 0.04 * rng.random(9)], axis=1)
        parts.append(loft(ring, np.tile([0.0, 0.0, high], (9, 1)), Material.LEAVES, None, Material.LEAVES))
    return np.concatenate(parts)


def trunk() -> Mesh:
    """Bark alone."""
    return _post(0.5, 0.0, 1.0)


def _post(radius: float, low: float, high: float) -> Mesh:
    turn = np.arange(6) * math.pi / 3.0
    ring = np.stack([radius * np.cos(turn), radius * np.sin(turn), np.full(6, low)], axis=1)
    top = ring * np.array([0.7, 0.7, 1.0]) + np.array([0.0, 0.0, high - low])
    return loft(ring, top, Material.BARK)


def pole() -> Mesh:
    """A six-sided post in the box's colour."""
    turn = np.arange(6) * math.pi / 3.0
    ring = np.stack([0.5 * np.cos(turn), 0.5 * np.sin(turn), np.zeros(6)], axis=1)
    return loft(ring, ring + np.array([0.0, 0.0, 1.0]), Material.DARK_PAINT, Material.DARK_PAINT)


def beam() -> Mesh:
    """A plain block in the box's colour, closed below: arms over the road."""
    return block((-0.5, 0.5), (-0.5, 0.5), (0.0, 1.0), Material.DARK_PAINT, None, Material.DARK_PAINT)


def sign() -> Mesh:
    """An eight-sided plate that faces along x, white rim round the box's colour."""
    plate = disc((0.0, 0.0, 0.5), (0.5, 0.5), 0, 0.8, Material.WHITE, Material.WHITE, 8)
    return np.concatenate([plate, disc((0.0, 0.0, 0.5), (0.43, 0.43), 0, 1.0, Material.PAINT, Material.PAINT, 8)])


def light_housing() -> Mesh:
    """A dark housing with a bright rim round its front, which looks along x."""
    m = Material
    core = block((-0.5, 0.46), (-0.5, 0.5), (0.0, 1.0), m.HOUSING, m.HOUSING, m.HOUSING)
    outer = np.array([[-0.5, 0.0], [0.5, 0.0], [0.5, 1.0], [-0.5, 1.0]])
    inner = np.array([[-0.4, 0.05], [0.4, 0.05], [0.4, 0.95], [-0.4, 0.95]])
    a, b = np.insert(outer, 0, 0.5, axis=1), np.insert(inner, 0, 0.5, axis=1)
    a_next, b_next = np.roll(a, -1, axis=0), np.roll(b, -1, axis=0)
    rim = np.concatenate([np.stack([a, a_next, b_next], 1), np.stack([a, b_next, b], 1)])
    return np.concatenate([core, triangles(rim, m.RIM)])


def lamp() -> Mesh:
    """A round lamp that looks along both directions of x."""
    return disc((0.0, 0.0, 0.5), (0.5, 0.5), 0, 1.0, Material.LAMP, Material.LAMP, 10)


def obstacle() -> Mesh:
    """A roadworks block with orange and white bands."""
    m = Material
    bands = [block((-0.5 + 0.02 * i, 0.5 - 0.02 * i), (-0.5 + 0.02 * i, 0.5 - 0.02 * i), (0.2 * i, 0.2 * i + 0.2),
                   m.ORANGE if i % 2 == 0 else m.WHITE) for i in range(5)]
    return np.concatenate(bands)


def cuboid() -> Mesh:
    """The plain unit box without its underside, for buildings."""
    return block((-0.5, 0.5), (-0.5, 0.5), (0.0, 1.0), Material.PAINT)


def quad() -> Mesh:
    """A flat unit square, for shadows and glow."""
    p = np.array([[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]])
    return triangles(np.stack([p[[0, 1, 2]], p[[0, 2, 3]]]), Material.PAINT)
