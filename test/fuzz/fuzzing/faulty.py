"""A reader with faults: whoever gives it inputs must find them all. The tests use it; it is no target of a run."""

from __future__ import annotations

import os
import random

from automot_ros.base.errors import MessageError
from fuzzing.subject import Case, Subject

FAULTS = (b"raises", b"spins", b"aborts", b"believes a size", b"fine")


class Faulty(Subject):
    """Does what the input says."""

    def good(self) -> Case:
        """Nothing happens."""
        return {"fault": b"fine"}

    def draw(self, rng: random.Random) -> Case:
        """Any."""
        return {"fault": rng.choice(FAULTS)}

    def take(self, case: Case) -> None:
        """As ordered."""
        fault = case["fault"]
        if fault == b"raises":
            raise ZeroDivisionError("on purpose")
        if fault == b"aborts":
            os.abort()
        if fault == b"believes a size":
            try:
                bytearray(1 << 40)
            except MemoryError as error:
                raise MessageError("dressed up", got="MemoryError") from error
        while fault == b"spins":
            pass
