"""One guild's voice connection: where the bot should be, and what to do when it is not.

discord.py reconnects by itself in most cases, in some after half a minute, in others never
(4006, 4009 and 4015, measured with 2.7.1). So `look()` compares what should be with what is,
once a second, and makes a connection anew when discord.py had its chance.

Called by rooms.py; the mouth of play_queue.py.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import discord
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from bots.discord import sealing
from bots.discord.pacer import PACER, Voice
from bots.discord.places import VoicePlace, listeners, may_speak_in
from bots.discord.room import CannotConnect, CannotSpeak
from bots.discord.source import PacketSource

logger = logging.getLogger(__name__)

# Discord answers a join within a second; what takes longer is tried again.
CONNECT_SECONDS = 10.0
# discord.py's own reconnection takes 0.7 s when it works at all.
DISCONNECTED_SECONDS = 4.0
# Sound that waits while no packet leaves: the player or its socket is stuck.
STALLED_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
# Discord forgets a stale voice state within this, after it was told that we left.
LEAVE_SECONDS = 2.0


SEAL, SEND = sealing.sealer(), sealing.sender()


class HouseConnection(VoiceConnectionState):
    """discord.py's connection, which misses no step of a handshake, and sends without letting go of the interpreter."""

    async def _wait_for_state(
        self,
        state: ConnectionFlowState,
        *other_states: ConnectionFlowState,
        timeout: float | None = None,  # noqa: ASYNC109 - as discord.py calls it
    ) -> None:
        # discord.py looks at the state, and waits for its change in a task of its own: what changes before that task
        # begins is missed. Discord's two answers to a join come together; one join in a hundred hung to its time limit.
        async with asyncio.timeout(timeout):
            while self.state not in (state, *other_states):
                await self._state_event.wait()

    def send_packet(self, packet: bytes) -> None:
        if SEND is None:
            super().send_packet(packet)
        elif not SEND(self.socket.fileno(), packet):
            # discord.py takes it for a packet that was dropped, as the network drops some.
            raise BlockingIOError

    def let_go(self) -> None:
        """Do not come again when the line to the voice server ends."""
        if self._runner is not None:
            self._runner.cancel()


class HouseVoice(discord.VoiceClient):
    """
    discord.py's voice client, which seals and sends a packet in one go, and tells when somebody put the bot out.

    discord.py leaves the channel itself, to come again, when its connection breaks; Discord tells of both alike.
    `_expecting_disconnect` is the difference; tests/bots_discord/test_discord_py.py holds it.
    """

    put_out: Callable[[], None] | None = None

    _connection: HouseConnection

    def create_connection_state(self) -> VoiceConnectionState:
        return HouseConnection(self)

    @property
    def is_agreed(self) -> bool:
        """Whether those in the call can understand what is sent: it is end-to-end encrypted for them, or need not be.

        Until the call's group has taken the bot in, which takes a moment after the connection stands, discord.py sends
        in the clear what everybody's client then throws away.
        Source: the whitepaper of DAVE, daveprotocol.com; discord.py, VoiceClient._get_voice_packet().
        """
        return self._connection.dave_protocol_version == 0 or self._connection.can_encrypt

    def let_go(self) -> None:
        """Send nothing more and answer nothing: the process ends, and the connection with the gateway's session."""
        self._connection.let_go()
        self.cleanup()

    def _encrypt_aead_xchacha20_poly1305_rtpsize(self, header: bytes, data: bytes) -> bytes:
        if SEAL is None:
            return super()._encrypt_aead_xchacha20_poly1305_rtpsize(header, data)
        counted = self._incr_nonce.to_bytes(4, "big")
        self.checked_add("_incr_nonce", 1, 0xFFFFFFFF)
        header = bytes(header)
        return header + SEAL(bytes(self.secret_key), counted + bytes(20), header, bytes(data)) + counted

    async def on_voice_state_update(self, data: Any) -> None:
        if data["channel_id"] is None and not self._connection._expecting_disconnect and self.put_out is not None:
            self.put_out()
        await super().on_voice_state_update(data)


