"""Shapes of what stands or lies in the way: cones, warning boards, doors, containers, rubbish. As `camera_meshes`."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from automot_ros.base.seeds import stream
from automot_ros.simulation.camera_meshes import Floats, Material, Mesh, block, disc, loft, triangles

_PAIR = (-1.0, 1.0)


def _ring(radius: float, z: float, corners: int = 10) -> Floats:
    turn = np.arange(corners) * 2.0 * math.pi / corners
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), np.full(corners, z)], axis=1)


def cone() -> Mesh:
    """An orange traffic cone with two white bands on a square foot."""
    m = Material
    parts = [block((-0.5, 0.5), (-0.5, 0.5), (0.0, 0.07), m.ORANGE)]
    levels = ((0.07, 0.36), (0.34, 0.27), (0.52, 0.215), (0.66, 0.17), (0.8, 0.125), (1.0, 0.07))
    for k, ((z0, r0), (z1, r1)) in enumerate(pairwise(levels)):
        parts.append(loft(_ring(r0, z0), _ring(r1, z1), m.WHITE if k in (1, 3) else m.ORANGE,
                          m.ORANGE if k == len(levels) - 2 else None))
    return np.concatenate(parts)


def _board(low: float, high: float, thickness: float) -> list[Mesh]:
    """A white board across x on two feet."""
    m = Material
    feet = [block((-0.5, 0.5), (s * 0.36 - 0.05, s * 0.36 + 0.05), (0.0, 0.06), m.HOUSING) for s in _PAIR]
    legs = [block((-0.08, 0.08), (s * 0.36 - 0.025, s * 0.36 + 0.025), (0.05, low + 0.05), m.METAL) for s in _PAIR]
    panel = block((-thickness, thickness), (-0.5, 0.5), (low, high), m.WHITE, m.ORANGE, m.ORANGE)
    return [*feet, *legs, panel]


def warning_board() -> Mesh:
    """Red chevrons on white, on both faces, in an orange frame on two feet."""
    low, high, x = 0.3, 1.0, 0.14
    parts = _board(low, high, x)
    rim = 0.035
    for face in _PAIR:
        for y, z in (((-0.5, 0.5), (low, low + rim)), ((-0.5, 0.5), (high - rim, high)),
                     ((-0.5, -0.5 + rim), (low, high)), ((0.5 - rim, 0.5), (low, high))):
            parts.append(_plate(face, x + 0.03, y, z, Material.ORANGE))
        # Three chevrons that point to the left of who looks at the board.
        for start in (-0.36, -0.1, 0.16):
            parts.append(_chevron(face, x + 0.06, start, 0.15, 0.13, (low + 0.08, high - 0.08)))
    return np.concatenate(parts)


def _plate(face: float, x: float, y: tuple[float, float], z: tuple[float, float], material: Material) -> Mesh:
    """A rectangle that looks along `face` x."""
    p = np.array([[face * x, y[0], z[0]], [face * x, y[1], z[0]], [face * x, y[1], z[1]], [face * x, y[0], z[1]]])
    p = p if face > 0 else p[::-1]
    return triangles(np.stack([p[[0, 1, 2]], p[[0, 2, 3]]]), material)


def _chevron(face: float, x: float, start: float, wide: float, deep: float, z: tuple[float, float]) -> Mesh:
    """An arrow head without a shaft; its tip points to the left of who looks at the face."""
    middle = 0.5 * (z[0] + z[1])
    upper = [(start, z[1]), (start + wide, z[1]), (start + wide + deep, middle), (start + deep, middle)]
    lower = [(start + deep, middle), (start + wide + deep, middle), (start + wide, z[0]), (start, z[0])]
    faces = []
    for quad in (upper, lower):
        # Seen along -x (face +1), y runs to the right: mirror so that the tip is at the left.
        p = np.array([[face * x, -face * a, b] for a, b in quad])
        t = np.stack([p[[0, 1, 2]], p[[0, 2, 3]]])
        normal = np.cross(t[0, 1] - t[0, 0], t[0, 2] - t[0, 0])
        faces.append(t if normal[0] * face > 0 else t[:, ::-1])
    return triangles(np.concatenate(faces), Material.RED)


def arrow_board() -> Mesh:
    """A dark board of amber lamps that flash as an arrow, over a striped bar, on two feet."""
    m = Material
    parts = _board(0.16, 0.3, 0.16)
    parts.append(block((-0.1, 0.1), (-0.5, 0.5), (0.33, 1.0), m.HOUSING, m.HOUSING, m.HOUSING))
    parts += [block((-0.06, 0.06), (s * 0.3 - 0.03, s * 0.3 + 0.03), (0.28, 0.36), m.METAL) for s in _PAIR]
    dots = [(0.32, 0.665), (0.22, 0.77), (0.22, 0.56), (0.12, 0.875), (0.12, 0.455), *[(0.2 - 0.13 * i, 0.665)
                                                                                       for i in range(5)]]
    for face in _PAIR:
        for y, z in dots:
            parts.append(disc((face * 0.11, -face * y, z), (0.045, 0.05), 0, 0.06, m.ARROW_LAMP, m.ARROW_LAMP, 8))
        for k in range(6):
            parts.append(_plate(face, 0.18, (-0.5 + k / 6.0, -0.5 + (k + 0.5) / 6.0), (0.16, 0.3), m.RED))
    return np.concatenate(parts)


def door() -> Mesh:
    """A car door whose panel lies across x, its hinge at +y: panel below, glass above that slopes to the hinge."""
    m = Material
    panel = block((-0.5, 0.5), (-0.5, 0.5), (0.0, 0.55), m.PAINT, m.PAINT, m.HOUSING)
    low = np.array([[-0.3, -0.46, 0.55], [0.3, -0.46, 0.55], [0.3, 0.46, 0.55], [-0.3, 0.46, 0.55]])
    high = low * np.array([1.0, 1.0, 0.0]) + np.array([0.0, 0.0, 0.96])
    high[2:, 1] = 0.12
    pane = loft(low, high, m.GLASS)
    over = loft(np.array([[-0.5, -0.5, 0.95], [0.5, -0.5, 0.95], [0.5, 0.14, 0.95], [-0.5, 0.14, 0.95]]),
                np.array([[-0.5, -0.48, 1.0], [0.5, -0.48, 1.0], [0.5, 0.1, 1.0], [-0.5, 0.1, 1.0]]), m.PAINT, m.PAINT,
                m.PAINT)
    post = block((-0.5, 0.5), (-0.5, -0.43), (0.55, 0.96), m.PAINT)
    handle = block((0.48, 0.515), (-0.42, -0.26), (0.42, 0.46), m.HOUSING)
    trim = block((-0.515, -0.49), (-0.4, 0.4), (0.1, 0.42), m.HOUSING)
    return np.concatenate([panel, pane, over, post, handle, trim])


def door_along() -> Mesh:
    """A car door whose panel lies along x, its hinge at +x."""
    return _quarter_turn(door())


def _quarter_turn(mesh: Mesh) -> Mesh:
    """What lay along y lies along x."""
    made: Mesh = mesh.copy()
    made[:, [0, 1]] = np.stack([mesh[:, 1], -mesh[:, 0]], axis=1)
    made[:, [3, 4]] = np.stack([mesh[:, 4], -mesh[:, 3]], axis=1)
    return made


def container() -> Mesh:
    """A ribbed box in its own colour with a poster on each long side."""
    m = Material
    core = block((-0.47, 0.47), (-0.48, 0.48), (0.02, 0.97), m.PAINT, m.DARK_PAINT)
    frame = [block((sx * 0.47 - 0.03, sx * 0.47 + 0.03), (sy * 0.48 - 0.02, sy * 0.48 + 0.02), (0.0, 1.0), m.DARK_PAINT)
             for sx in _PAIR for sy in _PAIR]
    rails = [block((-0.5, 0.5), (s * 0.48 - 0.02, s * 0.48 + 0.02), z, m.DARK_PAINT) for s in _PAIR
             for z in ((0.0, 0.06), (0.94, 1.0))]
    ends = [block((s * 0.485 - 0.012, s * 0.485 + 0.012), (-0.48, 0.48), z, m.DARK_PAINT) for s in _PAIR
            for z in ((0.0, 0.06), (0.94, 1.0))]
    ribs = [block((s * 0.478 - 0.012, s * 0.478 + 0.012), (y - 0.02, y + 0.02), (0.06, 0.94), m.DARK_PAINT)
            for s in _PAIR for y in np.linspace(-0.4, 0.4, 9).tolist()]
    ribs += [block((x - 0.02, x + 0.02), (s * 0.486 - 0.012, s * 0.486 + 0.012), (0.06, 0.94), m.DARK_PAINT)
             for s in _PAIR for x in np.linspace(-0.38, 0.38, 7).tolist()]
    return np.concatenate([core, *frame, *rails, *ends, *ribs])


def advertisement() -> Mesh:
    """A board at the kerb: a lit poster in a dark frame, on a plinth."""
    m = Material
    plinth = block((-0.4, 0.4), (-0.42, 0.42), (0.0, 0.1), m.HOUSING)
    frame = block((-0.5, 0.5), (-0.5, 0.5), (0.1, 1.0), m.HOUSING, m.HOUSING, m.HOUSING)
    parts = [plinth, frame]
    for face in _PAIR:
        parts += [_plate(face, 0.505, (-0.44, 0.44), (0.16, 0.95), m.WHITE),
                  _plate(face, 0.51, (-0.44, 0.44), (0.45, 0.95), m.PAINT),
                  _plate(face, 0.515, (-0.3, 0.3), (0.62, 0.74), m.PAPER),
                  _plate(face, 0.515, (-0.36, 0.1), (0.3, 0.36), m.RED),
                  _plate(face, 0.515, (-0.36, 0.3), (0.2, 0.25), m.HOUSING)]
    return np.concatenate(parts)


def advertisement_along() -> Mesh:
    """The same, its poster seen from the sides of x."""
    return _quarter_turn(advertisement())


def column() -> Mesh:
    """A round advertisement column: posters in bands under a dark cap."""
    m = Material
    bands = ((0.0, 0.1, m.HOUSING, 0.5), (0.1, 0.45, m.PAINT, 0.46), (0.45, 0.5, m.WHITE, 0.46),
             (0.5, 0.82, m.PAPER, 0.46), (0.82, 0.92, m.HOUSING, 0.5))
    parts = [loft(_ring(r, a, 14), _ring(r, b, 14), look, look) for a, b, look, r in bands]
    parts.append(loft(_ring(0.5, 0.92, 14), _ring(0.08, 1.0, 14), m.HOUSING, m.HOUSING))
    return np.concatenate(parts)


def debris() -> Mesh:
    """Flattened rubbish: cardboard, planks and paper, none of it in order."""
    rng = stream(0, "debris")
    m = Material
    parts = [block((-0.5, -0.1), (-0.42, 0.1), (0.0, 0.45), m.CARDBOARD), block((0.05, 0.5), (-0.5, -0.3), (0.0, 0.3),
                                                                               m.WOOD)]
    for k in range(9):
        x, y = rng.uniform(-0.36, 0.36, 2)
        turn, r = rng.uniform(0.0, math.pi), rng.uniform(0.08, 0.15)
        corners = np.array([[math.cos(turn + a) * r, math.sin(turn + a) * r] for a in (0.0, 1.3, 3.1, 4.6)]) + [x, y]
        low = np.column_stack([corners, np.zeros(4)])
        high = low * [0.97, 0.97, 1.0] + np.column_stack([np.zeros((4, 2)), rng.uniform(0.15, 0.6, 4)])
        parts.append(loft(low, high, (m.CARDBOARD, m.PAPER, m.HOUSING, m.WOOD)[k % 4],
                          (m.CARDBOARD, m.PAPER, m.HOUSING, m.WOOD)[k % 4]))
    parts.append(block((-0.15, 0.2), (0.2, 0.5), (0.0, 1.0), m.CARDBOARD, m.PAPER))
    return np.concatenate(parts)
