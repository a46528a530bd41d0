"""The control door's second half: looking at what there is, and making faults. See control.py, which serves it."""

import base64
from typing import Any

from tests.discord_service import payloads
from tests.discord_service.command_options import Unknown
from tests.discord_service.interactions import EPHEMERAL
from tests.discord_service.rest import Rest
from tests.discord_service.voice_states import VoiceStates
from tests.discord_service.world import Channel, Message

Json = dict[str, Any]


class Overseer:
    """What an administrator, and Discord's own operators, see and do."""

    def __init__(self, rest: Rest, voice_states: VoiceStates) -> None:
        self.rest = rest
        self.world = rest.world
        self.gateway = rest.gateway
        self.interactions = rest.interactions
        self.voice_states = voice_states
        self.voice = voice_states.voice

    # Looking

    async def do_messages(self, channel: int) -> list[Json]:
        return [self._shown(message) for message in self.world.messages_in(channel) if not message.flags & EPHEMERAL]

    async def do_answers(self, token: str) -> list[Json]:
        return [self._shown(message) for message in self.interactions.by_token[token].messages]

    async def do_state(self) -> Json:
        """Return counts and settings: who is connected, what was registered, voice states of the bot."""
        bot = self.world.bot.id
        states = {key: one.voice_states[bot] for key, one in self.world.guilds.items() if bot in one.voice_states}
        sessions = self.voice.current.items()
        return {
            "bot": bot,
            "connected": len(self.gateway.connected()),
            "identified": self.gateway.identified,
            "resumed": self.gateway.resumed,
            "voice_asked": self.voice_states.asked,
            "bot_in": {str(key): state.channel_id for key, state in states.items()},
            "suppressed": [key for key, state in states.items() if state.suppress],
            "deaf": [key for key, state in states.items() if state.self_deaf],
            "voice_connected": [key for key, one in sessions if one.socket is not None and one.is_described],
            "voice_identified": self.voice.identified,
            "voice_resumed": self.voice.resumed,
        }

    async def do_commands(self, guild: int | None) -> list[Json]:
        return self.rest.commands.get(guild, [])

    async def do_calls(self) -> list[Json]:
        return self.rest.calls

    async def do_frames(self, guild: int, since: int) -> Json:
        """
        Return the frames heard, from index `since` on, and how often they were forgotten (indexes begin anew then).

        A row: arrived_at, sequence, timestamp, Opus in base64, end to end.
        """
        recording = self.voice.recording(guild)
        rows = [
            [one.arrived_at, one.sequence, one.timestamp, base64.b64encode(one.opus).decode(), one.end_to_end]
            for one in recording.frames()[since:]
        ]
        return {"forgotten": recording.forgotten, "rows": rows}

    async def do_voice_counts(self, guild: int) -> Json:
        return self.voice.recording(guild).counts() | {
            "bad": sum(one.bad for one in self.voice.recording(guild).tracks)
        }

    async def do_dave(self, guild: int) -> Json:
        session = self.voice.session(guild)
        group = session.group if session else None
        if group is None:
            return {"is_heard": False, "commits": 0, "invalid": 0, "epoch": None}
        heard = group.listener is not None
        return {"is_heard": heard, "commits": group.commits, "invalid": group.invalid, "epoch": group.epoch}

    async def do_speaking(self, guild: int) -> list[Any]:
        return [event for track in self.voice.recording(guild).tracks for event in track.speaking]

    async def do_forget_frames(self, guild: int | None) -> None:
        """Drop what was heard so far, of one guild or of all."""
        for key in [guild] if guild else list(self.voice.recordings):
            self.voice.recording(key).forget()

    # Faults

    async def do_move_bot(self, channel: int) -> None:
        self.voice_states.move_bot(self.world.guilds[self._channel(channel).guild_id], channel)

    async def do_kick_bot(self, guild: int) -> None:
        await self.voice_states.kick_bot(self.world.guilds[guild])

    async def do_murmur(self, guild: int) -> None:
        session = self.voice.session(guild)
        if session is None:
            raise Unknown("the bot has no voice connection there")
        self.voice.murmur(session)

    async def do_change_voice_server(self, guild: int) -> None:
        self.voice_states.send_server(self.world.guilds[guild])

    async def do_close_voice(self, guild: int, code: int) -> None:
        session = self.voice.session(guild)
        if session is None:
            raise Unknown("the bot has no voice connection there")
        if code in (4006, 4009):
            self.voice.forget(guild)  # the session is gone: it cannot be resumed
        await session.close(code)

    async def do_cut_gateway(self) -> int:
        return self.gateway.cut()

    async def do_invalidate_session(self, resumable: bool) -> int:
        return self.gateway.invalidate(resumable=resumable)

    async def do_ask_to_reconnect(self) -> int:
        return self.gateway.ask_to_reconnect()

    async def do_limit(self, method: str, path: str, retry_after: float, times: int) -> None:
        self.rest.limits.append({"method": method, "path": path, "retry_after": retry_after, "times": times})

    async def do_allow_intents(self, bits_allowed: int) -> None:
        self.gateway.allowed_intents = bits_allowed

    async def do_require_dave(self, required: bool) -> None:
        self.voice.require_dave = required

    # Parts of the above

    def _channel(self, channel_id: int) -> Channel:
        channel = self.world.channel(channel_id)
        if channel is None:
            raise Unknown(f"no channel {channel_id}")
        return channel

    def _shown(self, message: Message) -> Json:
        form = payloads.message(message, self.world, self.gateway.cdn)
        form["files"] = [
            {"filename": one.filename, "content_type": one.content_type, "data": base64.b64encode(one.data).decode()}
            for one in message.attachments
        ]
        return form | {
            "reacted": [emoji for emoji, _ in message.reactions],
            "allowed_mentions": message.allowed_mentions,
        }
