"""One thread that sends every guild's packets, each 20 ms after the one before.

discord.py has a thread for each guild; a hundred of them wake five thousand times a second, and
the event loop waits behind them for the interpreter: it stood still for half a second
(tests/benchmarks/discord_many.py). One thread with a heap of due times also begins at once, without the 40 ms
hole after the first packet that discord.py's player has. It wakes some five hundred times a second, however many
speak: each waking is a wait for the interpreter, behind whatever computes just then.

Called by voice.py; one instance for the process.
"""

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

import discord

from bots.discord.source import PACKET_SECONDS, SILENCE, PacketSource

logger = logging.getLogger(__name__)

# What is due within this is sent now: listeners' buffers are twenty times as long.
TOGETHER_SECONDS = 0.002
# Who is later than this (the machine slept) goes on from now instead of sending a burst.
LATE_SECONDS = 0.2
# A guild whose connection is away, or not yet encrypted, is looked at again after this; its packets wait.
AWAY_SECONDS = 0.04
# What Discord asks for at the end of speaking.
# Source: Discord, Voice Connections, "Voice Data Interpolation".
CLOSING_PACKETS = 5

FindClient = Callable[[], discord.VoiceClient | None]


class Voice:
    """A guild as the thread sees it: what it says, and through which connection at the moment."""

    def __init__(self, source: PacketSource, client: FindClient) -> None:
        self.source = source
        self.client = client
        self.is_speaking = False
        self.told: discord.VoiceClient | None = None  # who was told that we speak


class Pacer:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Voice]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self, voice: Voice) -> None:
        """Have the voice's packets sent from now on, until its source has been silent for a while; again: nothing."""
        with self._changed:
            if voice.is_speaking:
                return
            voice.is_speaking = True
            heapq.heappush(self._due, (self._clock(), next(self._numbers), voice))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                due = self._due[0][0]
                if (wait := due - self._clock()) > 0:
                    self._changed.wait(wait)
                    continue
                turns = self._due_by(self._clock() + TOGETHER_SECONDS)
            for due, voice in turns:
                try:
                    again = self._turn(voice, due)
                except Exception:
                    # One guild's broken connection must not silence the others.
                    logger.exception("a packet was not sent")
                    again = self._clock() + AWAY_SECONDS
                self._go_on(voice, again)

    def _due_by(self, moment: float) -> list[tuple[float, Voice]]:
        """Take out all whose turn comes until then, in order."""
        turns = []
        while self._due and self._due[0][0] <= moment:
            due, _number, voice = heapq.heappop(self._due)
            turns.append((due, voice))
        return turns

    def _go_on(self, voice: Voice, due: float | None) -> None:
        with self._changed:
            # Something may have been pushed since the source said that it has nothing.
            if due is None and not voice.source.has_sound():
                voice.is_speaking = False
                return
            heapq.heappush(self._due, (due if due is not None else self._clock(), next(self._numbers), voice))

    def _turn(self, voice: Voice, due: float) -> float | None:
        """Send one packet; return when the next is due, None when there is nothing more to say."""
        client, now = voice.client(), self._clock()
        if client is None or not client.is_connected():
            voice.told = None
            return now + AWAY_SECONDS
        packet = voice.source.read()
        if packet is None:
            self._end(voice, client)
            return None
        if voice.told is not client:
            voice.told = client
            _tell(client, discord.SpeakingState.voice)
        client.send_audio_packet(packet, encode=False)
        return due + PACKET_SECONDS if now - due < LATE_SECONDS else now + PACKET_SECONDS

    def _end(self, voice: Voice, client: discord.VoiceClient) -> None:
        for _ in range(CLOSING_PACKETS):
            client.send_audio_packet(SILENCE, encode=False)
        voice.told = None
        _tell(client, discord.SpeakingState.none)


def _tell(client: discord.VoiceClient, state: discord.SpeakingState) -> None:
    asyncio.run_coroutine_threadsafe(client.ws.speak(state), client.loop)


PACER = Pacer()
