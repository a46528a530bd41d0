"""Ten guilds that talk: message to first sound, against what the bare engine needs for the first breath group.

The rhythm is a lively text channel's: eight or nine sentences a minute in each guild, of 2 to 5 s of sound, every 7 s
give or take a seventh, so that one is over before the next is written and nobody waits for a turn; the guilds know
nothing of each other. Together some 86 sentences a minute, 1.4 a second.

What that asks of the machine is printed: the cores that the house used, what one sentence cost, and how many a second
this machine could make of them. With the machine busy otherwise, messages wait for a core and not for the house: read
the ratio beside the free cores. Takes two and a half minutes.
"""

import heapq
import itertools
import os
import random
import statistics
import time

import psutil

from tests.benchmarks.discord_latency import SENTENCES, bare, engine, latency
from tests.benchmarks.discord_scene import Place, Scene
from tests.benchmarks.rounds import line, percentile
from tests.benchmarks.table import say

GUILDS, TALK_SECONDS, EVERY_SECONDS, SPREAD = 10, 84.0, 7.0, 0.15
# The longest would still be said when the next is written.
SPOKEN = [sentence for sentence in SENTENCES if len(sentence) < 30]
CORES = os.cpu_count() or 1


def measure(scene: Scene) -> None:
    engine.load()
    places = [scene.place(f"話{number}") for number in range(GUILDS)]
    scene.settings(reads_names=False, reads_arrivals=False)
    numbers = itertools.count(100)
    for place in places:  # every worker has spoken, everything is warm
        scene.say(place, "こんばんは")
    for place in places:
        scene.wait_at_rest(place, seconds=30)
    synthesis = _bare(numbers)
    rest = [latency(scene, places[0], sentence.format(next(numbers))) for sentence in SPOKEN]
    for place in places:
        scene.discord.forget_heard(place.guild)
        place.sent.clear()

    before = _worked(scene)
    _talk(scene, places, numbers)
    house, machine = (after - old for after, old in zip(_worked(scene), before, strict=True))
    found = [seconds for place in places for seconds in _latencies(scene, place)]
    synthesis += _bare(numbers)
    _tell(found, sum(len(place.sent) for place in places), house, machine)
    _judge(found, rest, synthesis)


def _bare(numbers: "itertools.count[int]") -> list[float]:
    """Return how long the first breath group of each sentence took, in this process."""
    found = []
    for sentence in SPOKEN * 2:
        text, began = sentence.format(next(numbers)), time.perf_counter()
        bare(text)
        found.append(time.perf_counter() - began)
    return found


def _talk(scene: Scene, places: list[Place], numbers: "itertools.count[int]") -> None:
    dice, began = random.Random(4), time.monotonic()
    due = [(began + dice.uniform(0, EVERY_SECONDS), number) for number in range(len(places))]
    heapq.heapify(due)
    while due[0][0] < began + TALK_SECONDS:
        moment, number = heapq.heappop(due)
        time.sleep(max(moment - time.monotonic(), 0))
        scene.say(places[number], dice.choice(SPOKEN).format(next(numbers)))
        heapq.heappush(due, (moment + EVERY_SECONDS * dice.uniform(1 - SPREAD, 1 + SPREAD), number))


def _worked(scene: Scene) -> tuple[float, float]:
    """Return the CPU seconds so far: of the house's processes, and of the whole machine."""
    own = [process.cpu_times() for process in scene.house.processes()]
    whole = psutil.cpu_times()
    return sum(one.user + one.system for one in own), whole.user + whole.nice + whole.system


def _latencies(scene: Scene, place: Place) -> list[float]:
    scene.wait_at_rest(place, seconds=20)
    starts = scene.started(place)
    return [starts[sent.id] - sent.sent_at for sent in place.sent if sent.id in starts]


def _tell(found: list[float], written: int, house: float, machine: float) -> None:
    cost = house / max(written, 1)
    print(
        f"{GUILDS} guilds, a sentence every {EVERY_SECONDS:.0f} s each, {TALK_SECONDS:.0f} s: "
        f"{len(found)} of {written} messages heard"
    )
    print(
        f"  of {CORES} cores the house used {house / TALK_SECONDS:.2f}, the whole machine "
        f"{machine / TALK_SECONDS:.2f}; utilisation {machine / TALK_SECONDS / CORES:.0%}"
    )
    print(
        f"  a sentence cost the house {cost:.2f} s CPU: {CORES} cores make {CORES / cost:.1f} a second of them, "
        f"{written / TALK_SECONDS:.1f} were asked for"
    )


def _judge(found: list[float], rest: list[float], synthesis: list[float]) -> None:
    print(line("first breath group, bare engine and encoder", synthesis))
    print(line("message to first sound, one guild at rest", rest))
    print(line(f"message to first sound, {GUILDS} guilds", found))
    p50, p95 = statistics.median(found), percentile(found, 95)
    print(f"  p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest {max(found) * 1000:.0f} ms")
    say("p95 / bare, p50", p95 / statistics.median(synthesis), at_most=3)
