"""The voice server: websocket version 8 over TLS, for every guild; its UDP side is udp.py.

Handshake as Discord's: HELLO, IDENTIFY, READY, IP discovery, SELECT_PROTOCOL, SESSION_DESCRIPTION, SPEAKING. Packets
are kept as they came (recording.py), DAVE is dave.py's. Used by service.py and voice_states.py.
"""

import asyncio
import json
import secrets
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_service.dave import INVALID, TRANSITION_READY, Group
from tests.discord_service.mls import ExternalSender
from tests.discord_service.recording import SILENCE, Recording, Track, seal
from tests.discord_service.udp import Receiver
from tests.discord_service.world import Guild, World

IDENTIFY, SELECT_PROTOCOL, READY, HEARTBEAT, SESSION_DESCRIPTION, SPEAKING, HEARTBEAT_ACK, RESUME, HELLO, RESUMED = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
)  # fmt: skip
MODE = "aead_xchacha20_poly1305_rtpsize"
MODES = ["aead_aes256_gcm_rtpsize", MODE]
HEARTBEAT_INTERVAL_MS = 13_750


@dataclass
class VoiceSession:
    """One IDENTIFY of the bot to the voice server, over its connections. sent: (sequence, frame), for RESUME."""

    guild_id: int
    channel_id: int
    user_id: int
    session_id: str
    token: str
    track: Track
    socket: web.WebSocketResponse | None = None
    max_dave: int = 0
    sequence: int = -1
    sent: list[tuple[int, str | bytes]] = field(default_factory=list)
    heartbeats: int = 0
    is_described: bool = False  # the bot has its key
    group: Group | None = None  # of DAVE

    async def send(self, code: int, data: Any) -> None:
        """Send JSON with the next sequence number of version 8."""
        self.sequence += 1
        await self._send(json.dumps({"op": code, "d": data, "seq": self.sequence}))

    async def send_binary(self, code: int, data: bytes) -> None:
        self.sequence += 1
        await self._send(struct.pack(">HB", self.sequence, code) + data)

    async def _send(self, frame: str | bytes) -> None:
        self.sent.append((self.sequence, frame))
        await self.send_again(frame)

    async def send_again(self, frame: str | bytes) -> None:
        if self.socket is not None and not self.socket.closed:
            with suppress(ConnectionError):  # just gone: it is sent again if the session is resumed
                await (self.socket.send_str(frame) if isinstance(frame, str) else self.socket.send_bytes(frame))

    async def close(self, code: int) -> None:
        if self.socket is not None:
            await self.socket.close(code=code)


