"""Read the weights of `hama`'s recogniser out of the file in its package.

Layout: "HAMAPK", two bytes of version, the number of tensors; for each its name, type (0: float32, 1: float16), shape,
offset and size; then, from the next multiple of 16 on, the numbers. All little endian. The names are those of the
network when it was written down, where layers without a name of their own are counted on.

Called by conformer.py.
"""

import struct
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC = b"HAMAPK\x01\x02"
_ALIGNMENT = 16
_TYPES = {0: np.float32, 1: np.float16}

Tensors = dict[str, npt.NDArray[Any]]


def read() -> Tensors:
    """Return every tensor as float32. Raises OSError, ValueError when the file is of another layout."""
    data = resources.files("hama.assets").joinpath("asr_waveform.hama").read_bytes()
    if not data.startswith(_MAGIC):
        raise ValueError("the weights of hama are written in a way that we do not know")
    (count,) = struct.unpack_from("<I", data, len(_MAGIC))
    at = len(_MAGIC) + 4
    entries = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, dimensions = data[at + 2 + length], data[at + 3 + length]
        at += 4 + length
        shape = struct.unpack_from(f"<{dimensions}I", data, at)
        (offset,) = struct.unpack_from("<Q", data, at + 4 * dimensions)
        at += 4 * dimensions + 16
        entries.append((name, _TYPES[kind], shape, offset))
    start = -(-at // _ALIGNMENT) * _ALIGNMENT
    return {
        name: np.frombuffer(data, kind, count=int(np.prod(shape)), offset=start + offset)
        .reshape(shape)
        .astype(np.float32)
        for name, kind, shape, offset in entries
    }
