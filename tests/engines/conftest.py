"""One engine of each kind for all tests of this folder: they hold no state that a test could leave behind."""

import numpy as np
import pytest

from jobs.engines.speech.bilingual import Bilingual
from jobs.engines.speech.hibari import Hibari
from jobs.engines.speech.openjtalk import MEI, OpenJTalk
from jobs.engines.speech.port import Samples

THREE_BREATHS = "良い天気ですね。明日は、雨です。"


@pytest.fixture(scope="session")
def openjtalk() -> OpenJTalk:
    engine = OpenJTalk()
    engine.load()
    return engine


@pytest.fixture(scope="session")
def hibari() -> Hibari:
    engine = Hibari()
    engine.load()
    return engine


@pytest.fixture(scope="session")
def bilingual(openjtalk, hibari) -> Bilingual:
    return Bilingual(openjtalk, hibari)


@pytest.fixture(scope="session")
def parts(openjtalk) -> list[Samples]:
    """A sentence of three breath groups, read at speed 1."""
    return list(openjtalk.synthesize(openjtalk.plan(THREE_BREATHS, voice=MEI.name)))


@pytest.fixture(scope="session")
def spoken(parts) -> Samples:
    return np.concatenate(parts)
