"""Arrays from files, .npy and .npz, of which nothing is believed: a size only when so many bytes are really there."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import IO, Literal
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from automot_ros.base.errors import MessageError

Array = NDArray[np.generic]
MAX_MEMBER_BYTES = 64 << 20
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def mapped(path: Path) -> Array:
    """The array of a .npy file, mapped into memory and read-only. MessageError names a file that cannot be read."""
    try:
        with path.open("rb") as file:
            shape, order, dtype = _header(file, path.stat().st_size)
            offset = file.tell()
    except Exception as error:  # any bytes may stand in a file, and numpy evaluates them as Python
        raise MessageError("array not readable", where=str(path), got=repr(error)[:300]) from error
    if math.prod(shape) == 0:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", offset, shape, order)


def columns_of(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    """Arrays of a .npz file by name. MessageError names the file, and what is missing or cannot be read in it."""
    found: dict[str, Array] = {}
    for name in names:
        try:
            with ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
                data = member.read(MAX_MEMBER_BYTES + 1)
            if len(data) > MAX_MEMBER_BYTES:
                raise ValueError(f"more than {MAX_MEMBER_BYTES} bytes")
            file = io.BytesIO(data)
            shape, order, dtype = _header(file, len(data))
            found[name] = np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order=order)
        except Exception as error:  # any bytes may stand in a file
            raise MessageError("column not readable", where=f"{path}: {name}", got=repr(error)[:300]) from error
    return found


def _header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype[np.generic]]:
    """Shape, order and type; the file then stands at the first number. Raises anything."""
    shape, fortran, dtype = _HEADERS[npy.read_magic(file)](file)
    if dtype.hasobject or not dtype.itemsize or dtype.subdtype or dtype.names:
        raise ValueError(f"numbers or texts are wanted, found {dtype}")
    left = size - file.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"{shape} of {dtype} in {left} bytes")
    return shape, "F" if fortran else "C", dtype
