"""Two readings by the house's own voices, made once: flawless ones, and the same with known mistakes."""

import pytest

from jobs.engines.pronunciation import analyser
from tests.validation import degrade, speakers

JAPANESE = "白い積み木を並べました。"
ENGLISH = "I think that is a wonderful idea."


def silent(_percent, _step):
    return


@pytest.fixture(scope="session")
def japanese():
    return degrade.reading(JAPANESE, "ja")


@pytest.fixture(scope="session")
def english():
    return degrade.reading(ENGLISH, "en")


@pytest.fixture(scope="session")
def heard_as_su(japanese):
    """The Japanese sentence with す for つ."""
    place = japanese.sentence.tokens.index("ts")
    script = speakers.said_instead(speakers.script_of(JAPANESE, "ja"), {place: "s"})
    return speakers.say(script, "ja")


@pytest.fixture(scope="session")
def engine():
    return analyser.LocalAnalyser()
