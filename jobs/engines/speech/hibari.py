"""The English voice "heart", in this process, by hibari: a small neural network on onnxruntime.

It runs at about 60 times the speed of speech, so what a listener feels is the opening of its sessions: 0.4 to 0.6 s,
once a process, at the first English sentence. Its text analysis (110 MB of plain Python tables) is loaded before
workers are forked, and shared by them. onnxruntime is not: its sessions are opened by the process that uses them and
never taken over from a parent, because what a fork leaves of their threads hangs the child when it exits.

Pitch is exact: the network's pitch curve is moved before the sound is made from it, so a voice that is raised keeps
its timbre. Speed is so to 4 %, as the network knows no shorter sound than 12.5 ms.

Limits: see limits.py. The same machine gives the same samples; another kind of processor may differ in the last
bits, as it may for every engine that computes in floating point. Called through the port.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as package_version
from typing import Any

import numpy as np

from jobs.engines.errors import EngineRefused, EngineUnavailable
from jobs.engines.speech.level import FULL_SCALE, to_samples
from jobs.engines.speech.limits import MAX_CHARACTERS, check_length, check_settings, nothing_to_read, unknown_voice
from jobs.engines.speech.port import DEFAULT_MAX_MORAS, SAMPLE_RATE_HZ, BreathGroup, Samples, Script, Voice
from jobs.engines.speech.rate import double_rate
from jobs.engines.speech.reading.english_text import normalise_english
from jobs.engines.speech.silence import trim
from jobs.engines.speech.vocoder import MODEL_RATE_HZ, Wave, fade, pace, sound

NAME = "hibari"

# Counts our own changes to the sound: reading, pauses, level.
REVISION = 1

HEART = Voice(
    name="hibari_heart",
    language="en",
    credit='hibari voice "heart" (Apache-2.0) Maureese Williams, after Kokoro-82M by hexgrad',
    license="Apache-2.0",
)

# The network speaks 13 phonemes a second (11 to 15 over 17 sentences), mei_normal 7.5 morae: so many phonemes
# take as long as one mora, and a limit in morae bounds the sound of both.
PHONEMES_PER_MORA = 1.75

# hibari is this much softer than mei_normal, measured over the words alone of six sentences each.
GAIN_DB = 8.6
# A higher pitch has fewer harmonics in the same spectrum: without this, an octave up is 4 dB softer.
_DB_PER_SEMITONE = 0.3

# About eight seconds at speed 1. A sentence that is longer is made in parts, so that its first words come early.
MAX_GROUP_PHONEMES = 110
# The analysis of one call grows with the square of the length; sentences that are longer go in by pieces.
MAX_CHUNK_CHARACTERS = 200

# What a reader waits, by the sign that a group ends with.
_PAUSE_SECONDS = {".": 0.4, "!": 0.4, "?": 0.4, "…": 0.4, ",": 0.2, ";": 0.3, ":": 0.3, "—": 0.2}
_NO_SIGN_SECONDS = 0.1
# Kept of the silence that the network puts around its words: a soft consonant hides there.
_EDGE_SECONDS = 0.03
# -52 dBFS: its own silence is 100 dB down, but at half speed its breath before a word is 60 and as long as a syllable.
_SILENCE = 0.0025

_CLAUSE_END = re.compile(r"(?<=[,;:—]) ")
_STRESS = frozenset("ˈˌː ")


@dataclass(frozen=True)
class _Sessions:
    """What onnxruntime holds, and for which process."""

    pid: int
    model: Any  # hibari.Hibari
    reader: Any  # hibari.g2p.oov.OOV: how a word that no lexicon has is said


# Sessions of a parent process, kept so that their destructors never run here.
_inherited: list[_Sessions] = []


class Hibari:
    """A SpeechEngine for English."""

    def __init__(self) -> None:
        # Plain attributes and no locks: two threads may load twice at worst, and no lock can be held at a fork.
        self._analysis: Any = None
        self._sessions: _Sessions | None = None

    @property
    def version(self) -> str:
        versions = " ".join(f"{name}-{package_version(name)}" for name in ("hibari-tts", "onnxruntime"))
        return f"{NAME}-r{REVISION} {versions}"

    def load(self) -> None:
        self._loaded()

    def voices(self) -> list[Voice]:
        return [HEART]

    def plan(self, text: str, *, voice: str, max_moras: int = DEFAULT_MAX_MORAS) -> Script:
        if voice != HEART.name:
            raise unknown_voice(voice, HEART.name)
        check_length(len(text), MAX_CHARACTERS, "characters")
        spoken = normalise_english(text)
        check_length(len(spoken), MAX_CHARACTERS, "characters when spelt out")
        groups = tuple(
            BreathGroup((piece,), count_moras(piece), HEART.name)
            for phonemes in self._phonemes(spoken)
            for piece in cut_phonemes(phonemes)
            if count_moras(piece)
        )
        check_length(sum(group.mora_count for group in groups), max_moras, "morae")
        if not groups:
            raise nothing_to_read()
        return Script(text=spoken, voice=voice, groups=groups)

    def synthesize(
        self, script: Script, *, speed: float = 1.0, pitch_semitones: float = 0.0, volume_db: float = 0.0
    ) -> Iterator[Samples]:
        check_settings(speed=speed, pitch_semitones=pitch_semitones, volume_db=volume_db)
        gain_db = GAIN_DB + _DB_PER_SEMITONE * pitch_semitones + volume_db
        return (
            to_samples(self._wave(group, speed, pitch_semitones) * FULL_SCALE, volume_db=gain_db)
            for group in script.groups
        )

    def _phonemes(self, spoken: str) -> Iterator[str]:
        """Yield the phonemes of each sentence of `spoken`, in order."""
        analysis = self._loaded()
        try:
            for chunk in _chunks(spoken):
                yield analysis(chunk)
        except Exception as error:  # its rules index and slice freely; any of them may trip
            raise EngineRefused(NAME, f"the text analysis failed: {error}") from error

    def _wave(self, group: BreathGroup, speed: float, pitch_semitones: float) -> Wave:
        """Return the sound of `group` at 48 kHz, on the scale -1 to 1, with the pause after it."""
        (phonemes,) = group.labels
        model = self._opened().model
        try:
            frames = pace(model, model.ids(phonemes), speed)
            wave = sound(frames, pitch_semitones)
        except Exception as error:  # onnxruntime's errors have no root of their own
            raise EngineRefused(NAME, str(error)) from error
        pause_seconds = _PAUSE_SECONDS.get(phonemes[-1], _NO_SIGN_SECONDS) / speed
        edge_seconds = _EDGE_SECONDS / speed
        spoken = trim(
            wave,
            MODEL_RATE_HZ,
            below=_SILENCE,
            longest_start_seconds=edge_seconds,
            longest_end_seconds=edge_seconds,
        )
        silence = np.zeros(int(pause_seconds * SAMPLE_RATE_HZ))
        return np.concatenate([double_rate(fade(spoken)), silence])

    def _loaded(self) -> Any:
        if self._analysis is None:
            try:
                # Neither import touches onnxruntime: it is opened by _opened() alone.
                from hibari.g2p import G2P

                self._analysis = G2P(oov=self._say_unknown)
            except (ImportError, OSError, RuntimeError) as error:
                raise EngineUnavailable(NAME) from error
        return self._analysis

    def _say_unknown(self, word: str) -> str | None:
        said: str | None = self._opened().reader(word)
        return said

    def _opened(self) -> _Sessions:
        sessions = self._sessions
        if sessions is None or sessions.pid != os.getpid():
            if sessions is not None:
                _inherited.append(sessions)
            sessions = self._sessions = _open_sessions(self._loaded())
        return sessions


def count_moras(phonemes: str) -> int:
    """Return for how many morae `phonemes` last; 0 when none of them has a sound."""
    sounds = sum(character.isalpha() and character not in _STRESS for character in phonemes)
    return -int(-sounds // PHONEMES_PER_MORA)


def cut_phonemes(phonemes: str) -> Iterator[str]:
    """
    Yield `phonemes`, or pieces of at most MAX_GROUP_PHONEMES characters.

    Cut after the last clause that fits, or between words, and only within a word that has no end.
    """
    rest = phonemes.strip()
    while len(rest) > MAX_GROUP_PHONEMES:
        head = rest[:MAX_GROUP_PHONEMES]
        clauses = [found.end() for found in _CLAUSE_END.finditer(head) if found.end() > MAX_GROUP_PHONEMES // 3]
        cut = clauses[-1] if clauses else head.rfind(" ") + 1 or MAX_GROUP_PHONEMES
        yield rest[:cut].strip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _chunks(text: str) -> Iterator[str]:
    """Yield the sentences of `text`, longer ones in pieces of at most MAX_CHUNK_CHARACTERS, cut between words."""
    from hibari import Hibari as Package

    for sentence in Package.split_sentences(text):
        rest = sentence
        while len(rest) > MAX_CHUNK_CHARACTERS:
            cut = rest.rfind(" ", 0, MAX_CHUNK_CHARACTERS) + 1 or MAX_CHUNK_CHARACTERS
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def _open_sessions(analysis: Any) -> _Sessions:
    try:
        from hibari import Hibari as Package
        from hibari.g2p.oov import OOV

        return _Sessions(os.getpid(), Package(g2p=analysis), OOV())
    except Exception as error:  # onnxruntime's errors have no root of their own
        raise EngineUnavailable(NAME) from error