class VoiceLine:
    """
    wanted: the voice channel the bot should be in, None for none. put_out: called when somebody ended that.
    """

    def __init__(
        self, guild_id: int, *, find_guild: Callable[[int], discord.Guild | None], put_out: Callable[[], None]
    ) -> None:
        self.guild_id = guild_id
        self.wanted: int | None = None
        self._put_out = put_out
        self._find_guild = find_guild
        self._loop = asyncio.get_running_loop()
        self._source = PacketSource(self._loop)
        self._voice = Voice(self._source, self._mouthpiece)
        self._connected = asyncio.Event()
        self._one = asyncio.Lock()
        self._is_listened = True  # as of the last look; the pacer's thread cannot count people while they come and go
        self._absent_since: float | None = None
        self._pause, self._not_before = FIRST_PAUSE_SECONDS, 0.0
        self._progress = (0, 0.0)  # packets read, and when that was new
        self._repair: asyncio.Task[None] | None = None

    # --- Where ---------------------------------------------------------------

    async def go(self, channel_id: int) -> None:
        """Enter a channel, or move to it. Raises CannotSpeak, CannotConnect; then `look()` goes on trying."""
        channel = self._channel(channel_id)
        may_speak_in(channel)
        self.wanted = channel_id
        await self._connect(channel)

    async def leave(self) -> None:
        self.wanted = None
        self._source.silence()
        async with self._one:
            await self._hang_up()

    def moved(self, channel_id: int) -> None:
        """An administrator moved the bot; discord.py follows by itself."""
        self.wanted = channel_id

    def is_connected(self) -> bool:
        client = self._client()
        return client is not None and client.is_connected()

    # --- The mouth -------------------------------------------------------------

    async def ready(self) -> None:
        while not self.is_connected():
            self._connected.clear()
            await self._connected.wait()

    def push(self, packets: list[bytes]) -> None:
        self._source.push(packets)
        self._play()

    async def heard(self) -> None:
        done = asyncio.Event()
        self._source.call_after(done.set)
        self._play()
        await done.wait()

    def silence(self) -> None:
        self._source.silence()

    def _play(self) -> None:
        if self._source.has_sound():
            PACER.begin(self._voice)

    # --- The watchdog -----------------------------------------------------------

    def look(self, now: float) -> None:
        """Compare what should be with what is; begin a repair when it is due. now: loop time."""
        if self.wanted is None or (self._repair is not None and not self._repair.done()):
            return
        client = self._client()
        self._is_listened = client is None or bool(listeners(client.channel))
        if self.is_connected() and not self._is_stalled(now):
            self._absent_since, self._pause = None, FIRST_PAUSE_SECONDS
            self._connected.set()
            return
        self._absent_since = self._absent_since if self._absent_since is not None else now
        stalled = self.is_connected()
        absent = stalled or now - self._absent_since >= DISCONNECTED_SECONDS
        if self._one.locked() or now < self._not_before or not absent:
            return
        self._not_before = now + self._pause * (0.75 + random.random() / 2)  # noqa: S311 - spread, not secrecy
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        logger.warning("voice connection made anew", extra={"guild": self.guild_id, "stalled": stalled})
        self._repair = asyncio.create_task(self._mend())

    def _is_stalled(self, now: float) -> bool:
        if not self._source.has_sound() or self._progress[0] != self._source.packets_read:
            self._progress = (self._source.packets_read, now)
        return now - self._progress[1] > STALLED_SECONDS

    async def _mend(self) -> None:
        try:
            channel = self._channel(self.wanted or 0)
            may_speak_in(channel)
            await self._connect(channel, anew=True)
        except (CannotSpeak, CannotConnect, discord.DiscordException, OSError) as error:
            logger.warning("voice connection not made", extra={"guild": self.guild_id, "reason": str(error)})

    # --- Connections ------------------------------------------------------------

    async def _connect(self, channel: VoicePlace, *, anew: bool = False) -> None:
        async with self._one:
            try:
                await self._reach(channel, anew=anew)
            except (TimeoutError, discord.DiscordException, OSError) as error:
                raise CannotConnect from error
        self._absent_since = None
        self._progress = (self._source.packets_read, self._loop.time())
        self._connected.set()

    async def _reach(self, channel: VoicePlace, *, anew: bool) -> None:
        client = self._client()
        if client is not None and client.is_connected() and not anew:
            if client.channel.id != channel.id:
                await client.move_to(channel, timeout=CONNECT_SECONDS)
        else:
            await self._hang_up()
            client = await channel.connect(cls=HouseVoice, timeout=CONNECT_SECONDS, reconnect=True, self_deaf=True)
            client.put_out = self._put_out
        me = channel.guild.me
        if isinstance(channel, discord.StageChannel) and me.voice is not None and me.voice.suppress:
            await me.edit(suppress=False)

    async def _hang_up(self) -> None:
        """End what is left of a connection, also one that an earlier process made: Discord keeps showing us there."""
        guild = self._find_guild(self.guild_id)
        client = self._client()
        if client is not None:
            await client.disconnect(force=True)
        if guild is not None and guild.me is not None and guild.me.voice is not None:
            await guild.change_voice_state(channel=None)
            until = self._loop.time() + LEAVE_SECONDS
            # discord.py has no event for one guild's own voice state.
            while guild.me.voice is not None and self._loop.time() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _client(self) -> discord.VoiceClient | None:
        guild = self._find_guild(self.guild_id)
        client = guild.voice_client if guild is not None else None
        return client if isinstance(client, discord.VoiceClient) else None

    def _mouthpiece(self) -> discord.VoiceClient | None:
        """Return the connection that packets may be sent through; asked in the pacer's thread."""
        client = self._client()
        if isinstance(client, HouseVoice) and not client.is_agreed and self._is_listened:
            return None
        return client

    def _channel(self, channel_id: int) -> VoicePlace:
        guild = self._find_guild(self.guild_id)
        channel = guild.get_channel(channel_id) if guild is not None else None
        if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            raise CannotSpeak("view_channel")
        return channel
