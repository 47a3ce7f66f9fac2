"""The report: questions about the scene, always the same and in the same order, each with its answers in words.

    light red 12 ahead car 6 hazard light ahead 12 priority none turn straight do slow slow stop stop because red_light

Question words stand at fixed places and everything between them is an answer of one word:

    light <colour> <D>            the light that rules the ego on its route within 55 m
    ahead <body> <D>              the nearest body on the ego's chosen way
    hazard <thing> <side> <D>     what the driver answers to now; side - means none, or right behind
    priority <none|mine|theirs>   theirs: somebody goes first; mine: others wait, or the light is green
    turn <lateral word>           where the route goes within 25 m
    do <now> <1s> <2s> <3s>       longitudinal words: the next half second, and at 1, 2, 3 s
    because <reason>

D is a distance from the front bumper in metres, 3 6 12 25 50 (the nearest of them as a ratio), or - for nothing there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automot_ros.base.errors import MessageError
from automot_ros.scene.actors import BodyKind
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS

NOTHING = "-"
DISTANCES_M = (3, 6, 12, 25, 50)
DISTANCE_WORDS = (NOTHING, *(str(m) for m in DISTANCES_M))
LIGHT_WORDS = ("none", "red", "yellow", "green")
_BODY_WORDS = ("car", "truck", "walker", "bicycle", "obstacle", "emergency")
AHEAD_WORDS = ("free", *_BODY_WORDS)
HAZARD_WORDS = ("none", *_BODY_WORDS, "light", "stop_sign")
SIDE_WORDS = (NOTHING, "left", "ahead", "right")
PRIORITY_WORDS = ("none", "mine", "theirs")
REASON_WORDS = ("free_road", "curve", "red_light", "yellow_light", "stop_sign", "lead_car", "walker", "bicycle",
                "obstacle", "oncoming", "crossing", "merging", "emergency", "junction")
_FORM: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    ("light", (("light", LIGHT_WORDS), ("light_m", DISTANCE_WORDS))),
    ("ahead", (("ahead", AHEAD_WORDS), ("ahead_m", DISTANCE_WORDS))),
    ("hazard", (("hazard", HAZARD_WORDS), ("hazard_side", SIDE_WORDS), ("hazard_m", DISTANCE_WORDS))),
    ("priority", (("priority", PRIORITY_WORDS),)),
    ("turn", (("turn", LATERAL_WORDS),)),
    ("do", (("do_now", LONGITUDINAL_WORDS), ("do_1s", LONGITUDINAL_WORDS), ("do_2s", LONGITUDINAL_WORDS),
            ("do_3s", LONGITUDINAL_WORDS))),
    ("because", (("reason", REASON_WORDS),)),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of a report: the field of `Report`, the place of its word in the text, and the words allowed."""

    name: str
    at: int
    words: tuple[str, ...]


def _laid_out() -> tuple[tuple[tuple[str, ...], ...], tuple[Question, ...]]:
    slots: list[tuple[str, ...]] = []
    questions = []
    for word, answers in _FORM:
        slots.append((word,))
        for name, allowed in answers:
            questions.append(Question(name, len(slots), allowed))
            slots.append(allowed)
    return tuple(slots), tuple(questions)


REPORT_SLOTS, QUESTIONS = _laid_out()
"""REPORT_SLOTS: the words allowed at each place of the text, one alone where a question word stands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Every answer is one of its question's words; distances in metres as said, None for nothing there."""

    light: str
    light_m: int | None
    ahead: str
    ahead_m: int | None
    hazard: str
    hazard_side: str
    hazard_m: int | None
    priority: str
    turn: str
    do_now: str
    do_1s: str
    do_2s: str
    do_3s: str
    reason: str

    def __post_init__(self) -> None:
        for question in QUESTIONS:
            if self.answer(question) not in question.words:
                raise MessageError(f"answer to '{question.name}' unknown in a report", got=repr(self.answer(question)),
                                   wanted=" | ".join(question.words))

    def answer(self, question: Question) -> str:
        """The word that answers a question."""
        value = getattr(self, question.name)
        return NOTHING if value is None else str(value)

    def text(self) -> str:
        """All words, separated by blanks."""
        words = [slot[0] for slot in REPORT_SLOTS]
        for question in QUESTIONS:
            words[question.at] = self.answer(question)
        return " ".join(words)

    @staticmethod
    def parse(text: str) -> Report | None:
        """The report in a text, or None when the text is not one: a small model may say anything."""
        words = text.split()
        if len(words) != len(REPORT_SLOTS) or not all(w in slot for w, slot in zip(words, REPORT_SLOTS, strict=True)):
            return None
        said = {q.name: words[q.at] for q in QUESTIONS}
        return Report(
            light=said["light"], light_m=_metres(said["light_m"]), ahead=said["ahead"],
            ahead_m=_metres(said["ahead_m"]), hazard=said["hazard"], hazard_side=said["hazard_side"],
            hazard_m=_metres(said["hazard_m"]), priority=said["priority"], turn=said["turn"], do_now=said["do_now"],
            do_1s=said["do_1s"], do_2s=said["do_2s"], do_3s=said["do_3s"], reason=said["reason"])


def said_distance(metres: float) -> int | None:
    """The distance that is said for one in metres; None for an infinite one. What touches is 3 m away."""
    if not math.isfinite(metres):
        return None
    return min(DISTANCES_M, key=lambda d: abs(math.log(max(metres, 0.1) / d)))


def body_word(kind: BodyKind) -> str:
    """What a body is called in a report."""
    known = {BodyKind.CAR: "car", BodyKind.TRUCK: "truck", BodyKind.WALKER: "walker", BodyKind.BICYCLE: "bicycle",
             BodyKind.EMERGENCY: "emergency"}
    return known.get(kind, "obstacle")


def said(report: Report) -> str:
    """A report as people say it: "Red light in 12 m; car ahead in 6 m. Stop: red light."."""
    seen = []
    if report.light != "none":
        seen.append(f"{report.light} light{_in(report.light_m)}")
    if report.ahead != "free":
        seen.append(f"{_thing(report.ahead)} ahead{_in(report.ahead_m)}")
    on_the_way = report.hazard == report.ahead and report.hazard_side == "ahead"
    if report.hazard not in ("none", "light") and not on_the_way:
        side = {"left": " on the left", "right": " on the right", "ahead": " ahead", NOTHING: ""}[report.hazard_side]
        seen.append(f"{_thing(report.hazard)}{side}{_in(report.hazard_m)}")
    if report.priority != "none":
        seen.append("others go first" if report.priority == "theirs" else "the ego goes first")
    doing = report.do_now.capitalize()
    if report.turn != "straight":
        doing += f", {report.turn.replace('_', ' ')}"
    return f"{_sentence(seen)}{doing}: {_thing(report.reason).replace('_', ' ')}."


def spoken(text: str) -> str:
    """The text of a report as people say it; any other text as it is."""
    report = Report.parse(text)
    return text if report is None else said(report)


def _in(metres: int | None) -> str:
    return "" if metres is None else f" in {metres} m"


def _thing(word: str) -> str:
    return {"emergency": "emergency vehicle", "stop_sign": "stop sign", "walker": "pedestrian"}.get(word, word)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts) or "free road ahead"
    return f"{text[0].upper()}{text[1:]}. "


def _metres(word: str) -> int | None:
    return None if word == NOTHING else int(word)
