"""What holds for every message there may be: an end, a bound, no error, and sense together with the speech engine."""

import itertools
import random
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.guilds.dictionary import Dictionary
from bots.guilds.reading import Message, cleaning, markup, read
from bots.guilds.reading.emoji_names import read_emoji
from bots.guilds.reading.rules import MAX_ADDED_CHARACTERS
from bots.guilds.reading.words import words_of
from jobs.engines.speech.languages import cut_runs
from jobs.engines.speech.reading import normalise
from jobs.engines.speech.reading.english_text import normalise_english

NOTHING = Dictionary({})
JAPANESE = words_of("ja")

# What the rules look for, so that it comes up more often than by chance.
PIECES = st.sampled_from([
    "<@1>", "<@", "<@&7>", "<#8>", "<:a:1>", "<a:b_c:2>", "<:p:3>", "<t:1:R>",
    "<t:-99999999999999>", "</a b:1>", "```", "`", "||", "**",
    "*", "__", "_", "~~", "\\", "> ", ">>> ", "# ", "- ", "[a](", "https://a.jp",
    "http://", "www.", ")", "]", "(", "(^^)", "w", "ｗ",
    "草", "8", "😂", "👍🏽", "👨‍👩‍👧", "🇯🇵", "🇯", "1️⃣", "\u200d", "\ufe0f", "\u0301",
    "\u3099", "\u202e", "\n", " ", "　", "、", ",", ";",
    "@everyone", "あ", "ー", "漢字", "word", "the", "is", "ß", "㌔", "ﾊﾞ", "Ⅲ", "½",
    "\ud800", "。", "!", "%", "ω", "ツ", "°",
])  # fmt: skip
MESSAGES = st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join)


@settings(max_examples=400)
@given(MESSAGES, st.sampled_from(["ja", "en"]), st.integers(10, 60), st.none() | st.text(max_size=50))
def test_no_message_breaks_the_rules_and_the_result_is_bounded(content, language, max_characters, name):
    message = Message(
        content, users={1: content}, poll=content, forwarded=content, stickers=[content] * 9, replies_to=content
    )

    result = read(
        message, language=language, max_characters=max_characters, dictionary=Dictionary({"あ": "い" * 100}), name=name
    )

    # Two cuts, two names, three stickers, and the words around them.
    assert len(result.text) <= max_characters + MAX_ADDED_CHARACTERS + 350
    result.text.encode()


@settings(max_examples=400)
@given(MESSAGES, st.sampled_from(["ja", "en"]))
def test_what_is_not_silent_has_something_for_the_engine_to_say(content, language):
    text = read(Message(content), language=language, max_characters=140, dictionary=NOTHING, name=None).text

    assert not text or spoken(text, language)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_single_letter_is_no_silence_if_a_voice_has_it(language):
    letters = [chr(code) for code in (*range(0x20, 0x400), *range(0x3000, 0x3400), 0x4E00, 0x9FA0)]

    heard = [letter for letter in letters if cleaning.is_speakable(letter)]

    assert [letter for letter in heard if not spoken(letter, language)] == []
    assert set("aZ9éßあンー漢々") & set(letters) <= {*heard, "ー"}


@given(MESSAGES)
def test_cleaning_twice_changes_nothing(text):
    once = cleaning.clean(text)

    assert cleaning.clean(once) == once


@given(st.text(alphabet="abあ", max_size=200))
def test_nothing_is_said_more_than_three_times_in_a_row(text):
    squeezed = cleaning.squeeze(text)

    assert max((len(list(run)) for _, run in itertools.groupby(squeezed)), default=0) <= 3


@given(MESSAGES, st.sampled_from(["あ", "w", "a"]))
def test_names_of_people_bring_no_notation_of_their_own(name, content):
    """Who calls himself ||x|| or ```x``` hides nothing of other people's messages."""
    text = markup.read_mentions(f"{content}<@1>{content}", Message(users={1: name}), JAPANESE)

    assert not set("`|*~<>\\[]\n") & set(text)


