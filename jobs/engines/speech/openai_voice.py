"""The voices of any service that speaks OpenAI's `POST /audio/speech`: the text leaves the house.

What is asked for is bare PCM, 24 kHz, which every such service makes and nothing has to be decoded for. The whole text
is one request and one part: its first word is heard when all of it is there. Its sound differs from call to call.

Limits: see limits.py; how long the text is, is what our own engine counts. Called through the port.
"""

from collections.abc import Iterator

import numpy as np

from jobs.engines.errors import EngineUnavailable
from jobs.engines.openai_request import NAME, post
from jobs.engines.speech.level import to_samples
from jobs.engines.speech.limits import check_settings, unknown_voice
from jobs.engines.speech.port import DEFAULT_MAX_MORAS, BreathGroup, Samples, Script, SpeechEngine, Voice
from jobs.engines.speech.rate import double_rate
from jobs.engines.speech.reading import normalise

# Before the service's name of a voice.
PREFIX = "openai_"
NAMES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
# Counts our own changes to what is sent.
REVISION = 1
# Two and a half minutes of sound at real time would be a service that nobody wants to wait for.
TIMEOUT_SECONDS = 60.0
_BYTES_PER_SAMPLE = 2


class OpenAIVoice:
    """
    A SpeechEngine.

    counting: the engine that says how long a text is, and what cannot be read. base_url: empty for OpenAI's own.
    """

    def __init__(
        self,
        counting: SpeechEngine,
        *,
        base_url: str,
        api_key: str,
        model: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._counting = counting
        self._base_url = base_url
        self._api_key = api_key
        self._model = model
        self._timeout_seconds = timeout_seconds

    @property
    def version(self) -> str:
        return f"{NAME}-r{REVISION} {self._model}"

    def load(self) -> None:
        self._counting.load()

    def voices(self) -> list[Voice]:
        credit = f"AI-generated voice ({self._model})"
        return [
            Voice(name=PREFIX + name, language="mul", credit=credit, license="LicenseRef-service") for name in NAMES
        ]

    def plan(self, text: str, *, voice: str, max_moras: int = DEFAULT_MAX_MORAS) -> Script:
        if voice not in {each.name for each in self.voices()}:
            raise unknown_voice(voice, f"{PREFIX}{NAMES[0]}, ...")
        ours = self._counting.plan(text, voice=self._counting.voices()[0].name, max_moras=max_moras)
        spoken = normalise(text)
        return Script(text=spoken, voice=voice, groups=(BreathGroup((spoken,), ours.mora_count, voice),))

    def synthesize(
        self, script: Script, *, speed: float = 1.0, pitch_semitones: float = 0.0, volume_db: float = 0.0
    ) -> Iterator[Samples]:
        """A service knows no pitch: it is left as it is."""
        check_settings(speed=speed, pitch_semitones=pitch_semitones, volume_db=volume_db)
        return (self._sound(script, speed, volume_db) for _group in script.groups)

    def _sound(self, script: Script, speed: float, volume_db: float) -> Samples:
        data, headers = post(
            "/audio/speech",
            base_url=self._base_url,
            api_key=self._api_key,
            timeout_seconds=self._timeout_seconds,
            json={
                "model": self._model,
                "input": script.text,
                "voice": script.voice.removeprefix(PREFIX),
                "response_format": "pcm",
                "speed": speed,
            },
        )
        if not data or len(data) % _BYTES_PER_SAMPLE or "json" in headers.get("content-type", ""):
            raise EngineUnavailable(NAME)
        wave = np.frombuffer(data, dtype="<i2").astype(np.float64)
        return to_samples(double_rate(wave), volume_db=volume_db)
