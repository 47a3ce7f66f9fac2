"""Runs one function over many items: here, in processes of this machine, or on a Ray cluster. Order does not matter.

A process that dies takes nobody with it: its item is given to another once, then given up as `Lost`.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import connection, process
from typing import Any, TypeVar

from automot_ros.base.errors import AutomotError, ConfigError, MachineError

T = TypeVar("T")
R = TypeVar("R")
TRIES = 2


@dataclass(frozen=True, slots=True)
class Lost:
    """An item whose process died every time it was tried."""

    why: str


@dataclass(frozen=True, slots=True)
class Runner:
    """Where to run: `workers` processes of this machine, or the Ray cluster at an address."""

    workers: int = 1
    ray: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError("out of bounds", where="--workers", got=self.workers, wanted=">= 1")

    def over(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[int, R | Lost]]:
        """(index, result) of every item, as they finish. What `function` raises is raised here and ends the run.

        `function` and `items` must pickle, except for one worker, which is this process itself.
        """
        if not items:
            return iter(())
        if self.ray is not None:
            return _over_ray(function, items, self.ray)
        if self.workers == 1:
            return ((i, function(item)) for i, item in enumerate(items))
        return _over_processes(function, items, self.workers)

    @property
    def at_once(self) -> int | None:
        """How many items run at a time; None where only the cluster knows."""
        return None if self.ray is not None else self.workers


class _Crew:
    """Processes of this machine, and who works on what. Each has a pipe, whose end is the end of the process."""

    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._spawn = multiprocessing.get_context("spawn")
        self._function, self._items = function, items
        self.waiting, self.tries = deque(range(len(items))), Counter[int]()
        self.busy: dict[connection.Connection, tuple[process.BaseProcess, int]] = {}

    def hire(self) -> None:
        """Start a process and give it work."""
        ours, theirs = self._spawn.Pipe()
        worker = self._spawn.Process(target=_serve, args=(theirs, self._function), daemon=True)
        worker.start()
        theirs.close()
        self.employ(ours, worker)

    def employ(self, pipe: connection.Connection, worker: process.BaseProcess) -> None:
        """Give a process the next item, or let it go."""
        if not self.waiting:
            pipe.close()
            worker.join()
            return
        index = self.waiting.popleft()
        self.busy[pipe] = worker, index
        with contextlib.suppress(OSError):  # it died between two items: its pipe tells at the next look
            pipe.send(self._items[index])

    def answer(self, pipe: connection.Connection) -> tuple[int, Any] | None:
        """What came over a pipe; None where its process died and its item is to be tried again."""
        worker, index = self.busy.pop(pipe)
        try:
            done, value = pipe.recv()
        except (EOFError, OSError):
            pipe.close()
            worker.join()
            self.tries[index] += 1
            again = self.tries[index] < TRIES
            if again:
                self.waiting.appendleft(index)
            if self.waiting:
                self.hire()
            return None if again else (index, Lost(
                f"its process died {TRIES} times, the last time with exit status {worker.exitcode}"))
        if not done:
            raise value
        self.employ(pipe, worker)
        return index, value

    def dismiss(self) -> None:
        """Stop everybody at once."""
        for pipe, (worker, _) in self.busy.items():
            worker.terminate()
            worker.join()
            pipe.close()


def _over_processes(function: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[tuple[int, R | Lost]]:
    crew = _Crew(function, items)
    try:
        for _ in range(min(workers, len(items))):
            crew.hire()
        while crew.busy:
            for pipe in connection.wait(list(crew.busy)):
                assert isinstance(pipe, connection.Connection)
                answer = crew.answer(pipe)
                if answer is not None:
                    yield answer
    finally:
        crew.dismiss()


def _serve(pipe: connection.Connection, function: Callable[[Any], Any]) -> None:
    """What a worker does: items in, results out, until the pipe ends or whoever started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started it
    parent = multiprocessing.parent_process()
    assert parent is not None

    def go_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=go_with_parent, daemon=True).start()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, function(item))
        except AutomotError as error:
            answer = (False, error)
        pipe.send(answer)


def _over_ray(function: Callable[[T], R], items: Sequence[T], address: str) -> Iterator[tuple[int, R | Lost]]:
    """On every machine of the cluster this package must be installed and the files of the items lie in one place."""
    try:
        import ray
    except ImportError as error:
        raise MachineError("Ray is not installed", where="--ray", got=str(error),
                           wanted="pip install 'automot_ros[ray]'") from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise MachineError("no Ray cluster answers", where=f"--ray {address}", got=str(error),
                           wanted="the address of a running cluster, as `ray status` shows it") from error
    try:
        def one(item: T) -> R:
            return function(item)

        remote = ray.remote(num_cpus=1, max_retries=TRIES - 1)(one)
        running = {remote.remote(item): i for i, item in enumerate(items)}
        while running:
            for done in ray.wait(list(running), num_returns=1)[0]:
                index = running.pop(done)
                try:
                    yield index, ray.get(done)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError,
                        ray.exceptions.OutOfMemoryError) as error:
                    yield index, Lost(f"its process died {TRIES} times: {type(error).__name__}")
    finally:
        ray.shutdown()
