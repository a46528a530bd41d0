"""What a guild hears: packets put in as they come, taken out every 20 ms by the pacer's thread.

One source lives as long as the room, so nothing is lost between two clips; between them it
gives silence, after a second of it nothing, and the green ring goes out.

`read()` runs in the thread: it takes from a deque and nothing else. A packet is a piece of
bytes; anything else in the deque is called in the event loop when its turn comes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

# Opus' packet for 20 ms of silence.
# Source: Discord, Voice Connections, "Voice Data Interpolation".
SILENCE = b"\xf8\xff\xfe"
PACKET_SECONDS = 0.02
# Silence until the source has nothing more to say: the next sentence of a conversation comes sooner.
IDLE_PACKETS = 50


class PacketSource:
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

    def read(self) -> bytes | None:
        """Return the next packet; silence when there is none; None when there has been none for a while."""
        while True:
            try:
                head = self._queue.popleft()
            except IndexError:
                self._idle += 1
                if self._idle <= IDLE_PACKETS:
                    return SILENCE
                self._idle = 0
                return None
            if isinstance(head, bytes):
                self._idle = 0
                self.packets_read += 1
                return head
            self._loop.call_soon_threadsafe(head)
