"""Every fact has words in all three languages."""

import re

import pytest

from jobs.engines.pronunciation import gates, hints, wording
from jobs.engines.pronunciation.port import STATEMENT, Cap, Finding
from tests.engines.pronunciation.answers import an_analysis

KINDS = (
    *("substitution", "omission", "unclear", "pause", "pause_first", "fast", "slow", "long", "short", "flat", "melody"),
    *("high", "low", "times", "estimates", "experimental", "unknown_word", "area_accuracy", "area_completeness"),
    *("area_fluency", "area_rhythm", "area_pitch"),
)
CAPS = ("completeness", "accuracy", "misfit", "clipping", "noise", "two_voices")


@pytest.mark.parametrize("reader", wording.READERS)
def test_every_key_that_is_used_has_words(reader):
    advice = {*hints._JA.values(), *hints._EN.values(), *hints._PAIRS.values()}
    keys = [*KINDS, *advice, *(f"cap_{cap}" for cap in CAPS), *(f"gate_{gate}" for gate in gates.MESSAGES)]

    told = [wording.say(key, reader, label="L", heard="H", times=2) for key in keys]

    assert all(told)


def test_the_three_texts_of_a_key_name_the_same_facts():
    for key, texts in wording._texts().items():
        names = [sorted(set(re.findall(r"{(\w+)}", text))) for text in texts]
        assert names[0] == names[1] == names[2], key


def test_what_is_told_follows_the_cost_and_counts_places():
    findings = (
        Finding("substitution", 90.0, label="つ", heard="す", hint="ts_not_s", times=2),
        Finding("pause", 40.0, heard="0.6"),
    )

    told = wording.suggestions(an_analysis(findings=findings, unknown_words=("zorblax",)), "ja")

    assert told[0].startswith("『つ』が『す』に聞こえます。（2か所）舌先を")
    assert told[1].startswith("途中で0.6秒")
    assert "zorblax" in told[2]


def test_low_scores_are_named_lowest_first():
    found = an_analysis(rhythm_score=40.0, pitch_score=70.0)

    assert wording.improvement_areas(found, "en") == ["lengths of the sounds (rhythm)", "pitch (accent and melody)"]
    assert wording.improvement_areas(an_analysis(), "en") == []


def test_the_statement_stands_beside_every_score():
    capped = an_analysis(caps=(Cap("overall", 50.0, "completeness"), Cap("pitch", 70.0, "completeness")))

    assert wording.notices(capped, "en")[-1] == wording.say(STATEMENT, "en")
    assert len(wording.notices(capped, "en")) == 2
    assert len(wording.notices(an_analysis(is_experimental=True), "zh-TW")) == 2


def test_readers_of_other_languages_read_english():
    assert wording.refusal("silence", "fr") == wording.refusal("silence", "en")
    with pytest.raises(KeyError):
        wording.say("no such key", "en")
