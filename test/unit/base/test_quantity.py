"""A config is the one source of its parameters, and refuses what is out of bounds."""

from dataclasses import dataclass

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.base.quantity import build, check_bounds, choice, describe, quantity, switch


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A config with one field of each kind."""

    speed_mps: float = quantity(2.0, "m/s", "How fast.", low=0.0, high=5.0)
    count: int = quantity(3, "", "How many.", low=1, high=9)
    mode: str = choice("a", ("a", "b"), "Which.")
    loud: bool = switch(False, "Whether.")

    def __post_init__(self) -> None:
        check_bounds(self)


def test_every_field_is_described_with_its_unit_and_bounds() -> None:
    specs = {s.name: s for s in describe(Example)}
    assert specs["speed_mps"].unit == "m/s" and specs["speed_mps"].high == 5.0
    assert specs["mode"].options == ("a", "b") and specs["loud"].kind is bool


@pytest.mark.parametrize("values", [{"speed_mps": 5.1}, {"speed_mps": float("nan")}, {"count": 0}, {"mode": "c"},
                                    {"loud": 1}, {"count": True}, {"speed_mps": "2"}])
def test_a_value_out_of_bounds_or_of_another_type_is_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"Example.{next(iter(values))}"):
        build(Example, values)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="speed_mps"):
        build(Example, {"speed": 1.0})


def test_a_whole_number_is_good_enough_for_a_real_one() -> None:
    assert build(Example, {"speed_mps": 3}).speed_mps == 3
