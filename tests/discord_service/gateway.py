"""The gateway: who is connected, what he is told, and what he missed while away.

JSON text, never compressed: Discord may answer so, whatever a client asks for. Each connection has one queue, so
events leave in the order they were dispatched. Used by service.py (the door), rest.py and control.py (events).
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_service import payloads
from tests.discord_service.world import World

DISPATCH, HEARTBEAT, IDENTIFY, VOICE_STATE, RESUME, RECONNECT, REQUEST_MEMBERS, INVALID, HELLO, ACK = (
    0, 1, 2, 4, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
GUILDS, MEMBERS, VOICE_STATES, MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 1, 1 << 7, 1 << 9, 1 << 15
HEARTBEAT_INTERVAL_MS = 41_250
KEPT_FOR_RESUME = 10_000


@dataclass
class Session:
    """One IDENTIFY and what follows, over any number of connections. sent: (sequence, text), for RESUME."""

    id: str
    intents: int
    shard: tuple[int, int]
    socket: web.WebSocketResponse | None = None
    outgoing: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    sequence: int = 0
    sent: list[tuple[int, str]] = field(default_factory=list)
    writer: asyncio.Task[None] | None = None

    def knows(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self.shard[1] == self.shard[0]

    def dispatch(self, event: str, data: Any) -> None:
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "t": event, "s": self.sequence, "d": data})
        self.sent.append((self.sequence, text))
        del self.sent[:-KEPT_FOR_RESUME]
        if self.socket is not None:
            self.outgoing.put_nowait(text)

    def attach(self, socket: web.WebSocketResponse) -> None:
        """Send on this connection from now on; what waits for another is gone with it (`sent` has it)."""
        self.detach()
        self.socket, self.outgoing = socket, asyncio.Queue()
        self.writer = asyncio.create_task(self._write(socket, self.outgoing))

    def detach(self) -> None:
        self.socket = None
        if self.writer is not None:
            self.writer.cancel()

    @staticmethod
    async def _write(socket: web.WebSocketResponse, outgoing: asyncio.Queue[str]) -> None:
        try:
            while True:
                await socket.send_str(await outgoing.get())
        except ConnectionError:
            return  # gone: the reader's side sees it too


class Gateway:
    """All sessions of the one bot. change_voice_state is asked for each op 4 (voice_states.py)."""

    def __init__(self, world: World, *, token: str, url: str, cdn: str) -> None:
        self.world = world
        self.token = token
        self.url = url
        self.cdn = cdn
        self.allowed_intents = -1
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self.change_voice_state: Callable[[Session, dict[str, Any]], Awaitable[None]] | None = None

    # Events, as the rest of the stand-in makes them

    def dispatch(self, event: str, data: Any, *, guild_id: int, intent: int = GUILDS) -> None:
        """Tell every session whose shard has the guild and whose intents ask for it."""
        for session in list(self.sessions.values()):
            if session.knows(guild_id) and session.intents & intent:
                session.dispatch(event, data)

    def dispatch_message(self, event: str, form: dict[str, Any], *, guild_id: int) -> None:
        """As dispatch(), without the text where the message-content intent is missing (own and mentions excepted)."""
        bot = str(self.world.bot.id)
        is_open = form["author"]["id"] == bot or any(one["id"] == bot for one in form["mentions"])
        for session in list(self.sessions.values()):
            if session.knows(guild_id) and session.intents & MESSAGES:
                shown = is_open or session.intents & MESSAGE_CONTENT
                session.dispatch(event, form if shown else payloads.without_content(form))

    def guild_form(self, session: Session, guild_id: int) -> dict[str, Any]:
        return payloads.guild(
            self.world.guilds[guild_id], bot_id=self.world.bot.id, all_members=bool(session.intents & MEMBERS)
        )

    def announce_guild(self, guild_id: int) -> None:
        for session in list(self.sessions.values()):
            if session.knows(guild_id):
                form = self.guild_form(session, guild_id)
                del form["unavailable"]  # a guild the bot has just been added to
                session.dispatch("GUILD_CREATE", form)

    # Faults, as tests ask for them

    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.socket is not None]

    def cut(self) -> int:
        """Drop every connection without a word; their sessions can be resumed."""
        cut = self.connected()
        for session in cut:
            assert session.socket is not None
            transport = session.socket._req.transport if session.socket._req else None
            session.detach()
            if transport is not None:
                transport.abort()
        return len(cut)

    def invalidate(self, *, resumable: bool) -> int:
        """Send INVALID_SESSION to every connection."""
        told = self.connected()
        for session in told:
            session.outgoing.put_nowait(json.dumps({"op": INVALID, "d": resumable}))
            if not resumable:
                del self.sessions[session.id]
        return len(told)

    def ask_to_reconnect(self) -> int:
        for session in self.connected():
            session.outgoing.put_nowait(json.dumps({"op": RECONNECT, "d": None}))
        return len(self.connected())

    # One connection

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_INTERVAL_MS}})
        session: Session | None = None
        # A bot that was killed is no error of ours.
        with suppress(ConnectionError):
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                session = await self._receive(socket, session, json.loads(frame.data))
                if socket.closed:
                    break
        if session is not None and session.socket is socket:
            session.detach()
            if socket.close_code in (1000, 1001):
                self.sessions.pop(session.id, None)  # said goodbye: nothing to resume
        return socket

    async def _receive(
        self, socket: web.WebSocketResponse, session: Session | None, frame: dict[str, Any]
    ) -> Session | None:
        code, data = frame["op"], frame.get("d")
        if code == HEARTBEAT:
            await socket.send_json({"op": ACK})
        elif code == IDENTIFY:
            return await self._identify(socket, data)
        elif code == RESUME:
            return await self._resume(socket, data)
        elif session is None:
            await socket.close(code=4003)
        elif code == VOICE_STATE and self.change_voice_state is not None:
            await self.change_voice_state(session, data)
        elif code == REQUEST_MEMBERS:
            self._send_members(session, data)
        return session

    async def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        if data["token"] != self.token:
            await socket.close(code=4004, message=b"Authentication failed.")
            return None
        if data["intents"] & ~self.allowed_intents:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        session = Session(secrets.token_hex(16), data["intents"], tuple(data.get("shard") or (0, 1)))
        self.sessions[session.id] = session
        self.identified += 1
        session.attach(socket)
        guilds = [guild_id for guild_id in self.world.guilds if session.knows(guild_id)]
        session.dispatch("READY", {
            "v": 10,
            "user": payloads.user(self.world.bot),
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": str(self.world.bot.id), "flags": 0},
        })  # fmt: skip
        for guild_id in guilds:
            session.dispatch("GUILD_CREATE", self.guild_form(session, guild_id))
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        oldest = session.sent[0][0] if session and session.sent else 1
        if session is None or data["token"] != self.token or data["seq"] + 1 < oldest:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        session.attach(socket)
        for sequence, text in session.sent:
            if sequence > data["seq"]:
                session.outgoing.put_nowait(text)
        session.dispatch("RESUMED", {"_trace": []})
        self.resumed += 1
        return session

    def _send_members(self, session: Session, data: dict[str, Any]) -> None:
        guild = self.world.guilds[int(data["guild_id"])]
        wanted = data.get("user_ids")
        keys = {int(key) for key in wanted} if wanted else set(guild.members)
        prefix = (data.get("query") or "").casefold()
        found = [
            member for key, member in guild.members.items()
            if key in keys and (member.nick or member.user.username).casefold().startswith(prefix)
        ]  # fmt: skip
        session.dispatch("GUILD_MEMBERS_CHUNK", {
            "guild_id": str(guild.id),
            "members": [payloads.member(one) for one in found[: data.get("limit") or None]],
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": data.get("nonce"),
        })  # fmt: skip
