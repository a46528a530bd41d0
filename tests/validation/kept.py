"""Keep what is dear on disk: the recordings that were made, and what was heard in them before anything was scored.

A key holds the sound's hash, the sentence, the engines' versions and a digest of all source that a kept thing comes
from; so a change of a weight or of a judge is measured within a minute, and a change of a model begins anew.
Nothing is kept unless `folder` is set. Called by trials.py.
"""

import hashlib
import pickle  # of our own files alone
import tempfile
from functools import cache
from pathlib import Path

from jobs.engines.errors import InputRejected
from jobs.engines.pronunciation import analyser, listening
from tests.validation import degrade

# What judges and words what was heard; the rest of the room hears.
_JUDGES = ("accuracy", "alignment", "analyser", "findings", "fluency", "hints", "http_provider", "pitch", "results")
_JUDGES += ("rhythm", "voices", "weights", "wording")
_MAKERS = ("degrade", "doubtful", "mandarin", "psola", "readings", "sentences", "speakers")

folder: Path | None = None


def recordings(maker, text, language):
    """Return the list of what `maker(text, language)` yields."""
    parts = (maker.__name__, text, language, _version(language), _heard_by(), _digest(Path(__file__).parent, _MAKERS))
    return _kept(parts, lambda: list(maker(text, language)))


def listened(wave, text, language):
    """Return listening.listen's answer. Raises InputRejected as it does."""
    sound = hashlib.sha256(wave.tobytes()).hexdigest()
    found = _kept((sound, text, language, _version(language), _heard_by()), lambda: _listened(wave, text, language))
    if isinstance(found, tuple):
        raise InputRejected(*found)
    return found


def reading(text, language):
    """Return the reference."""
    return _kept(("reading", text, language, _version(language), _heard_by()), lambda: degrade.reading(text, language))


def _listened(wave, text, language):
    try:
        return listening.listen(wave, text, language, lambda *_: None)
    except InputRejected as refusal:
        return (refusal.field, refusal.code, refusal.message)


def _kept(parts, make):
    if folder is None:
        return make()
    name = hashlib.sha256(repr(parts).encode()).hexdigest()
    file = folder / name[:2] / name
    if file.exists():
        return pickle.loads(file.read_bytes())
    made = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as half:
        pickle.dump(made, half)
    Path(half.name).replace(file)
    return made


@cache
def _version(language):
    return analyser.LocalAnalyser().version_for(language)


@cache
def _heard_by():
    room = Path(listening.__file__).parent
    return _digest(room, [file.stem for file in room.glob("*.py") if file.stem not in _JUDGES])


def _digest(place, names):
    found = hashlib.sha256()
    for name in sorted(names):
        found.update((place / f"{name}.py").read_bytes())
    return found.hexdigest()
