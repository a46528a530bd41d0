"""A hundred guilds that speak at once, from one bot process: lost frames, CPU, memory, threads, the longest block.

The bot runs in discord_watched.py, a process of the benchmark that looks how late its loop is, and what it computes:
lateness is of the machine too, the CPU time of a callback is the bot's own.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import psutil

from tests.benchmarks.discord_scene import Place, Scene, scene
from tests.benchmarks.rounds import percentile
from tests.benchmarks.table import say
from tests.faults import rows
from tests.flows.house import ROOT, eventually

# From the speech cache, so that workers are no limit; some 16 s, so that all speak at once for most of it.
STORY = "むかしむかし、ある山のふもとの小さな村に、働き者の若者が住んでいました。" * 3
TIMES = 3
# As `up` grants (core/up/prepare.py).
BOT_GRACE_SECONDS = 10
LOOK_SECONDS = 0.25


@dataclass
class Load:
    """One value for each look while all guilds spoke. cpu: seconds per second."""

    cpu: list[float] = field(default_factory=list)
    stand_in: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)


def measure(guilds: int, *, stacks: str = "") -> None:
    with scene({"DISCORD_LATE_SECONDS": "600"}, bots=False) as crowd:
        lags = crowd.house.home / "lags.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.discord_watched", lags, *([stacks] if stacks else [])],
            cwd=ROOT, env=crowd.house.environment,
        )  # fmt: skip
        try:
            crowd.discord.wait_connected()
            eventually(crowd.discord.commands, what="the slash commands are registered")
            places = [crowd.place(f"群{number}") for number in range(guilds)]
            crowd.settings(reads_names=False, reads_arrivals=False)
            crowd.say(places[0], STORY)  # into the cache
            crowd.wait_at_rest(places[0], seconds=60)
            crowd.discord.forget_heard()
            began = time.monotonic()
            load = _speak(crowd, places, psutil.Process(process.pid))
            _tell(crowd, places, load, [json.loads(text) for text in lags.read_text().splitlines()], began)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the bot as `up` does: SIGTERM, and SIGKILL when it takes too long."""
    asked = time.monotonic()
    process.terminate()
    try:
        process.wait(timeout=BOT_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
    say("the bot's stop after SIGTERM", time.monotonic() - asked, at_most=BOT_GRACE_SECONDS, unit=" s")


def _speak(crowd: Scene, places: list[Place], bot: psutil.Process) -> Load:
    """Let every guild hear the story so often, all at once; return what it took while all spoke."""
    stand_in = next(one for one in psutil.Process().children() if "tests.discord_service" in one.cmdline())
    load = Load()
    for _ in range(TIMES):
        since = time.monotonic()
        for place in places:
            crowd.say(place, STORY)
        playing, waiting = 0, len(places)
        before = (time.monotonic(), _cpu(bot), _cpu(stand_in))
        while playing or waiting:
            time.sleep(LOOK_SECONDS)
            playing, waiting = _open(crowd)
            after = (time.monotonic(), _cpu(bot), _cpu(stand_in))
            if playing == len(places):
                span = after[0] - before[0]
                load.cpu.append((after[1] - before[1]) / span)
                load.stand_in.append((after[2] - before[2]) / span)
                load.resident.append(bot.memory_info().rss / 1e6)
                load.threads.append(bot.num_threads())
            before = after
            if time.monotonic() - since > 120:
                raise TimeoutError(f"{playing + waiting} guilds are still speaking")
    return load


def _open(crowd: Scene) -> tuple[int, int]:
    """Return in how many guilds something is being said, and in how many something waits."""
    sql = (
        "SELECT state, COUNT(DISTINCT guild_id) FROM guilds_utterance "
        "WHERE state IN ('playing', 'waiting') GROUP BY state"
    )
    found: dict[str, int] = dict(rows.read(crowd.house.home, crowd.house.database_url, sql))
    return found.get("playing", 0), found.get("waiting", 0)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _tell(crowd: Scene, places: list[Place], load: Load, lags: list[dict[str, Any]], began: float) -> None:
    ended = time.monotonic()
    counts = [crowd.discord.voice_counts(place.guild) for place in places]
    frames = {name: int(sum(one[name] for one in counts)) for name in ("packets", "lost", "disordered", "late", "bad")}
    print(f"{len(places)} guilds, {TIMES} times the same story: {frames}")
    print(f"  longest gap between frames {max(one['longest_gap_ms'] for one in counts):.0f} ms")
    print(
        f"  while all spoke ({len(load.cpu)} looks): stand-in {statistics.median(load.stand_in):.2f} s CPU/s, "
        f"bot RSS {max(load.resident):.0f} MB, {max(load.threads)} threads"
    )
    joining = [one for one in lags if one["at"] < began]
    speaking = [one for one in lags if began <= one["at"] <= ended]
    for what, those in (("while they joined", joining), ("while they spoke", speaking)):
        worst = max(those, key=lambda one: one["worst_ms"])
        over = sum(int(one["over"]) for one in those)
        middle = statistics.median(one["worst_ms"] for one in those)
        print(
            f"  loop {what}: worst {worst['worst_ms']:.0f} ms, of them computing {worst['computing_ms']:.0f}, "
            f"waiting for a core {worst['core_ms']:.0f} (the pacer {worst['pacer_core_ms']:.0f}); "
            f"worst of a second, median {middle:.0f} ms; over 30 ms {over} times in {len(those)} s"
        )
        turn, callback = max(one["turn_ms"] for one in those), max(those, key=lambda one: one["callback_ms"])
        print(
            f"    computing: the longest turn of the loop {turn:.0f} ms, "
            f"the longest callback {callback['callback_ms']:.0f} ms ({callback['callback']}), "
            f"the longest round of the collector {max(one['collector_ms'] for one in those):.0f} ms"
        )
    say("lost frames", frames["lost"], at_most=0)
    say("frames over 60 ms after the one before", frames["late"], at_most=0)
    say("CPU of the bot, p95", percentile(load.cpu, 95), at_most=1, unit=" s/s")
    heaviest = max(one["turn_ms"] for one in speaking)
    say("most computed in one turn of the loop while they spoke", heaviest, at_most=30, unit=" ms")
    # A core that other processes have is not the bot's doing, and on a machine of its own is not missing.
    own = max(one["own_ms"] for one in speaking)
    say("longest block of the loop while they spoke, but for waiting for a core", own, at_most=30, unit=" ms")
