"""Encode speech as Ogg/Opus while it is made.

One encoding serves everyone: Telegram and browsers play the file, Discord plays its packets
of 20 ms without decoding them. Mono, 48 kHz, about 39 kbit/s.

Why these settings (measured on mei_normal, 10 s of speech): as "audio" libopus uses CELT, which
costs half of what its speech mode does (0.006 s a second) and differs less from the original;
complexity 2 is the lowest that keeps the high bands, and above 5 the cost trebles.

Called by encoding.py. packets.py takes the packets out again.
"""

import struct
from fractions import Fraction

import av
import numpy as np

from jobs.engines.speech import ogg
from jobs.engines.speech.frames import FrameBuffer
from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples

PACKET_SAMPLES = 960  # 20 ms
_BIT_RATE = 32_000  # a target; CELT may use a quarter more
_COMPLEXITY = 2  # 0 to 10

# A second attempt at a task must give the same bytes as the first, so nothing here is random.
_SERIAL = int.from_bytes(b"koeb", "little")

# One page holds at most a second, so that a player can seek and a damaged page costs little.
_MAX_PACKETS_PER_PAGE = 50


class OpusEncoder:
    """Ogg/Opus. Sound held back: less than 27 ms, the last packet and what the codec looks ahead."""

    content_type = "audio/ogg; codecs=opus"
    extension = "ogg"

    def __init__(self, *, credit: str | None = None) -> None:
        self._codec = _open_codec()
        head = bytes(self._codec.extradata or b"")
        self._delay_samples = int(struct.unpack_from("<H", head, 10)[0])  # RFC 7845, 5.1: pre-skip
        self._frames = FrameBuffer(PACKET_SAMPLES)
        self._headers: list[bytes] = [head, _tags(credit)]
        self._page_number = 0
        self._packet_count = 0

    def feed(self, samples: Samples) -> bytes:
        frames = self._frames.add(samples)
        return self._write_headers() + self._write_audio([self._encode(frame) for frame in frames])

    def finish(self) -> bytes:
        """Return the rest. The last page says where the sound ends, so what was filled up is not played."""
        end = self._frames.sample_count + self._delay_samples
        packets = [self._encode(frame) for frame in self._frames.fill_up_to(end)]
        return self._write_headers() + self._write_audio(packets, end=end)

    def finalise(self, whole: bytes) -> bytes:
        return whole

    def _encode(self, frame: Samples) -> bytes:
        packet = self._codec.encode(audio_frame(frame, self._packet_count * PACKET_SAMPLES))
        self._packet_count += 1
        return b"".join(bytes(part) for part in packet)

    def _write_headers(self) -> bytes:
        # RFC 7845, 3: both headers stand on pages of their own, with granule 0.
        headers, self._headers = self._headers, []
        return b"".join(
            self._write_page([header], granule=0, is_first=not index) for index, header in enumerate(headers)
        )

    def _write_audio(self, packets: list[bytes], *, end: int | None = None) -> bytes:
        """Write all of `packets` at once; `end` is the granule where the sound ends, when these are the last."""
        pages = []
        granule = (self._packet_count - len(packets)) * PACKET_SAMPLES
        for start in range(0, len(packets), _MAX_PACKETS_PER_PAGE):
            chosen = packets[start : start + _MAX_PACKETS_PER_PAGE]
            granule += len(chosen) * PACKET_SAMPLES
            is_last = end is not None and start + len(chosen) == len(packets)
            pages.append(
                self._write_page(chosen, granule=end if is_last and end is not None else granule, is_last=is_last)
            )
        return b"".join(pages)

    def _write_page(
        self, packets: list[bytes], *, granule: int, is_first: bool = False, is_last: bool = False
    ) -> bytes:
        number, self._page_number = self._page_number, self._page_number + 1
        return ogg.write_page(
            packets, granule=granule, serial=_SERIAL, number=number, is_first=is_first, is_last=is_last
        )


def audio_frame(samples: Samples, position: int) -> av.AudioFrame:
    """Return `samples` as a frame that starts `position` samples after the beginning."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[np.newaxis, :]), format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
    frame.pts = position
    return frame


def _open_codec() -> av.AudioCodecContext:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE_HZ, "mono", "s16"
    codec.bit_rate = _BIT_RATE
    codec.options = {"application": "audio", "compression_level": str(_COMPLEXITY), "frame_duration": "20"}
    codec.open()
    return codec


def _tags(credit: str | None) -> bytes:
    """Return the comment header. Source: RFC 7845, section 5.2."""
    vendor = b"koebako"
    comments = [f"COPYRIGHT={credit}".encode()] if credit else []
    fields = [vendor, *comments]
    sized = [struct.pack("<I", len(field)) + field for field in fields]
    return b"OpusTags" + sized[0] + struct.pack("<I", len(comments)) + b"".join(sized[1:])
