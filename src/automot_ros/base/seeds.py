"""Randomness by name: every part of a world draws from a stream of its own, so adding one disturbs no other."""

import zlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A generator that depends on `seed` and `names` only (no global state, stable across processes)."""
    words = [zlib.crc32(str(n).encode()) for n in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
