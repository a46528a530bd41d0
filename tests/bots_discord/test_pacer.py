"""One thread sends every guild's packets at their pace."""

import asyncio
import itertools
import threading

import discord
import pytest

from bots.discord.pacer import CLOSING_PACKETS, Pacer, Voice
from bots.discord.source import IDLE_PACKETS, SILENCE, PacketSource

FRAME = 0.02


class Line:
    """A voice connection that writes down what is sent, and when."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock) -> None:
        self.loop, self.ws, self._clock = loop, self, clock
        self.sent: list[tuple[float, bytes]] = []
        self.states: list[int] = []
        self.connected = True
        self.breaks = False
        self.over = threading.Event()

    def is_connected(self) -> bool:
        return self.connected

    def send_audio_packet(self, packet: bytes, *, encode: bool) -> None:
        assert not encode
        if self.breaks:
            self.breaks = False
            raise OSError("gone")
        self.sent.append((self._clock(), packet))

    async def speak(self, state: discord.SpeakingState) -> None:
        self.states.append(state.value)
        if state is discord.SpeakingState.none:
            self.over.set()


class Clock:
    """Time that passes only while the pacer waits for it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pacer(clock, monkeypatch):
    pacer = Pacer(clock)
    wait = pacer._changed.wait

    def passes(seconds: float | None = None) -> bool:
        if seconds is None:
            return wait()
        clock.now += seconds
        return True

    monkeypatch.setattr(pacer._changed, "wait", passes)
    return pacer


@pytest.fixture
async def make_voice(clock):
    loop = asyncio.get_running_loop()

    def make(*packets: bytes) -> tuple[Voice, Line]:
        line, source = Line(loop, clock), PacketSource(loop)
        source.push(packets)
        return Voice(source, lambda: line), line

    return make


async def over(*lines: Line) -> None:
    for line in lines:
        assert await asyncio.to_thread(line.over.wait, 10)


async def test_packets_leave_20_ms_apart_then_a_second_of_silence(pacer, make_voice):
    voice, line = make_voice(b"one", b"two", b"three")

    pacer.begin(voice)
    await over(line)

    assert [packet for _at, packet in line.sent] == [b"one", b"two", b"three"] + [SILENCE] * (
        IDLE_PACKETS + CLOSING_PACKETS
    )
    spoken = [at for at, _packet in line.sent[: 3 + IDLE_PACKETS]]
    assert spoken == pytest.approx([number * FRAME for number in range(3 + IDLE_PACKETS)])
    assert line.states == [discord.SpeakingState.voice.value, discord.SpeakingState.none.value]


async def test_many_guilds_keep_their_own_pace(pacer, make_voice):
    voices = [make_voice(*[b"%d" % number] * 5) for number in range(20)]

    for voice, _line in voices:
        pacer.begin(voice)
    await over(*(line for _voice, line in voices))

    for number, (_voice, line) in enumerate(voices):
        assert [packet for _at, packet in line.sent[:5]] == [b"%d" % number] * 5
        times = [at for at, _packet in line.sent[:5]]
        assert [after - before for before, after in itertools.pairwise(times)] == pytest.approx([FRAME] * 4)


async def test_guilds_that_are_due_within_two_milliseconds_are_sent_together(pacer, make_voice, clock, monkeypatch):
    voices = [make_voice(*[b"%d" % number] * 50) for number in range(20)]
    waits = 0
    wait = pacer._changed.wait

    def counted(seconds: float | None = None) -> bool:
        nonlocal waits
        waits += seconds is not None
        return wait(seconds)

    monkeypatch.setattr(pacer._changed, "wait", counted)
    # A millisecond apart.
    pacer._due = [(0.001 * number, -number, voice) for number, (voice, _line) in enumerate(voices) if number]
    for voice, _line in voices[1:]:
        voice.is_speaking = True

    pacer.begin(voices[0][0])
    await over(*(line for _voice, line in voices))

    packets = sum(len(line.sent) for _voice, line in voices)
    # One waking serves two or three of the twenty.
    assert waits < packets / 2
    for _voice, line in voices:
        times = [at for at, _packet in line.sent[:50]]
        assert all(0.018 - 1e-6 <= after - before <= 0.022 + 1e-6 for before, after in itertools.pairwise(times))


async def test_packets_wait_while_the_connection_is_away(pacer, make_voice, clock):
    voice, line = make_voice(b"one")
    line.connected = False

    pacer.begin(voice)
    async with asyncio.timeout(60):
        while clock.now < 1:
            await asyncio.sleep(0)
    assert line.sent == []
    line.connected = True
    await over(line)

    assert line.sent[0][1] == b"one"


async def test_a_connection_that_breaks_silences_no_other(pacer, make_voice):
    broken, broken_line = make_voice(b"lost", b"kept")
    whole, whole_line = make_voice(b"one", b"two")
    broken_line.breaks = True

    pacer.begin(broken)
    pacer.begin(whole)
    await over(broken_line, whole_line)

    assert [packet for _at, packet in broken_line.sent if packet != SILENCE] == [b"kept"]
    assert [packet for _at, packet in whole_line.sent if packet != SILENCE] == [b"one", b"two"]


async def test_who_speaks_again_is_begun_again(pacer, make_voice):
    voice, line = make_voice(b"one")
    pacer.begin(voice)
    await over(line)
    line.over.clear()

    voice.source.push([b"two"])
    pacer.begin(voice)
    await over(line)

    assert [packet for _at, packet in line.sent if packet != SILENCE] == [b"one", b"two"]
