"""The house's voices as speakers who make chosen mistakes: single phones are changed before anything is sounded.

Called by degrade.py.
"""

import re
from functools import lru_cache

import numpy as np

from jobs.engines.pronunciation import f0, phonemes_en
from jobs.engines.pronunciation.rate import to_third
from jobs.engines.speech.hibari import HEART, Hibari
from jobs.engines.speech.openjtalk import MEI, OpenJTalk
from jobs.engines.speech.port import BreathGroup, Script
from tests.validation import mandarin, psola

_CONTEXT = re.compile(r"^(.+?)\^(.+?)-(.+?)\+(.+?)=(.+?)/A:")
_JA_VOWELS = list("aiueo")
_JA_CONSONANTS = ["k", "s", "t", "n", "h", "m", "r", "g", "z", "d", "b", "p", "sh", "ch", "ts", "j", "y", "w", "f"]
# One letter of hibari's alphabet each, and each another sound to the model.
_EN_VOWELS = list("ɑæʌɛiuAIOWɪʊ")
_EN_CONSONANTS = list("bdfhklmnpɹstvwzɡθðʃʤʧ")


@lru_cache(maxsize=2)
def engine(language):
    made = OpenJTalk() if language == "ja" else Hibari()
    made.load()
    return made


def voice(language):
    return MEI.name if language == "ja" else HEART.name


def script_of(text, language):
    if language == "zh-TW":
        return mandarin.script_of(text)
    return engine(language).plan(text, voice=voice(language))


def say(script, language, *, pitch_semitones=0.0, speed=1.0):
    if language == "zh-TW":
        wave = mandarin.say(script, speed)
        return psola.raised(wave, f0.track(wave), pitch_semitones) if pitch_semitones else wave
    settings = {"pitch_semitones": pitch_semitones, "speed": speed}
    return to_third(np.concatenate(list(engine(language).synthesize(script, **settings))))


def with_wrong_phones(script, sentence, language, share, seed):
    """Return `script` with about `share` of its phones changed, and which phones of `sentence` those are."""
    change = {"ja": _wrong_ja, "en": _wrong_en, "zh-TW": mandarin.with_wrong_phones}[language]
    return change(script, sentence, share, np.random.default_rng(seed))


def _other(phone, pools, random):
    [pool] = [pool for pool in pools if phone in pool]
    return str(random.choice([each for each in pool if each != phone]))


def _wrong_ja(script, sentence, share, random):
    lines = [line for group in script.groups for line in group.labels]
    phones = [_CONTEXT.match(line).group(3) for line in lines]
    spoken = [place for place, phone in enumerate(phones) if phone not in ("sil", "pau")]
    assert len(spoken) == len(sentence.phones)
    pools = (_JA_VOWELS, _JA_CONSONANTS)
    can = [place for place in spoken if any(phones[place] in pool for pool in pools)]
    wrong = set(random.choice(can, min(round(share * len(spoken)), len(can)), replace=False).tolist())
    said = [_other(phone, pools, random) if place in wrong else phone for place, phone in enumerate(phones)]
    return _resaid(script, said), np.array([place in wrong for place in spoken])


def said_instead(script, instead):
    """Return the Japanese `script` with phones changed: {which of the spoken ones: phone}."""
    phones = [_CONTEXT.match(line).group(3) for group in script.groups for line in group.labels]
    spoken = [place for place, phone in enumerate(phones) if phone not in ("sil", "pau")]
    for number, phone in instead.items():
        phones[spoken[number]] = phone
    return _resaid(script, phones)


def _resaid(script, said):
    groups, at = [], 0
    for group in script.groups:
        labels = tuple(_relabelled(line, said, at + offset) for offset, line in enumerate(group.labels))
        groups.append(BreathGroup(labels, group.mora_count, group.voice))
        at += len(labels)
    return Script(script.text, script.voice, tuple(groups))


def _relabelled(line, said, place):
    found = _CONTEXT.match(line)
    around = [said[near] if 0 <= near < len(said) else "xx" for near in range(place - 2, place + 3)]
    kept = ["xx" if old == "xx" else new for old, new in zip(found.groups(), around, strict=True)]
    return "{}^{}-{}+{}={}/A:".format(*kept) + line[found.end() :]


def _wrong_en(script, sentence, share, random):
    readings = [list(group.labels[0]) for group in script.groups]
    places = _letters_of_phones(script, sentence)
    pools = (_EN_VOWELS, _EN_CONSONANTS)
    can = [
        phone
        for phone, (group, at) in places.items()
        if any(readings[group][at] in pool for pool in pools) and sentence.phones[phone].token != "ə"
    ]
    count = min(round(share * len(sentence.phones)), len(can))
    wrong = random.choice(can, count, replace=False).tolist()
    for phone in wrong:
        group, at = places[phone]
        readings[group][at] = _other(readings[group][at], pools, random)
    groups = tuple(
        BreathGroup(("".join(reading),), group.mora_count, group.voice)
        for reading, group in zip(readings, script.groups, strict=True)
    )
    flags = np.isin(np.arange(len(sentence.phones)), wrong)
    return Script(script.text, script.voice, groups), flags


def _letters_of_phones(script, sentence):
    """Return for each phone the group and the place of its letter; words that are listed otherwise are left out."""
    words = {}
    for place, phone in enumerate(sentence.phones):
        words.setdefault(sentence.units[phone.unit].word, []).append(place)
    found, word = {}, 0
    for number, group in enumerate(script.groups):
        for match in re.finditer(r"\S+", group.labels[0]):
            tokens = phonemes_en.tokens_of(match.group())
            if not tokens:
                continue
            letters = [
                (number, match.start() + at)
                for at, letter in enumerate(match.group())
                if phonemes_en.tokens_of(letter) and match.group()[at : at + 2] not in ("ɜɹ", "əɹ")
            ]
            listed = [sentence.phones[place].token for place in words[word]]
            if len(letters) == len(tokens) == len(listed):
                same = [a == b for a, b in zip(tokens, listed, strict=True)]
                found |= {p: at for p, at, s in zip(words[word], letters, same, strict=True) if s}
            word += 1
    return found
