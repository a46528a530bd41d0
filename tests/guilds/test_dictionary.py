"""A guild's dictionary: which words it finds in a message, and what is read instead."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.guilds.dictionary import Dictionary, fold

WORDS = Dictionary({
    "Web": "ウェブ", "in": "イン", "鯖": "サバ", "東京": "トウキョウ", "東京都": "トウキョウト",
    "C++": "シープラ", "Tシャツ": "ティー",
    "ガチャ": "クジ", "キロ": "キログラム", "5": "ゴ", "うるさい": "", "ß": "エスツェット",
    "ﾊﾝｶｸ": "半角", "👍": "グッド",
})  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("鯖が落ちた", "サバが落ちた"),
        ("東京都と東京", "トウキョウトとトウキョウ"),
        # In any width and case.
        ("web, WEB, ｗｅｂ", "ウェブ, ウェブ, ウェブ"),
        ("ハンカクとﾊﾝｶｸ", "半角と半角"),
        ("ｶﾞﾁｬとカ\u3099チャとガチャ", "クジとクジとクジ"),
        ("STRASSEのSS", "STRASSEのエスツェット"),
        # Latin words and numbers only as a whole; Japanese anywhere.
        ("information in a website", "information イン a website"),
        ("5月15日、5.5", "ゴ月15日、ゴ.ゴ"),
        ("日本のin the日", "日本のイン the日"),
        ("a\nin\nb\tin", "a\nイン\nb\tイン"),
        ("東\n京", "東\n京"),
        ("é\nin\n东", "é\nイン\n东"),
        ("cafein, inn, main_in", "cafein, inn, main_イン"),
        ("C++とC+++", "シープラとシープラ+"),
        ("Tシャツ、WTシャツ", "ティー、WTシャツ"),
        # One character may fold to several, and no word begins or ends within it.
        ("㌔と5㌔", "キログラムとゴキログラム"),
        ("㌖", "㌖"),
        # An empty reading silences a word.
        ("うるさいよ", "よ"),
        ("👍🏽と👍\ufe0f", "グッド🏽とグッド"),
        ("w\u200beb", "ウェブ"),
        ("", ""),
    ],
)
def test_words_are_read_as_the_guild_says(typed, read):
    assert WORDS.replace(typed) == read


def test_a_reading_is_never_replaced_again():
    circle = Dictionary({"犬": "猫", "猫": "犬"})
    chain = Dictionary({"一": "二", "二": "三", "三": "一一"})

    assert circle.replace("犬と猫") == "猫と犬"
    assert chain.replace("一二三") == "二三一一"


def test_the_entries_used_are_told_in_the_order_of_the_text():
    assert WORDS.find("鯖のWEB、鯖") == [("鯖", "サバ"), ("Web", "ウェブ"), ("鯖", "サバ")]


def test_of_two_spellings_of_a_word_the_later_one_counts():
    assert Dictionary({"Web": "一", "ｗｅｂ": "二"}).replace("WEB") == "二"


def test_a_word_that_does_not_show_is_no_entry():
    assert Dictionary({"": "あ", "\u200b": "い", "\ufe0f": "う"}).replace("何も\u200b") == "何も\u200b"


def test_a_guild_without_entries_changes_nothing():
    assert Dictionary({}).replace("Web") == "Web"


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


SMALL = st.text(alphabet="abあいAＡ ガ", min_size=1, max_size=4)


@given(
    st.dictionaries(SMALL, st.text(alphabet="xyzabあ", max_size=4), max_size=8),
    st.text(alphabet="abあいAＡ ガ", max_size=30),
)
def test_the_first_and_then_the_longest_word_is_taken_as_by_trying_all(readings, text):
    assert Dictionary(readings).replace(text) == try_all(readings, text)


def try_all(readings: dict[str, str], text: str) -> str:
    """The same by brute force, for characters that fold to one each."""
    entries = {fold(written): reading for written, reading in readings.items()}
    read, at = "", 0
    while at < len(text):
        ends = (end for end in range(len(text), at, -1) if fold(text[at:end]) in entries)
        end = next((end for end in ends if not within_word(text, at) and not within_word(text, end)), None)
        read += text[at] if end is None else entries[fold(text[at:end])]
        at = end or at + 1
    return read


def within_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and all(
        fold(character).isascii() and character.isalnum() for character in text[at - 1 : at + 1]
    )


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=6), max_size=6), st.text(max_size=40))
def test_what_is_told_is_what_is_replaced_in_any_text(readings, text):
    dictionary = Dictionary(readings)

    used = dictionary.find(text)

    assert all(readings[written] == reading for written, reading in used)
    assert bool(used) or dictionary.replace(text) == text


@pytest.mark.parametrize("letter", ["a", "あ", "ｶﾞ"])
def test_no_entries_make_a_text_slow(letter):
    """Each of 20,000 places is the beginning of fifty words: going through them all would take a million looks."""
    dictionary = Dictionary({letter * length + "終": "x" * 100 for length in range(1, 50)})
    before = time.process_time()

    assert dictionary.replace(letter * 20_000) == letter * 20_000

    assert time.process_time() - before < 5


def test_ten_thousand_entries_are_quickly_at_hand():
    readings = {f"語{number}字": "よみ" for number in range(10_000)}
    before = time.process_time()

    dictionary = Dictionary(readings)

    assert time.process_time() - before < 5  # 20 ms on a quiet machine; looking at each other's ends takes longer
    assert (len(dictionary), dictionary.replace("語9999字")) == (10_000, "よみ")
