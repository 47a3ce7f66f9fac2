"""Bags in MCAP, written and read without a ROS 2 installation; what `ros2 bag` writes is read too.

A bag is a directory with one .mcap file and metadata.yaml. It is written under a hidden name and renamed when it is
complete: a directory with the wanted name is a whole bag.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, ReaderError, StoragePlugin, Writer, WriterError

from automot_ros.base.errors import MessageError
from automot_ros.data.definitions import ensure_type, typestore
from automot_ros.data.mcap_sizes import check_bag

FOREVER = QosTime(2147483647, 4294967295)


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as it was on the wire. `stamp_ns` is when it was recorded; `cdr` includes the 4 bytes of header."""

    topic: str
    type_name: str
    stamp_ns: int
    cdr: bytes


@dataclass(frozen=True, slots=True)
class BagMessage:
    """One decoded message: `message` has the fields of its type; arrays are numpy arrays."""

    topic: str
    type_name: str
    stamp_ns: int
    message: Any


def offered_qos(*, reliable: bool, latched: bool, depth: int = 10) -> Qos:
    """What the publisher of a recorded topic offered, so that a player can offer the same."""
    return Qos(QosHistory.KEEP_LAST, depth,
               QosReliability.RELIABLE if reliable else QosReliability.BEST_EFFORT,
               QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
               FOREVER, FOREVER, QosLiveliness.AUTOMATIC, FOREVER, False)


