"""Sizes that an MCAP file claims, checked against the file before rosbags reads it.

rosbags asks for as many bytes as a record says it has: a number of a few bytes would reserve all memory there is.
Format: https://mcap.dev/spec.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from automot_ros.base.errors import MessageError

MAGIC = b"\x89MCAP0\r\n"
_HEAD, _FOOTER = struct.Struct("<BQ"), struct.Struct("<9xQ12x8x")
_CHUNK, _CHUNK_INDEX = 0x06, 0x08
_CHUNK_FIXED, _INDEX_FIXED = 28, 32  # bytes before the first text or table of a record


def check_bag(path: Path) -> None:
    """Every MCAP file of a bag (a folder, or the file itself). Raises MessageError."""
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                if stream.read(len(MAGIC)) == MAGIC:
                    _check(stream, file.stat().st_size, str(file))


def _check(file: BinaryIO, size: int, where: str) -> None:
    """Records fill the file from magic to magic, and the summary begins at one of them."""
    if size < 2 * len(MAGIC) + _FOOTER.size:
        raise MessageError("bag is broken", where=where, got=f"{size} bytes", wanted="a header and a footer")
    file.seek(size - _FOOTER.size)
    summary = _FOOTER.unpack(file.read(_FOOTER.size))[0]
    at, end, begins = len(MAGIC), size - len(MAGIC), summary == 0
    while at < end:
        begins |= at == summary
        file.seek(at)
        kind, length = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\xff"))
        at += _HEAD.size
        if length > end - at or _inside(file, kind, length) > size:
            raise MessageError("record claims more than its file holds", where=f"{where} byte {at}",
                               got=f"kind {kind} of {length} bytes", wanted=f"<= {max(0, end - at)} bytes")
        at += length
    if not begins:
        raise MessageError("bag is broken", where=where, got=f"summary at byte {summary}",
                           wanted="where a record begins")


def _inside(file: BinaryIO, kind: int, length: int) -> int:
    """The largest size that a chunk or its index claims; 0 for other records, which are read whole."""
    if kind == _CHUNK:
        return _number(file.read(min(length, 4096))[_CHUNK_FIXED:], "<I")
    if kind != _CHUNK_INDEX:
        return 0
    record = file.read(length)[_INDEX_FIXED:]
    record = record[4 + _number(record, "<I") + 8 :]  # the table of offsets, and their length
    return _number(record[4 + _number(record, "<I") :], "<Q")  # the name of the compression, its size


def _number(data: bytes, form: str) -> int:
    """The number at the beginning; what is cut off is none, and rosbags says so."""
    size = struct.calcsize(form)
    return int(struct.unpack(form, data[:size])[0]) if len(data) >= size else 0
