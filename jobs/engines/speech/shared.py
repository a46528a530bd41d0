"""The voices of this process, one of each, whoever speaks with them or compares with them.

Their tables take 0.14 GB, read before workers are forked and shared by them. A part of the house that opened voices of
its own read them again, in each worker: 0.09 GB and half a second of a core, paid by the first person who came.

Called by the speech function and the pronunciation engine.
"""

from functools import cache

from jobs.engines.speech.bilingual import Bilingual
from jobs.engines.speech.hibari import Hibari
from jobs.engines.speech.openjtalk import OpenJTalk


@cache
def japanese() -> OpenJTalk:
    return OpenJTalk()


@cache
def english() -> Hibari:
    return Hibari()


@cache
def bilingual() -> Bilingual:
    return Bilingual(japanese(), english())
