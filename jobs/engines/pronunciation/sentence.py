"""A sentence as it is to be pronounced: phones as the model hears them, in the units that learners count in.

The unit is what rhythm is measured in and what a learner is told about: a mora in Japanese, a syllable's worth of a
word in English, a syllable in Mandarin. Called by every part of this folder.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phone:
    token: str  # the acoustic model's symbol
    symbol: str  # as people write it: romanised Japanese, IPA
    unit: int  # index into Sentence.units
    is_soft: bool = False  # a devoiced vowel and the like: speakers leave it out and nobody calls it wrong
    is_vowel: bool = False


@dataclass(frozen=True)
class Unit:
    label: str  # つ, or the word that a syllable belongs to
    first: int  # the phones that it holds: first <= index < end
    end: int
    group: int  # breath group; the reference pauses between two of them
    word: int = 0


@dataclass(frozen=True)
class Sentence:
    language: str
    text: str  # as it is read
    phones: tuple[Phone, ...]
    units: tuple[Unit, ...]
    unknown_words: tuple[str, ...] = ()  # their pronunciation was guessed

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(phone.token for phone in self.phones)
