"""Write down what is said in a recording.

A voice note of up to TRANSCRIPTION_INTERACTIVE_SECONDS goes into the queue `interactive`, because somebody waits for it
in a chat; anything longer goes into `bulk`, where an hour of it keeps nobody waiting but those who sent as much. The
length is known when the recording has been taken in: uploads.py counted it.
"""

from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, Field

from jobs.engines.errors import InputRejected
from jobs.engines.transcription import base_model
from jobs.engines.transcription.languages import code_of
from jobs.engines.transcription.openai_transcriber import OpenAITranscriber
from jobs.engines.transcription.port import Transcriber
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.whisper import Whisper
from jobs.runtime import uploads
from jobs.runtime.context import Context
from jobs.runtime.models import Upload
from jobs.runtime.providers import Provider, Providers, Served
from jobs.runtime.registry import Queue, Retention, function
from jobs.runtime.retry import Retry
from jobs.runtime.uploads import FileId

# What people said in a chat goes as soon as what they had read to them.
CHAT_CONTENT_SECONDS = 300
# What stands before the name of a service's model.
OPENAI = "openai/"
# Nothing is heard while it is decoded; then the engine tells how far it is.
_DECODING_PERCENT, _LISTENING_PERCENT = 2, 10


class TranscriptionInput(BaseModel, frozen=True):
    recording: FileId = Field(
        description="WAV, MP3, M4A, AAC, Ogg (Opus, Vorbis, FLAC), FLAC or WebM; known by content"
    )
    language: str = Field(default="auto", max_length=20, description="ja, en, ... or auto to find out")
    model: str | None = Field(default=None, max_length=200, description="one of the house's; empty for its first")


class SegmentOutput(BaseModel, frozen=True):
    start_seconds: float
    end_seconds: float
    text: str
    log_probability: float | None = Field(default=None, description="of a token on average; null when nobody tells")
    compression: float | None = Field(default=None, description="over 2.4 a text repeats itself")
    no_speech: float | None = Field(default=None, description="0 to 1, that nobody spoke")


class TranscriptionOutput(BaseModel, frozen=True):
    text: str = Field(description="empty when nobody speaks")
    language: str = Field(description="ISO 639-1; empty when nobody speaks")
    language_confidence: float | None = Field(description="0 to 1; null when the language was given")
    duration_seconds: float
    segments: list[SegmentOutput]
    model_version: str
    engine: str = Field(description="who listened")
    served: Served


def models() -> dict[str, str]:
    """Return what may be asked for as `model`, with what it stands for; the first is the default."""
    return {Path(model).name if Path(model).is_absolute() else model: model for model in settings.TRANSCRIPTION_MODELS}


def providers(model: str | None) -> Providers[Transcriber]:
    """Return the engines for a model, in the order of preference: our own answers for a service that does not."""
    known = models()
    chosen = known[model] if model else next(iter(known.values()))
    local = next((each for each in (chosen, *known.values()) if not each.startswith(OPENAI)), base_model.NAME)
    return Providers("transcription", [*_service(chosen), _whisper(local)])


def _service(model: str) -> list[Provider[Transcriber]]:
    if not model.startswith(OPENAI):
        return []
    engine = OpenAITranscriber(
        base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY, model=model.removeprefix(OPENAI)
    )
    return [Provider("openai", engine, version=engine.version)]


def _whisper(model: str) -> Provider[Transcriber]:
    engine = _local(model)
    return Provider("whisper", engine, version=engine.version, is_local=True)


def _local(model: str) -> Whisper:
    return Whisper(model, folder=Path(settings.HOME) / "models", threads=settings.TRANSCRIPTION_THREADS)


def stay_ready() -> None:
    """Have an idle worker open the model that most recordings are heard with; not when a service hears them."""
    first = next(iter(models().values()))
    if settings.TRANSCRIPTION_READY_SECONDS and not first.startswith(OPENAI):
        _local(first).stay_ready(used_within_seconds=settings.TRANSCRIPTION_READY_SECONDS)


def check(inputs: TranscriptionInput) -> None:
    """Refuse at once a language or a model that there is not. Raises InputRejected."""
    code_of(inputs.language)
    if inputs.model and inputs.model not in models():
        raise InputRejected("model", "unknown_model", f"there is no model {inputs.model[:40]!r}: {', '.join(models())}")


def queue_for(inputs: TranscriptionInput) -> Queue:
    upload = Upload.objects.filter(pk=inputs.recording).first()
    is_short = upload is not None and upload.seconds <= settings.TRANSCRIPTION_INTERACTIVE_SECONDS
    return "interactive" if is_short else "bulk"


@function(
    "transcription",
    queue="bulk",
    queue_for=queue_for,
    # An hour of speech takes ten minutes of two free cores; a busy machine has a third of one.
    timeout_seconds=3600,
    retry=Retry(3, first_seconds=1),
    title=_("Transcription"),
    retention=Retention(chat_content_seconds=CHAT_CONTENT_SECONDS),
    steps={
        "decoding": _("Reading the recording"),
        "listening": _("Listening"),
    },
    check=check,
    at_rest=stay_ready,
)
def transcription(inputs: TranscriptionInput, context: Context) -> TranscriptionOutput:
    """Write down what is said in a recording, with times."""
    context.progress(_DECODING_PERCENT, "decoding")

    def listening(done: float) -> None:
        context.stop_if_cancelled()
        context.progress(int(_LISTENING_PERCENT + (99 - _LISTENING_PERCENT) * done), "listening")

    with uploads.opened(inputs.recording, field="recording") as (file, kind, _upload):
        recording = Recording(
            file,
            kind,
            field="recording",
            max_seconds=settings.TRANSCRIPTION_MAX_SECONDS,
            go_on=context.stop_if_cancelled,
        )
        language = code_of(inputs.language)
        chosen = providers(inputs.model)
        answer = chosen.call(lambda engine: engine.transcribe(recording, language=language, progress=listening))
    heard = answer.value
    return TranscriptionOutput(
        text=heard.text,
        language=heard.language,
        language_confidence=heard.language_confidence,
        duration_seconds=heard.duration_seconds,
        segments=[SegmentOutput(**asdict(each)) for each in heard.segments],
        model_version=next(each.version for each in chosen.providers if each.name == answer.served.provider),
        engine=answer.served.provider,
        served=answer.served,
    )
