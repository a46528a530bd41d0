"""Message to first sound: of one guild at rest, of ten that talk at once; `/skip`; and after kill -9 of the bot."""

import heapq
import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from jobs.engines.speech.encoding import open_encoder
from jobs.engines.speech.openjtalk import OpenJTalk
from tests.benchmarks.discord_scene import Place, Scene, wait_idle
from tests.benchmarks.rounds import interleaved, line, percentile
from tests.benchmarks.table import say
from tests.discord_service.client import Discord, Guild, User
from tests.discord_service.service import DiscordService
from tests.flows.house import ROOT, eventually

# 10 to 40 characters; the number keeps each sentence new to the cache.
SENTENCES = (
    "{:03d}番の会議は三時からです",
    "{:03d}回目ですが、今日はとても寒いですね",
    "荷物が{:03d}個届いたので、あとで一緒に片付けましょう",
    "{:03d}号室の鍵はどこですか",
    "さっきの話ですが、{:03d}人くらい集まりそうなので、広い部屋を借りておきます",
    "電車が遅れていて、着くのは{:03d}分くらい後になりそうです",
)
# Ten guilds that talk: 1.5 to 2 s of sound, over before the next is written, so nobody waits for a turn.
SHORT = ("{:03d}番です", "{:03d}円でした", "{:03d}人です")
TALKING, TALK_SECONDS, EVERY_SECONDS = 10, 45.0, 3.0
LOOK_AT_STORY_SECONDS = 0.3
PEOPLE = 3
LONG = "{}回目の長い話です。" + "山のふもとの小さな村に、働き者の若者が住んでいました。" * 3
# A new guild's, as bots/guilds/models/guild.py has it.
PITCH_SEMITONES = -5.0

engine = OpenJTalk()


def bare(text: str) -> bytes:
    """Make and encode the first breath group in this process."""
    script = engine.plan(text, voice="mei_normal")
    return open_encoder("opus").feed(next(iter(engine.synthesize(script, pitch_semitones=PITCH_SEMITONES))))


def whole(text: str) -> bytes:
    encoder = open_encoder("opus")
    data = b"".join(encoder.feed(part) for part in engine.synthesize(engine.plan(text, voice="mei_normal")))
    return data + encoder.finish()


class Floor:
    """A ready clip, played on a message by the same classes of the bot."""

    def __init__(self, discord: Discord, guild: Guild, hana: User) -> None:
        self.discord, self.guild, self.hana = discord, guild, hana

    def latency(self) -> float:
        self.discord.forget_heard(self.guild)
        sent = self.discord.say(self.hana, self.guild["chat"], "鳴って")
        return wait_idle(self.discord, self.guild)[0].started_at - sent.sent_at


@contextmanager
def floor(scene: Scene) -> Iterator[Floor]:
    clip = scene.house.home / "floor.ogg"
    clip.write_bytes(whole("はい。"))
    with DiscordService() as discord:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.discord_floor", clip],
            cwd=ROOT, env=scene.house.environment | discord.environment(), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            discord.wait_connected()
            guild, hana = discord.add_guild("床"), discord.add_user("花子")
            discord.enter(hana, guild["lounge"])
            discord.wait_in_voice(guild)
            yield Floor(discord, guild, hana)
        finally:
            process.terminate()
            process.wait(timeout=20)


def latency(scene: Scene, place: Place, text: str) -> float:
    scene.discord.forget_heard(place.guild)
    sent = scene.say(place, text)
    return wait_idle(scene.discord, place.guild)[0].started_at - sent.sent_at


def measure_idle(scene: Scene, rounds: int) -> tuple[float, float]:
    """Print the first figure; return p50 of the house's bot and of the floor, in seconds."""
    engine.load()
    place = scene.place("静か")
    texts = [SENTENCES[number % len(SENTENCES)].format(number + 100) for number in range(rounds + 4)]
    own: list[float] = []
    floors: list[float] = []
    with floor(scene) as ground:
        for text in texts[rounds:]:  # every worker has spoken once, everything is warm
            latency(scene, place, text)
            ground.latency()
            bare(text)
        seconds = interleaved(
            rounds,
            bare=lambda n: bare(texts[n]),
            own=lambda n: own.append(latency(scene, place, texts[n])),
            floor=lambda n: floors.append(ground.latency()),
        )
    print(line("first breath group, bare engine and encoder", seconds["bare"]))
    print(line("message to first sound, floor", floors))
    print(line("message to first sound, the house", own))
    print(
        f"  p95 of the house {percentile(own, 95) * 1000:.0f} ms, of the floor {percentile(floors, 95) * 1000:.0f} ms"
    )
    above = statistics.median(own) - statistics.median(floors)
    say(f"(house - floor = {above * 1000:.0f} ms) / bare, p50", above / statistics.median(seconds["bare"]), at_most=1.3)
    return statistics.median(own), statistics.median(floors)


