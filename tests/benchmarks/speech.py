"""Speech over the API against the bare engine: whole, cached, first part, two at a time."""

import http.client
import json
import multiprocessing
import tempfile
import threading
import time
from pathlib import Path

from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.openjtalk import OpenJTalk
from tests.benchmarks.rounds import interleaved, line, median_ratio
from tests.flows.house import Stack

ROUNDS = 40
# 20 characters; the number keeps each round's sentence new to the cache.
SHORT = "{:03d}番の会議は午後三時から始まりますよ"
THREE_BREATHS = "{:03d}番目の話です。昔々あるところに、おじいさんがいました。おばあさんも一緒に暮らしていました。"
# 300 characters and more, for what the cache saves.
LONG = "{:03d}番の長い話をします。" + "むかしむかし、ある山のふもとの小さな村に、働き者の若者が住んでいました。" * 8
IN_A_ROW = 12

engine = OpenJTalk()


def bare(text: str) -> bytes:
    """Make and encode a text in this process: what the house is measured against."""
    encoder = open_encoder("opus")
    data = b"".join(encoder.feed(part) for part in engine.synthesize(engine.plan(text, voice="mei_normal")))
    return data + encoder.finish()


class Caller:
    """One client with one kept connection, as the OpenAI SDK keeps one."""

    def __init__(self, house: Stack) -> None:
        self.connection = http.client.HTTPConnection("localhost", house.port)
        self.headers = {"Authorization": f"Bearer {house.token()}", "Content-Type": "application/json"}

    def speak(self, text: str) -> float:
        """Fetch the sound of a text; return the seconds until its first bytes."""
        started = time.perf_counter()
        body = json.dumps({"model": "tts-1", "input": text, "voice": "alloy", "response_format": "opus"})
        self.connection.request("POST", "/v1/audio/speech", body, self.headers)
        answer = self.connection.getresponse()
        first = answer.read1(65_536)
        seconds = time.perf_counter() - started
        if answer.status != 200 or not first.startswith(b"OggS"):
            raise RuntimeError(f"{answer.status}: {first[:200]!r}")
        answer.read()
        return seconds


def main() -> None:
    engine.load()
    with tempfile.TemporaryDirectory() as folder:
        house = Stack(Path(folder))
        house.start()
        try:
            measure(house)
        finally:
            house.stop()


def measure(house: Stack) -> None:
    caller = Caller(house)
    for number in range(900, 906):  # every worker has made its first sound, the dictionaries are warm
        bare(SHORT.format(number))
        caller.speak(SHORT.format(number))
    short = interleaved(
        ROUNDS,
        bare=lambda n: bare(SHORT.format(n)),
        api=lambda n: caller.speak(SHORT.format(n)),
        cached=lambda n: caller.speak(SHORT.format(n)),
    )
    print(line("20 characters, bare engine and encoder", short["bare"]))
    print(line("20 characters, over the API", short["api"]))
    print(line("the same again, from the cache", short["cached"]))
    print(f"  API / bare {median_ratio(short['api'], short['bare']):.2f}   (at most 1.25)")
    print(f"  API / cached {median_ratio(short['api'], short['cached']):.1f}")
    long = interleaved(3, made=lambda n: caller.speak(LONG.format(n)), cached=lambda n: caller.speak(LONG.format(n)))
    print(line(f"{len(LONG)} characters, made", long["made"]))
    print(line(f"{len(LONG)} characters, from the cache", long["cached"]))
    print(f"  made / cached {median_ratio(long['made'], long['cached']):.1f}   (aim 10)")
    firsts: list[float] = []
    wholes = interleaved(12, three=lambda n: firsts.append(caller.speak(THREE_BREATHS.format(n))))["three"]
    print(line("three breath groups, first bytes", firsts))
    print(line("three breath groups, whole", wholes))
    print(f"  first / whole {median_ratio(firsts, wholes):.2f}   (at most 0.40)")
    two_at_a_time(house)


def two_at_a_time(house: Stack) -> None:
    """Two streams of sentences against one, by bare processes and by the house's workers."""
    callers = [Caller(house), Caller(house)]

    def over_the_api(number: int, count: int) -> None:
        threads = [threading.Thread(target=_many, args=(callers[k], f"{number}{count}{k}")) for k in range(count)]
        _run(threads)

    def by_processes(count: int) -> None:
        context = multiprocessing.get_context("fork")
        _run([context.Process(target=_many_bare, args=(k,)) for k in range(count)])

    seconds = interleaved(
        5,
        bare_one=lambda n: by_processes(1),
        bare_two=lambda n: by_processes(2),
        api_one=lambda n: over_the_api(n, 1),
        api_two=lambda n: over_the_api(n, 2),
    )
    # Twice the work in `two`: the speed-up is twice the ratio of the times.
    bare_gain = 2 * median_ratio(seconds["bare_one"], seconds["bare_two"])
    api_gain = 2 * median_ratio(seconds["api_one"], seconds["api_two"])
    print(f"  speed-up by a second bare process {bare_gain:.2f}, by a second worker {api_gain:.2f}")
    print(f"  worker / bare {api_gain / bare_gain:.2f}   (at least 0.90)")


def _many(caller: Caller, mark: str) -> None:
    for number in range(IN_A_ROW):
        caller.speak(f"{mark}の{number}番の会議は午後三時から")


def _many_bare(mark: int) -> None:
    for number in range(IN_A_ROW):
        bare(f"{mark}の{number}番の会議は午後三時から")


def _run(runners: list) -> None:
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
