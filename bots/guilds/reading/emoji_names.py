"""Say emoji by name: by the speech engine's own short ones where it has them, else by Unicode's (the emoji package).

A sequence (family, skin tone, flag, keycap) is one emoji. A row of them is a decoration more than a sentence,
so each name is said once and only the first three. In the language of the sentence around it, as the engine
will cut it, or an English sentence would be interrupted by the Japanese voice.

The package's own search looks at each character in Python (4 µs each, measured); one pattern and a dictionary do
the same for a text without emoji in a hundredth of it. Called by rules.py.
"""

import re
from bisect import bisect_right
from collections.abc import Container
from functools import cache, lru_cache
from itertools import accumulate, islice

import emoji

from bots.guilds.reading.words import ENGLISH, JAPANESE, words_of
from jobs.engines.speech.languages import Run, cut_runs
from jobs.engines.speech.reading.tables import read_table

MAX_NAMES_IN_A_ROW = 3
# What has more rows of emoji is no sentence, and not worth asking for its language.
_MAX_ROWS = 30

_SHORT_NAMES = {JAPANESE: read_table("emoji"), ENGLISH: read_table("emoji_english")}
_FLAGS = read_table("flags")  # Japanese, by country code

_TONES_AND_VARIANTS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_JOINER = "\u200d"
_GENDER = re.compile("\u200d[♀♂]")  # who bows is not said, that somebody bows is
_REGIONAL_A = 0x1F1E6

# What is drawn as a picture; arrows and signs that are also text count only with the selector that says so.
_BLOCKS = (
    "\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f201-\U0001f251\U0001f300-\U0001f64f"
    "\U0001f680-\U0001faff\u231a\u231b\u23e9-\u23f3\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u3297\u3299"
)
_TAIL = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+"
# ‼ ⁉ © ® ™ 〰 are drawn as pictures too, and mean what the signs mean.
_PICTURE = f"(?:[{_BLOCKS}]{_TAIL}|(?![\u203c\u2049\u2122\u3030])[\u200e-\u3299]\ufe0f)"
_ONE = f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}(?:{_JOINER}{_PICTURE})*+)"
_SINGLE = re.compile(_ONE)
_ROW = re.compile(f"{_ONE}(?:[ \u3000]?{_ONE})*+")
_JAPANESE_FLAG = re.compile("^旗 (.+)$")
_WORD = re.compile(r"[^\W\d_]")
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")


def read_emoji(text: str, own_words: Container[str], language: str) -> str:
    """
    Return `text` with names for its emoji, and without those that have none.

    own_words: what the guild's dictionary has; an emoji that is there is left to it.
    language: of an emoji that stands alone.
    """
    text = _KEYCAP.sub(r"\1", text)
    if not _ROW.search(text):
        return text
    is_sentence = _WORD.search(text) and len(list(islice(_ROW.finditer(text), _MAX_ROWS + 1))) <= _MAX_ROWS
    runs = cut_runs(text, otherwise=language) if is_sentence else [Run(language, text)]
    ends = list(accumulate(len(run.text) for run in runs))

    @cache
    def name(one: str, language: str) -> str:
        forms = (one, _TONES_AND_VARIANTS.sub("", one))
        return next((form for form in forms if form in own_words), "") or name_of(one, language)

    def row(found: re.Match[str]) -> str:
        here = runs[bisect_right(ends, found.start())].language
        names = dict.fromkeys(filter(None, (name(one, here) for one in _SINGLE.findall(found.group()))))
        comma = words_of(here).comma
        return comma.join(["", *list(names)[:MAX_NAMES_IN_A_ROW], ""]) if names else " "

    return _ROW.sub(row, text)


@lru_cache(maxsize=4096)
def name_of(one: str, language: str) -> str:
    """Return the name of one emoji, or of its first part when only that has one, or nothing."""
    if ord(one[0]) in range(_REGIONAL_A, _REGIONAL_A + 26):
        return _flag(one, language)
    plain = _GENDER.sub("", _TONES_AND_VARIANTS.sub("", one))
    first = plain.split(_JOINER)[0]
    short = _SHORT_NAMES[language]
    return short.get(plain) or _unicode_name(plain, language) or short.get(first) or _unicode_name(first, language)


def _flag(pair: str, language: str) -> str:
    country = "".join(chr(ord(letter) - _REGIONAL_A + ord("A")) for letter in pair)
    if language == JAPANESE and country in _FLAGS:
        return words_of(language).flag.format(name=_FLAGS[country])
    name = _unicode_name(pair, language)
    return words_of(language).flag.format(name=name) if name and language != JAPANESE else name


def _unicode_name(plain: str, language: str) -> str:
    """Return the emoji package's name: unqualified forms first, because `plain` has no selectors."""
    found = emoji.EMOJI_DATA.get(plain) or emoji.EMOJI_DATA.get(f"{plain}\ufe0f")
    name = found.get(language, "").strip(":").replace("_", " ") if found else ""
    return _JAPANESE_FLAG.sub(words_of(JAPANESE).flag.format(name=r"\1"), name)


emoji.config.load_language(JAPANESE)
