"""Shapes of vehicles beyond the plain saloon: body styles, police car, ambulance. As `camera_meshes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automot_ros.simulation.camera_meshes import Material, Mesh, block, car, loft, rectangle, wheels

_PAIR = (-1.0, 1.0)
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Style:
    """The profile of a car: heights of sill and waist, the glass from back to front at its foot and at the roof."""

    sill_z: float
    waist_z: float
    glass_low: Span
    glass_high: Span
    glass_half: Span  # half widths at the foot and at the roof
    bonnet_z: float
    lower: Material
    wheel: Span  # radius along x, and along z


_HATCHBACK = _Style(0.14, 0.58, (-0.487, 0.29), (-0.42, 0.075), (0.455, 0.375), 0.55, Material.PAINT, (0.076, 0.215))
_OFF_ROADER = _Style(0.19, 0.60, (-0.49, 0.25), (-0.46, 0.11), (0.475, 0.44), 0.60, Material.HOUSING, (0.085, 0.24))


def hatchback() -> Mesh:
    """A short car whose roof reaches to its steep back."""
    return _styled(_HATCHBACK, fine=True)


def hatchback_far() -> Mesh:
    """The same in few faces."""
    return _styled(_HATCHBACK, fine=False)


def off_roader() -> Mesh:
    """A tall, square car on large wheels, dark below, with rails on its roof."""
    rails = [block((-0.42, 0.05), (s * 0.38 - 0.02, s * 0.38 + 0.02), (0.97, 1.0), Material.HOUSING) for s in _PAIR]
    return np.concatenate([_styled(_OFF_ROADER, fine=True), *rails])


def off_roader_far() -> Mesh:
    """The same in few faces."""
    return _styled(_OFF_ROADER, fine=False)


def _styled(style: _Style, *, fine: bool) -> Mesh:
    m = Material
    waist, low, high = style.waist_z, style.glass_low, style.glass_high
    side = loft(rectangle((-0.5, 0.5), 0.5, 0.36), rectangle((-0.495, 0.47), 0.475, waist), m.PAINT, m.PAINT)
    glass = loft(rectangle(low, style.glass_half[0], waist), rectangle(high, style.glass_half[1], 0.94), m.GLASS)
    roof = loft(rectangle((high[0] - 0.012, high[1] + 0.015), style.glass_half[1] + 0.01, 0.925),
                rectangle((high[0] + 0.02, high[1] - 0.03), style.glass_half[1] - 0.03, 1.0), m.PAINT, m.PAINT)
    tail = [block((-0.505, -0.46), (s * 0.42 - 0.07, s * 0.42 + 0.07), (0.42, waist + 0.02), m.TAIL_LIGHT)
            for s in _PAIR]
    head = [block((0.44, 0.5), (s * 0.37 - 0.1, s * 0.37 + 0.1), (0.4, 0.51), m.HEAD_LIGHT) for s in _PAIR]
    if not fine:
        under = block((-0.42, 0.42), (-0.48, 0.48), (0.0, style.sill_z), m.TIRE)
        low_side = loft(rectangle((-0.49, 0.49), 0.48, style.sill_z), rectangle((-0.5, 0.5), 0.5, 0.36), style.lower)
        return np.concatenate([side, low_side, glass, roof, under, *tail, *head])
    sill = loft(rectangle((-0.485, 0.49), 0.475, style.sill_z), rectangle((-0.5, 0.5), 0.5, 0.36), style.lower, None,
                m.TIRE)
    pillars = [block((x - 0.012, x + 0.012), (s * w - 0.04, s * w + 0.04), (waist, 0.93), m.PAINT)
               for x in (-0.09, 0.5 * (low[0] + high[0]) + 0.05) for s in _PAIR
               for w in (0.5 * sum(style.glass_half),)]
    plate = block((-0.508, -0.48), (-0.14, 0.14), (0.39, 0.47), m.WHITE)
    grille = block((0.48, 0.508), (-0.22, 0.22), (0.24, 0.38), m.HOUSING)
    bumper = block((-0.508, -0.46), (-0.46, 0.46), (0.2, 0.3), m.HOUSING)
    tires = wheels((-0.31, 0.31), 0.505, style.wheel[0], style.wheel[1], 0.13)
    return np.concatenate([sill, side, glass, roof, *pillars, *tail, *head, plate, grille, bumper, tires])


def van() -> Mesh:
    """A panel van: one box with a short bonnet, windows at the front only."""
    return _van(Material.PAINT, Material.PAINT)


def _van(body: Material, door: Material, top_z: float = 1.0) -> Mesh:
    m = Material
    base = loft(rectangle((-0.5, 0.5), 0.49, 0.12), rectangle((-0.5, 0.5), 0.5, 0.44), body, None, m.TIRE)
    cargo = loft(rectangle((-0.5, 0.16), 0.5, 0.44), rectangle((-0.495, 0.14), 0.45, top_z), body, body)
    nose = loft(rectangle((0.16, 0.5), 0.5, 0.44), rectangle((0.16, 0.43), 0.48, 0.54), body, body)
    cab = loft(rectangle((0.14, 0.42), 0.478, 0.54), rectangle((0.12, 0.27), 0.43, 0.9 * top_z), m.GLASS)
    roof = loft(rectangle((0.1, 0.29), 0.44, 0.89 * top_z), rectangle((0.1, 0.2), 0.42, 0.96 * top_z), body, body)
    seam = block((-0.503, -0.49), (-0.012, 0.012), (0.2, 0.93 * top_z), m.HOUSING)
    panes = [block((-0.504, -0.49), (s * 0.22 - 0.13, s * 0.22 + 0.13), (0.56, 0.8), m.GLASS) for s in _PAIR]
    tail = [block((-0.506, -0.47), (s * 0.44 - 0.05, s * 0.44 + 0.05), (0.3, 0.5), m.TAIL_LIGHT) for s in _PAIR]
    head = [block((0.45, 0.504), (s * 0.38 - 0.09, s * 0.38 + 0.09), (0.34, 0.43), m.HEAD_LIGHT) for s in _PAIR]
    bumper = block((-0.508, -0.47), (-0.48, 0.48), (0.13, 0.2), m.HOUSING)
    handles = [block((0.1, 0.13), (s * 0.492 - 0.015, s * 0.492 + 0.015), (0.2, 0.5), door) for s in _PAIR]
    tires = wheels((-0.32, 0.32), 0.5, 0.06, 0.14, 0.13)
    return np.concatenate([base, cargo, nose, cab, roof, seam, *panes, *tail, *head, bumper, *handles, tires])


def _light_bar(x: Span, half_y: float, z: Span) -> list[Mesh]:
    """The beacons: left one, right one, and what carries them."""
    m = Material
    middle = 0.14 * half_y
    return [block(x, (middle, half_y), z, m.BEACON_LEFT), block(x, (-half_y, -middle), z, m.BEACON_RIGHT),
            block(x, (-middle, middle), (z[0], z[1] - 0.2 * (z[1] - z[0])), m.METAL)]


def police_car() -> Mesh:
    """A white saloon with blue sides, the word's place on the doors, and a bar of beacons on its roof."""
    m = Material
    body = car()
    body[:, 2] *= 0.92
    body[body[:, 6] == m.PAINT, 6] = m.WHITE
    sides = [block((-0.485, 0.47), (s * 0.494 - 0.012, s * 0.494 + 0.012), (0.36, 0.47), m.BLUE) for s in _PAIR]
    doors = [block((-0.2, 0.16), (s * 0.494 - 0.013, s * 0.494 + 0.013), (0.2, 0.33), m.BLUE) for s in _PAIR]
    bonnet = block((0.3, 0.44), (-0.28, 0.28), (0.52, 0.556), m.BLUE)
    return np.concatenate([body, *sides, *doors, bonnet, *_light_bar((-0.16, -0.06), 0.34, (0.9, 1.0))])


def ambulance() -> Mesh:
    """A white van with a red band all round, red crosses, and beacons at both ends of its roof."""
    m = Material
    band = [block((-0.49, 0.42), (s * 0.495 - 0.013, s * 0.495 + 0.013), (0.36, 0.46), m.RED) for s in _PAIR]
    back = block((-0.5075, -0.49), (-0.37, 0.37), (0.38, 0.48), m.RED)
    front = block((0.47, 0.505), (-0.26, 0.26), (0.34, 0.44), m.RED)
    crosses = []
    for s in _PAIR:
        y = (s * 0.482 - 0.014, s * 0.482 + 0.014)
        crosses += [block((-0.27, -0.08), y, (0.62, 0.72), m.RED), block((-0.21, -0.14), y, (0.53, 0.81), m.RED)]
    rear = [block((-0.5065, -0.49), (-0.08, 0.08), (0.82, 0.92), m.RED)]
    lamps = [*_light_bar((0.11, 0.2), 0.4, (0.91, 1.0)), *_light_bar((-0.47, -0.4), 0.4, (0.94, 1.0))]
    return np.concatenate([_van(m.WHITE, m.RED, 0.95), *band, back, front, *crosses, *rear, *lamps])

