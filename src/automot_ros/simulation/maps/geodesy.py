"""GNSS positions to the metres of a map, by the map's own geoReference. Transverse Mercator on the WGS 84 ellipsoid.

Snyder, Map Projections - A Working Manual (USGS 1395), pages 60-61: the forward series, good to a millimetre within
three degrees of the central meridian.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from automot_ros.base.errors import MapError

SEMI_MAJOR_M, FLATTENING = 6378137.0, 1.0 / 298.257223563
_E2 = FLATTENING * (2.0 - FLATTENING)
_EP2 = _E2 / (1.0 - _E2)
FARTHEST_DEG = 3.0
_REFERENCE = re.compile(r"<geoReference>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</geoReference>", re.DOTALL)


class GeoReference:
    """Where a map lies on the earth. x east, y north, metres."""

    def __init__(self, xodr_text: str) -> None:
        """MapError for a map without a reference, or with another projection than transverse Mercator."""
        found = _REFERENCE.search(xodr_text)
        terms: dict[str, str] = dict(re.findall(r"\+(\w+)=(\S+)", found[1])) if found else {}
        if terms.get("proj") != "tmerc" or not {"lat_0", "lon_0"} <= set(terms):
            raise MapError("map without a usable geoReference", got=found[1][:200] if found else "none",
                           wanted="+proj=tmerc +lat_0=... +lon_0=...")
        try:
            self._lat_0, self._lon_0 = math.radians(float(terms["lat_0"])), math.radians(float(terms["lon_0"]))
            self._scale = float(terms.get("k", terms.get("k_0", "1")))
            self._x_0, self._y_0 = float(terms.get("x_0", "0")), float(terms.get("y_0", "0"))
        except ValueError as error:
            raise MapError("geoReference that is no number", got=str(error)) from error

    def metres(self, lat_lon_deg_N2: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 2) latitude and longitude in degrees to (N, 2) x and y. MapError for a place elsewhere on the earth."""
        degrees = np.asarray(lat_lon_deg_N2, dtype=np.float64).reshape(-1, 2)
        home = np.degrees([self._lat_0, self._lon_0])
        far = ~(np.abs(degrees - home) < FARTHEST_DEG).all(axis=1)
        if far.any():
            raise MapError("a GNSS point lies elsewhere on the earth", where=f"point {int(far.argmax())}",
                           got=degrees[far.argmax()].tolist(), wanted=f"within {FARTHEST_DEG:g} degrees of {home}")
        lat, lon = np.radians(degrees).T
        sin, cos, tan = np.sin(lat), np.cos(lat), np.tan(lat)
        across = SEMI_MAJOR_M / np.sqrt(1.0 - _E2 * sin**2)
        t, c, a = tan**2, _EP2 * cos**2, (lon - self._lon_0) * cos
        east = across * (a + (1 - t + c) * a**3 / 6 + (5 - 18 * t + t**2 + 72 * c - 58 * _EP2) * a**5 / 120)
        north = _meridian(lat) - _meridian(np.array(self._lat_0)) + across * tan * (
            a**2 / 2 + (5 - t + 9 * c + 4 * c**2) * a**4 / 24)
        return np.stack([self._x_0 + self._scale * east, self._y_0 + self._scale * north], axis=1)


def _meridian(lat_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres along the meridian from the equator."""
    e4, e6 = _E2**2, _E2**3
    terms = ((1 - _E2 / 4 - 3 * e4 / 64 - 5 * e6 / 256) * lat_rad
             - (3 * _E2 / 8 + 3 * e4 / 32 + 45 * e6 / 1024) * np.sin(2 * lat_rad)
             + (15 * e4 / 256 + 45 * e6 / 1024) * np.sin(4 * lat_rad) - 35 * e6 / 3072 * np.sin(6 * lat_rad))
    return np.asarray(SEMI_MAJOR_M * terms)
