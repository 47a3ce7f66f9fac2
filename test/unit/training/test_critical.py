"""What is rare and matters is drawn more often, but not without measure."""

from __future__ import annotations

import numpy as np
import pytest

from automot_ros.training.critical import CRITICAL_SHARE, MOST_OFTEN, moments, table, weights
from automot_ros.training.samples import Labels

COUNT = 100
KINDS = ("braking", "standing", "setting off", "changing lane", "giving way")


def with_moments(make_labels, **rows: slice) -> Labels:
    """Cruising, but for the rows that are of a kind (setting_off for "setting off")."""
    labels = make_labels(COUNT, report=np.full(COUNT, "priority none", "<U20"))
    for name, which in rows.items():
        if name == "braking":
            labels.speeds[which] = (6.0, 4.0, 2.0)
        elif name == "standing":
            labels.speed[which], labels.speeds[which] = 0.0, 0.0
        elif name == "setting_off":
            labels.speed[which], labels.speeds[which], labels.hazard_m[which] = 1.0, (1.0, 2.0, 3.0), 20.0
        elif name == "changing_lane":
            labels.route[which, :, 1] = 2.0
        else:
            labels.report[which] = "priority theirs"
    return labels


def test_each_kind_is_known_by_what_the_driver_does(make_labels) -> None:
    labels = with_moments(make_labels, braking=slice(0, 2), standing=slice(2, 4), setting_off=slice(4, 6),
                          changing_lane=slice(6, 8), giving_way=slice(8, 10))
    found = moments(labels)
    assert tuple(found) == KINDS
    for n, name in enumerate(KINDS):
        assert np.flatnonzero(found[name]).tolist() == [2 * n, 2 * n + 1], name


def test_a_free_road_is_left_without_hurry_and_a_lost_car_does_not_change_lane(make_labels) -> None:
    """Setting off counts where something held the car; a target far off the path is no lane beside it."""
    labels = with_moments(make_labels, setting_off=slice(0, 1), changing_lane=slice(1, 2))
    labels.hazard_m[0] = np.inf
    labels.route[1, :, 1] = 9.0
    assert not any(which.any() for which in moments(labels).values())


def test_weights_sum_to_one_and_every_kind_has_an_equal_share_of_the_critical_part(make_labels) -> None:
    labels = with_moments(make_labels, braking=slice(0, 10), standing=slice(10, 40))
    w = weights(labels)
    assert w.sum() == pytest.approx(1.0)
    assert w[:10].sum() == pytest.approx(CRITICAL_SHARE / 2)
    assert w[10:40].sum() == pytest.approx(CRITICAL_SHARE / 2)
    assert w[:40].sum() == pytest.approx(CRITICAL_SHARE)
    assert np.ptp(w[40:]) == 0.0


def test_a_moment_of_two_kinds_counts_for_both(make_labels) -> None:
    labels = with_moments(make_labels, braking=slice(0, 20), giving_way=slice(10, 30))
    w = weights(labels)
    assert w[10] == pytest.approx(w[0] + w[25])


def test_no_sample_is_drawn_more_than_so_often(make_labels) -> None:
    w = weights(with_moments(make_labels, braking=slice(0, 1), standing=slice(1, 11)))
    assert w.sum() == pytest.approx(1.0)
    assert w[0] == pytest.approx(MOST_OFTEN * w[-1]) and w[0] == w.max()


@pytest.mark.parametrize("rows", [{}, {"standing": slice(0, COUNT)}])
def test_where_all_are_alike_all_are_drawn_alike(make_labels, rows: dict[str, slice]) -> None:
    np.testing.assert_allclose(weights(with_moments(make_labels, **rows)), 1.0 / COUNT)


def test_the_table_shows_both_shares(make_labels) -> None:
    rows = {line[:16].strip(): line[16:].split() for line in table(
        with_moments(make_labels, braking=slice(0, 10), standing=slice(10, 40))).splitlines()}
    assert rows["moment"] == ["of", "data", "trained"]
    assert rows["braking"] == ["10.0%", "22.5%"]
    assert rows["changing lane"] == ["0.0%", "0.0%"]
    assert rows["any of them"] == ["40.0%", "45.0%"]
