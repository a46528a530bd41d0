"""Sentences as phones and as what learners count in."""

import pytest

from jobs.engines.pronunciation.phonemes_en import pronunciations, sentence_of, syllables, tokens_of
from jobs.engines.pronunciation.phonemes_ja import kana_of
from tests.validation import speakers


def test_a_japanese_sentence_is_counted_in_morae(japanese):
    assert "".join(unit.label for unit in japanese.sentence.units) == "しろいつみきおならべました"


@pytest.mark.parametrize(
    ("text", "morae"),
    [
        ("切符", ["き", "っ", "ぷ"]),
        ("東京", ["と", "お", "きょ", "お"]),
        ("新聞", ["し", "ん", "ぶ", "ん"]),
        ("ティッシュ", ["てぃ", "っ", "しゅ"]),
    ],
)
def test_small_kana_and_held_sounds_are_morae_of_their_own(text, morae):
    from jobs.engines.pronunciation.phonemes_ja import sentence_of as japanese_sentence

    sentence = japanese_sentence(speakers.script_of(text, "ja"))

    assert [unit.label for unit in sentence.units] == morae


def test_a_sound_without_a_kana_is_written_in_letters():
    assert kana_of("kw", "a") == "kwa"


def test_an_english_word_is_taken_from_the_dictionary_and_cut_into_syllables():
    assert pronunciations("idea") == [["aɪ", "d", "i", "ə"]]
    assert list(syllables(["aɪ", "d", "i", "ə"])) == [["aɪ"], ["d", "i"], ["ə"]]
    assert list(syllables(["s", "t", "ɹ", "i", "t", "s"])) == [["s", "t", "ɹ", "i", "t", "s"]]
    assert list(syllables(["k", "ɪ", "t", "t͡ʃ", "ə", "n"])) == [["k", "ɪ", "t"], ["t͡ʃ", "ə", "n"]]


def test_the_reading_that_the_voice_takes_is_chosen():
    assert tokens_of("ðˈi") == ["ð", "i"]
    assert ["ð", "ə"] in pronunciations("the")
    assert ["ð", "i"] in pronunciations("the")
    sentence = sentence_of(speakers.script_of("The apple and the pear.", "en"))

    assert "".join(sentence.tokens).startswith(("ðiæ", "ðəæ"))


def test_words_that_no_dictionary_has_are_named():
    sentence = sentence_of(speakers.script_of("My zorblax is green.", "en"))

    assert sentence.unknown_words == ("zorblax",)
    assert sum(unit.label == "zorblax" for unit in sentence.units) == 2
