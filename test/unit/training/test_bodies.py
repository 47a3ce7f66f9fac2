"""The bodies around the car as a coarse map from above and as sectors of the camera."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import AHEAD_WORDS, DISTANCES_M
from automot_ros.training.bodies import body_map, body_pictures, body_sectors, unknown_bodies


def bodies(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 7)


def test_bodies_fill_the_cells_they_stand_in_with_their_class_and_velocity() -> None:
    """Cells of 4 m, forward from -16 m, left from -48 m."""
    cells, motion = body_map(bodies((BodyKind.TRUCK, 10.0, 2.0, math.pi / 2, 10.0, 2.5, 6.0)))
    assert cells.shape == (16, 24)
    assert np.argwhere(cells == 1).tolist() == [[i, j] for i in (6,) for j in (11, 12, 13)]
    assert cells.astype(int).sum() == 3
    np.testing.assert_allclose(motion[:, 6, 12], [0.0, 6.0], atol=1e-3)
    assert not motion[:, 5].any()


def test_the_classes_are_vehicles_people_and_everything_else() -> None:
    kinds = {BodyKind.CAR: 1, BodyKind.BICYCLE: 1, BodyKind.EMERGENCY: 1, BodyKind.WALKER: 2, BodyKind.CONE: 3,
             BodyKind.DOOR: 3, BodyKind.CONTAINER: 3}
    for kind, wanted in kinds.items():
        assert body_map(bodies((kind, 10.0, 2.0, 0.0, 0.5, 0.5, 0.0)))[0].max() == wanted


def test_a_walker_beside_a_car_counts_and_what_is_outside_does_not() -> None:
    car, walker = (BodyKind.CAR, 10.0, 2.0, 0.0, 3.0, 1.5, 5.0), (BodyKind.WALKER, 10.0, 2.0, 0.0, 0.4, 0.4, 1.0)
    for order in ((car, walker), (walker, car)):
        cells, motion = body_map(bodies(*order))
        assert cells[6, 12] == 2 and motion[0, 6, 12] == 1.0
    cells, motion = body_map(bodies(*((BodyKind.CAR, *xy, 0.0, 4.0, 2.0, 5.0) for xy in ((60.0, 0.0), (0.0, -60.0)))))
    assert not cells.any() and not motion.any()


def told(*rows: tuple[float, ...]) -> list[tuple[str, int]]:
    """(word, metres) of each sector, left to right."""
    return [(AHEAD_WORDS[w], DISTANCES_M[d]) for w, d in body_sectors(bodies(*rows)).T]


def test_a_body_covers_the_sectors_it_is_seen_in() -> None:
    """The camera is 1.3 m before the origin and sees 90 degrees on 512 pixels: 20 m away a sector is 2.5 m wide."""
    sectors = told((BodyKind.TRUCK, 24.3, 0.0, math.pi / 2, 9.0, 2.0, 0.0))
    assert [n for n, (word, _) in enumerate(sectors) if word == "truck"] == [6, 7, 8, 9]
    assert {metres for word, metres in sectors if word == "truck"} == {25}
    assert all(word == "free" for word, _ in sectors[:6] + sectors[10:])


def test_left_is_left_and_who_is_behind_or_beside_is_not_seen() -> None:
    words = [word for word, _ in told((BodyKind.WALKER, 11.3, 5.0, 0.0, 0.5, 0.5, 1.0))]
    assert [n for n, word in enumerate(words) if word == "walker"] == [3, 4]
    for x, y in ((-10.0, 0.0), (1.0, 4.0), (70.0, 0.0), (11.0, 14.0)):
        assert not body_sectors(bodies((BodyKind.CAR, x, y, 0.0, 4.0, 2.0, 0.0)))[0].any(), (x, y)


def test_the_nearest_body_of_a_sector_counts_and_one_that_fills_the_view_has_no_gaps() -> None:
    near, far = (BodyKind.BICYCLE, 7.5, 0.0, 0.0, 1.6, 0.6, 3.0), (BodyKind.CAR, 30.0, 0.0, 0.0, 4.0, 2.0, 3.0)
    for order in ((near, far), (far, near)):
        assert told(*order)[8] == ("bicycle", 6)
    wall = told((BodyKind.CONTAINER, 3.8, 0.0, math.pi / 2, 20.0, 2.0, 0.0))
    assert {word for word, _ in wall} == {"obstacle"} and wall[8][1] == 3


def test_what_nobody_told_is_marked_unknown_in_the_same_shapes() -> None:
    known, unknown = body_pictures(bodies()), unknown_bodies()
    assert known.keys() == unknown.keys()
    for name in known:
        assert (known[name].shape, known[name].dtype) == (unknown[name].shape, unknown[name].dtype)
    assert not known["sectors"].any() and (unknown["sectors"] == 255).all() and (unknown["cells"] == 255).all()
