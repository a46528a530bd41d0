"""Decide which run of a text is Japanese and which is an English sentence.

What listeners expect: English sentences and clauses in English; a single Latin word, an abbreviation or the name of
a product inside a Japanese sentence in Japanese (API の設計, Visual Studio Code を開く), as everybody says it there.
So letters alone decide nothing. A stretch between Japanese characters is English when it has the words of a sentence,
by the table english_marks.tsv: one that stands by itself needs little evidence, one in the middle of a Japanese
sentence needs a clause. Code, commands and Japanese in Latin letters (arigatou gozaimasu) stay Japanese.

A guess that needs no dictionary: pure, linear, and wrong at times. tests/engines/test_languages.py is the table of
what it must get right. Called by bilingual.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.engines.speech.reading import romaji
from jobs.engines.speech.reading.chat import blank_links_and_faces
from jobs.engines.speech.reading.tables import read_rows

JAPANESE, ENGLISH = "ja", "en"


@dataclass(frozen=True)
class Run:
    """Neighbouring characters of one language. The runs of a text put end to end are the text."""

    language: str
    text: str


def _marks(kind: str) -> frozenset[str]:
    return frozenset(word for row, words in read_rows("english_marks") if row == kind for word in words.split())


_SENTENCE, _SMALL, _COMMANDS, _ROMAJI = map(_marks, ("sentence", "small", "command", "romaji"))

# Full-width letters are letters, and typographic apostrophes are apostrophes; lengths stay.
_PLAIN = str.maketrans({chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"’": "'", "‘": "'"})

# A stretch ends at a Japanese character, at Japanese quotes and full stops, and at the end of a line.
_JAPANESE = "ぁ-ゖァ-ヺーｦ-ﾟ々〆一-鿿㐀-䶿\U00020000-\U0003134f"
_STRETCH = re.compile(rf"[^{_JAPANESE}。、「」『』【】〈〉《》・\n\r]+")
_HAS_JAPANESE = re.compile(f"[{_JAPANESE}]")
# Behind one of these, or at the start, something new begins; behind anything else a stretch stands within a sentence.
_BEFORE_SENTENCE = "\n\r。"

# Stands for a character of a link or a face: no word, yet part of what surrounds it.
_BLANK = "\ufffc"
_LETTER = re.compile(f"[A-Za-z\u00c0-\u024f{_BLANK}]")
_TOKEN = re.compile(r"[^ \t\u3000]+")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:'[A-Za-z]+)*")
_VOWEL = re.compile("[AEIOUYaeiouy\u00c0-\u024f]")
_SENTENCE_END = re.compile(r"[.!?]['\")]*\s*$")

# snake_case, call(x), --flag, {, <tag>, camelCase, file.py, /path/to and a\b, `code`, $variable.
_CODE = re.compile(
    r"_|[A-Za-z]\((?!s\))|=|\+\+|^\*+$|^--?[A-Za-z]|[{}<>`\\]|\b[a-z]{2,}[A-Z][a-z]|[A-Za-z]{2}\.[a-z]{2}"
    r"|^[~.]?/|[A-Za-z]/[A-Za-z]+/|^\$[A-Za-z]"
)
# One of these is enough.
_SURELY_CODE = re.compile(r"[=!<>+]=|=>|->|::|&&|\|\||</|\(\);?")

_ENDING = re.compile(r"[ \t\u3000.,!?;:)\]]*")
_ENDING_AND_NUMBER = re.compile(r"[0-9.,:/%]*[ \t\u3000.,!?;:)\]]*")
_NUMBER_CHARACTERS = "0123456789.,$€£¥"
# A number that touches the Japanese word after it is counted in Japanese: 3個, 100円. Hiragana counts nothing.
_COUNTER = re.compile("[ァ-ヺ一-鿿々つ]")

# A name has few words, and its long ones begin with capitals.
_MAX_NAME_WORDS = 6
_LONG_WORD_LETTERS = 4


def cut_runs(text: str, *, otherwise: str = JAPANESE) -> list[Run]:
    """
    Return the runs of `text` in order; two neighbours are never of one language.

    otherwise: the language of a text without any Japanese character that is no English sentence either.
    """
    plain = blank_links_and_faces(text, _BLANK).translate(_PLAIN)
    if otherwise == ENGLISH and not _HAS_JAPANESE.search(plain):
        return [Run(ENGLISH, text)]
    runs: list[Run] = []
    at = 0
    for start, end in _english_spans(plain):
        if start > at:
            runs.append(Run(JAPANESE, text[at:start]))
        runs.append(Run(ENGLISH, text[start:end]))
        at = end
    if at < len(text):
        runs.append(Run(JAPANESE, text[at:]))
    return runs


def _english_spans(plain: str) -> Iterator[tuple[int, int]]:
    for found in _STRETCH.finditer(plain):
        letter = _LETTER.search(plain, found.start(), found.end())
        if letter is None:
            continue
        start = _begin(plain, found.start(), letter.start())
        end = _end(plain, letter.end(), found.end())
        stands_alone = _begins_anew(plain, found.start(), start) and _is_over(plain, start, end)
        if _is_english(plain[start:end], stands_alone=stands_alone):
            yield start, end


def _begin(plain: str, start: int, letter: int) -> int:
    """
    Return where the English of a stretch begins: with it, but for signs and numbers that end what stands before.

    letter: where its first letter is.
    """
    follows_word = start > 0 and _HAS_JAPANESE.match(plain, start - 1)
    ending = _ENDING_AND_NUMBER if follows_word else _ENDING
    found = ending.match(plain, start, letter)
    return found.end() if found else start


def _end(plain: str, letter: int, end: int) -> int:
    """Return where the English of a stretch ends: with it, or before a number that belongs to what follows."""
    words = plain[letter:end].rstrip(_NUMBER_CHARACTERS)
    is_number = any(character.isdigit() for character in plain[letter + len(words) : end])
    if is_number and end < len(plain) and _COUNTER.match(plain, end):
        return letter + len(words)
    return end


def _begins_anew(plain: str, stretch: int, start: int) -> bool:
    return stretch == 0 or plain[stretch - 1] in _BEFORE_SENTENCE or any(sign in plain[stretch:start] for sign in ".!?")


def _is_over(plain: str, start: int, end: int) -> bool:
    return end == len(plain) or plain[end] in _BEFORE_SENTENCE or _ends_sentence(plain[start:end])


def _ends_sentence(stretch: str) -> bool:
    return bool(_SENTENCE_END.search(stretch[-8:]))


def _is_english(stretch: str, *, stands_alone: bool) -> bool:
    tokens = _TOKEN.findall(stretch)
    code = sum(1 for token in tokens if _CODE.search(token))
    if code * 3 >= len(tokens) or _SURELY_CODE.search(stretch) or tokens[0] in _COMMANDS:
        return False
    words = _words(" ".join(token for token in tokens if not _CODE.search(token)))
    spoken = [word.lower() for word in words]
    sentence, small = (sum(word in marks for word in spoken) for marks in (_SENTENCE, _SMALL))
    if _is_romaji(spoken, sentence):
        return False
    if _ends_sentence(stretch) and len(words) >= 2 and sentence:
        return True
    if stands_alone and len(words) >= 2:
        return sentence > 0 or _ends_sentence(stretch) or (small > 0 and len(words) >= 3)
    is_clause = len(words) >= 3 and (sentence > 0 or (small >= 2 and len(words) >= 5))
    return is_clause and not _is_name(words)


def _words(text: str) -> list[str]:
    """Return the words that say something of the language: no abbreviations and no single letters but I and a."""
    words = _WORD.findall(text)
    if len(words) >= 3 and all(word.isupper() for word in words):
        # Somebody shouts, or lists abbreviations: only the marks of a sentence tell.
        shouted = [word.lower() for word in words]
        return shouted if any(word in _SENTENCE for word in shouted) else []
    return [
        word
        for word in words
        if word in ("I", "i", "A", "a") or (len(word) > 1 and not word.isupper() and _VOWEL.search(word))
    ]


def _is_romaji(spoken: list[str], sentence: int) -> bool:
    """Return True for Japanese in Latin letters; `sentence`: how many of the words are marks of English sentences."""
    has_marker = any(word in _ROMAJI for word in spoken)
    if has_marker and not sentence:
        return True
    return bool(spoken) and (has_marker or sentence < 2) and all(romaji.read(word) for word in spoken)


def _is_name(words: list[str]) -> bool:
    """Return True for what may be the name of a book, a song or a product: The Lord of the Rings."""
    long_words = [word for word in words if len(word) >= _LONG_WORD_LETTERS]
    return len(words) <= _MAX_NAME_WORDS and words[0][0].isupper() and all(word[0].isupper() for word in long_words)
