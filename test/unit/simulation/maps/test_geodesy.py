"""GNSS to map metres. By what defines a transverse Mercator: true on the meridian, equal in all directions."""

import numpy as np
import pytest
from scipy.integrate import quad

from automot_ros.base.errors import MapError
from automot_ros.simulation.maps.geodesy import FLATTENING, SEMI_MAJOR_M, GeoReference

E2 = FLATTENING * (2.0 - FLATTENING)


def reference(text):
    return GeoReference(f"<OpenDRIVE><header><geoReference><![CDATA[{text}]]></geoReference></header></OpenDRIVE>")


HERE = reference("+proj=tmerc +lat_0=48.1 +lon_0=11.5 +datum=WGS84 +units=m")


def meridian_radius(lat):
    return SEMI_MAJOR_M * (1 - E2) / (1 - E2 * np.sin(lat) ** 2) ** 1.5


def test_the_reference_is_the_origin_and_north_is_up_and_east_to_the_right():
    points = HERE.metres(np.array([[48.1, 11.5], [48.101, 11.5], [48.1, 11.501]]))
    assert points[0] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert points[1] == pytest.approx([0.0, 111.2], abs=0.1)
    assert points[2] == pytest.approx([74.5, 0.0], abs=0.1)


def test_lengths_along_the_meridian_are_true():
    (_, y), = HERE.metres(np.array([[49.3, 11.5]]))
    assert y == pytest.approx(quad(meridian_radius, np.radians(48.1), np.radians(49.3))[0], abs=1e-3)


@pytest.mark.parametrize("at", [(48.1, 11.5), (48.4, 12.4), (47.0, 9.0)])
def test_the_scale_is_the_same_in_all_directions(at):
    step = 1e-5
    x, north, east = HERE.metres(np.array([at, (at[0] + step, at[1]), (at[0], at[1] + step)]))
    lat, length = np.radians(at[0]), np.radians(step)
    across = SEMI_MAJOR_M / np.sqrt(1 - E2 * np.sin(lat) ** 2) * np.cos(lat)
    to_north, to_east = (north - x) / (meridian_radius(lat) * length), (east - x) / (across * length)
    assert np.hypot(*to_north) == pytest.approx(np.hypot(*to_east), abs=3e-6)
    assert to_north @ to_east == pytest.approx(0.0, abs=3e-6)


def test_false_origin_and_scale_are_added():
    moved = reference("+proj=tmerc +lat_0=48.1 +lon_0=11.5 +k=0.5 +x_0=100 +y_0=-20")
    assert moved.metres(np.array([[48.101, 11.5]]))[0] == pytest.approx([100.0, -20.0 + 0.5 * 111.19], abs=0.05)


@pytest.mark.parametrize("text", ["", "+proj=utm +zone=32", "+proj=tmerc +lat_0=x +lon_0=1", "+proj=tmerc +lon_0=1"])
def test_a_map_that_does_not_say_where_it_lies_is_refused(text):
    with pytest.raises(MapError, match="geoReference"):
        reference(text)
    with pytest.raises(MapError, match="geoReference"):
        GeoReference("<OpenDRIVE/>")


def test_a_point_elsewhere_on_the_earth_is_refused():
    with pytest.raises(MapError, match=r"elsewhere on the earth in point 1"):
        HERE.metres(np.array([[48.1, 11.5], [11.5, 48.1]]))
