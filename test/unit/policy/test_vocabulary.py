"""Words and sentences: encode and decode are inverses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import CheckpointError, MessageError
from automot_ros.model.variants import variant
from automot_ros.policy.vocabulary import (
    AHEAD_WORDS,
    IM_END_ID,
    IM_START_ID,
    IMAGE_ID,
    LIGHT_WORDS,
    PAD_ID,
    REASON_WORDS,
    REPORT_TOKENS,
    VIDEO_ID,
    VISION_END_ID,
    VISION_START_ID,
    Report,
    Vocabulary,
    rounded_distance,
)
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS

metres = st.one_of(st.none(), st.integers(0, 12).map(lambda n: 5.0 * n))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    light, ahead = draw(st.sampled_from(LIGHT_WORDS)), draw(st.sampled_from(AHEAD_WORDS))
    return Report(light=light, light_m=None if light == "none" else draw(metres), ahead=ahead,
                  ahead_m=None if ahead == "free" else draw(metres), lateral=draw(st.sampled_from(LATERAL_WORDS)),
                  longitudinal=draw(st.sampled_from(LONGITUDINAL_WORDS)), reason=draw(st.sampled_from(REASON_WORDS)))


@given(reports())
def test_a_report_survives_its_text_and_its_ids(report: Report) -> None:
    assert Report.parse(report.text()) == report
    words = Vocabulary.nano()
    ids = words.report(report)
    assert len(ids) == REPORT_TOKENS
    assert Report.parse(words.decode(ids)) == report
    assert ids[: ids.index(IM_END_ID)].count(PAD_ID) == 0


@pytest.mark.parametrize("text", ["", "light", "light red .",
                                  "light blue . ahead free . straight . keep because goal .",
                                  "light red at m . ahead free . straight . keep because goal .",
                                  "light red at 20 m . ahead free . straight . keep because goal . .",
                                  "ahead none . light free . straight . keep because goal ."])
def test_what_is_not_a_report_is_none(text: str) -> None:
    assert Report.parse(text) is None


def test_distances_are_said_in_steps_of_five_up_to_sixty() -> None:
    assert [rounded_distance(m) for m in (0.0, 2.4, 2.6, 17.6, 59.0, 500.0, -3.0)] == [0, 0, 5, 20, 60, 60, 0]


def test_prompts_are_equally_long_whatever_they_say() -> None:
    words = Vocabulary.nano()
    prompts = [words.prompt(f"{word} in {n} m", speed, 4, 48) for word in LATERAL_WORDS for n in (0, 5, 60)
               for speed in (0.0, 9.7, 99.0)]
    assert {len(prompt) for prompt in prompts} == {212}
    assert all(prompt.count(IMAGE_ID) == 4 * 48 for prompt in prompts)
    with pytest.raises(MessageError):
        words.prompt("straight", 0.0, 4, 48)
    with pytest.raises(MessageError):
        words.prompt("backwards in 5 m", 0.0, 4, 48)


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
        assert len(Vocabulary.nano()) <= size.vocabulary <= 256


def test_a_vocabulary_survives_its_file(tmp_path) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_text(Vocabulary.nano().to_json())
    assert Vocabulary.load(path).words == Vocabulary.nano().words
    path.write_text('["a", "b"]')
    with pytest.raises(CheckpointError):
        Vocabulary.load(path)
