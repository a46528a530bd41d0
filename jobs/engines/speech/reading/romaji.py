"""Read Japanese that is written in Latin letters: sushi, arigatou, tanaka.

Hepburn and Kunrei spellings, small tsu by a doubled consonant, n before consonants.
Called by latin.py.
"""

import re


def _syllables() -> dict[str, str]:
    rows = {
        "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト", "n": "ナニヌネノ", "h": "ハヒフヘホ",
        "m": "マミムメモ", "r": "ラリルレロ", "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド",
        "b": "バビブベボ", "p": "パピプペポ",
    }  # fmt: skip
    table = {row + vowel: kana for row, line in rows.items() for vowel, kana in zip("aiueo", line, strict=True)}
    for consonant, kana in zip("kgnhbpmrszt", "キギニヒビピミリシジチ", strict=True):
        table |= {consonant + "y" + vowel: kana + small for vowel, small in zip("auo", "ャュョ", strict=True)}
    for start, kana in (("sh", "シ"), ("ch", "チ"), ("j", "ジ")):
        table |= {start + vowel: kana + small for vowel, small in zip("auoe", "ャュョェ", strict=True)}
    table |= {"jy" + vowel: "ジ" + small for vowel, small in zip("auo", "ャュョ", strict=True)}
    table |= {"shi": "シ", "chi": "チ", "ji": "ジ", "tsu": "ツ", "fu": "フ", "ya": "ヤ", "yu": "ユ", "yo": "ヨ"}
    return table | {"wa": "ワ", "wo": "ヲ", "n": "ン"}


_SYLLABLE = _syllables()

# A doubled consonant is a small tsu; n ends a syllable unless a vowel or y follows, and n' always does.
_PIECE = re.compile(
    r"([kstpgzjdbchf])(?=\1)|t(?=ch)|(n)'?(?![aiueoy])|n'"
    r"|(?:[kgnhbpmrsztj]y|sh|ch|ts|[kstnhmrgzdbpjfwy])?[aiueo]"
)

# "ou" is a long o: アリガトウ would be said with a clear u at the end.
_LONG_O = re.compile("(?<=[オコソトノホモロゴゾドボポヨョ])ウ")


def read(word: str) -> str | None:
    """Return katakana for `word` (lower case), or None when it cannot be Japanese in Latin letters."""
    kana = []
    position = 0
    while position < len(word):
        found = _PIECE.match(word, position)
        if found is None:
            return None
        piece = found.group().rstrip("'")
        if piece != "n" and len(piece) == 1 and piece not in "aiueo":
            kana.append("ッ")
        elif piece in _SYLLABLE:
            kana.append(_SYLLABLE[piece])
        else:
            return None
        position = found.end()
    return _LONG_O.sub("ー", "".join(kana))
