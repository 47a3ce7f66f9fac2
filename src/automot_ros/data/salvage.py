"""What can still be read of an MCAP file that was cut off: every message before the cut, also in the last chunk.

An MCAP file is a row of records, each with its kind and length; the index at its end is what a cut file lacks. Chunks
are packed streams: what is there of the last one is unpacked as far as it goes.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lz4.frame import LZ4FrameDecompressor

from automot_ros.base.errors import MessageError
from automot_ros.data.bags import RawMessage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x89MCAP0\r\n"
MOST_BYTES = 1 << 30
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _DATA_END = 0x03, 0x04, 0x05, 0x06, 0x0F
_RECORD, _CHUNK_HEAD, _MESSAGE_HEAD = struct.Struct("<BQ"), struct.Struct("<QQQI"), struct.Struct("<HIQQ")


class _CutError(Exception):
    """The bytes end here."""


@dataclass
class _Names:
    schemas: dict[int, str] = field(default_factory=dict)
    channels: dict[int, tuple[str, str]] = field(default_factory=dict)


class CutBag:
    """Reads the .mcap file of a bag directory, or a bare one, from its beginning; `raw` once. `cut` says what is lost.

    MessageError when it is no MCAP file; nothing else is refused: what cannot be read ends the reading.
    """

    def __init__(self, path: Path) -> None:
        files = sorted(Path(path).glob("*.mcap")) if Path(path).is_dir() else [Path(path)]
        if not files or not files[0].is_file():
            raise MessageError("no MCAP file", where=str(path))
        self.path, self.cut, self.messages = files[0], "", 0
        with self.path.open("rb") as file:
            begin = file.read(len(MAGIC))
        if not MAGIC.startswith(begin):
            raise MessageError("not an MCAP file", where=str(self.path), got=begin.hex(), wanted=MAGIC.hex())

    def raw(self) -> Iterator[RawMessage]:
        """Messages as they were on the wire, in the order of the file; in the order of time within a chunk."""
        names, last = _Names(), "the beginning"
        with self.path.open("rb") as file:
            file.seek(len(MAGIC))
            at = len(MAGIC)
            try:
                while True:
                    at = file.tell()
                    kind, body, whole = _record(file)
                    if kind == _DATA_END and whole:
                        if not file.read().endswith(MAGIC):
                            self.cut = (f"{self.path} is cut off after its last message: the index is missing, all "
                                        f"{self.messages} messages are there")
                        return
                    for message in _messages(kind, body, whole, names):
                        self.messages += 1
                        last = f"{message.topic} at {message.stamp_ns} ns"
                        yield message
                    if not whole:
                        raise _CutError
            except _CutError:
                size = self.path.stat().st_size
                self.cut = (f"{self.path} is cut off after {size} bytes, in the record at byte {at}: {self.messages} "
                            f"messages before the cut, the last {last}")


def _record(file: BinaryIO) -> tuple[int, bytes, bool]:
    """(kind, body, whether the body is whole)."""
    head = file.read(_RECORD.size)
    if len(head) < _RECORD.size:
        raise _CutError
    kind, length = _RECORD.unpack(head)
    body = file.read(min(length, MOST_BYTES))
    return kind, body, len(body) == length


def _messages(kind: int, body: bytes, whole: bool, names: _Names) -> Iterator[RawMessage]:
    if kind == _CHUNK:
        yield from sorted(_chunk(body, names), key=lambda message: message.stamp_ns)
    elif whole:
        message = _plain(kind, body, names)
        if message is not None:
            yield message


def _chunk(body: bytes, names: _Names) -> list[RawMessage]:
    """What can be read of a chunk."""
    found: list[RawMessage] = []
    try:
        _, _, size, check = _CHUNK_HEAD.unpack_from(body)
        at = _CHUNK_HEAD.size
        compression, at = _text(body, at)
        packed = body[at + 8 :]
        records = _unpacked(packed, compression, size)
    except (struct.error, IndexError, UnicodeDecodeError):
        return found
    if len(records) == size and check and zlib.crc32(records) != check:
        return found
    at = 0
    while at + _RECORD.size <= len(records):
        kind, length = _RECORD.unpack_from(records, at)
        at += _RECORD.size
        if at + length > len(records):
            break
        message = _plain(kind, records[at : at + length], names)
        if message is not None:
            found.append(message)
        at += length
    return found


def _unpacked(packed: bytes, compression: str, size: int) -> bytes:
    if compression == "":
        return packed[:size]
    if size > MOST_BYTES:
        return b""
    try:
        if compression == "zstd":
            return bytes(zstd.ZstdDecompressor().decompress(packed, size))
        if compression == "lz4":
            return bytes(LZ4FrameDecompressor().decompress(packed, size))
    except (zstd.ZstdError, RuntimeError, EOFError):
        return b""
    return b""


def _plain(kind: int, body: bytes, names: _Names) -> RawMessage | None:
    """A message; schemas and channels are noted. Records that make no sense are left out."""
    try:
        if kind == _SCHEMA:
            names.schemas[struct.unpack_from("<H", body)[0]] = _text(body, 2)[0]
        elif kind == _CHANNEL:
            channel, schema = struct.unpack_from("<HH", body)
            names.channels[channel] = (_text(body, 4)[0], names.schemas.get(schema, ""))
        elif kind == _MESSAGE:
            channel, _, logged_ns, _ = _MESSAGE_HEAD.unpack_from(body)
            topic, type_name = names.channels.get(channel, ("", ""))
            if type_name:
                return RawMessage(topic, type_name, logged_ns, body[_MESSAGE_HEAD.size :])
    except (struct.error, IndexError, UnicodeDecodeError):
        pass
    return None


def _text(body: bytes, at: int) -> tuple[str, int]:
    """(text, where it ends)."""
    (length,) = struct.unpack_from("<I", body, at)
    end = at + 4 + length
    if end > len(body):
        raise IndexError
    return body[at + 4 : end].decode(), end
