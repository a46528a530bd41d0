"""Two voices in one text: who says what, how they meet, and what the limits count."""

import numpy as np
import pytest

from jobs.engines.errors import InputRejected
from jobs.engines.speech.hibari import HEART
from jobs.engines.speech.openjtalk import MEI
from jobs.engines.speech.port import SAMPLE_RATE_HZ

MIXED = "今日は I have a meeting today. です。"


def who_says(bilingual, text: str, voice: str = MEI.name) -> list[tuple[str | None, int]]:
    return [(group.voice, group.mora_count) for group in bilingual.plan(text, voice=voice).groups]


def test_each_language_is_said_by_its_own_voice(bilingual):
    script = bilingual.plan(MIXED, voice=MEI.name)

    assert [group.voice for group in script.groups] == [MEI.name, HEART.name, MEI.name]
    assert script.voices == (MEI.name, HEART.name)
    assert script.text == "今日は\nI have a meeting today.\nです。"


def test_a_japanese_text_sounds_as_it_does_without_the_english_voice(bilingual, openjtalk):
    text = "APIの設計をPythonで書きました。良い天気ですね。"

    alone = list(openjtalk.synthesize(openjtalk.plan(text, voice=MEI.name)))
    together = list(bilingual.synthesize(bilingual.plan(text, voice=MEI.name)))

    assert bilingual.plan(text, voice=MEI.name).voices == (MEI.name,)
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_the_voice_that_was_asked_for_reads_what_may_be_either(bilingual):
    assert who_says(bilingual, "OK") == [(MEI.name, 4)]  # オーケー
    assert who_says(bilingual, "OK", HEART.name)[0][0] == HEART.name
    assert who_says(bilingual, "はい。", HEART.name) == [(MEI.name, 2)]


def test_voices_meet_without_a_long_silence(bilingual):
    parts = list(bilingual.synthesize(bilingual.plan(MIXED, voice=MEI.name)))

    samples = np.concatenate(parts)[: sum(map(len, parts)) // 480 * 480]
    silent = np.abs(samples.reshape(-1, 480).astype(int)).max(axis=1) < 100
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.astype(int), [0]])))
    pauses = [(end - start) * 0.01 for start, end in zip(edges[::2], edges[1::2], strict=True)][1:-1]
    assert len(pauses) >= 2
    assert max(pauses) < 0.55  # the end of an English sentence, and a breath
    assert len(samples) < 3.5 * SAMPLE_RATE_HZ


def test_the_limit_counts_both_languages_together(bilingual):
    moras = bilingual.plan(MIXED, voice=MEI.name).mora_count

    assert bilingual.plan(MIXED, voice=MEI.name, max_moras=moras).mora_count == moras
    with pytest.raises(InputRejected) as refused:
        bilingual.plan(MIXED, voice=MEI.name, max_moras=moras - 1)

    assert refused.value.message == f"{moras} morae, and the limit is {moras - 1}"


def test_signs_between_two_languages_are_said_by_nobody(bilingual):
    script = bilingual.plan("How are you?\n…！\nI am fine.", voice=MEI.name)

    assert script.voices == (HEART.name,)


def test_the_version_names_both_engines(bilingual, openjtalk, hibari):
    assert openjtalk.version in bilingual.version
    assert hibari.version in bilingual.version
    assert len(bilingual.version) <= 200  # what the row of a result holds
