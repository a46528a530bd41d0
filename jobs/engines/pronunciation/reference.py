"""The same sentence by the house's own voices: what a recording is measured against.

A model's opinion of a flawless reading is subtracted from its opinion of the learner's, so what the model hears badly
in general costs nobody points. Readings are kept for the sentences that are practised again and again.

Limits: one voice a language; its accent is the standard one (Tokyo; American English). Mandarin has no voice here that
may be passed on: reference_zh.py draws up an ideal by rule. Called by analyser.py.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from jobs.engines.pronunciation import acoustics, f0
from jobs.engines.pronunciation.hearing import Heard, hear
from jobs.engines.pronunciation.rate import SAMPLE_RATE_HZ, Wave, to_third
from jobs.engines.pronunciation.sentence import Sentence
from jobs.engines.pronunciation.vad import Speech, find_speech

# About 0.3 MB each: a reading of 5 s, its pitch, and what the model made of it.
KEPT = 64
MANDARIN = "zh-TW"
# Silence around what a model is given, as around the recordings that it learned from.
EDGE_SECONDS = 0.3


@dataclass(frozen=True)
class Reference:
    sentence: Sentence
    wave: Wave
    speech: Speech
    heard: Heard  # times on the clock of `wave`
    hertz: acoustics.Array  # f0.track
    voice: str  # the engine's version


_kept: OrderedDict[tuple[str, str], Reference] = OrderedDict()
_lock = threading.Lock()


def reference(text: str, language: str) -> Reference:
    """Raises InputRejected (empty_speech, text_too_long), EngineUnavailable, EngineRefused."""
    with _lock:
        found = _kept.get((language, text))
        if found is not None:
            _kept.move_to_end((language, text))
            return found
    made = _made(text, language)
    with _lock:
        _kept[(language, text)] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


@lru_cache(maxsize=4)
def voice_version(language: str) -> str:
    if language == MANDARIN:
        from jobs.engines.pronunciation import reference_zh

        return reference_zh.VERSION
    return str(_voice(language)[0].version)


def _made(text: str, language: str) -> Reference:
    if language == MANDARIN:
        from jobs.engines.pronunciation import reference_zh

        return reference_zh.made(text)
    engine, voice = _voice(language)
    script = engine.plan(text, voice=voice)
    wave = to_third(np.concatenate(list(engine.synthesize(script))))
    speech = find_speech(wave)
    wave = acoustics.level(wave, speech.spans, SAMPLE_RATE_HZ)
    model = acoustics.load(language)
    sentence = _sentence(script, language)
    return Reference(
        sentence, wave, speech, hear(model.log_posteriors(wave), sentence, model), f0.track(wave), engine.version
    )


def _sentence(script: Any, language: str) -> Sentence:
    if language == "ja":
        from jobs.engines.pronunciation.phonemes_ja import sentence_of
    else:
        from jobs.engines.pronunciation.phonemes_en import sentence_of
    return sentence_of(script)


@lru_cache(maxsize=4)
def _voice(language: str) -> tuple[Any, str]:
    from jobs.engines.speech import shared
    from jobs.engines.speech.hibari import HEART
    from jobs.engines.speech.openjtalk import MEI

    engine: Any
    engine, voice = (shared.japanese(), MEI.name) if language == "ja" else (shared.english(), HEART.name)
    engine.load()
    return engine, voice
