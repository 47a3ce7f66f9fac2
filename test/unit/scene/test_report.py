"""A report is a fixed row of questions and answers; its text and its fields are inverses, and people can read it."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automot_ros.base.errors import MessageError
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.report import (
    HAZARD_WORDS,
    QUESTIONS,
    REPORT_SLOTS,
    Report,
    body_word,
    said,
    said_distance,
    spoken,
)

TEXT = ("light red 12 ahead car 6 hazard light ahead 12 priority none turn straight "
        "do slow slow stop stop because red_light")


def report(**changes: object) -> Report:
    parsed = Report.parse(TEXT)
    assert parsed is not None
    return dataclasses.replace(parsed, **changes)


@given(st.builds(" ".join, st.tuples(*(st.sampled_from(slot) for slot in REPORT_SLOTS))))
def test_a_report_survives_its_text_and_every_answer_stands_at_its_place(text: str) -> None:
    parsed = Report.parse(text)
    assert parsed is not None
    assert parsed.text() == text
    assert [parsed.answer(q) for q in QUESTIONS] == [text.split()[q.at] for q in QUESTIONS]
    assert said(parsed).endswith(".")


def test_the_questions_are_the_fields_of_a_report_and_all_else_is_fixed() -> None:
    assert [q.name for q in QUESTIONS] == [f.name for f in dataclasses.fields(Report)]
    asked = {q.at for q in QUESTIONS}
    assert [len(slot) > 1 for slot in REPORT_SLOTS] == [i in asked for i in range(len(REPORT_SLOTS))]
    assert Report.parse(TEXT) == report(light="red", light_m=12, ahead_m=6, do_3s="stop", reason="red_light")


@pytest.mark.parametrize("text", ["", "light", TEXT + " because", TEXT.replace("car 6", "car"),
                                  TEXT.replace("red 12", "blue 12"), TEXT.replace("12", "13"),
                                  TEXT.replace("because", "do"), TEXT.replace("car 6", "light 6")])
def test_what_is_not_a_report_is_none(text: str) -> None:
    assert Report.parse(text) is None
    assert spoken(text) == text


@pytest.mark.parametrize(("field", "value"), [("light", "blue"), ("light_m", 13), ("hazard", "free"), ("do_2s", "go")])
def test_an_answer_that_is_none_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(MessageError, match=field):
        report(**{field: value})


def test_distances_are_said_as_the_nearest_ratio() -> None:
    metres = (-1.0, 0.0, 4.2, 4.3, 8.4, 8.6, 17.2, 17.4, 35.2, 35.5, 500.0)
    assert [said_distance(m) for m in metres] == [3, 3, 3, 6, 6, 12, 12, 25, 25, 50, 50]
    assert said_distance(math.inf) is None


def test_every_kind_of_body_has_a_word() -> None:
    assert {body_word(kind) for kind in BodyKind} <= set(HAZARD_WORDS)
    assert (body_word(BodyKind.TRUCK), body_word(BodyKind.DOOR)) == ("truck", "obstacle")


def test_people_read_a_sentence() -> None:
    assert said(report()) == "Red light in 12 m; car ahead in 6 m. Slow: red light."
    free = report(light="none", light_m=None, ahead="free", ahead_m=None, hazard="none", hazard_side="-", hazard_m=None,
                  do_now="keep", turn="slight_left", reason="free_road")
    assert said(free) == "Free road ahead. Keep, slight left: free road."
    crossing = dataclasses.replace(free, hazard="walker", hazard_side="right", hazard_m=25, priority="theirs",
                                   do_now="stop", turn="straight", reason="walker")
    assert spoken(crossing.text()) == "Pedestrian on the right in 25 m; others go first. Stop: pedestrian."
