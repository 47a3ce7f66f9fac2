"""Small, drawn changes: of bytes, of text with numbers, of JSON values. The same generator makes the same changes."""

from __future__ import annotations

import json
import math
import random
import re
import struct
from collections.abc import Callable
from typing import Any

Rng = random.Random
NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-300, -1e-9, 127.0, 255.0, 256.0, 32767.0, 65536.0, 1e6, -1e6, 1e9, 1e15, 1e38,
           -1e38, 3.5e38, 1e300, -1e300, math.inf, -math.inf, math.nan)
WHOLE = (0, 1, -1, 2, 3, 7, 8, 127, 128, 255, 256, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40,
         2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
TEXTS = ("", " ", "\0", "0", "-1", "1e999", "-inf", "nan", "NaN", "0x10", "1_000", "٣", "1e308", "9" * 400, "é" * 50,
         "/" * 300, "../../etc/passwd", "%s%n{}", "<![CDATA[", "&amp;", "\u202e", "\U0001f697", "a" * 5000, "none",
         "null", "12 ", "1,5", "true", "2147483648", "-9223372036854775809", "\n", "\t\r\n", "'\"\\")
_YAML_VALUES = (b"&a [*a]", b"*a", b"[[[]]]", b"{}", b"!!python/object/apply:os.system [true]", b"!!binary AAAA", b"~",
                b".nan", b".inf", b"-.inf", b"0x7fffffffffffffff", b"1e400", b"2026-01-01", b"2026-99-99", b"1:2:3",
                b"<<: {}", b"|", b"[" * 2000, b"{a: " * 2000, b"9" * 5000, b"yes", b"'", b"? a")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def one_of(rng: Rng, *choices: Any) -> Any:
    """One of these."""
    return choices[rng.randrange(len(choices))]


def any_number(rng: Rng) -> float:
    """A number of any size, often one at an edge."""
    if rng.random() < 0.7:
        return rng.choice(NUMBERS)
    return rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-12.0, 40.0)


def any_whole(rng: Rng, low: int, high: int) -> int:
    """A whole number within the bounds of its type, often one at an edge."""
    if rng.random() < 0.3:
        return rng.randint(low, high)
    return min(high, max(low, rng.choice((*WHOLE, low, high, low + 1, high - 1))))


def any_text(rng: Rng) -> str:
    """A text that somebody forgot about."""
    return rng.choice(TEXTS)


def cut(rng: Rng, data: bytes) -> bytes:
    """The beginning, or nothing at all."""
    return data[: rng.randrange(len(data) + 1)]


def flip(rng: Rng, data: bytes) -> bytes:
    """A few bits the other way."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def poke(rng: Rng, data: bytes) -> bytes:
    """A number of 1, 2, 4 or 8 bytes in the place of others."""
    size, form = rng.choice(((1, "<B"), (2, "<H"), (4, "<I"), (8, "<Q"), (4, ">I"), (8, ">Q"), (4, "<f"), (8, "<d")))
    if len(data) < size:
        return data
    at = rng.randrange(len(data) - size + 1)
    if form[1] in "fd":
        number = any_number(rng)
        fits = form[1] == "d" or not math.isfinite(number)
        value = struct.pack(form, number if fits else max(-3e38, min(3e38, number)))
    else:
        value = struct.pack(form, any_whole(rng, 0, 2 ** (8 * size) - 1))
    return data[:at] + value + data[at + size :]


def drop(rng: Rng, data: bytes) -> bytes:
    """A piece is missing."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randint(1, 64) :]


def insert(rng: Rng, data: bytes) -> bytes:
    """Something between, drawn or taken from another place."""
    at = rng.randrange(len(data) + 1)
    if rng.random() < 0.5 and data:
        begin = rng.randrange(len(data))
        piece = data[begin : begin + rng.randint(1, 256)]
    else:
        piece = rng.randbytes(rng.randint(1, 64))
    return data[:at] + piece + data[at:]


