"""The light of a drive: sun, sky, clouds, haze and wetness, from the seed and the conditions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.seeds import stream
from automot_ros.simulation.conditions import Conditions

Floats = NDArray[np.float64]
Color = tuple[float, float, float]

# How far one sees through the thickest fog: exp(-(40 m x density)^2) is 5 %.
_FOG_DENSITY = 0.0433
_FINE = Conditions()
_NIGHT_HORIZON, _NIGHT_ZENITH = (0.085, 0.09, 0.125), (0.02, 0.028, 0.06)
_NIGHT_SKY, _NIGHT_GROUND = (0.155, 0.165, 0.205), (0.10, 0.10, 0.105)
_GRAY_HORIZON, _GRAY_ZENITH = (0.72, 0.745, 0.77), (0.55, 0.585, 0.63)
_MOON = (0.05, 0.06, 0.085)


@dataclass(frozen=True, slots=True)
class Daylight:
    """Sun, sky and haze of one world; colours 0..1, `to_sun` a unit vector, haze density in 1/m.

    clouds_from: how much of the cloud noise stays blue sky (less: more clouds); cloud: their colour; glare: brightness
    of the sky round the sun; shadow, hills: strength (no hills is thick fog); land: how bright the
    hills are; night: 1 where lamps are on; wet: 1 where the road is.
    """

    to_sun: Color
    sun: Color
    horizon: Color
    zenith: Color
    grass: Color
    haze_density: float
    ambient_sky: Color = (0.47, 0.52, 0.60)
    ambient_ground: Color = (0.30, 0.29, 0.26)
    clouds_from: float = 0.5
    cloud: Color = (0.99, 0.99, 1.0)
    glare: float = 1.0
    shadow: float = 1.0
    hills: float = 1.0
    land: float = 1.0
    night: float = 0.0
    wet: float = 0.0


def daylight(seed: int) -> Daylight:
    """A fair day: where the sun stands, how deep the sky is, how far one sees."""
    rng = stream(seed, "daylight")
    azimuth, elevation = rng.uniform(-math.pi, math.pi), rng.uniform(math.radians(32.0), math.radians(62.0))
    warm, deep, c = rng.uniform(), rng.uniform(), math.cos(elevation)
    return Daylight(
        to_sun=(c * math.cos(azimuth), c * math.sin(azimuth), math.sin(elevation)),
        sun=(0.86, 0.80 - 0.04 * warm, 0.68 - 0.10 * warm),
        horizon=(0.80 + 0.03 * warm, 0.85, 0.90 - 0.03 * warm),
        zenith=(0.27 - 0.06 * deep, 0.49 - 0.06 * deep, 0.80 - 0.04 * deep),
        grass=(0.25 + 0.05 * warm, 0.34, 0.14),
        haze_density=float(rng.uniform(0.0045, 0.0065)),
    )


def light_of(seed: int, conditions: Conditions) -> Daylight:
    """The light under these conditions; under a default sky it is `daylight(seed)`, whatever the sensors suffer."""
    c, fair = conditions, daylight(seed)
    if (c.sun_altitude_deg, c.sun_azimuth_deg, c.cloudiness, c.fog, c.rain) == (
            _FINE.sun_altitude_deg, _FINE.sun_azimuth_deg, _FINE.cloudiness, _FINE.fog, _FINE.rain):
        return fair
    clouds = max(c.cloudiness, min(1.0, 0.45 + 0.55 * c.rain) if c.rain > 0.0 else 0.0)
    gray = _ramp(0.15, 0.95, clouds)
    veil = min(1.0, 1.8 * c.fog)
    day = _ramp(-12.0, 9.0, c.sun_altitude_deg)
    low_sun = math.exp(-((c.sun_altitude_deg / 9.0) ** 2)) * (1.0 - gray)
    direct = _ramp(-1.0, 16.0, c.sun_altitude_deg) * (1.0 - 0.9 * gray) * (1.0 - 0.8 * veil)
    dim = 1.0 - 0.3 * c.rain
    horizon = _mix(fair.horizon, _GRAY_HORIZON, max(gray, veil))
    horizon = _mix(horizon, (0.98, 0.70, 0.47), 0.6 * low_sun)
    horizon = _mix(_NIGHT_HORIZON, _scaled(horizon, dim), day)
    zenith = _mix(_NIGHT_ZENITH, _scaled(_mix(fair.zenith, _GRAY_ZENITH, gray), dim), day)
    # Under clouds less light comes from the sun and a little more, from everywhere, from the sky.
    sky = _mix(_NIGHT_SKY, _scaled(_mix(fair.ambient_sky, (0.60, 0.62, 0.65), gray), dim), day)
    ground = _mix(_NIGHT_GROUND, _scaled(_mix(fair.ambient_ground, (0.40, 0.40, 0.40), gray), dim), day)
    altitude, azimuth = math.radians(c.sun_altitude_deg), math.radians(c.sun_azimuth_deg)
    if c.sun_altitude_deg < -4.0:  # the moon, opposite and high
        altitude, azimuth = math.radians(50.0), azimuth + math.pi
    up = max(math.sin(altitude), 0.02)
    flat = math.sqrt(1.0 - up * up)
    sun = _mix(_scaled(fair.sun, direct), _scaled((0.95, 0.55, 0.28), direct), low_sun)
    density = fair.haze_density * (1.0 + 1.2 * c.rain)
    return replace(
        fair,
        to_sun=(flat * math.cos(azimuth), flat * math.sin(azimuth), up),
        sun=_added(sun, _scaled(_MOON, 1.0 - day)),
        horizon=horizon,
        zenith=_mix(zenith, horizon, veil),
        haze_density=density * (_FOG_DENSITY / density) ** c.fog if c.fog > 0.0 else density,
        ambient_sky=sky,
        ambient_ground=ground,
        clouds_from=0.55 - 0.6 * clouds,
        cloud=_mix(_added(_NIGHT_HORIZON, (0.03, 0.03, 0.03)),
                   _scaled(_mix((0.99, 0.99, 1.0), (0.68, 0.69, 0.72), gray), dim), day),
        glare=direct,
        shadow=max(direct, 0.25 * day),
        hills=1.0 - veil,
        land=0.16 + 0.84 * day,
        night=1.0 - _ramp(-5.0, 7.0, c.sun_altitude_deg),
        wet=_ramp(0.0, 0.35, c.rain),
    )


def _mix(a: Color, b: Color, share: float) -> Color:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def _scaled(a: Color, by: float) -> Color:
    return (a[0] * by, a[1] * by, a[2] * by)


def _added(a: Color, b: Color) -> Color:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _ramp(low: float, high: float, x: float) -> float:
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)
