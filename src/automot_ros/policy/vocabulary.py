"""The words that nano knows: one token a word, kept in `vocabulary.json`, and the sentences made of them.

A report, as the expert writes it and the understanding expert says it:

    light red at 20 m . ahead car at 15 m . straight . stop because red_light .

Colours red yellow green none, bodies free car walker obstacle; "at N m" is left out after none and free.
Distances are rounded to 5 m and end at 60 m. `Report` and its text are inverses of each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automot_ros.base.errors import CheckpointError, MessageError
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS

SPECIAL_WORDS = ("<pad>", "<im_start>", "<im_end>", "<image>", "<video>", "<vision_start>", "<vision_end>")
PAD_ID, IM_START_ID, IM_END_ID, IMAGE_ID, VIDEO_ID, VISION_START_ID, VISION_END_ID = range(7)
LIGHT_WORDS = ("none", "red", "yellow", "green")
AHEAD_WORDS = ("free", "car", "walker", "obstacle")
REASON_WORDS = ("red_light", "yellow_light", "lead_car", "walker", "obstacle", "curve", "junction", "free_road", "goal")
FARTHEST_M = 60
FASTEST_MPS = 40
REPORT_TOKENS = 20
"""The longest report has 19 tokens with its <im_end>; batches are padded to this length."""


def _nano_words() -> list[str]:
    words = [*SPECIAL_WORDS, "light", "ahead", "at", "m", ".", "because", "route", "in", "speed", "report",
             *LIGHT_WORDS, *AHEAD_WORDS, *LATERAL_WORDS, *LONGITUDINAL_WORDS, *REASON_WORDS,
             *(str(n) for n in range(FARTHEST_M + 1))]
    return list(dict.fromkeys(words))


class Vocabulary:
    """Word to id and back. Ids are line numbers, so a vocabulary can only grow at its end."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: i for i, word in enumerate(self.words)}
        if len(self._ids) != len(self.words) or self.words[: len(SPECIAL_WORDS)] != SPECIAL_WORDS:
            raise CheckpointError("a vocabulary needs different words, the special ones first")

    @staticmethod
    def nano() -> Vocabulary:
        """The vocabulary of the shipped model."""
        return Vocabulary(_nano_words())

    @staticmethod
    def load(path: Path) -> Vocabulary:
        """From `vocabulary.json`: a list of words."""
        words = json.loads(path.read_text())
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise CheckpointError("not a vocabulary", where=str(path), wanted="a list of words")
        return Vocabulary(words)

    def to_json(self) -> str:
        """The text of `vocabulary.json`."""
        return json.dumps(list(self.words), indent=0) + "\n"

    def __len__(self) -> int:
        return len(self.words)

    def id(self, word: str) -> int:
        """The id of a word; MessageError when it is not known."""
        if word not in self._ids:
            raise MessageError("word unknown to the model", got=repr(word))
        return self._ids[word]

    def ids(self, words: Sequence[str]) -> list[int]:
        """Ids of several words."""
        return [self.id(word) for word in words]

    def encode(self, text: str) -> list[int]:
        """Ids of a text, words separated by blanks."""
        return self.ids(text.split())

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids up to <im_end>, other special tokens left out."""
        said = []
        for i in ids:
            if i == IM_END_ID:
                break
            if i >= len(self.words):
                said.append("?")
            elif i >= len(SPECIAL_WORDS):
                said.append(self.words[i])
        return " ".join(said)

    def prompt(self, route_words: str, speed_mps: float, frames: int, tokens_per_frame: int) -> list[int]:
        """Ids before the report, always equally many: the frames, the route in words, the speed in whole m/s.

        `route_words` is "<lateral word> in N m" (preprocess.route_words). The speed is clipped to 0..40 m/s.
        """
        image = [VISION_START_ID, *[IMAGE_ID] * tokens_per_frame, VISION_END_ID]
        speed = min(FASTEST_MPS, max(0, round(speed_mps)))
        text = self.encode(f"route {route_words} . speed {speed} . report .")
        if len(text) != PROMPT_TEXT_TOKENS:
            raise MessageError("route words of another form", got=repr(route_words), wanted="'<word> in N m'")
        return [IM_START_ID, *image * frames, *text]

    def report(self, report: Report) -> list[int]:
        """Ids of a report with its <im_end>, padded to REPORT_TOKENS."""
        ids = [*self.encode(report.text()), IM_END_ID]
        return ids + [PAD_ID] * (REPORT_TOKENS - len(ids))

    def decision(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """The 8 ids of a decision: <im_start>, three (longitudinal, lateral) pairs at 1, 2, 3 s, <im_end>."""
        if len(pairs) != 3:
            raise MessageError("a decision has three instants", got=len(pairs))
        return [IM_START_ID, *self.ids([word for pair in pairs for word in pair]), IM_END_ID]


PROMPT_TEXT_TOKENS = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What the understanding expert says about the scene. Distances in metres; None after none and free."""

    light: str
    light_m: float | None
    ahead: str
    ahead_m: float | None
    lateral: str
    longitudinal: str
    reason: str

    def __post_init__(self) -> None:
        for word, known in ((self.light, LIGHT_WORDS), (self.ahead, AHEAD_WORDS), (self.lateral, LATERAL_WORDS),
                            (self.longitudinal, LONGITUDINAL_WORDS), (self.reason, REASON_WORDS)):
            if word not in known:
                raise MessageError("word unknown in a report", got=repr(word), wanted=" | ".join(known))

    def text(self) -> str:
        """The sentence."""
        light = self.light if self.light == "none" else f"{self.light}{_distance(self.light_m)}"
        ahead = self.ahead if self.ahead == "free" else f"{self.ahead}{_distance(self.ahead_m)}"
        return (f"light {light} . ahead {ahead} . {self.lateral} . {self.longitudinal} because {self.reason} .")

    @staticmethod
    def parse(text: str) -> Report | None:
        """The report in a text, or None when the text is not one: a small model may say anything."""
        parts = [part.split() for part in text.strip().removesuffix(".").split(" . ")]
        try:
            (_, light, *light_at), (_, ahead, *ahead_at), (lateral,), (longitudinal, _, reason) = parts
            report = Report(light=light, light_m=_metres(light_at), ahead=ahead, ahead_m=_metres(ahead_at),
                            lateral=lateral, longitudinal=longitudinal, reason=reason)
        except ValueError:
            return None
        return report if report.text() == text.strip() else None


def _distance(metres: float | None) -> str:
    return "" if metres is None else f" at {rounded_distance(metres)} m"


def rounded_distance(metres: float) -> int:
    """A distance as it is said: to 5 m, 0..60."""
    return int(min(FARTHEST_M, max(0, 5 * round(metres / 5.0))))


def _metres(words: list[str]) -> float | None:
    if not words:
        return None
    at, number, unit = words
    if at != "at" or unit != "m":
        raise ValueError(words)
    return float(number)
