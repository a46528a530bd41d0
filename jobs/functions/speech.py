"""Read a text aloud, and hand out the first breath while the rest is made.

A voice of a service (`openai_...`) is read in one piece; when the service does not answer, the house's own voice reads.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.engines.errors import InputRejected
from jobs.engines.speech import shared
from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.openai_voice import PREFIX, OpenAIVoice
from jobs.engines.speech.peaks import PeakMeter
from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples, Script, SpeechEngine, Voice
from jobs.engines.speech.reading import normalise
from jobs.functions import phrases
from jobs.functions.phrases import Facts, Phrase
from jobs.runtime.context import Context
from jobs.runtime.providers import Provider, Providers, Served
from jobs.runtime.registry import Retention, function
from jobs.runtime.retry import Retry

ENGINE: SpeechEngine = shared.bilingual()
DEFAULT_VOICE = "mei_normal"
SERVICE = "openai"

# Morae of one character at most: of kana (ゟ), of a kanji (竡), of anything else (a "w" is ダブリュー). A text that is
# short enough by this needs no dictionary to be known as such, and chat messages are: what invokes them for a
# hundred guilds analysed each of them once more for nothing.
MOST_MORAS_OF_KANA, MOST_MORAS_OF_KANJI, MOST_MORAS_OF_OTHERS = 2, 7, 12

# The texts people had read to them in a chat go with the sound.
CHAT_CONTENT_SECONDS = 300


class SpeechInput(BaseModel, frozen=True):
    text: str = Field(min_length=1, description="what is read aloud")
    voice: str = Field(
        default=DEFAULT_VOICE,
        max_length=64,
        description="mei_normal or hibari_heart: who reads what may be either language; sentences find their own. "
        "openai_...: a service's, where there is one",
    )
    speed: float = Field(default=1.0, ge=0.5, le=2.0, description="times the normal speed")
    pitch: float = Field(default=0.0, ge=-12, le=12, description="semitones up or down")
    volume: float = Field(default=0.0, ge=-20, le=10, description="decibels up or down")
    format: Literal["opus", "wav", "mp3", "pcm"] = Field(default="opus", description="Ogg/Opus, WAV, MP3 or raw PCM")


class SpeechOutput(BaseModel, frozen=True):
    duration_seconds: float
    moras: int = Field(description="after numbers and words are spelt out; English is counted by what lasts as long")
    parts: int = Field(description="breath groups handed out one by one")
    voice: str
    voices: list[str] = Field(description="the voices that are heard, in the order they begin")
    credit: str = Field(description="to be shown with the sound: the licences of its voices ask for it")
    model_version: str
    text_read: str = Field(description="the text as it was finally read")
    cached: bool = Field(description="the sound was made earlier, for the same words")
    peaks: list[int] = Field(
        description="a waveform: how loud each of at most 200 equal spans of the sound is, 0 to 100"
    )
    served: Served | None = Field(default=None, description="for a service's voice: who read, and who did not")


def check(inputs: SpeechInput) -> None:
    """Refuse at once what could never be read aloud. Raises InputRejected."""
    if len(inputs.text) > settings.SPEECH_MAX_CHARACTERS:
        raise InputRejected(
            "text",
            "text_too_long",
            f"{len(inputs.text)} characters; at most {settings.SPEECH_MAX_CHARACTERS} are read aloud",
        )
    if inputs.voice not in {voice.name for voice in voices()}:
        raise InputRejected("voice", "unknown_voice", f"no voice is named {inputs.voice!r}")
    if inputs.voice.startswith(PREFIX) and inputs.pitch:
        raise InputRejected("pitch", "out_of_range", "the voices of a service have one pitch: 0")
    readable = normalise(inputs.text)
    if not any(character.isalnum() for character in readable):
        raise InputRejected("text", "empty_speech", "nothing in this text can be read aloud")
    if _most_moras(readable) > settings.SPEECH_MAX_MORAS:
        _plan(inputs)


def _most_moras(text: str) -> int:
    def of(character: str) -> int:
        if "\u3040" <= character <= "\u30ff":
            return MOST_MORAS_OF_KANA
        return MOST_MORAS_OF_KANJI if "\u4e00" <= character <= "\u9fff" else MOST_MORAS_OF_OTHERS

    return sum(map(of, text))


def voices() -> list[Voice]:
    """Return the house's own voices, and those of a service when there is a key for one."""
    return [*ENGINE.voices(), *(_service().voices() if settings.OPENAI_API_KEY else [])]


def _service() -> OpenAIVoice:
    return OpenAIVoice(
        ENGINE,
        base_url=settings.OPENAI_BASE_URL,
        api_key=settings.OPENAI_API_KEY,
        model=settings.OPENAI_SPEECH_MODEL,
    )


def _plan(inputs: SpeechInput) -> Script:
    voice = DEFAULT_VOICE if inputs.voice.startswith(PREFIX) else inputs.voice
    return ENGINE.plan(inputs.text, voice=voice, max_moras=settings.SPEECH_MAX_MORAS)