class BagWriter:
    """Writes one bag. `close` makes it appear under its name, `abort` leaves nothing; as a context manager, an
    exception aborts.

    Raises MessageError when `path` exists or a type has no definition here, OSError when the disk refuses.
    """

    def __init__(self, path: Path, *, compress: bool = False, version: Literal[8, 9] = 9) -> None:
        self.path = Path(path)
        if self.path.exists():
            raise MessageError("bag exists already", where=str(self.path), wanted="a new name")
        self._folder = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._writer = Writer(self._folder / self.path.name, version=version, storage_plugin=StoragePlugin.MCAP)
        if compress:
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self._store = typestore()
        self._topics: dict[str, Connection] = {}
        self.counts: dict[str, int] = {}
        self._open = True

    def add_topic(self, topic: str, type_name: str, qos: Qos | None = None) -> None:
        """Announce a topic before its first message; a second time with the same type does nothing."""
        known = self._topics.get(topic)
        if known is not None:
            if known.msgtype != type_name:
                raise MessageError("topic has two types", where=f"{self.path} {topic}", got=type_name,
                                   wanted=known.msgtype)
            return
        ensure_type(self._store, type_name)
        profiles = [qos if qos is not None else offered_qos(reliable=True, latched=False)]
        self._topics[topic] = self._writer.add_connection(topic, type_name, typestore=self._store,
                                                          offered_qos_profiles=profiles)
        self.counts[topic] = 0

    def write(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        """Add one serialised message, received at `stamp_ns`. Raises MessageError for an unknown topic or no CDR."""
        connection = self._topics.get(topic)
        if connection is None:
            raise MessageError("topic was not announced", where=f"{self.path} {topic}", wanted=sorted(self._topics))
        if len(cdr) < 4 or stamp_ns < 0:
            raise MessageError("not a serialised message", where=f"{self.path} {topic}",
                               got=f"{len(cdr)} bytes at {stamp_ns} ns", wanted=">= 4 bytes at >= 0 ns")
        self._writer.write(connection, stamp_ns, cdr)
        self.counts[topic] += 1

    def write_decoded(self, topic: str, stamp_ns: int, message: Any) -> None:
        """Add one message of the classes of rosbags (see `message_class`)."""
        cdr = self._store.serialize_cdr(message, self._topics[topic].msgtype) if topic in self._topics else b""
        self.write(topic, stamp_ns, bytes(cdr))

    def message_class(self, type_name: str) -> Any:
        """The class whose instances `write_decoded` takes for a type."""
        ensure_type(self._store, type_name)
        return self._store.types[type_name]

    def close(self) -> Path:
        """Finish the file and give the bag its name. Safe to call twice. Returns the bag's path."""
        if self._open:
            self._open = False
            self._writer.close()
            os.replace(self._folder / self.path.name, self.path)
            self._folder.rmdir()
        return self.path

    def abort(self) -> None:
        """Drop what was written."""
        if self._open:
            self._open = False
            self._writer.abort()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


class BagReader:
    """Reads a bag directory, a bare .mcap/.db3 file or a ROS 1 .bag, in the order of recording.

    Raises MessageError, naming file, topic and index, for whatever is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise MessageError("no such bag", where=str(self.path))
        check_bag(self.path)
        try:
            self._reader = AnyReader([self.path], default_typestore=typestore())
            self._reader.open()
        except Exception as error:  # a broken file fails in many ways inside the decoder
            raise MessageError("bag cannot be opened", where=str(self.path), got=_said(error)) from error
        for c in self._reader.connections:  # metadata.yaml may hold anything
            if not (isinstance(c.topic, str) and isinstance(c.msgtype, str) and isinstance(c.msgcount, int)):
                self.close()
                raise MessageError("bag is broken", where=str(self.path), got=f"{c.msgcount!r} messages of {c.topic!r}",
                                   wanted="a topic by name, a whole number")

    @property
    def topics(self) -> dict[str, str]:
        """Topic name to type name, sorted by name."""
        return {c.topic: c.msgtype for c in sorted(self._reader.connections, key=lambda c: c.topic)}

    @property
    def counts(self) -> dict[str, int]:
        """Topic name to number of messages, as the file's index says."""
        counts: dict[str, int] = {}
        for connection in self._reader.connections:
            counts[connection.topic] = counts.get(connection.topic, 0) + connection.msgcount
        return counts

    def raw(self, topics: Iterable[str] | None = None) -> Iterator[RawMessage]:
        """Messages as they were on the wire; of `topics` only, when given (MessageError for one that is not there)."""
        for _, message in self._numbered(topics):
            yield message

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[BagMessage]:
        """Decoded messages; of `topics` only, when given (MessageError for one that is not there)."""
        for index, raw in self._numbered(topics):
            try:
                decoded = self._reader.deserialize(raw.cdr, raw.type_name)
            except Exception as error:  # any bytes may stand in a file
                raise MessageError("message cannot be decoded", where=f"{self.path} {raw.topic} [{index}]",
                                   got=_said(error), wanted=raw.type_name) from error
            yield BagMessage(raw.topic, raw.type_name, raw.stamp_ns, decoded)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader.stack is not None:
            self._reader.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _numbered(self, topics: Iterable[str] | None) -> Iterator[tuple[int, RawMessage]]:
        """Messages with their index within their topic."""
        wanted = set(self.topics if topics is None else topics)
        missing = sorted(wanted - set(self.topics))
        if missing:
            raise MessageError("topic not in the bag", where=str(self.path), got=missing, wanted=list(self.topics))
        connections = [c for c in self._reader.connections if c.topic in wanted]
        if not connections:
            return
        seen: dict[str, int] = {}
        stream = self._reader.messages(connections=connections)
        last = "the first message"
        while True:
            try:
                connection, stamp_ns, cdr = next(stream)
            except StopIteration:
                return
            except Exception as error:  # a broken file fails in many ways inside the decoder
                raise MessageError("bag is broken", where=f"{self.path} after {last}", got=_said(error)) from error
            index = seen.get(connection.topic, 0)
            seen[connection.topic] = index + 1
            last = f"{connection.topic} [{index}]"
            yield index, RawMessage(connection.topic, connection.msgtype, stamp_ns, bytes(cdr))


def _said(error: Exception) -> str:
    if isinstance(error, AnyReaderError | ReaderError | WriterError):
        return str(error)
    return f"{type(error).__name__}: {error}"
