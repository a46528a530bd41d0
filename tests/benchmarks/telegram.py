"""The Telegram bot in the real house: acknowledgements at rest and beside busy workers; a voice note end to end.

A voice note is measured from its arrival at Telegram until its words stand in the chat, in turns with the same file in
faster-whisper's own call (bare_whisper.py), and told apart by what the rows say.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

from bots.telegram import pace
from tests.benchmarks.bare_whisper import Bare
from tests.benchmarks.rounds import percentile
from tests.benchmarks.table import say
from tests.engines.recordings import RATE_HZ, said, spoken
from tests.faults import rows
from tests.flows.house import Stack, eventually
from tests.telegram_service.client import Telegram, User
from tests.telegram_service.service import TelegramService

# Two and a half seconds of sound and as much of work each on a busy core; the number keeps the cache out of it.
LONG = "{}回目の長い話です。" + "山のふもとの小さな村に、働き者の若者が住んでいました。" * 8
# 3.2 s of sound.
SENTENCE = "今日の会議は午後三時からです。"
# Until every worker has opened its model.
WARM_UP = 4
PARTS = (
    "taken in: the update and the message are rows",
    "fetched, looked into, its task stored",
    "waited for a worker",
    "heard",
    "the delivery of the words begun",
    "the words stand there",
)
MOMENTS = """
SELECT message.created_at, task.created_at, task.started_at, task.completed_at, attempt.started_at
FROM telegram_message AS message
JOIN telegram_part AS part ON part.message_id = message.id AND part.role = 'hear'
JOIN jobs_task AS task ON task.id = part.task_id
JOIN delivery_delivery AS delivery ON delivery.task_id = task.id
JOIN delivery_attempt AS attempt ON attempt.delivery_id = delivery.id AND attempt.outcome = 'sent'
WHERE message.chat_id = {chat} AND message.message_id = {message}
"""
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

    def heard(self, user: User, data: bytes, *, seconds: float) -> list[float]:
        """Return the seconds of each of PARTS, from a voice note to its words."""
        sent = self.telegram.send_voice(user, data, seconds=seconds)
        answer = self.telegram.wait_answer(user, to=sent, has="📝", seconds=120)
        # Telegram takes one message a second in a chat, and the next note is a case of its own.
        over = time.monotonic() + 2 * pace.EDIT_SECONDS
        eventually(lambda: time.monotonic() > over, what="the chat is at rest")
        sql = MOMENTS.format(chat=sent.chat, message=sent.id)
        found = eventually(lambda: rows.read(self.house.home, self.house.database_url, sql), what="it is noted as sent")
        # The stand-in tells monotonic times, the rows tell the clock's.
        ahead = time.time() - time.monotonic()
        between = [_seconds(each) - ahead for each in found[0]]
        moments = [sent.sent_at, *between, answer.edits[-1][0]]
        return [later - earlier for earlier, later in pairwise(moments)]

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
    """End to end against the bare engine in a process of its own, in turns."""
    data, seconds = said(SENTENCE), len(spoken(SENTENCE)) / RATE_HZ
    user = at.telegram.add_user("花子")
    for _ in range(WARM_UP):
        at.heard(user, data, seconds=seconds)
    with tempfile.NamedTemporaryFile(suffix=".ogg") as file, Bare(at.house.home / "models") as bare:
        file.write(data)
        file.flush()
        place = Path(file.name)
        for _ in range(2):
            bare.hear(place)
        alone, whole = [], []
        for _ in range(notes):
            alone.append(bare.hear(place))
            whole.append(at.heard(user, data, seconds=seconds))
    totals = [sum(parts) for parts in whole]
    for name, found in (("bare engine", alone), ("message to words", totals)):
        print(f"voice note of {seconds:.1f} s, {name}: median {percentile(found, 50):.2f} s of {notes}")
    for number, name in enumerate(PARTS):
        print(f"  {percentile([parts[number] for parts in whole], 50) * 1000:6.0f} ms  {name}")
    ratio = percentile([one / other for one, other in zip(totals, alone, strict=True)], 50)
    say("a voice note end to end against the bare engine", ratio, at_most=1.3)


def _seconds(moment: Any) -> float:
    """Return seconds since 1970 of what a database gave: SQLite stores UTC as text."""
    found = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=60, help="at rest, and as many beside busy workers; 0: none")
    parser.add_argument("--notes", type=int, default=10, help="voice notes; 0: none")
    chosen = parser.parse_args()
    with scene() as at:
        if chosen.messages:
            measure_acknowledgements(at, chosen.messages)
        if chosen.notes:
            measure_voice(at, chosen.notes)
