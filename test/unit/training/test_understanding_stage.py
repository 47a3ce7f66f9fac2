"""Stage 1: reports are tokenised with their frames, learned from drives that have them, and examined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.base.errors import MessageError
from automot_ros.model.automot import AutoMoT
from automot_ros.policy.preprocess import FRAME_TOKENS
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.report import QUESTIONS, Report
from automot_ros.training.features import Features
from automot_ros.training.loop import LoopConfig
from automot_ros.training.samples import Samples
from automot_ros.training.understanding_stage import examine, texts_of, train_understanding

WORDS = Vocabulary.nano()
EXPERTS, CARS = np.arange(9), np.arange(9, 12)


def test_texts_are_the_words_of_the_samples(samples: Samples) -> None:
    texts, labels = texts_of(samples, WORDS), samples.labels
    assert texts.told.tolist() == [True] * 9 + [False] * 3
    for i in EXPERTS:
        report = Report.parse(str(labels.report[i]))
        assert report is not None and WORDS.decode(texts.reports[i]) == report.text()
        assert texts.prompts[i].tolist() == WORDS.prompt("straight in 60 m", 8.0, FRAME_TOKENS)
    assert not texts.reports[CARS].any()
    assert texts.form == WORDS.report_slots()


def test_a_report_of_another_version_is_named_with_its_drive(samples: Samples) -> None:
    report = samples.labels.report.copy()
    report[6] = "light red at 20 m"
    changed = replace(samples, labels=replace(samples.labels, report=report))
    with pytest.raises(MessageError, match="another form in b: got light red at 20 m"):
        texts_of(changed, WORDS)


def test_the_loss_of_a_batch_is_the_mean_of_its_halves(frozen: AutoMoT, samples: Samples, features: Features) -> None:
    texts = texts_of(samples, WORDS)

    def loss(rows: np.ndarray) -> torch.Tensor:
        return frozen.understanding.loss(features.seen(rows), torch.from_numpy(texts.prompts[rows]),
                                         torch.from_numpy(texts.reports[rows]), texts.form).words

    with torch.no_grad():
        whole, halves = loss(np.arange(8)), [loss(np.arange(rank, 8, 2)) for rank in range(2)]
    torch.testing.assert_close(torch.stack(halves).mean(), whole, atol=1e-4, rtol=0)


def test_the_expert_learns_what_is_said_and_passes_its_examination(
    model: AutoMoT, samples: Samples, features: Features, losses
) -> None:
    before = examine(model.understanding, samples, EXPERTS, EXPERTS)
    curve = losses(lambda config, state, told: train_understanding(
        model.understanding, samples, features, np.arange(12), config, 0, state, told), 4)
    assert np.mean(curve[-5:]) < 0.85 * np.mean(curve[:3])
    after = examine(model.understanding, samples, EXPERTS, EXPERTS)
    assert list(after) == [*(q.name for q in QUESTIONS), "all"]
    assert after["all"]["accuracy"] > before["all"]["accuracy"] + 0.1
    light = [str(report).split()[1] for report in samples.labels.report[:9]]
    assert after["light"]["most_frequent"] == pytest.approx(max(map(light.count, light)) / 9, abs=1e-4)
    assert all(0.0 <= value <= 1.0 for row in after.values() for value in row.values() if value is not None)


def test_drives_without_a_word_are_not_trained_or_examined_on(
    frozen: AutoMoT, samples: Samples, features: Features, tmp_path: Path
) -> None:
    with pytest.raises(MessageError, match=r"nobody says anything.*automot collect"):
        train_understanding(frozen.understanding, samples, features, CARS, LoopConfig(), 0, tmp_path / "s.pt",
                            print)
    assert examine(frozen.understanding, samples, EXPERTS, CARS) == {}
