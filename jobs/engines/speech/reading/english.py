"""Guess how a Japanese reader would say an English word, from its spelling.

tables/english.tsv turns spelling into consonants and vowels, which are then written in
katakana: `stream` -> s t r イー m -> ストリーム. Right for most everyday words and plausible
for the rest; words worth more than a guess stand in tables/words.tsv. Called by latin.py.
"""

import re

from jobs.engines.speech.reading.tables import read_rows

_RULES = [(re.compile(spelling), sounds.split()) for spelling, sounds in read_rows("english")]

# Consonant -> katakana alone, and before ア, イ, ウ, エ, オ, ユ.
_SYLLABLES = {
    "k": "ク カ キ ク ケ コ キュ", "g": "グ ガ ギ グ ゲ ゴ ギュ", "s": "ス サ シ ス セ ソ ス",
    "z": "ズ ザ ジ ズ ゼ ゾ ズ", "sh": "シュ シャ シ シュ シェ ショ シュ", "j": "ジ ジャ ジ ジュ ジェ ジョ ジュ",
    "t": "ト タ ティ トゥ テ ト チュ",
    "ts": "ツ ツァ ツィ ツ ツェ ツォ ツ", "ch": "チ チャ チ チュ チェ チョ チュ", "d": "ド ダ ディ ドゥ デ ド デュ",
    "n": "ン ナ ニ ヌ ネ ノ ニュ", "h": "フ ハ ヒ フ ヘ ホ ヒュ", "f": "フ ファ フィ フ フェ フォ ヒュ",
    "b": "ブ バ ビ ブ ベ ボ ビュ", "v": "ブ バ ビ ブ ベ ボ ビュ", "p": "プ パ ピ プ ペ ポ ピュ",
    "m": "ム マ ミ ム メ モ ミュ", "y": "イ ヤ イ ユ イエ ヨ ユ", "r": "ル ラ リ ル レ ロ ル",
    "w": "ウ ワ ウィ ウ ウェ ウォ ウ", "ng": "ング ンガ ンギ ング ンゲ ンゴ ンギュ",
}  # fmt: skip
_VOWELS = "アイウエオユ"
_DOUBLED_AT_END = frozenset(["k", "t", "p", "d", "ts", "ch", "sh"])


def guess(word: str) -> str:
    """Return katakana for `word`: lower-case letters a to z, at least one."""
    sounds = _double_last_stop(_sounds(word))
    kana = []
    waiting = ""  # a consonant that may still find its vowel
    for sound, following in zip(sounds, [*sounds[1:], ""], strict=True):
        if sound in _SYLLABLES:
            if following[:1] in _VOWELS and following:
                waiting = sound
            else:
                kana.append("ン" if sound == "m" and following in ("p", "b") else _SYLLABLES[sound].split()[0])
        else:
            kana.append(_syllable(waiting, sound))
            waiting = ""
    return "".join(kana)


def _sounds(word: str) -> list[str]:
    sounds: list[str] = []
    position = 0
    while position < len(word):
        for pattern, spoken in _RULES:
            found = pattern.match(word, position)
            if found and found.end() > position:
                sounds += [found.group()[0] if sound == "=" else sound for sound in spoken]
                position = found.end()
                break
        else:
            position += 1
    return sounds


def _double_last_stop(sounds: list[str]) -> list[str]:
    """Write the short vowel of `cat` and `robot` as Japanese does: キャット, ロボット."""
    if sounds[-2:] == ["t", "s"]:
        sounds = [*sounds[:-2], "ts"]
    if len(sounds) >= 2 and sounds[-1] in _DOUBLED_AT_END and sounds[-2] in (*_VOWELS, "キャ", "ギャ"):
        return [*sounds[:-1], "Q", sounds[-1]]
    return sounds


def _syllable(consonant: str, vowel: str) -> str:
    if vowel == "Q":
        return "ッ"
    if not consonant or vowel[0] not in _VOWELS:
        return vowel
    return _SYLLABLES[consonant].split()[1 + _VOWELS.index(vowel[0])] + vowel[1:]
