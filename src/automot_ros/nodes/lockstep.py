"""Lockstep delivers at least once: what makes up for a message that was lost, or sent before its reader was there.

The simulator repeats a tick until its command and the receipts of all readers are here. A node that has answered a
stamp sends the same answer again when an input of that stamp comes again; nothing is computed twice, and receivers
drop what they have, so a drive with losses is the same drive to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

REPEAT_S = 0.5


@dataclass(frozen=True, slots=True)
class Again:
    """Someone still waits at this stamp for what was already sent."""

    stamp_ns: int


class Answer:
    """A publisher that remembers its last message and the stamp of the input that it answers."""

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher
        self.forget()

    def send(self, stamp_ns: int, message: Any) -> None:
        """Publish the answer to a stamp."""
        self._stamp_ns, self._message = stamp_ns, message
        self._publisher.publish(message)

    def again(self, stamp_ns: int) -> bool:
        """Publish once more what answered this stamp; False when it has not been answered."""
        if self._message is None or stamp_ns != self._stamp_ns:
            return False
        self._publisher.publish(self._message)
        return True

    def forget(self) -> None:
        """A new drive begins: its stamps may have been seen before."""
        self._stamp_ns, self._message = -1, None


class Intake:
    """The newest stamp of each input of a node; before the first, stamps that equal no other."""

    def __init__(self, *inputs: str) -> None:
        self.stamps_ns = {name: -1 - n for n, name in enumerate(inputs)}

    def take(self, name: str, stamp_ns: int) -> bool:
        """Note an input; whether all inputs of this stamp are here (a receipt is due, also for one that came again)."""
        self.stamps_ns[name] = stamp_ns
        return all(stamp == stamp_ns for stamp in self.stamps_ns.values())


class Wait:
    """What the simulator waits for at a tick: an answer from everybody; when to repeat the tick, when to give up."""

    def __init__(self, names: Iterable[str], timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._answered_ns = dict.fromkeys(names, -1)
        self._timeout_s, self._clock = timeout_s, clock
        self._stamp_ns, self._begun_s, self._sent_s = 0, 0.0, 0.0

    def begin(self, stamp_ns: int) -> None:
        """A new tick is sent."""
        self._stamp_ns = stamp_ns
        self._begun_s = self._sent_s = self._clock()

    def answer(self, name: str, stamp_ns: int) -> None:
        """Someone has answered; who is not waited for does not count."""
        if name in self._answered_ns:
            self._answered_ns[name] = stamp_ns

    @property
    def silent(self) -> list[str]:
        """Who has not answered this tick."""
        return [name for name, stamp_ns in self._answered_ns.items() if stamp_ns != self._stamp_ns]

    def repeat(self) -> bool:
        """Whether the tick must be sent again now."""
        now = self._clock()
        if now - self._sent_s <= REPEAT_S:
            return False
        self._sent_s = now
        return True

    def overdue(self) -> bool:
        """Whether the world goes on without the answers."""
        return self._clock() - self._begun_s > self._timeout_s
