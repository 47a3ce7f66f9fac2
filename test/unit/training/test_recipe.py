"""Which drives are driven, and which of them are never trained on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from automot_ros.base.errors import MessageError
from automot_ros.evaluation.pool import Runner
from automot_ros.model.variants import Variant
from automot_ros.policy.checkpoint import PARTS, model_hash, read_manifest
from automot_ros.simulation.scenarios import SIX
from automot_ros.simulation.suites import suites_of
from automot_ros.training import recipe
from automot_ros.training.recipe import CORRECTION_SEEDS, NanoMaker, drives, held_out
from automot_ros.training.samples import Samples, write_episode
from automot_ros.training.settings import STAGES, NanoRecipe


def test_every_class_is_driven_the_six_twice_and_plain_roads_four_times_a_pass() -> None:
    jobs = drives(3, 100)
    assert set(Counter(suite for suite, _ in jobs)) == set(suites_of("all,plain"))
    for suite, count in Counter(suite for suite, _ in jobs).items():
        assert count == 3 * (4 if suite == "plain" else 2 if suite in SIX else 1), suite


def test_no_seed_is_driven_twice_in_all_rounds() -> None:
    jobs = [job for round_ in range(4) for job in drives(7, CORRECTION_SEEDS * round_)]
    seeds = [seed for _, seed in jobs]
    assert len(set(seeds)) == len(seeds)
    assert max(seeds) < 1_000_000


def samples_named(make_labels, *names: str) -> Samples:
    return Samples(make_labels(2 * len(names)), {}, np.repeat(np.arange(len(names)), 2), names)


def test_whole_drives_are_held_out_by_their_names_alone(make_labels) -> None:
    names = tuple(f"plain-{n:06d}" for n in range(200))
    train, test = held_out(samples_named(make_labels, *names))
    out = {names[i // 2] for i in test}
    assert 8 < len(out) < 28
    assert len(test) == 2 * len(out) and sorted([*train, *test]) == list(range(400))
    _, later = held_out(samples_named(make_labels, *names[100:]))
    assert {names[100 + i // 2] for i in later} == out & set(names[100:]), "more drives move none to the other side"


def test_of_two_drives_one_is_held_out_and_of_one_none_is_left(make_labels) -> None:
    train, test = held_out(samples_named(make_labels, "a", "b"))
    assert (train.tolist(), test.tolist()) == ([0, 1], [2, 3])
    with pytest.raises(MessageError, match="every drive is held out: got 1 drives"):
        held_out(samples_named(make_labels, "a"))


SHORT = NanoRecipe(passes=1, corrections=1, rounds=1, sight_steps=1, understanding_steps=1, warm_up_steps=1,
                   correction_steps=1, action_steps=1, refiner_steps=1, batch_size=2)
STAGES_KEPT = ("sight", "understanding", "warm-up", "corrections-1", "action", "refiner")
Driven = list[tuple[str, str, int]]


@pytest.fixture
def driven(tiny: Variant, monkeypatch: pytest.MonkeyPatch, make_labels, make_pictures) -> Driven:
    """Replaces driving: every folder is given two drives of two samples. Folder, driver and first seed of each call."""
    calls: Driven = []

    def collect(jobs: list[tuple[str, int]], driver: str, out: Path, *_: object) -> None:
        calls.append((out.name, driver, jobs[0][1]))

    def prepare(bags: Path, out: Path, runner: Runner, progress: Callable[[str], None]) -> int:
        for n in range(2):
            name = f"{bags.name}-{n}"
            if not (out / name).exists():
                write_episode(out / name, make_pictures(2, n), make_labels(2, n))
        return 4

    monkeypatch.setattr(recipe, "variant", lambda name: tiny)
    monkeypatch.setattr(recipe, "collect", collect)
    monkeypatch.setattr(recipe, "prepare", prepare)
    return calls


def made(folder: Path, last: str = STAGES[-1]) -> list[str]:
    """Run the recipe up to a stage; what it printed."""
    lines: list[str] = []
    NanoMaker(SHORT, folder / "work", folder / "model", Runner(), lines.append).make(last)
    return lines


def test_a_model_is_made_from_nothing_and_making_it_again_changes_nothing(driven: Driven, tmp_path: Path) -> None:
    made(tmp_path)
    driver = str(tmp_path / "work" / "model-1")
    assert driven == [("demonstrations", "expert", 0), ("corrections-1", driver, CORRECTION_SEEDS)]
    assert sorted(read_manifest(tmp_path / "model")["parts"]) == sorted(PARTS)
    kept = json.loads((tmp_path / "work" / "result.json").read_text())
    assert {"sight", "understanding", "warm-up", "corrections-1", "action", "refiner", "wall_time_s"} <= set(kept)
    assert kept["corrections-1"]["samples"] > kept["warm-up"]["samples"], "corrections are learned beside the others"
    assert kept["action"]["samples"] == kept["corrections-1"]["samples"]
    first, states = model_hash(tmp_path / "model"), {p.name: p.read_bytes() for p in (tmp_path / "work").glob("*.pt")}
    assert set(states) == {f"{n}.pt" for n in STAGES_KEPT}
    made(tmp_path)
    assert model_hash(tmp_path / "model") == first != model_hash(tmp_path / "work" / "model-1")
    assert {p.name: p.read_bytes() for p in (tmp_path / "work").glob("*.pt")} == states


@pytest.mark.parametrize(("last", "states"), [("demonstrations", set()), ("warm-up", {"warm-up.pt"}),
                                              ("understanding", {"sight.pt", "understanding.pt"})])
def test_one_may_stop_after_a_stage_and_warm_up_needs_no_understanding(
    driven: Driven, tmp_path: Path, last: str, states: set[str]
) -> None:
    made(tmp_path, last)
    assert {p.name for p in (tmp_path / "work").glob("*.pt")} == states
    assert [name for name, _, _ in driven] == ["demonstrations"]
    assert not (tmp_path / "model").exists()