def blank(rng: Rng, data: bytes) -> bytes:
    """A piece of one byte only."""
    at = rng.randrange(len(data) + 1)
    size = min(len(data) - at, rng.randint(1, 256))
    return data[:at] + bytes([rng.choice((0, 255, 0x20, 0x41))]) * size + data[at + size :]


BYTES: tuple[Callable[[Rng, bytes], bytes], ...] = (cut, flip, flip, poke, poke, poke, drop, insert, blank)


def damaged(rng: Rng, data: bytes) -> bytes:
    """One to three changes of bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(BYTES)(rng, data)
    return data


def renumbered(rng: Rng, data: bytes) -> bytes:
    """A text in which one to four numbers are others, or no numbers."""
    places = list(_NUMBER.finditer(data))
    for place in sorted(rng.sample(places, min(len(places), rng.choice((1, 1, 1, 2, 4)))), key=lambda m: -m.start()):
        data = data[: place.start()] + _number_text(rng, place.group()).encode() + data[place.end() :]
    return data


def _number_text(rng: Rng, old: bytes) -> str:
    kind = rng.randrange(5)
    if kind == 0:
        return any_text(rng).replace("<", "").replace('"', "").replace("&", "").replace("\0", "")
    if kind == 1:
        return str(any_whole(rng, -(2**63), 2**64))
    if kind == 2:
        return f"{float(old) * rng.choice((-1.0, 0.0, 0.1, 2.0, 100.0)):.6f}"
    return repr(any_number(rng))


def changed_json(rng: Rng, value: Any) -> Any:
    """A copy of a JSON value with one place changed: other value, other type, a key missing, twice or too many."""
    places: list[tuple[Any, Any]] = []
    copied = json.loads(json.dumps(value))
    _collect(copied, places)
    if not places or rng.random() < 0.03:
        return hostile_json(rng)
    holder, key = rng.choice(places)
    kind = rng.randrange(6)
    if (kind == 0 and isinstance(holder, dict)) or (kind == 1 and isinstance(holder, list)):
        del holder[key]
    elif kind == 2 and isinstance(holder, dict):
        holder[any_text(rng)] = holder.pop(key)
    elif kind == 3 and isinstance(holder, list):
        holder.insert(key, holder[key])
    else:
        holder[key] = hostile_json(rng)
    return copied


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            _collect(value[key], places)


def hostile_json(rng: Rng) -> Any:
    """Any JSON value."""
    return one_of(rng, None, True, False, [], {}, [[]], {"": None}, [None], any_text(rng), any_number(rng),
                  any_whole(rng, -(2**64), 2**64), 10**400, [any_number(rng)] * 3, {"id": any_text(rng)})


def damaged_json(rng: Rng, value: Any) -> bytes:
    """A JSON text that is wrong in its values, or in its form."""
    kind = rng.randrange(20)
    if kind == 0:
        depth = rng.choice((10, 900, 100_000))
        return rng.choice((b"[", b'{"a":')) * depth
    if kind == 1:
        return b"[" * 1500 + b"]" * 1500
    text = json.dumps(value).encode()
    if kind < 7:
        return damaged(rng, text)
    if kind == 7:
        return renumbered(rng, text)
    if kind == 8:
        return rng.choice((b"\xff\xfe", b"\xef\xbb\xbf", b"\x00")) + text
    for _ in range(rng.choice((1, 1, 2))):
        value = changed_json(rng, value)
    return json.dumps(value).encode()


def changed_yaml(rng: Rng, data: bytes) -> bytes:
    """A YAML text with other numbers, another value or key, a line missing or elsewhere, or other bytes."""
    kind = rng.randrange(6)
    if kind < 2:
        return renumbered(rng, data)
    if kind == 2:
        return damaged(rng, data)
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    key, colon, value = lines[at].partition(b":")
    if kind == 3:
        lines[at] = key + b": " + one_of(rng, *_YAML_VALUES, any_text(rng).encode()) + b"\n"
    elif kind == 4:
        lines[at] = any_text(rng).encode() + colon + value
    else:
        line = lines.pop(at)
        lines[rng.randrange(len(lines)):0] = rng.choice(([], [line], [line, line]))
    return b"".join(lines)
