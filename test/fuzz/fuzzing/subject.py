"""What is fuzzed: something that draws a bad input, and something that takes it. And what counts as a finding."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Case = Mapping[str, bytes]
"""One input: pieces by name, in order. A file reader's pieces are files, a node's are serialised messages."""


class FindingError(Exception):
    """Something that must not happen, found by a subject itself."""


class Refusal(Exception):  # noqa: N818 it is what is hoped for, no error
    """The input was refused, and a reason was reported."""


class Subject(ABC):
    """A reader or a callback. Made once in a process, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def good(self) -> Case:
        """An input that must be accepted."""

    @abstractmethod
    def draw(self, rng: random.Random) -> Case:
        """A bad input: a function of the generator alone."""

    @abstractmethod
    def take(self, case: Case) -> None:
        """Give the input to what is tested. Refusal or an AutomotError: refused. Anything else raised is a finding."""

    def close(self) -> None:  # noqa: B027 most have nothing to do
        """Give back what was taken."""


@dataclass(frozen=True)
class Target:
    """A subject by name; `share`: how many of 100 000 inputs are its own."""

    name: str
    share: int
    module: str
    kind: str


def write_case(case: Case, folder: Path) -> None:
    """The pieces of a case as files of a folder."""
    for name, data in case.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
