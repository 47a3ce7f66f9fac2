"""Words and sentences: encode and decode are inverses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import CheckpointError, MessageError
from automot_ros.model.variants import variant
from automot_ros.policy.vocabulary import (
    IM_END_ID,
    IM_START_ID,
    IMAGE_ID,
    PAD_ID,
    PROMPT_TEXT_TOKENS,
    REPORT_TOKENS,
    VIDEO_ID,
    VISION_END_ID,
    VISION_START_ID,
    Vocabulary,
)
from automot_ros.scene.decision import LATERAL_WORDS
from automot_ros.scene.report import QUESTIONS, REPORT_SLOTS, Report


@given(st.builds(" ".join, st.tuples(*(st.sampled_from(slot) for slot in REPORT_SLOTS))))
def test_a_report_survives_its_ids_which_are_always_equally_many(text: str) -> None:
    words, report = Vocabulary.nano(), Report.parse(text)
    assert report is not None
    ids = words.report(report)
    assert len(ids) == REPORT_TOKENS
    assert ids[-1] == IM_END_ID and PAD_ID not in ids
    assert Report.parse(words.decode(ids)) == report


def test_the_slots_of_a_report_allow_its_ids_and_ask_where_the_questions_are() -> None:
    words = Vocabulary.nano()
    slots = words.report_slots()
    assert len(slots) == REPORT_TOKENS
    assert [i for i, slot in enumerate(slots) if len(slot) > 1] == [q.at for q in QUESTIONS]
    for question in QUESTIONS:
        assert [words.words[i] for i in slots[question.at]] == list(question.words)
    assert slots[-1] == [IM_END_ID]


def test_prompts_are_equally_long_whatever_they_say() -> None:
    words = Vocabulary.nano()
    prompts = [words.prompt(f"{word} in {n} m", speed, (2, 3)) for word in LATERAL_WORDS for n in (0, 5, 60)
               for speed in (0.0, 9.7, 99.0)]
    assert {len(prompt) for prompt in prompts} == {1 + (2 + 2) + (3 + 2) + PROMPT_TEXT_TOKENS}
    assert len({tuple(prompt) for prompt in prompts}) == len(prompts)
    with pytest.raises(MessageError, match="another form"):
        words.prompt("straight", 0.0, (2, 3))
    with pytest.raises(MessageError, match="backwards"):
        words.prompt("backwards in 5 m", 0.0, (2, 3))


def test_a_prompt_holds_its_frames_in_order_each_between_its_marks() -> None:
    words = Vocabulary.nano()
    prompt = words.prompt("turn_left in 20 m", 7.4, (2, 3))
    assert prompt[:10] == [IM_START_ID, VISION_START_ID, IMAGE_ID, IMAGE_ID, VISION_END_ID,
                           VISION_START_ID, IMAGE_ID, IMAGE_ID, IMAGE_ID, VISION_END_ID]
    assert words.decode(prompt[10:]) == "route turn_left in 20 m . speed 7 . report ."


def test_a_decision_is_eight_tokens() -> None:
    words = Vocabulary.nano()
    ids = words.decision([("slow", "straight"), ("stop", "straight"), ("stop", "turn_left")])
    assert len(ids) == 8
    assert (ids[0], ids[-1]) == (IM_START_ID, IM_END_ID)
    assert words.decode(ids) == "slow straight stop straight stop turn_left"


def test_the_special_ids_are_those_of_the_variants() -> None:
    for name in ("debug", "nano"):
        size = variant(name).understanding
        assert (size.image_id, size.video_id, size.vision_start_id, size.vision_end_id) == (
            IMAGE_ID, VIDEO_ID, VISION_START_ID, VISION_END_ID)
        assert len(Vocabulary.nano()) <= size.vocabulary <= 160


def test_a_vocabulary_survives_its_file(tmp_path) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_text(Vocabulary.nano().to_json())
    assert Vocabulary.load(path).words == Vocabulary.nano().words
    path.write_text('["a", "b"]')
    with pytest.raises(CheckpointError):
        Vocabulary.load(path)
