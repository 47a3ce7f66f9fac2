"""Every measurement has its options, and refuses what means nothing before it starts anything."""

import argparse

import pytest

from automot_ros.base.errors import ConfigError
from automot_ros.cli import bench


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("what", list(bench.BENCHES))
def test_each_has_options_and_a_folder(what: str) -> None:
    assert str(parsed(what).out) == f"runs/bench_{what}"


@pytest.mark.parametrize("arguments", [
    ("transport", "--sizes", "1,x"), ("transport", "--sizes", "0"), ("transport", "--ways", "pigeon"),
    ("transport", "--count", "0"), ("tick", "--duration", "1"), ("tick", "--synchronous", "-1"),
    ("soak", "--duration", "1"), ("released", "--threads", "0"), ("world", "--seeds", "3"), ("world", "--ticks", "0")])
def test_what_means_nothing_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        bench.run(parsed(*arguments))
