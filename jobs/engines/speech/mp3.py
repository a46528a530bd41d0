"""Encode speech as MP3 while it is made, for players that take nothing better.

A bare sequence of frames at a constant rate: no Xing header, which would have to be
written again at the end, and so no gapless playback (about 50 ms of silence are added).

Called by encoding.py.
"""

import av

from jobs.engines.speech.frames import FrameBuffer
from jobs.engines.speech.opus import audio_frame
from jobs.engines.speech.port import SAMPLE_RATE_HZ, Samples

_FRAME_SAMPLES = 1_152  # 24 ms
_BIT_RATE = 96_000
_EFFORT = 5  # 0 (best) to 9 (fastest); 2 costs three times as much, 9 saves nothing


class Mp3Encoder:
    """MP3, 48 kHz mono, 96 kbit/s. Sound held back: less than 90 ms."""

    content_type = "audio/mpeg"
    extension = "mp3"

    def __init__(self) -> None:
        self._codec = _open_codec()
        self._frames = FrameBuffer(_FRAME_SAMPLES)
        self._frame_count = 0

    def feed(self, samples: Samples) -> bytes:
        return b"".join(self._encode(frame) for frame in self._frames.add(samples))

    def finish(self) -> bytes:
        last = b"".join(self._encode(frame) for frame in self._frames.fill_up_to(self._frames.sample_count))
        return last + b"".join(bytes(packet) for packet in self._codec.encode(None))

    def finalise(self, whole: bytes) -> bytes:
        return whole

    def _encode(self, frame: Samples) -> bytes:
        packets = self._codec.encode(audio_frame(frame, self._frame_count * _FRAME_SAMPLES))
        self._frame_count += 1
        return b"".join(bytes(packet) for packet in packets)


def _open_codec() -> av.AudioCodecContext:
    codec = av.CodecContext.create("libmp3lame", "w")
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE_HZ, "mono", "s16p"
    codec.bit_rate = _BIT_RATE
    codec.options = {"compression_level": str(_EFFORT)}
    codec.open()
    return codec
