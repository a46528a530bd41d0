"""Guilds that talk while tasks fail and workers are killed: all is said once, in order, or left out for a reason.

storm() runs it in a scene of the caller's and returns a Verdict. Called by measure(), and by tests/flows with less.
"""

import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from tests.benchmarks.discord_scene import Place, Row, Scene, open_rows, scene
from tests.benchmarks.failing import AWAY, REFUSED
from tests.benchmarks.table import say
from tests.faults import rows

PEOPLE = 3
# Of the messages: 8 % are refused by the speech function, of 2 % the engine is away through all retries.
DOOM = {0: REFUSED, 11: REFUSED, 22: REFUSED, 33: REFUSED, 44: AWAY}
DOOM_OF = 50
WORDS = ("雪が降りそう", "電車が来た", "先に始めよう", "すぐ行くよ", "どの路線かな", "お腹が空いた")
# A guild in which nothing changes for so long has stopped.
STUCK_SECONDS = 60.0
GATHER_SECONDS = 10.0
# A kill waits this long for a worker that is at work; then it takes any.
AIM_SECONDS = 1.0
# So that nothing is left out for its number or its age: what is lost was lost by a fault.
ENVIRONMENT = {
    "KOEBAKO_FAILING_SPEECH": "1",
    "DISCORD_MEMBER_UTTERANCES": "1000",
    "DISCORD_LATE_SECONDS": "3600",
}


@dataclass
class Verdict:
    """
    ends: by state and reason. unknown: messages without a row. inversions: heard after a later one.
    repeats: heard twice from the start. unheard: played as it is stored, but never heard. lost_frames: by RTP.
    """

    messages: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    stuck_guilds: int = 0
    inversions: int = 0
    repeats: int = 0
    unheard: int = 0
    lost_frames: int = 0
    heard: int = 0
    killed_at_work: int = 0
    kills: int = 0


@contextmanager
def stormy(**environment: str) -> Iterator[Scene]:
    with scene(environment=ENVIRONMENT | environment) as rough:
        yield rough


def storm(rough: Scene, *, guilds: int, messages: int, kills: int, every_seconds: float) -> Verdict:
    """Let every guild write `messages`, one every `every_seconds`, kill workers meanwhile; return what became of it."""
    places = [rough.place(f"嵐{number}", people=PEOPLE) for number in range(guilds)]
    rough.settings(max_waiting=100, reads_names=False, reads_arrivals=False, speed=1.3)
    dice, verdict = random.Random(7), Verdict()
    began = gathered = time.monotonic()
    whole = messages * every_seconds
    blows = [began + whole * (number + 0.5) / kills for number in range(kills)]
    for number in range(messages):
        for index, place in enumerate(places):
            time.sleep(max(began + (number + index / guilds) * every_seconds - time.monotonic(), 0))
            while blows and time.monotonic() >= blows[0]:
                blows.pop(0)
                _kill(rough, dice, verdict)
            rough.say(place, _text(number, dice), person=dice.randrange(PEOPLE))
        if time.monotonic() - gathered > GATHER_SECONDS:
            gathered = time.monotonic()
            for place in places:
                rough.gather(place)
    for place in places:
        _judge(rough, place, rough.wait_at_rest(place, seconds=STUCK_SECONDS), verdict)
    return verdict


def _text(number: int, dice: random.Random) -> str:
    return f"{number}、{DOOM.get(number % DOOM_OF) or dice.choice(WORDS)}"


def _kill(rough: Scene, dice: random.Random, verdict: Verdict) -> None:
    """kill -9 of a worker that runs a task if one does within a moment, else of any."""
    house, until = rough.house, time.monotonic() + AIM_SECONDS
    victim = 0
    while not victim and time.monotonic() < until:
        found = rows.read(house.home, house.database_url, "SELECT worker FROM jobs_task WHERE status = 'processing'")
        victim = next((int(worker.split(":")[2]) for (worker,) in found if worker), 0)
    verdict.killed_at_work += bool(victim)
    workers = [worker.pid for worker in house.workers()]
    if not victim and workers:
        victim = dice.choice(workers)
    if victim in workers:
        try:
            psutil.Process(victim).send_signal(signal.SIGKILL)
            verdict.kills += 1
        except psutil.NoSuchProcess:
            return


def _judge(rough: Scene, place: Place, found: list[Row], verdict: Verdict) -> None:
    of_message = {row.message_id: row for row in found}
    verdict.messages += len(place.sent)
    verdict.unknown += sum(sent.id not in of_message for sent in place.sent)
    verdict.ends.update(" ".join(filter(None, (row.state, row.reason))) for row in found)
    verdict.stuck_guilds += bool(open_rows(found))
    positions = {row.task: row.position for row in found if row.task}
    heard = rough.heard(place)
    order = [positions[one.name] for one in heard]
    verdict.heard += len(set(order))
    verdict.inversions += sum(later < before for before, later in itertools.pairwise(order))
    starts = Counter(one.name for one in heard if one.from_packet == 0)
    verdict.repeats += sum(count - 1 for count in starts.values())
    said = {row.task for row in found if row.state == "played"}
    verdict.unheard += len(said - {one.name for one in heard})
    verdict.lost_frames += int(rough.discord.voice_counts(place.guild)["lost"])


def measure(*, guilds: int, messages: int, kills: int) -> None:
    with stormy() as rough:
        verdict = storm(rough, guilds=guilds, messages=messages, kills=kills, every_seconds=1.0)
    print(f"{guilds} guilds x {messages} messages, 10 % of the tasks fail, {verdict.kills} workers killed,"
          f" {verdict.killed_at_work} of them at work")  # fmt: skip
    for end, count in verdict.ends.most_common():
        print(f"  {end}: {count}")
    print(f"  {verdict.heard} utterances heard, {verdict.lost_frames} frames lost")
    say("order inversions", verdict.inversions, at_most=0)
    say("guilds that stand still", verdict.stuck_guilds, at_most=0)
    say("messages without a row", verdict.unknown, at_most=0)
    say("messages said twice", verdict.repeats, at_most=0)
    say("played, as it is stored, and not heard", verdict.unheard, at_most=0)
