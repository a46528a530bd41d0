"""DAVE: the end-to-end encrypted group of one voice session, with a listener of our own as the second member.

As with Discord, whoever was there first commits: people before the bot welcome him (opcode 30), a bot who was alone
gets the proposal (27) and commits (28), which is then announced (29). Nobody else in the channel: no second member,
and frames come in the clear. Whitepaper: https://daveprotocol.com. Used by voice.py.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import davey

from tests.discord_service.mls import ExternalSender, split_commit
from tests.discord_service.recording import Track

PREPARE_TRANSITION, EXECUTE, TRANSITION_READY, PREPARE_EPOCH = 21, 22, 23, 24
EXTERNAL_SENDER, KEY_PACKAGE, PROPOSALS, COMMIT_WELCOME, ANNOUNCE_COMMIT, WELCOME, INVALID = 25, 26, 27, 28, 29, 30, 31
APPEND = b"\x00"
# Frames sealed before a change may arrive after it; davey keeps the old keys for 10 s.
IN_FLIGHT_SECONDS = 2.0

SendJson = Callable[[int, object], Awaitable[None]]
SendBinary = Callable[[int, bytes], Awaitable[None]]


class Group:
    """
    The MLS group of a channel, seen from the voice server.

    audience: asked for the id of a person in the channel, None while there is nobody.
    """

    def __init__(
        self,
        version: int,
        channel_id: int,
        *,
        track: Track,
        sender: ExternalSender,
        audience: Callable[[], int | None],
        send: SendJson,
        send_binary: SendBinary,
    ) -> None:
        self.version = version
        self.channel_id = channel_id
        self.track = track
        self.sender = sender
        self.audience = audience
        self.send = send
        self.send_binary = send_binary
        self.listener: davey.DaveSession | None = None
        self.former: davey.DaveSession | None = None  # for frames still on their way when it went
        self.epoch = 0
        self.transition = 0
        self.commits = 0
        self.invalid = 0
        self.has_bot = False
        self._key_package: bytes | None = None  # the bot's, just come
        self._proposed: davey.DaveSession | None = None  # the listener the bot is to add
        self._removing = False
        self._settling = asyncio.Lock()
        track.unwrap = self.unwrap

    async def begin(self) -> None:
        await self.send_binary(EXTERNAL_SENDER, self.sender.package())

    # What the bot sends

    async def receive_binary(self, code: int, data: bytes) -> None:
        """Take opcodes 26 and 28. Raises ValueError for bytes that are neither."""
        if code == KEY_PACKAGE:
            self._proposed, self._removing, self.epoch = None, False, 0
            self._change_listener(None)
            self._key_package = data
            await self.settle()
            self._key_package, self.has_bot = None, True
        elif code == COMMIT_WELCOME:
            await self._committed(data)
            await self.settle()
        else:
            raise ValueError(f"opcode {code} is not the client's")

    async def receive(self, code: int, transition: int) -> None:
        """Take opcodes 23 and 31."""
        if code == TRANSITION_READY:
            await self.send(EXECUTE, {"transition_id": transition})
        elif code == INVALID:
            self.invalid += 1  # a new key package follows, and begins the group anew

    # Who is in it

    async def settle(self) -> None:
        """Bring the group to what the channel is: the listener in it while somebody listens."""
        async with self._settling:
            user_id = self.audience()
            if self._proposed is not None or self._removing:
                return  # the bot's commit is awaited, and comes back here
            if not self.has_bot and self._key_package is None:
                return
            if user_id is not None and self.listener is None:
                await self._add(user_id)
            elif user_id is None and self.listener is not None:
                await self._remove()

    async def _add(self, user_id: int) -> None:
        session = davey.DaveSession(self.version, user_id, self.channel_id)
        session.set_external_sender(self.sender.package())
        if self._key_package is None:
            # The bot was first: the group is his, and he adds the listener.
            self._proposed = session
            proposal = self.sender.add(session.get_serialized_key_package(), group=self.channel_id, epoch=self.epoch)
            await self.send_binary(PROPOSALS, APPEND + proposal)
        else:
            # The listener was first: he adds the bot, who is welcomed.
            proposal = self.sender.add(self._key_package, group=self.channel_id, epoch=0)
            made = session.process_proposals(davey.ProposalsOperationType.append, proposal)
            session.process_commit(made.commit)
            self._change_listener(session)
            await self.send_binary(WELCOME, self._next_transition() + made.welcome)

    async def _remove(self) -> None:
        assert self.listener is not None
        self._removing = True
        leaf = self.listener.own_leaf_index
        proposal = self.sender.remove(leaf, group=self.channel_id, epoch=self.epoch)
        await self.send_binary(PROPOSALS, APPEND + proposal)

    async def _committed(self, data: bytes) -> None:
        """The bot has committed what was proposed: announce it to him, welcome the listener."""
        commit, welcome = split_commit(data)
        self.commits += 1
        self.epoch += 1
        if self._removing:
            self._removing = False
            self._change_listener(None)
        elif self._proposed is not None:
            session, self._proposed = self._proposed, None
            session.process_welcome(welcome)
            self._change_listener(session)
        await self.send_binary(ANNOUNCE_COMMIT, self._next_transition() + commit)

    def _next_transition(self) -> bytes:
        """Return the id of the change, 0 for a group's first; the bot answers 23 to any other, and gets 22."""
        self.transition += 1
        return struct.pack(">H", self.transition - 1)

    def _change_listener(self, session: "davey.DaveSession | None") -> None:
        """Change who listens; what came so far is opened with the keys it was sealed with."""
        self.track.open()
        self.former, self.listener = self.listener or self.former, session
        if session is not None:
            self.epoch = session.epoch
        asyncio.get_running_loop().call_later(IN_FLIGHT_SECONDS, self.track.open)

    def unwrap(self, frame: bytes) -> bytes:
        """Return the Opus frame in a sealed one. Raises ValueError when no key of ours opens it."""
        for session in (self.listener, self.former):
            if session is not None:
                try:
                    return session.decrypt(self.track.user_id, davey.MediaType.audio, frame)
                except (ValueError, RuntimeError):
                    continue
        raise ValueError("sealed for somebody else")