def measure_talk(scene: Scene, idle: float, ground: float) -> None:
    """Ten guilds, each with a sentence every few seconds. idle, ground: p50 at rest, of house and floor."""
    places = [scene.place(f"話{number}") for number in range(TALKING)]
    alone = []
    for number, place in enumerate(places):
        latency(scene, place, "こんばんは")  # the speaker's name is said once
        alone.append(latency(scene, place, SHORT[number % len(SHORT)].format(number + 900)))
        scene.discord.forget_heard(place.guild)
        place.sent.clear()
    dice, numbers = random.Random(4), itertools.count(100)
    before, began = _worked(scene), time.monotonic()
    due = [(began + dice.uniform(0, EVERY_SECONDS), number) for number in range(TALKING)]
    heapq.heapify(due)
    while due[0][0] < began + TALK_SECONDS:
        moment, number = heapq.heappop(due)
        time.sleep(max(moment - time.monotonic(), 0))
        scene.say(places[number], dice.choice(SHORT).format(next(numbers)))
        heapq.heappush(due, (moment + EVERY_SECONDS * dice.uniform(0.85, 1.15), number))
    house, machine = (after - old for after, old in zip(_worked(scene), before, strict=True))
    found = [seconds for place in places for seconds in _latencies(scene, place)]
    written = sum(len(place.sent) for place in places)
    print(f"{TALKING} guilds: {len(found)} of {written} messages heard in {TALK_SECONDS:.0f} s")
    # With less than that free, messages wait for a core and not for the house.
    print(f"  cores used: by the house {house / TALK_SECONDS:.2f}, by the whole machine {machine / TALK_SECONDS:.2f}")
    print(line(f"message to first sound, {TALKING} guilds", found))
    p95 = percentile(found, 95)
    print(f"  p95 {p95 * 1000:.0f} ms, longest {max(found) * 1000:.0f} ms")
    say("p95 / p50 at rest, each above the floor", (p95 - ground) / (idle - ground), at_most=3)
    short = statistics.median(alone)
    print(
        f"  against p50 of such short sentences at rest, {short * 1000:.0f} ms: {(p95 - ground) / (short - ground):.2f}"
    )


def _worked(scene: Scene) -> tuple[float, float]:
    """Return the CPU seconds so far: of the house's processes, and of the whole machine."""
    own = [process.cpu_times() for process in scene.house.processes()]
    whole = psutil.cpu_times()
    return sum(one.user + one.system for one in own), whole.user + whole.nice + whole.system


def _latencies(scene: Scene, place: Place) -> list[float]:
    scene.wait_at_rest(place, seconds=20)
    starts = scene.started(place)
    return [starts[sent.id] - sent.sent_at for sent in place.sent if sent.id in starts]


def measure_skip(scene: Scene, tries: int) -> None:
    place = scene.place("飛ばす", people=PEOPLE)
    seconds = []
    for number in range(tries):
        scene.discord.forget_heard(place.guild)
        scene.say(place, LONG.format(number + 1))
        eventually(lambda: scene.discord.clips(place.guild), what="the story has begun", every=LOOK_AT_STORY_SECONDS)
        asked = time.monotonic()
        # Each asks seldom enough for the bot's limit on commands.
        scene.discord.slash(place.people[number % PEOPLE], "skip", channel=place.chat)
        seconds.append(wait_idle(scene.discord, place.guild)[-1].ended_at - asked)
    print(line(f"/skip to silence, {tries} tries", seconds))
    say("/skip to silence, the slowest", max(seconds) * 1000, at_most=100, unit=" ms")


def measure_restart(scene: Scene, tries: int) -> None:
    """kill -9 of the bot, then somebody speaks every half second: when is the first of it heard?"""
    place = scene.place("再開")
    seconds, lost = [], []
    for number in range(tries):
        latency(scene, place, f"{number}回目の前です")
        scene.discord.forget_heard(place.guild)
        place.sent.clear()
        killed = time.monotonic()
        os.kill(scene.bot().pid, signal.SIGKILL)
        while not scene.discord.clips(place.guild):
            scene.say(place, f"{number}の{len(place.sent)}です")
            time.sleep(0.5)
        clip = scene.discord.clips(place.guild)[0]
        seconds.append(clip.started_at - killed)
        found = scene.wait_at_rest(place, seconds=5)
        lost.append(len({sent.id for sent in place.sent} - {row.message_id for row in found}))
        wait_idle(scene.discord, place.guild)
    print(line(f"kill -9 of the bot to speaking again, {tries} tries", seconds))
    print(f"  messages written meanwhile that the bot never saw: {lost}")
    say("kill -9 of the bot to speaking again, the slowest", max(seconds), at_most=15, unit=" s")
