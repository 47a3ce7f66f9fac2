"""Growth is found where it is, and not where there is only noise."""

import numpy as np
import pytest

from automot_ros.evaluation.slopes import slope_of

TIMES = np.arange(0.0, 600.0, 5.0)


def test_a_straight_line_is_its_own_slope() -> None:
    slope = slope_of(TIMES, 3.0 + TIMES / 3600.0)
    assert (slope.per_hour, slope.low, slope.high) == pytest.approx((1.0, 1.0, 1.0))


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_noise_is_no_growth_nineteen_times_in_twenty(correlation: float) -> None:
    rng, found = np.random.default_rng(0), 0
    for _ in range(400):
        noise = rng.standard_normal(len(TIMES))
        for n in range(1, len(noise)):
            noise[n] += correlation * noise[n - 1]
        slope = slope_of(TIMES, noise)
        found += slope.low > 0.0
    assert found <= 30, "2.5 % are above by chance"


def test_growth_under_noise_is_found() -> None:
    noise = np.random.default_rng(1).standard_normal(len(TIMES))
    slope = slope_of(TIMES, noise + TIMES * 20.0 / 3600.0)
    assert slope.low > 10.0
    assert slope.low < 20.0 < slope.high


def test_too_few_samples_say_nothing() -> None:
    slope = slope_of([1.0, 2.0], [5.0, 9.0])
    assert slope.low == -np.inf
    assert slope.high == np.inf
