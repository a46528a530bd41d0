"""Read a text aloud, and hand out the first breath while the rest is made."""

from typing import Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.engines.errors import InputRejected
from jobs.engines.speech.bilingual import Bilingual
from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.peaks import PeakMeter
from jobs.engines.speech.port import SAMPLE_RATE_HZ, Script, SpeechEngine
from jobs.engines.speech.reading import normalise
from jobs.functions import phrases
from jobs.functions.phrases import Facts, Phrase
from jobs.runtime.context import Context
from jobs.runtime.registry import Retention, function
from jobs.runtime.retry import Retry

ENGINE: SpeechEngine = Bilingual()
DEFAULT_VOICE = "mei_normal"

# No character is read as more morae than this (a "w" is ダブリュー); shorter texts than the
# limit divided by it need no dictionary to be known as short enough.
MOST_MORAS_PER_CHARACTER = 12

# The texts people had read to them in a chat go with the sound.
CHAT_CONTENT_SECONDS = 300


class SpeechInput(BaseModel, frozen=True):
    text: str = Field(min_length=1, description="what is read aloud")
    voice: str = Field(
        default=DEFAULT_VOICE,
        max_length=64,
        description="mei_normal or hibari_heart: who reads what may be either language; sentences find their own",
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


def check(inputs: SpeechInput) -> None:
    """Refuse at once what could never be read aloud. Raises InputRejected."""
    if len(inputs.text) > settings.SPEECH_MAX_CHARACTERS:
        raise InputRejected(
            "text",
            "text_too_long",
            f"{len(inputs.text)} characters; at most {settings.SPEECH_MAX_CHARACTERS} are read aloud",
        )
    if inputs.voice not in {voice.name for voice in ENGINE.voices()}:
        raise InputRejected("voice", "unknown_voice", f"no voice is named {inputs.voice!r}")
    readable = normalise(inputs.text)
    if not any(character.isalnum() for character in readable):
        raise InputRejected("text", "empty_speech", "nothing in this text can be read aloud")
    if len(readable) * MOST_MORAS_PER_CHARACTER > settings.SPEECH_MAX_MORAS:
        _plan(inputs)


def _plan(inputs: SpeechInput) -> Script:
    return ENGINE.plan(inputs.text, voice=inputs.voice, max_moras=settings.SPEECH_MAX_MORAS)


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
    script = _plan(inputs)
    name = phrases.entry_name(
        ENGINE.version, inputs.voice, inputs.speed, inputs.pitch, inputs.volume, inputs.format, script.text
    )
    known = phrases.find(name)
    if known is not None:
        for piece in known.pieces():
            context.part(piece)
        phrase = known
    else:
        phrase = _make(inputs, script, context)
        phrases.keep(name, phrase)
    context.progress(95, "saving", step=len(script.groups), total_steps=len(script.groups))
    context.artifact(f"speech.{phrase.facts.extension}", phrase.facts.content_type, phrase.data)
    return SpeechOutput(
        duration_seconds=phrase.facts.duration_seconds,
        moras=script.mora_count,
        parts=len(phrase.facts.parts),
        voice=inputs.voice,
        voices=list(script.voices),
        credit=_credit(script),
        model_version=ENGINE.version,
        text_read=script.text,
        cached=known is not None,
        peaks=phrase.facts.peaks,
    )


def _make(inputs: SpeechInput, script: Script, context: Context) -> Phrase:
    """Make the sound breath by breath; each is on its way to the listener before the next is begun."""
    encoder = open_encoder(inputs.format, credit=_credit(script))
    meter = PeakMeter()
    pieces: list[bytes] = []
    samples_made, total = 0, len(script.groups)
    sound = ENGINE.synthesize(script, speed=inputs.speed, pitch_semitones=inputs.pitch, volume_db=inputs.volume)
    context.progress(5, "synthesis", step=1, total_steps=total)
    for number, samples in enumerate(sound, start=1):
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
    credits_of = {voice.name: voice.credit for voice in ENGINE.voices()}
    return " · ".join(credits_of[name] for name in script.voices)
