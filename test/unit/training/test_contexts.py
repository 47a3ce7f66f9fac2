"""Contexts of samples: as the frozen expert gives them, kept once, and as old as on the road."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from automot_ros.model.automot import AutoMoT
from automot_ros.policy.vocabulary import REPORT_TOKENS, Vocabulary
from automot_ros.training.contexts import OLDEST, Contexts, NoContexts, drawn, write_contexts
from automot_ros.training.features import Features, frames_of
from automot_ros.training.samples import SAMPLE_S, Samples
from automot_ros.training.understanding_stage import Texts, texts_of


@pytest.fixture(scope="module")
def texts(samples: Samples) -> Texts:
    return texts_of(samples, Vocabulary.nano())


def test_stored_contexts_are_those_of_driving_in_half_precision(
    frozen: AutoMoT, samples: Samples, texts: Texts, contexts: Contexts
) -> None:
    for i in (0, 4, 7, 11):
        row = np.array([i])
        said, live = frozen.understanding.say(frames_of(samples, row), torch.from_numpy(texts.prompts[row]), texts.form)
        keys, values, position, mask = contexts.batch(row)
        assert mask is None and position.tolist() == live.next_position_B.tolist()
        assert contexts.said(row).tolist() == said.tolist()
        for ours, theirs in zip([*keys, *values], [*live.keys, *live.values], strict=True):
            assert ours.dtype == torch.float32
            torch.testing.assert_close(ours, theirs.half().float(), atol=4e-3, rtol=4e-3)


def test_a_batch_may_mix_drives(frozen: AutoMoT, contexts: Contexts) -> None:
    rows = np.array([11, 0, 5, 0])
    keys, _, position, _ = contexts.batch(rows)
    size = frozen.action.size
    assert len(keys) == size.layers and len(position) == 4
    assert keys[0].shape == (4, size.kv_heads, 116 + REPORT_TOKENS, size.key_dim)
    for n, row in enumerate(rows):
        assert torch.equal(keys[1][n], contexts.batch(np.array([row]))[0][1][0])


def test_contexts_that_are_there_are_not_computed_again(
    frozen: AutoMoT, samples: Samples, features: Features, texts: Texts, contexts: Contexts,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak, asked = frozen.understanding.speak, []

    def counted(seen, prompts, form):
        asked.append(len(prompts))
        return speak(seen, prompts, form)

    monkeypatch.setattr(frozen.understanding, "speak", counted)
    folder = tmp_path / "contexts"
    for wanted in ([5, 4, 3], []):
        write_contexts(frozen.understanding, samples, features, texts, folder, lambda line: None)
        assert asked == wanted
        asked.clear()
    shutil.rmtree(folder / "b")
    write_contexts(frozen.understanding, samples, features, texts, folder, lambda line: None)
    assert asked == [4], "drive b alone"
    before, after = contexts.batch(np.arange(12)), Contexts(samples, folder).batch(np.arange(12))
    torch.testing.assert_close(after[0][0], before[0][0], atol=4e-3, rtol=4e-3)


def test_the_contexts_of_a_drive_are_there_whole_or_not_at_all(
    frozen: AutoMoT, samples: Samples, features: Features, texts: Texts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak, asked = frozen.understanding.speak, []

    def dies(seen, prompts, form):
        asked.append(prompts)
        if len(asked) == 4:  # drive a has two batches, and this is the second of drive b
            raise KeyboardInterrupt
        return speak(seen, prompts, form)

    monkeypatch.setattr(frozen.understanding, "speak", dies)
    with pytest.raises(KeyboardInterrupt):
        write_contexts(frozen.understanding, samples, features, texts, tmp_path, lambda line: None, batch=3)
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["a"]


def test_without_contexts_there_is_nothing_to_read(frozen: AutoMoT) -> None:
    keys, values, position, mask = NoContexts(frozen.action.size).batch(np.arange(3))
    assert {part.shape[2] for part in (*keys, *values)} == {0}
    assert position.tolist() == [0, 0, 0] and mask is None


def long_drives(make_labels) -> Samples:
    return Samples(make_labels(200), {}, np.repeat([0, 1], 100), ("a", "b"))


def test_contexts_are_up_to_one_and_a_half_seconds_old_and_mostly_as_old_as_on_the_road(make_labels) -> None:
    samples, rows = long_drives(make_labels), np.repeat(np.arange(50, 60), 2000)
    ages = SAMPLE_S * (rows - drawn(samples, rows, np.random.default_rng(0)))
    assert sorted(set(ages.tolist())) == [SAMPLE_S * n for n in range(OLDEST + 1)]
    assert ages.max() == 1.5
    assert 0.6 < ((ages >= 0.25) & (ages <= 0.75)).mean() < 0.75
    assert (ages == 0.0).mean() == pytest.approx(0.1, abs=0.01)


def test_a_context_is_of_the_same_drive_and_never_of_the_future(make_labels) -> None:
    samples, rows = long_drives(make_labels), np.tile(np.array([0, 1, 2, 100, 101, 103]), 300)
    read = drawn(samples, rows, np.random.default_rng(0))
    assert (read <= rows).all()
    assert np.array_equal(samples.episode[read], samples.episode[rows])
    assert set(read[rows == 2].tolist()) == {0, 1, 2}


def test_the_same_seed_draws_the_same_contexts(make_labels) -> None:
    samples, rows = long_drives(make_labels), np.arange(20, 90)
    first, again = (drawn(samples, rows, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)