@function(
    "speech",
    queue="interactive",
    timeout_seconds=30,
    retry=Retry(3, first_seconds=1),
    title=_("Speech"),
    retention=Retention(chat_content_seconds=CHAT_CONTENT_SECONDS),
    steps={
        "analysis": _("Analysing the text"),
        "synthesis": _("Making the sound"),
        "saving": _("Saving"),
    },
    check=check,
    warm=ENGINE.load,
)
def speech(inputs: SpeechInput, context: Context) -> SpeechOutput:
    """Read a text aloud, Japanese and English each in its own voice."""
    context.progress(0, "analysis")
    reading = _by_service(inputs) if inputs.voice.startswith(PREFIX) else _by_us(inputs)
    script = reading.script
    name = _entry_name(inputs, reading.engine, script)
    known = phrases.find(name)
    if known is not None:
        for piece in known.pieces():
            context.part(piece)
        phrase = known
    else:
        phrase = _make(inputs, reading, context)
        phrases.keep(name, phrase)
    context.progress(95, "saving", step=len(script.groups), total_steps=len(script.groups))
    context.artifact(f"speech.{phrase.facts.extension}", phrase.facts.content_type, phrase.data)
    return SpeechOutput(
        duration_seconds=phrase.facts.duration_seconds,
        moras=script.mora_count,
        parts=len(phrase.facts.parts),
        voice=script.voice,
        voices=list(script.voices),
        credit=_credit(script),
        model_version=reading.engine.version,
        text_read=script.text,
        cached=known is not None,
        peaks=phrase.facts.peaks,
        served=reading.served,
    )


@dataclass(frozen=True)
class Reading:
    """What is read, by whom. sound: made while it is asked for, or there already."""

    engine: SpeechEngine
    script: Script
    sound: Iterable[Samples]
    served: Served | None = None


def _by_us(inputs: SpeechInput) -> Reading:
    return _read(inputs, ENGINE, _plan(inputs))


def _by_service(inputs: SpeechInput) -> Reading:
    """Return what the service made, or what we read when it did not answer."""
    service = _service()
    script = service.plan(inputs.text, voice=inputs.voice, max_moras=settings.SPEECH_MAX_MORAS)
    if phrases.find(_entry_name(inputs, service, script)) is not None:
        return Reading(service, script, (), Served(provider=SERVICE, cached=True))

    def whole(engine: SpeechEngine) -> Reading:
        # Each engine has a script of its own; what a service does not give back must be known before anything is sent.
        reading = _read(inputs, engine, script if engine is service else _plan(inputs))
        return replace(reading, sound=list(reading.sound))

    engines: list[Provider[SpeechEngine]] = [
        Provider(SERVICE, service, version=service.version),
        Provider("builtin", ENGINE, version=ENGINE.version, is_local=True),
    ]
    answer = Providers("speech", engines).call(whole)
    return replace(answer.value, served=answer.served)


def _read(inputs: SpeechInput, engine: SpeechEngine, script: Script) -> Reading:
    def sound() -> Iterator[Samples]:
        # Not called for words that are in the cache.
        yield from engine.synthesize(script, speed=inputs.speed, pitch_semitones=inputs.pitch, volume_db=inputs.volume)

    return Reading(engine, script, sound())


def _entry_name(inputs: SpeechInput, engine: SpeechEngine, script: Script) -> str:
    return phrases.entry_name(
        engine.version, script.voice, inputs.speed, inputs.pitch, inputs.volume, inputs.format, script.text
    )


def _make(inputs: SpeechInput, reading: Reading, context: Context) -> Phrase:
    """Make the sound breath by breath; each is on its way to the listener before the next is begun."""
    script = reading.script
    encoder = open_encoder(inputs.format, credit=_credit(script))
    meter = PeakMeter()
    pieces: list[bytes] = []
    samples_made, total = 0, len(script.groups)
    context.progress(5, "synthesis", step=1, total_steps=total)
    for number, samples in enumerate(reading.sound, start=1):
        meter.feed(samples)
        data = encoder.feed(samples)
        if number == total:
            data += encoder.finish()
        context.part(data)
        pieces.append(data)
        samples_made += len(samples)
        context.stop_if_cancelled()
        context.progress(5 + 85 * number // total, "synthesis", step=min(number + 1, total), total_steps=total)
    return Phrase(
        data=encoder.finalise(b"".join(pieces)),
        facts=Facts(
            parts=[len(piece) for piece in pieces],
            duration_seconds=round(samples_made / SAMPLE_RATE_HZ, 3),
            content_type=encoder.content_type,
            extension=encoder.extension,
            peaks=meter.peaks(),
        ),
    )


def _credit(script: Script) -> str:
    credits_of = {voice.name: voice.credit for voice in voices()}
    return " · ".join(credits_of[name] for name in script.voices)
