"""Stage 1: the understanding expert learns to answer questions about the scene from four frames; then it is frozen.

Labels are the expert's reports. Each question of a report is examined on drives that were not trained on, beside two
baselines: the most frequent answer of the training drives, and the same model with black images (which still reads the
route in words and the speed, and its own earlier answers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automot_ros.base.errors import MessageError
from automot_ros.base.seeds import stream
from automot_ros.model.understanding import Form, Understanding
from automot_ros.policy.preprocess import FRAME_TOKENS
from automot_ros.policy.vocabulary import Vocabulary
from automot_ros.scene.report import QUESTIONS, Report
from automot_ros.training import critical
from automot_ros.training.features import Features, frames_of
from automot_ros.training.loop import LoopConfig, fit
from automot_ros.training.samples import Samples
from automot_ros.training.share import Share


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of every sample: prompts (N, P), the expert's reports (N, R); and the form of a report.
    Samples without a report have an empty one (pad ids) and are not `told`.
    """

    prompts: NDArray[np.int64]
    reports: NDArray[np.int64]
    told: NDArray[np.bool_]
    form: Form


def texts_of(samples: Samples, vocabulary: Vocabulary) -> Texts:
    """Tokenise what the samples hold as words."""
    labels, form = samples.labels, vocabulary.report_slots()
    prompts = [vocabulary.prompt(str(words), float(v), FRAME_TOKENS)
               for words, v in zip(labels.route_words, labels.speed, strict=True)]
    reports = np.zeros((len(samples), len(form)), np.int64)
    for i, text in enumerate(labels.report):
        if not text:
            continue
        report = Report.parse(str(text))
        if report is None:
            raise MessageError("the expert's report has another form", where=samples.names[samples.episode[i]],
                               got=str(text), wanted="drives collected with this version")
        reports[i] = vocabulary.report(report)
    return Texts(np.array(prompts), reports, labels.report != "", form)


def train_understanding(understanding: Understanding, samples: Samples, features: Features,
                        train: NDArray[np.int64], config: LoopConfig, seed: int, state_file: Path,
                        progress: Callable[[str], None]) -> None:
    """Teach the language model in place on the samples `train`, drawn by `seed`; resumable through `state_file`.

    features: what the vision tower, which learns no more, makes of the frames.
    """
    texts = texts_of(samples, Vocabulary.nano())
    train = train[texts.told[train]]
    if not len(train):
        raise MessageError("nobody says anything in these samples", wanted="drives of `automot collect` among them")
    weights = critical.weights(samples.labels)[train]
    weights = weights / weights.sum()

    def step_loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rows = train[stream(seed, "understanding", step).choice(len(train), config.batch_size, p=weights)]
        rows = rows[Share.here().part]
        loss = understanding.loss(features.seen(rows), torch.from_numpy(texts.prompts[rows]),
                                  torch.from_numpy(texts.reports[rows]), texts.form)
        return loss.words, {"accuracy": float(loss.word_accuracy)}

    words = understanding.model.model.language_model
    words.train()
    fit(words, step_loss, config, state_file, progress)
    words.eval()


@torch.inference_mode()
def examine(understanding: Understanding, samples: Samples, train: NDArray[np.int64], test: NDArray[np.int64],
            batch: int = 64) -> dict[str, dict[str, float | None]]:
    """Accuracy of each question on the samples `test`, said freely, beside the two baselines; and over all.

    Nothing where no report is held out.
    """
    texts = texts_of(samples, Vocabulary.nano())
    train, test = train[texts.told[train]], test[texts.told[test]]
    if not len(test):
        return {}
    said: dict[str, list[NDArray[np.int64]]] = {"model": [], "black": []}
    for i in range(0, len(test), batch):
        rows = test[i : i + batch]
        frames, prompts = frames_of(samples, rows), torch.from_numpy(texts.prompts[rows])
        for name, shown in (("model", frames), ("black", [torch.zeros_like(group) for group in frames])):
            said[name].append(understanding.say(shown, prompts, texts.form)[0].numpy())
    answers = {name: np.concatenate(parts) for name, parts in said.items()}
    truth = texts.reports[test]
    figures: dict[str, dict[str, float | None]] = {}
    for question in QUESTIONS:
        words, counts = np.unique(texts.reports[train, question.at], return_counts=True)
        usual = words[counts.argmax()]
        figures[question.name] = {
            "accuracy": _mean(answers["model"][:, question.at] == truth[:, question.at]),
            "most_frequent": _mean(truth[:, question.at] == usual),
            "black_images": _mean(answers["black"][:, question.at] == truth[:, question.at]),
            "accuracy_unusual": _mean((answers["model"] == truth)[truth[:, question.at] != usual, question.at]),
            "black_unusual": _mean((answers["black"] == truth)[truth[:, question.at] != usual, question.at])}
    figures["all"] = {name: _mean(np.array([row[name] for row in figures.values() if row[name] is not None]))
                      for name in next(iter(figures.values()))}
    return figures


def _mean(values: NDArray[np.floating] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
