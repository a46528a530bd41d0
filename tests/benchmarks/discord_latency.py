"""Message to first sound of one guild at rest; `/skip`; and after kill -9 of the bot. Ten guilds: discord_talk.py."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

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


def measure_idle(scene: Scene, rounds: int) -> None:
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
