"""What a guild hears: packets put in as they come, taken out every 20 ms by discord.py's player thread.

One source lives as long as the connection, so nothing is lost between two clips; between
them it gives silence, after a second of it the player is let go, and the green ring goes out.

`read()` runs in the player's thread: it takes from a deque and nothing else. A packet is a
piece of bytes; anything else in the deque is called in the event loop when its turn comes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

import discord

# Opus' packet for 20 ms of silence, which Discord asks for between clips.
# Source: Discord, Voice Connections, "Voice Data Interpolation".
SILENCE = b"\xf8\xff\xfe"
PACKET_SECONDS = 0.02
# Silence before the player ends: the next sentence of a conversation finds it running.
IDLE_PACKETS = 50


class PacketSource(discord.AudioSource):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: deque[bytes | Callable[[], None]] = deque()
        self._idle = 0
        self.packets_read = 0

    def push(self, packets: Iterable[bytes]) -> None:
        self._queue.extend(packets)

    def call_after(self, told: Callable[[], None]) -> None:
        """Have `told` called, in the loop, when all that was pushed before has been taken."""
        self._queue.append(told)

    def silence(self) -> None:
        """Forget what was pushed and not heard."""
        self._queue.clear()

    def has_sound(self) -> bool:
        return bool(self._queue)

    def begin(self) -> None:
        """Get ready for a new player."""
        self._idle = 0

    def read(self) -> bytes:
        while True:
            try:
                head = self._queue.popleft()
            except IndexError:
                self._idle += 1
                return b"" if self._idle > IDLE_PACKETS else SILENCE
            if isinstance(head, bytes):
                self._idle = 0
                self.packets_read += 1
                return head
            self._loop.call_soon_threadsafe(head)

    def is_opus(self) -> bool:
        return True
