"""The floor under every answer: a bot of the benchmark, in its own process, that has its packets ready.

    python -m tests.benchmarks.discord_floor CLIP.ogg

On a message it hands the clip's packets to the same VoiceLine and PacketSource as the house's bot: what is left is the
stand-in, the gateway, discord.py's player and the 20 ms beat.
"""

import os
import sys
from pathlib import Path

import discord
import django
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


def main() -> None:
    django.setup()
    from bots.discord.voice import VoiceLine
    from jobs.engines.speech.packets import OpusPackets

    packets = OpusPackets().feed(Path(sys.argv[1]).read_bytes())

    class Floor(discord.AutoShardedClient):
        line: VoiceLine | None = None

        async def on_voice_state_update(
            self, member: discord.Member, _before: discord.VoiceState, after: discord.VoiceState
        ) -> None:
            if self.line is None and not member.bot and after.channel is not None:
                self.line = VoiceLine(member.guild.id, find_guild=self.get_guild, put_out=lambda: None)
                await self.line.go(after.channel.id)

        async def on_message(self, _message: discord.Message) -> None:
            if self.line is not None:
                self.line.push(packets)

    intents = discord.Intents.none()
    intents.guilds = intents.voice_states = intents.guild_messages = intents.message_content = True
    Route.BASE = os.environ["DISCORD_API_BASE"]
    DiscordWebSocket.DEFAULT_GATEWAY = URL(os.environ["DISCORD_GATEWAY_URL"])
    Floor(intents=intents).run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
