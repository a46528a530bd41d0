"""Listen to what came: clips, their sound, their pitch, and which known sentence they are.

The bot hands on a worker's packets as they are, so a clip's packets tell which artifact it was. Used by client.py and
by tests.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from tests.discord_service.recording import SILENCE, Frame
from tests.engines.hearing import pitch_hz

RATE_HZ = 48_000
FRAME_SECONDS = 0.02
# Without a packet for so long, the next one begins another clip. Behind its last word a bot sends silence, which ends a
# clip at once: this is for one that was killed, and a machine that stands still for a moment must not be taken for it.
PAUSE_SECONDS = 2.0


def read_frames(rows: Sequence[Sequence[Any]]) -> list[Frame]:
    """Return frames as the control door sends them."""
    return [
        Frame(at, sequence, timestamp, base64.b64decode(opus), end_to_end)
        for at, sequence, timestamp, opus, end_to_end in rows
    ]


def fingerprint(packets: Sequence[bytes]) -> str:
    """Return the same for the same Opus packets in the same order."""
    digest = hashlib.sha256()
    for packet in packets:
        digest.update(len(packet).to_bytes(2, "big") + packet)
    return digest.hexdigest()[:16]


def decode(packets: Sequence[bytes]) -> npt.NDArray[np.int16]:
    """Return Opus packets as mono PCM of 48 kHz, shape (n,)."""
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate = RATE_HZ
    codec.layout = "mono"
    codec.open()
    waves = [frame.to_ndarray().reshape(-1) for packet in packets for frame in codec.decode(av.Packet(packet))]
    if not waves:
        return np.zeros(0, dtype=np.int16)
    wave = np.concatenate(waves)
    return wave if wave.dtype == np.int16 else (wave * 32_767).astype(np.int16)


@dataclass(frozen=True)
class Clip:
    """A run of frames that are no silence. started_at, ended_at: time.monotonic() of its first and last arrival."""

    frames: Sequence[Frame]

    @property
    def packets(self) -> list[bytes]:
        return [frame.opus for frame in self.frames]

    @property
    def started_at(self) -> float:
        return self.frames[0].arrived_at

    @property
    def ended_at(self) -> float:
        return self.frames[-1].arrived_at

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_SECONDS

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.packets)

    @property
    def is_end_to_end(self) -> bool:
        return all(frame.end_to_end for frame in self.frames)

    @property
    def lost(self) -> int:
        """How many frames between its first and last never came."""
        span = (self.frames[-1].sequence - self.frames[0].sequence) & 0xFFFF
        return span + 1 - len(self.frames)

    @property
    def gaps_ms(self) -> npt.NDArray[np.float64]:
        """Milliseconds between arrivals, shape (frames - 1,); 20 when all is well."""
        return np.diff([frame.arrived_at for frame in self.frames]) * 1000

    def pcm(self) -> npt.NDArray[np.int16]:
        """Mono, 48 kHz, shape (n,)."""
        return decode(self.packets)

    def pitch(self) -> float:
        """Return the median fundamental frequency in Hz, NaN without a clear vowel."""
        found = pitch_hz(self.pcm(), RATE_HZ)
        return float(np.nanmedian(found)) if np.isfinite(found).any() else float("nan")


@dataclass(frozen=True)
class Recognised:
    """A known sentence in what was heard. missing: packets of it that did not come; from_packet: where it began."""

    name: str
    started_at: float
    ended_at: float
    from_packet: int
    heard: int
    missing: int

    @property
    def is_whole(self) -> bool:
        return self.from_packet == 0 and self.missing == 0


@dataclass(frozen=True)
class Heard:
    """All frames of a guild, silence too, in the order of their arrival."""

    frames: Sequence[Frame]

    def clips(self) -> list[Clip]:
        """Split at silence frames and at pauses."""
        clips: list[list[Frame]] = []
        before: Frame | None = None
        for frame in self.frames:
            if not frame.is_silence:
                is_new = before is None or before.is_silence or frame.arrived_at - before.arrived_at > PAUSE_SECONDS
                if is_new:
                    clips.append([])
                clips[-1].append(frame)
            before = frame
        return [Clip(frames) for frames in clips]

    def recognise(self, known: Mapping[str, Sequence[bytes]], *, at_least: int = 5) -> list[Recognised]:
        """
        Return which of the `known` packet sequences came, in order; also cut off or begun late.

        at_least: packets in a row that tell a sentence; fewer are taken for chance (silence encodes alike).
        """
        heard = [frame for frame in self.frames if not frame.is_silence]
        spoken = {name: [packet for packet in packets if packet != SILENCE] for name, packets in known.items()}
        places: dict[bytes, list[tuple[str, int]]] = {}
        for name, packets in spoken.items():
            for index, packet in enumerate(packets):
                places.setdefault(packet, []).append((name, index))
        found: list[Recognised] = []
        at = 0
        while at < len(heard):
            name, start, length = _longest(heard, at, places, spoken)
            if length < at_least:
                at += 1
                continue
            first, last = heard[at], heard[at + length - 1]
            missing = len(spoken[name]) - start - length
            found.append(Recognised(name, first.arrived_at, last.arrived_at, start, length, missing))
            at += length
        return found


def _longest(
    heard: Sequence[Frame],
    at: int,
    places: Mapping[bytes, Sequence[tuple[str, int]]],
    spoken: Mapping[str, Sequence[bytes]],
) -> tuple[str, int, int]:
    """Return the known sentence, its packet and the number of packets that match longest from `at` on."""
    best = ("", 0, 0)
    for name, start in places.get(heard[at].opus, ()):
        packets = spoken[name]
        length = 0
        while (
            at + length < len(heard)
            and start + length < len(packets)
            and heard[at + length].opus == packets[start + length]
        ):
            length += 1
        if length > best[2]:
            best = (name, start, length)
    return best