class VoiceServer:
    def __init__(self, world: World, *, host: str, max_dave: int, require_dave: bool) -> None:
        self.world = world
        self.sender = ExternalSender()
        self.max_dave = max_dave
        self.require_dave = require_dave
        self.endpoint = ""
        self.expected: dict[str, VoiceSession] = {}  # by token
        self.current: dict[int, VoiceSession] = {}  # by guild
        self.recordings: dict[int, Recording] = {}
        self.udp = Receiver(host)
        self.identified = 0
        self.resumed = 0
        self._ssrc = 1000
        self._settling: set[asyncio.Task[None]] = set()  # kept from the garbage collector

    # What the gateway's side tells

    def expect(self, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        """Return the token for an IDENTIFY that is to come."""
        token = secrets.token_hex(12)
        self._ssrc += 1
        track = Track(self._ssrc, user_id, secrets.token_bytes(32))
        self.expected[token] = VoiceSession(guild_id, channel_id, user_id, session_id, token, track)
        return token

    def forget(self, guild_id: int) -> None:
        """The bot has left: its tokens of this guild are good no more."""
        self.expected = {token: one for token, one in self.expected.items() if one.guild_id != guild_id}
        self.current.pop(guild_id, None)

    def session(self, guild_id: int) -> VoiceSession | None:
        return self.current.get(guild_id)

    def people_changed(self, guild: Guild) -> None:
        """People came or went: who is to hear the bot's end-to-end encrypted frames may have changed."""
        session = self.current.get(guild.id)
        if session is not None and session.group is not None:
            settling = asyncio.create_task(session.group.settle())
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)

    def _listener(self, session: VoiceSession) -> int | None:
        """Return somebody, not a bot, who is in the bot's channel."""
        states = self.world.guilds[session.guild_id].voice_states.values()
        return next(
            (one.user_id for one in states
             if one.channel_id == session.channel_id and not self.world.users[one.user_id].bot),
            None,
        )  # fmt: skip

    def recording(self, guild_id: int) -> Recording:
        return self.recordings.setdefault(guild_id, Recording())

    # The websocket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"v": 8, "heartbeat_interval": HEARTBEAT_INTERVAL_MS}})
        session: VoiceSession | None = None
        # A bot that was killed is no error of ours.
        with suppress(ConnectionError):
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    session = await self._receive(socket, session, json.loads(frame.data))
                elif frame.type is WSMsgType.BINARY and session is not None and session.group is not None:
                    await session.group.receive_binary(frame.data[0], frame.data[1:])
                if socket.closed:
                    break
        if session is not None and session.socket is socket:
            session.socket = None
        return socket

    async def _receive(
        self, socket: web.WebSocketResponse, session: VoiceSession | None, frame: dict[str, Any]
    ) -> VoiceSession | None:
        code, data = frame["op"], frame["d"]
        if code == HEARTBEAT:
            await socket.send_json({"op": HEARTBEAT_ACK, "d": {"t": data["t"] if isinstance(data, dict) else data}})
            if session is not None:
                session.heartbeats += 1
        elif code == IDENTIFY:
            return await self._identify(socket, data)
        elif code == RESUME:
            return await self._resume(socket, data)
        elif session is None:
            await socket.close(code=4003)
        elif code == SELECT_PROTOCOL:
            await self._describe(session, data)
        elif code == SPEAKING:
            session.track.speaking.append((time.monotonic(), data["speaking"]))
        elif code in (TRANSITION_READY, INVALID) and session.group is not None:
            await session.group.receive(code, data["transition_id"])
        return session

    async def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> VoiceSession | None:
        session = self.expected.get(data["token"])
        if session is None or data["session_id"] != session.session_id:
            await socket.close(code=4006 if session is None else 4004)
            return None
        session.max_dave = data.get("max_dave_protocol_version", 0)
        if self.require_dave and session.max_dave == 0:
            await socket.close(code=4017, message=b"E2EE/DAVE protocol required")
            return None
        session.socket = socket
        self.identified += 1
        self.current[session.guild_id] = session
        self.udp.tracks[session.track.ssrc] = session.track
        self.recording(session.guild_id).tracks.append(session.track)
        host, port = self.udp.address(session.track.ssrc)
        await session.send(READY, {"ssrc": session.track.ssrc, "ip": host, "port": port, "modes": MODES})
        return session

    async def _describe(self, session: VoiceSession, data: dict[str, Any]) -> None:
        if data["data"]["mode"] != MODE:
            await session.close(4016)
            return
        version = min(session.max_dave, self.max_dave)
        key = list(session.track.key)
        await session.send(
            SESSION_DESCRIPTION,
            {"mode": MODE, "secret_key": key, "audio_codec": "opus", "dave_protocol_version": version},
        )
        session.is_described = True
        if version > 0:
            session.group = Group(
                version, session.channel_id, track=session.track, sender=self.sender,
                audience=lambda: self._listener(session), send=session.send, send_binary=session.send_binary,
            )  # fmt: skip
            await session.group.begin()

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> VoiceSession | None:
        session = self.expected.get(data["token"])
        if session is None or self.current.get(session.guild_id) is not session:
            await socket.close(code=4006)
            return None
        session.socket = socket
        self.resumed += 1
        for sequence, frame in session.sent:
            if sequence > data.get("seq_ack", -1):
                await session.send_again(frame)
        await session.send(RESUMED, None)
        return session

    def murmur(self, session: VoiceSession) -> None:
        """Send the bot one packet of silence, as when somebody in the channel breathes."""
        self.udp.send(session.track, seal(SILENCE, session.track.key, ssrc=1))
