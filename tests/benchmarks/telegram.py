"""The Telegram bot in the real house: acknowledgements at rest and beside busy workers; a voice note end to end."""

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from jobs.engines.media.kinds import sniff
from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.openjtalk import OpenJTalk
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.whisper import Whisper
from tests.benchmarks.rounds import percentile
from tests.benchmarks.table import say
from tests.faults import rows
from tests.flows.house import Stack, eventually
from tests.telegram_service.client import Telegram, User
from tests.telegram_service.service import TelegramService

# Two and a half seconds of sound and as much of work each on a busy core; the number keeps the cache out of it.
LONG = "{}回目の長い話です。" + "山のふもとの小さな村に、働き者の若者が住んでいました。" * 8
SENTENCE = "明日の会議は、午後三時からです。"
SPEAKERS = 4
# Of each speaker there is always one task waiting behind the one that is worked on.
AHEAD = 3


class Scene:
    def __init__(self, telegram: Telegram, house: Stack) -> None:
        self.telegram, self.house = telegram, house

    def acknowledged(self, number: int, *, to_the_end: bool) -> float:
        """
        Return the seconds from a message to its acknowledgement, both by the stand-in's clock.

        to_the_end: wait until it is answered, so that the next one finds everything at rest.
        """
        user = self.telegram.add_user(f"p{number}")
        sent = self.telegram.say(user, f"{number}番です。")
        ack = self.telegram.wait_answer(user, to=sent, kind="text", seconds=60)
        if to_the_end:
            self.telegram.wait_answer(user, to=sent, has="✅", seconds=60)
        return ack.sent_at - sent.sent_at

    def heard(self, user: User, data: bytes, *, seconds: float) -> float:
        """Return the seconds from a voice note to its words."""
        sent = self.telegram.send_voice(user, data, seconds=seconds)
        answer = self.telegram.wait_answer(user, to=sent, has="📝", seconds=120)
        return answer.edits[-1][0] - sent.sent_at

    def waiting(self) -> int:
        sql = "SELECT COUNT(*) FROM jobs_task WHERE function = 'speech' AND status IN ('pending', 'processing')"
        return int(rows.read(self.house.home, self.house.database_url, sql)[0][0])

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Keep every worker at work with long texts of several people."""
        over = Event()
        tokens = [self.house.token(f"speaker{number}") for number in range(SPEAKERS)]

        def feed() -> None:
            number = 0
            while not over.is_set():
                if self.waiting() < SPEAKERS * AHEAD:
                    self.house.invoke("speech", token=tokens[number % SPEAKERS], text=LONG.format(number))
                    number += 1
                else:
                    over.wait(0.1)

        feeder = Thread(target=feed)
        feeder.start()
        try:
            eventually(lambda: self.waiting() >= SPEAKERS * AHEAD - 1, what="the workers are busy")
            yield
        finally:
            over.set()
            feeder.join()


@contextmanager
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as folder, TelegramService() as telegram:
        house = Stack(Path(folder), LEASE_SECONDS="10", LOG_LEVEL="warning", **telegram.environment())
        try:
            house.start(bots=True)
            telegram.wait_polled()
            yield Scene(telegram, house)
        finally:
            house.stop()


def measure_acknowledgements(at: Scene, messages: int) -> None:
    for number in range(3):
        at.acknowledged(number, to_the_end=True)
    numbers = iter(range(1000, 100_000))
    # Rest, work, rest: a machine that grows busier would else speak against the second.
    idle = [at.acknowledged(next(numbers), to_the_end=True) for _ in range(messages // 2)]
    with at.busy():
        busy = [at.acknowledged(next(numbers), to_the_end=False) for _ in range(messages)]
    eventually(lambda: not at.waiting(), what="the workers are at rest again", seconds=300)
    idle += [at.acknowledged(next(numbers), to_the_end=True) for _ in range(messages - messages // 2)]
    for name, seconds in (("at rest", idle), ("workers saturated", busy)):
        p50, p95 = percentile(seconds, 50), percentile(seconds, 95)
        print(f"acknowledged, {name}: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms of {len(seconds)}")
    say(
        "acknowledgement p95, workers saturated against at rest", percentile(busy, 95) / percentile(idle, 95), at_most=3
    )


def measure_voice(at: Scene, notes: int) -> None:
    """End to end against the bare engine in this process, in turns."""
    data, seconds = spoken()
    user = at.telegram.add_user("花子")
    with tempfile.TemporaryDirectory() as folder:
        engine = Whisper("base", folder=Path(folder))
        bare(engine, data)
        at.heard(user, data, seconds=seconds)
        alone, whole = [], []
        for _ in range(notes):
            alone.append(bare(engine, data))
            whole.append(at.heard(user, data, seconds=seconds))
    for name, found in (("bare engine", alone), ("message to words", whole)):
        print(f"voice note of {seconds:.1f} s, {name}: median {percentile(found, 50):.2f} s of {notes}")
    ratio = percentile([one / other for one, other in zip(whole, alone, strict=True)], 50)
    say("a voice note end to end against the bare engine", ratio, at_most=1.3)


def bare(engine: Whisper, data: bytes) -> float:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        started = time.perf_counter()
        kind = sniff(file)
        assert kind is not None
        heard = engine.transcribe(Recording(file, kind, field="recording", max_seconds=60))
        assert heard.text
        return time.perf_counter() - started


def spoken() -> tuple[bytes, float]:
    """Return a sentence in the house's own voice as a voice note, and its length."""
    engine, encoder = OpenJTalk(), open_encoder("opus", credit="")
    made = io.BytesIO()
    samples = 0
    for part in engine.synthesize(engine.plan(SENTENCE, voice="mei_normal")):
        made.write(encoder.feed(part))
        samples += len(part)
    made.write(encoder.finish())
    return encoder.finalise(made.getvalue()), samples / 48_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=60, help="at rest, and as many beside busy workers")
    parser.add_argument("--notes", type=int, default=10, help="voice notes; 0: none")
    chosen = parser.parse_args()
    with scene() as at:
        measure_acknowledgements(at, chosen.messages)
        if chosen.notes:
            measure_voice(at, chosen.notes)
