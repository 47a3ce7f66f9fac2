"""A few samples on disk, and a model so small that it learns them in seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from automot_ros.model.automot import AutoMoT
from automot_ros.model.variants import Variant, variant
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.report import QUESTIONS, REPORT_SLOTS
from automot_ros.training.contexts import Contexts, write_contexts
from automot_ros.training.features import Features, write_features
from automot_ros.training.loop import LoopConfig
from automot_ros.training.samples import Labels, Samples, read_samples, write_episode
from automot_ros.training.understanding_stage import texts_of

MakeLabels = Callable[..., Labels]
Losses = Callable[[Callable[[LoopConfig, Path, Callable[[str], None]], object], int], list[float]]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


def made_report(seed: int, light: str) -> str:
    """Any report of a drive; its light is given."""
    rng, words = np.random.default_rng(seed), [slot[0] for slot in REPORT_SLOTS]
    for question in QUESTIONS:
        words[question.at] = str(rng.choice(question.words))
    words[QUESTIONS[0].at] = light
    return " ".join(words)


def made_labels(count: int, seed: int = 0, **changed: NDArray[np.generic]) -> Labels:
    """Cruising straight on at 8 m/s along the route, with the lights and reports drawn; any column can be replaced."""
    rng = np.random.default_rng(seed)
    light = rng.integers(0, 4, count)
    ahead = np.stack([np.array([1.0, 0.0]) * s for s in range(1, 21)])
    columns = {
        "targets": np.tile(ahead[[7, 19]], (count, 1, 1)).astype(np.float32),
        "speed": np.full(count, 8.0, np.float32),
        "pose": np.column_stack([2.0 * np.arange(count), *np.zeros((2, count))]),
        "waypoints": np.tile(4.0 * ahead[:6], (count, 1, 1)).astype(np.float32),
        "route": np.tile(ahead, (count, 1, 1)).astype(np.float32), "speeds": np.full((count, 3), 8.0, np.float32),
        "longitudinal": np.ones((count, 3), np.int64), "lateral": np.full((count, 3), 2, np.int64), "light": light,
        "hazard_m": np.full(count, np.inf, np.float32), "hazard": np.full(count, "free_road"),
        "report": np.array([made_report(seed, ("none", "red", "yellow", "green")[n]) for n in light]),
        "route_words": np.full(count, "straight in 60 m")}
    return Labels(**{**columns, **changed})


def made_pictures(count: int, seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Noise, and cells of every kind with velocities."""
    rng = np.random.default_rng(seed)
    shapes = {"band": (96, 512, 3), "past": (64, 256, 3), "wide": (48, 128, 3), "centre": (64, 192, 3),
              "bev": (2, 128, 192)}
    pictures: dict[str, NDArray[np.generic]] = {
        name: rng.integers(0, 256, (count, *shape), np.uint8) for name, shape in shapes.items()}
    cells = rng.integers(0, 4, (count, 16, 24)).astype(np.uint8)
    sectors = np.stack([rng.integers(0, 7, (count, 16)), rng.integers(0, 5, (count, 16))], axis=1).astype(np.uint8)
    return pictures | {"cells": cells, "motion": rng.normal(0.0, 4.0, (count, 2, 16, 24)).astype(np.float16),
                       "sectors": sectors}


def told_and_untold(folder: Path) -> Samples:
    """Two drives of the expert, five and four samples, and three samples of a car, about which nobody says anything."""
    for seed, (name, count) in enumerate((("a", 5), ("b", 4))):
        labels = made_labels(count, seed)
        labels.speeds[1], labels.longitudinal[1] = (5.0, 3.0, 1.0), (2, 2, 3)
        labels.waypoints[1] = np.column_stack([np.arange(1.0, 7.0), 0.1 * np.arange(6)])
        labels.hazard_m[1] = 12.0
        write_episode(folder / name, made_pictures(count, seed), labels)
    nothing = np.full(3, "")
    labels = made_labels(3, 2, light=np.full(3, -1), hazard=nothing, report=nothing)
    pictures = made_pictures(3, 2)
    pictures["cells"], pictures["sectors"] = np.full((3, 16, 24), 255, np.uint8), np.full((3, 2, 16), 255, np.uint8)
    write_episode(folder / "car", pictures, labels)
    return read_samples([folder])


@pytest.fixture
def make_labels() -> MakeLabels:
    return made_labels


@pytest.fixture
def make_pictures() -> Callable[..., dict[str, NDArray[np.generic]]]:
    return made_pictures


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """See told_and_untold. Rows 0-4 are drive a, 5-8 drive b, 9-11 the car's."""
    return told_and_untold(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def tiny() -> Variant:
    """The debug variant, looking at frames of nano's size, which is what samples hold."""
    debug, nano = variant("debug"), variant("nano")
    return replace(debug, understanding=replace(debug.understanding, frame_shapes=nano.understanding.frame_shapes))


@pytest.fixture
def model(tiny: Variant) -> AutoMoT:
    made = AutoMoT(tiny, seed=1).eval()
    made.action.attach_language_head(made.understanding.language_head_WD)
    return made


@pytest.fixture(scope="session")
def frozen(tiny: Variant) -> AutoMoT:
    """`model` for tests that only look."""
    return AutoMoT(tiny, seed=1).eval()


@pytest.fixture(scope="session")
def features(frozen: AutoMoT, samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Features:
    """Of all samples, by the tower of `frozen` and `model`."""
    folder = tmp_path_factory.mktemp("features")
    write_features(frozen.understanding, samples, folder, lambda line: None, 3)
    return Features(samples, folder)


@pytest.fixture(scope="session")
def contexts(frozen: AutoMoT, samples: Samples, features: Features,
             tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Of all samples."""
    folder = tmp_path_factory.mktemp("contexts")
    write_contexts(frozen.understanding, samples, features, texts_of(samples, Vocabulary.nano()), folder,
                   lambda line: None, 3)
    return Contexts(samples, folder)


@pytest.fixture
def losses(tmp_path: Path) -> Losses:
    """Runs a stage for 20 steps; the loss of each."""
    def train(stage: Callable[[LoopConfig, Path, Callable[[str], None]], object], batch: int) -> list[float]:
        config = LoopConfig(steps=20, batch_size=batch, learning_rate=4e-3, warm_up_steps=2, ema_decay=0.5,
                            print_every=1)
        lines: list[str] = []
        stage(config, tmp_path / "state.pt", lines.append)
        assert len(lines) == config.steps
        return [float(found[1]) for line in lines if (found := re.search(r"\bloss (\S+)", line))]

    return train
