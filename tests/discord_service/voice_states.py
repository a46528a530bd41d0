"""Who is in which voice channel: the bot by op 4, people and administrators by control.py.

Discord's rules kept: without the permission to connect op 4 is not answered at all; the same channel again from the
same gateway session brings no new voice server; on a stage, or without the permission to speak, one is suppressed.
"""

import secrets
from typing import Any

from tests.discord_service import payloads
from tests.discord_service.gateway import VOICE_STATES, Gateway, Session
from tests.discord_service.voice import VoiceServer
from tests.discord_service.world import PERMISSIONS, STAGE, Channel, Guild, VoiceState, World


class VoiceStates:
    def __init__(self, world: World, gateway: Gateway, voice: VoiceServer) -> None:
        self.world = world
        self.gateway = gateway
        self.voice = voice
        self.asked = 0  # op 4 of the bot
        gateway.change_voice_state = self.asked_by_bot

    async def asked_by_bot(self, session: Session, data: dict[str, Any]) -> None:
        """Do op 4."""
        self.asked += 1
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        bot = self.world.bot.id
        before = guild.voice_states.get(bot)
        if data["channel_id"] is None:
            await self.leave(guild, bot)
            return
        channel = guild.channels.get(int(data["channel_id"]))
        if channel is None or not guild.permissions(bot, channel) & PERMISSIONS["connect"]:
            return
        is_same = before is not None and (before.channel_id, before.session_id) == (channel.id, session.id)
        suppress = before.suppress if is_same and before else self._is_suppressed(guild, channel)
        muted, deaf = bool(data.get("self_mute")), bool(data.get("self_deaf"))
        self._set(guild, VoiceState(bot, channel.id, session.id, muted, deaf, suppress))
        if not is_same:
            self.send_server(guild)

    def _is_suppressed(self, guild: Guild, channel: Channel) -> bool:
        """Nobody hears a bot that may not speak, nor one among a stage's audience."""
        return channel.type == STAGE or not guild.permissions(self.world.bot.id, channel) & PERMISSIONS["speak"]

    def send_server(self, guild: Guild) -> None:
        """Tell the bot its voice server, and a new token for it."""
        state = guild.voice_states[self.world.bot.id]
        session = self.gateway.sessions.get(state.session_id)
        if session is not None:
            token = self.voice.expect(guild.id, state.channel_id, state.user_id, session.id)
            data = {"token": token, "guild_id": str(guild.id), "endpoint": self.voice.endpoint}
            session.dispatch("VOICE_SERVER_UPDATE", data)

    def enter(self, guild: Guild, user_id: int, channel_id: int) -> None:
        """A person comes into a channel, or goes over to another."""
        self._set(guild, VoiceState(user_id, channel_id, secrets.token_hex(16)))

    async def leave(self, guild: Guild, user_id: int) -> None:
        state = guild.voice_states.pop(user_id, None)
        if state is None:
            return
        data = payloads.voice_state(state, guild) | {"channel_id": None}
        self.gateway.dispatch("VOICE_STATE_UPDATE", data, guild_id=guild.id, intent=VOICE_STATES)
        if user_id == self.world.bot.id:
            self.voice.forget(guild.id)
        self.voice.people_changed(guild)

    def move_bot(self, guild: Guild, channel_id: int) -> None:
        """An administrator drags the bot over: new state, new voice server."""
        state = guild.voice_states[self.world.bot.id]
        suppress = self._is_suppressed(guild, guild.channels[channel_id])
        moved = VoiceState(state.user_id, channel_id, state.session_id, state.self_mute, state.self_deaf, suppress)
        self._set(guild, moved)
        self.send_server(guild)

    async def kick_bot(self, guild: Guild) -> None:
        """An administrator disconnects the bot: state without a channel, then the voice websocket closes with 4014."""
        session = self.voice.session(guild.id)
        await self.leave(guild, self.world.bot.id)
        if session is not None:
            await session.close(4014)

    def _set(self, guild: Guild, state: VoiceState) -> None:
        guild.voice_states[state.user_id] = state
        data = payloads.voice_state(state, guild)
        self.gateway.dispatch("VOICE_STATE_UPDATE", data, guild_id=guild.id, intent=VOICE_STATES)
        self.voice.people_changed(guild)
