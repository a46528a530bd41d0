"""A session with a recording in it, a worker in this process, and an engine that says what a test tells it to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from jobs.engines.pronunciation.port import (
    Analysis,
    Cap,
    Finding,
    Likely,
    Pause,
    PhonemeScore,
    PhraseScore,
    PitchCurve,
    Timing,
    UnitTiming,
)
from jobs.functions import analysis as function_file
from jobs.practice import recordings
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock
from jobs.runtime.invoke import Invocation, invoke
from jobs.runtime.models import Source
from jobs.runtime.providers import Provider, Providers
from tests.engines.recordings import sound, tone
from tests.runtime.conftest import LocalWorker

SENTENCE = "つきがきれいです"
BEEP = sound(tone(1.0), "m4a")
MADE = Analysis(
    language="ja",
    sentence=SENTENCE,
    overall_score=81.5,
    pronunciation_accuracy=78.25,
    fluency_score=90.0,
    rhythm_score=66.67,
    pitch_score=70.0,
    completeness=100.0,
    phonemes=(PhonemeScore("ts", "つ", 0, 0.1, 0.2, 31.0, Likely("substitution", "s", "す")),),
    units=(UnitTiming("つ", 0.1, 0.3, 31.0, 1.2, -1.0, 0.5),),
    phrases=(PhraseScore(SENTENCE, 0.1, 0.9, 78.25, 100.0),),
    pauses=(Pause(0.3, 0.6, is_expected=False, after_unit=0),),
    timing=Timing(0.8, 1.0, 7.5, 8.0, 30.0, 28.0),
    pitch=PitchCurve(0.01, 0.1, (None, 1.0), (0.5, 1.5)),
    caps=(Cap("rhythm", 66.67, "accuracy"),),
    findings=(Finding("substitution", 69.0, "つ", "す", 0, 0.1, 0.2, "ts_not_s"),),
    unknown_words=(),
    is_experimental=False,
    model_version="ear/1 on a test",
    processing_seconds=0.1,
)


def turn_of(record: PracticeRecord) -> datetime:
    """Return a moment, a day from now, at which the clean-up looks through the folder of this record."""
    folder = int(record.pk.hex[-2:], 16)
    first = int(clock.now().timestamp()) // 60 + 24 * 60
    return datetime.fromtimestamp((first + (folder - first) % 256) * 60, UTC)


class Ear:
    """An engine that gives MADE, or does as it was told. heard: length of each recording, and its sentence."""

    version = "ear/1"

    def __init__(self) -> None:
        self.act: Callable[[], object] = lambda: None
        self.heard: list[tuple[int, str, str]] = []

    def analyse(self, recording: Any, sentence: str, language: str, *, progress: Any = None) -> Analysis:
        self.heard.append((len(recording), sentence, language))
        progress(0, "listening")
        self.act()
        progress(100, "done")
        return replace(MADE, sentence=sentence, language=language)


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    made = Ear()
    listening = Providers("pronunciation", [Provider("local", made, version=made.version, is_local=True)])
    monkeypatch.setattr(function_file, "providers", lambda: listening)
    return made


@pytest.fixture
def session(transactional_db: None, owner: User) -> PracticeSession:
    return PracticeSession.objects.create(owner=owner, created_at=clock.now())


@pytest.fixture
def make_record(session: PracticeSession) -> Callable[..., PracticeRecord]:
    def make(data: bytes = BEEP, *, within: PracticeSession = session, language: str = "ja") -> PracticeRecord:
        return recordings.take_in(within, [data], sentence=SENTENCE, language=language)

    return make


@pytest.fixture
def record(make_record: Callable[..., PracticeRecord]) -> PracticeRecord:
    return make_record()


@pytest.fixture
def worker(transactional_db: None, valkey: redis.Redis) -> LocalWorker:
    return LocalWorker("tests:0:1:1")


@pytest.fixture
def analyse(ear: Ear, valkey: redis.Redis, owner: User) -> Callable[..., Invocation]:
    """Ask for the analysis of a record, as the owner."""

    def analyse(record: PracticeRecord, *, by: User = owner, **inputs: Any) -> Invocation:
        return invoke("analysis", {"practice_record_id": record.pk, **inputs}, owner=by, source=Source.API)

    return analyse
