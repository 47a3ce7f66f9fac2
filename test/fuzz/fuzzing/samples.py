"""Training samples: the arrays of an episode, and the zip of its labels."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from automot_ros.training.samples import PICTURES, Labels, read_samples, write_episode
from fuzzing.mutate import any_whole, damaged, one_of
from fuzzing.subject import Case, FindingError, Subject, write_case

COUNT = 3
SHAPES = {"band": (4, 8, 3), "past": (4, 8, 3), "wide": (4, 8, 3), "centre": (4, 8, 3), "bev": (2, 4, 4),
          "cells": (4, 6), "motion": (2, 4, 6), "sectors": (2, 4)}
LABELS = "episode/labels.npz"


def small_labels() -> Labels:
    """Three samples of a car that stands."""
    whole, number = np.zeros((COUNT, 3), np.int64), np.float32
    words = np.full(COUNT, "free_road")
    return Labels(np.zeros((COUNT, 2, 2), number), np.zeros(COUNT, number), np.zeros((COUNT, 3)),
                  np.zeros((COUNT, 6, 2), number), np.zeros((COUNT, 20, 2), number), np.zeros((COUNT, 3), number),
                  whole, whole, np.zeros(COUNT, np.int64), np.full(COUNT, np.inf, number), words, words, words)


class Samples(Subject):
    """One episode of three samples."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        pictures = {name: np.zeros((COUNT, *shape), np.float16 if name == "motion" else np.uint8)
                    for name, shape in SHAPES.items()}
        write_episode(self.folder / "good" / "episode", pictures, small_labels())
        self._good = {f"episode/{p.name}": p.read_bytes() for p in sorted((self.folder / "good").glob("*/*"))}

    def good(self) -> Case:
        """As it was written."""
        return self._good

    def draw(self, rng: random.Random) -> Case:
        """One file has other bytes, another header, or a member with one."""
        name = rng.choice((LABELS, LABELS, *self._good))
        data = self._good[name]
        kind = rng.randrange(3)
        if name == LABELS and kind:
            changed = _other_member(rng, data)
        elif name != LABELS and kind:
            changed = _other_header(rng, data)
        else:
            changed = damaged(rng, data)
        return dict(self._good) | {name: changed}

    def take(self, case: Case) -> None:
        """Read every row of everything, as training does."""
        write_case(case, self.folder / "case")
        samples = read_samples([self.folder / "case"])
        rows = np.arange(len(samples))
        for name in PICTURES:
            samples.pictures[name][rows]
        for i in rows:
            samples.history(int(i))
        for name in Labels.__slots__:
            column = getattr(samples.labels, name)
            if len(column) != len(samples) or column.dtype.hasobject:
                raise FindingError(f"column {name} has {len(column)} rows of {column.dtype} for {len(samples)} samples")


def _other_header(rng: random.Random, data: bytes) -> bytes:
    """An array that says it has another type, order or shape."""
    array = np.lib.format.read_magic(io.BytesIO(data)) and np.load(io.BytesIO(data))
    kind = rng.randrange(8)
    dtype, order, shape = repr(array.dtype.str), "False", str(array.shape)
    if kind == 0:
        dtype = repr(one_of(rng, "|O", "<f8", "<U999999999", "<c16", "|V8", "<M8[ns]", "", "|S0", ">f4", "<i1x", "?"))
    elif kind == 1:
        dtype = one_of(rng, "[('a', '<f4')]", "None", "[]", "{}", "'<f4' * 9", "[('a', '|O')]", "__import__('os')")
    elif kind == 2:
        order = one_of(rng, "True", "None", "0")
    elif kind < 6:
        shape = str(tuple(any_whole(rng, -(2**63), 2**64) if rng.random() < 0.5 else n for n in array.shape))
    else:
        shape = one_of(rng, "()", "None", "(3", "(3.0,)", "(True,)", "[3]", "(10**9, 10**9)", "(3, 0)", "(0,)",
                       str((COUNT, *(2**20,) * 3)), "(" * 300 + ")" * 300)
    text = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + array.tobytes()


def _other_member(rng: random.Random, data: bytes) -> bytes:
    """A zip with one array missing, damaged, with another header, or that unpacks to far more than it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    kind = rng.randrange(6)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[name] = damaged(rng, members[name])
    elif kind == 2:
        other = rng.choice(list(members))
        members[name] = members[other]
    elif kind == 3 and rng.random() < 0.02:
        members[name] += bytes(1 << 22)
    else:
        members[name] = _other_header(rng, members[name])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    packed = out.getvalue()
    if rng.random() < 0.2:  # sizes in its directory that are not those of its members
        at = packed.rfind(b"PK\x01\x02")
        packed = packed[: at + 24] + struct.pack("<I", any_whole(rng, 0, 2**32 - 1)) + packed[at + 28 :]
    return packed if zlib.crc32(packed) % 10 else damaged(rng, packed)
