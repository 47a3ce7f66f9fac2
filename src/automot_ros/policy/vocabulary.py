"""The words that nano knows: one token a word, kept in `vocabulary.json`; the prompt and the report as ids.

What a report says, and its text, is in scene/report.py.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from automot_ros.base.errors import CheckpointError, MessageError
from automot_ros.base.results import read_json
from automot_ros.scene.decision import LATERAL_WORDS, LONGITUDINAL_WORDS
from automot_ros.scene.report import REPORT_SLOTS, Report

SPECIAL_WORDS = ("<pad>", "<im_start>", "<im_end>", "<image>", "<video>", "<vision_start>", "<vision_end>")
PAD_ID, IM_START_ID, IM_END_ID, IMAGE_ID, VIDEO_ID, VISION_START_ID, VISION_END_ID = range(7)
FARTHEST_M = 60
FASTEST_MPS = 40
REPORT_TOKENS = len(REPORT_SLOTS) + 1
"""Every report has so many tokens, its <im_end> the last."""


def _nano_words() -> list[str]:
    words = [*SPECIAL_WORDS, "route", "in", "m", ".", "speed", "report", *(w for slot in REPORT_SLOTS for w in slot),
             *LATERAL_WORDS, *LONGITUDINAL_WORDS, *(str(n) for n in range(FARTHEST_M + 1))]
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
        words = read_json(path, CheckpointError)
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

    def prompt(self, route_words: str, speed_mps: float, frame_tokens: Sequence[int]) -> list[int]:
        """Ids before the report, always equally many: the frames, the route in words, the speed in whole m/s.

        `route_words` is "<lateral word> in N m" (preprocess.route_words). The speed is clipped to 0..40 m/s.
        """
        images = [i for tokens in frame_tokens for i in (VISION_START_ID, *[IMAGE_ID] * tokens, VISION_END_ID)]
        speed = min(FASTEST_MPS, max(0, round(speed_mps)))
        text = self.encode(f"route {route_words} . speed {speed} . report .")
        if len(text) != PROMPT_TEXT_TOKENS:
            raise MessageError("route words of another form", got=repr(route_words), wanted="'<word> in N m'")
        return [IM_START_ID, *images, *text]

    def report(self, report: Report) -> list[int]:
        """The REPORT_TOKENS ids of a report, its <im_end> the last."""
        return [*self.encode(report.text()), IM_END_ID]

    def report_slots(self) -> list[list[int]]:
        """The ids allowed at each of the REPORT_TOKENS places of a report; one alone where there is no question."""
        return [*(self.ids(slot) for slot in REPORT_SLOTS), [IM_END_ID]]

    def decision(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """The 8 ids of a decision: <im_start>, three (longitudinal, lateral) pairs at 1, 2, 3 s, <im_end>."""
        if len(pairs) != 3:
            raise MessageError("a decision has three instants", got=len(pairs))
        return [IM_START_ID, *self.ids([word for pair in pairs for word in pair]), IM_END_ID]


PROMPT_TEXT_TOKENS = 11
