"""What the bot has sent into a guild: every RTP packet as it came, opened when somebody asks.

Opening costs 7 microseconds a packet and more with DAVE, so nothing is opened while 100 guilds are spoken to. Losses
are counted from the headers alone. Used by voice.py and control.py.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt
from nacl.exceptions import CryptoError

HEADER = struct.Struct(">BBHII")
SILENCE = b"\xf8\xff\xfe"
DAVE_MARK = b"\xfa\xfa"


def seal(opus: bytes, key: bytes, *, ssrc: int, sequence: int = 0) -> bytes:
    """Return the datagram of one frame, as a member sends it."""
    header, counter = HEADER.pack(0x80, 0x78, sequence, 960 * sequence, ssrc), sequence.to_bytes(4, "big")
    return header + encrypt(opus, header, counter + bytes(20), key) + counter


@dataclass(frozen=True)
class Frame:
    """One 20 ms frame. arrived_at: time.monotonic() of this machine, by the kernel. end_to_end: it came under DAVE."""

    arrived_at: float
    sequence: int
    timestamp: int
    opus: bytes
    end_to_end: bool

    @property
    def is_silence(self) -> bool:
        return self.opus == SILENCE


@dataclass
class Track:
    """The packets of one voice session. packets: (arrival in monotonic ns, datagram). unwrap: takes DAVE off."""

    ssrc: int
    user_id: int
    key: bytes
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    speaking: list[tuple[float, int]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    bad: int = 0  # could not be opened
    unwrap: Callable[[bytes], bytes] | None = None
    opened: int = 0
    address: tuple[str, int] | None = None  # where the bot's datagrams come from

    def open(self) -> list[Frame]:
        """Open what has come; return all that was opened and not yet taken, in the order of arrival."""
        packets = self.packets[self.opened :]  # more may come meanwhile, from udp.py's thread
        self.opened += len(packets)
        for arrived_ns, packet in packets:
            try:
                self.frames.append(self._frame(arrived_ns, packet))
            except (CryptoError, ValueError, RuntimeError):
                self.bad += 1
        return self.frames

    def _frame(self, arrived_ns: int, packet: bytes) -> Frame:
        _, _, sequence, timestamp, _ = HEADER.unpack_from(packet)
        nonce = packet[-4:] + bytes(20)
        opus = decrypt(packet[12:-4], packet[:12], nonce, self.key)
        end_to_end = self.unwrap is not None and opus[-2:] == DAVE_MARK
        if self.unwrap is not None and end_to_end:
            opus = self.unwrap(opus)
        return Frame(arrived_ns / 1e9, sequence, timestamp, bytes(opus), end_to_end)

    def sequences(self) -> list[int]:
        return [int.from_bytes(packet[2:4], "big") for _, packet in self.packets]


@dataclass
class Recording:
    """All voice sessions of one guild. forgotten: how often what was heard was dropped."""

    tracks: list[Track] = field(default_factory=list)
    forgotten: int = 0
    heard: list[Frame] = field(default_factory=list)

    def forget(self) -> None:
        self.forgotten += 1
        for track in self.tracks:
            track.open()  # the keys move on with every frame
            track.packets, track.frames, track.opened = [], [], 0
        self.heard.clear()

    def frames(self) -> list[Frame]:
        """Return all frames; a list that only grows, so that an index into it stays good."""
        new = []
        for track in self.tracks:
            new += track.open()
            track.frames = []
        self.heard += sorted(new, key=lambda frame: frame.arrived_at)
        return self.heard

    def counts(self) -> dict[str, float]:
        """
        Return what the headers tell, without opening a packet.

        packets; lost: sequence numbers that never came; disordered: came after a later one; late: arrived over 60 ms
        after the packet before it, pauses (over 300 ms) excepted; longest_gap_ms: the longest of these.
        """
        totals = {"packets": 0, "lost": 0, "disordered": 0, "late": 0, "longest_gap_ms": 0.0}
        for track in self.tracks:
            numbers = track.sequences()
            totals["packets"] += len(numbers)
            for before, after in pairwise(numbers):
                step = (after - before) & 0xFFFF
                if step == 0 or step > 0x8000:
                    totals["disordered"] += 1
                else:
                    totals["lost"] += step - 1
            for (before_ns, _), (after_ns, _) in pairwise(track.packets):
                gap_ms = (after_ns - before_ns) / 1e6
                if gap_ms < 300:
                    totals["late"] += gap_ms > 60
                    totals["longest_gap_ms"] = max(totals["longest_gap_ms"], gap_ms)
        return totals
