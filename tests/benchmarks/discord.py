"""The Discord bot in the real house, heard through a stand-in for Discord: latency, a hundred guilds, faults."""

import argparse

from tests.benchmarks import discord_latency, discord_many, discord_storm, discord_talk
from tests.benchmarks.discord_scene import scene

PARTS = ("latency", "talk", "skip", "restart", "many", "storm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--rounds", type=int, default=30, help="sentences at rest")
    parser.add_argument("--guilds", type=int, default=100, help="that speak at once")
    parser.add_argument("--messages", type=int, default=200, help="of each of 5 guilds in the storm")
    parser.add_argument("--stacks", default="", help="file: where the loop of a hundred guilds was when it was late")
    chosen = parser.parse_args()
    parts = set(chosen.parts or PARTS)
    if not parts <= set(PARTS):
        parser.error(f"one of: {', '.join(PARTS)}")
    if parts & {"latency", "talk", "skip", "restart"}:
        with scene({}) as quiet:
            if "latency" in parts:
                discord_latency.measure_idle(quiet, chosen.rounds)
            if "talk" in parts:
                discord_talk.measure(quiet)
            if "skip" in parts:
                discord_latency.measure_skip(quiet, 10)
            if "restart" in parts:
                discord_latency.measure_restart(quiet, 3)
    if "many" in parts:
        discord_many.measure(chosen.guilds, stacks=chosen.stacks)
    if "storm" in parts:
        discord_storm.measure(guilds=5, messages=chosen.messages, kills=20)