def test_cleaning_undoes_nothing_that_the_engine_reads_well():
    """Of every character: as in 3Ⅲ4 and 5m², the engine says the same with and without our cleaning."""
    spoilt = [
        character
        for character in map(chr, itertools.chain(range(0x3400), range(0xA000, 0xAC00), range(0xF900, 0x1F000)))
        if character not in "㊗㊙" and unicodedata.category(character) not in ("Cc", "Cn", "Co", "Zl", "Zp", "Zs")
        for text in (f"あ{character}あ", f"3{character}4", f"5m{character}")
        if (cleaned := cleaning.clean(text)) != text and normalise(cleaned) != normalise(text)
    ]

    assert spoilt == []


# Each rule alone, on far more than a message can be. A rule with a quadratic pattern would take minutes.
LONG = 50_000
RULES = {
    "mentions": lambda text: markup.read_mentions(text, Message(users={1: "花子"}), JAPANESE),
    "timestamps": lambda text: markup.read_timestamps(text, JAPANESE),
    "custom_emoji": lambda text: markup.read_custom_emoji(text, NOTHING),
    "code": lambda text: markup.read_code_blocks(text, JAPANESE),
    "spoilers": lambda text: markup.read_spoilers(text, JAPANESE),
    "links": lambda text: markup.read_urls(text, JAPANESE),
    "faces": markup.drop_all_faces,
    "inline_code": lambda text: markup.read_inline_code(text, JAPANESE),
    "emoji": lambda text: read_emoji(text, NOTHING, "ja"),
    "markdown": markup.read_markdown,
    "clean": cleaning.clean,
    "laughter": lambda text: cleaning.read_laughter(text, NOTHING, laughter="ワラ", applause="パチパチ"),
    "squeeze": cleaning.squeeze,
    "names": cleaning.clean_name,
    "speakable": cleaning.is_speakable,
}
HOSTILE = [
    "w", "ｗ", "草", "8", "あ", "\u0301", "a\u0301", "\u202e", "\u200d", "\ufe0f", "\n",
    " ", " \n", "`", "``` ", "`a", "``a", "||", "||a", "|",
    "<@1>", "<@", "<@1", "*", "*a", "**a *b", "_a ", "__", "~~a", "~", "[a",
    "[a](http://", "[a](http://x(", "[", "](", "http://", "http://)",
    "https://a.jp ", "a.", "a@", "<:a:1>", "<:a", "<", "😂", "😂a", "😂あ ", "👨‍👩‍👧", "🇯",
    "🏴\U000e0067", "1️⃣", "ab", "abcdefg ", "(", "(^", "(´",
    "> ", "> \n", "# ", "- ", "\\", "\\*", "</", "</a", "<t:1:R>", "<t:", "㌖㌔", "ﾊﾞ",
    "\u1100\u1161", "、 ", ",", "¯", "┬─", "¯\\_(ツ)_/¯", "88888 ", "@everyone",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_no_paste_keeps_a_rule_busy(rule):
    shuffled = random.Random(1).choices("ab`|*_~[]()<>@:/. \nw草あ😂", k=LONG)
    pastes = ["".join(shuffled), "[a](http://" + "x" * LONG, *(piece * (LONG // len(piece)) for piece in HOSTILE)]
    before = time.process_time()

    for paste in pastes:
        RULES[rule](paste)

    assert time.process_time() - before < 10  # seconds for all of them; the dearest rule takes one


@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_a_hostile_message_is_read_at_once(piece):
    message = Message(piece * (4000 // len(piece)), users={1: "花子"})
    before = time.process_time()

    read(message, language="ja", max_characters=400, dictionary=NOTHING, name="太郎")

    assert time.process_time() - before < 1  # 20 ms on a quiet machine


def spoken(text: str, language: str) -> str:
    """What the engine says of a text, without loading its dictionaries."""
    return "".join(
        normalise(run.text) if run.language == "ja" else normalise_english(run.text)
        for run in cut_runs(text, otherwise=language)
    )
