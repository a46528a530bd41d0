"""Sound into files, written while the sound is still being made.

Every byte an encoder returns can be sent at once; put together they are the file. The same
feeds give the same bytes on every run, so a second attempt at a task can go on where the
first one's listener stopped.

    opus  Ogg/Opus, 48 kHz mono, packets of 20 ms     wav  48 kHz, 16 bits, mono
    mp3   48 kHz mono, 96 kbit/s                      pcm  24 kHz, 16 bits, mono, no header

Called by the speech function and the HTTP routes.
"""

from typing import Protocol

from jobs.engines.errors import InputRejected
from jobs.engines.speech.mp3 import Mp3Encoder
from jobs.engines.speech.opus import OpusEncoder
from jobs.engines.speech.pcm import PcmEncoder, WavEncoder
from jobs.engines.speech.port import Samples

FORMATS = ("opus", "wav", "mp3", "pcm")


class Encoder(Protocol):
    """One file in the making. Each says how much sound it holds back between feeds: never 100 ms."""

    content_type: str
    extension: str  # without the dot

    def feed(self, samples: Samples) -> bytes:
        """Return the bytes that `samples` completes. samples: shape (n,), 48 kHz mono; n may be 0."""
        ...

    def finish(self) -> bytes:
        """Return the rest of the file. Call it once; nothing may be fed afterwards."""
        ...

    def finalise(self, whole: bytes) -> bytes:
        """Return the file to store: `whole`, as long as before, with what could not be known while streaming."""
        ...


def open_encoder(name: str, *, credit: str | None = None) -> Encoder:
    """
    Start a file in the format `name`, one of FORMATS. `credit` is written into the tags of formats that have any: opus.

    Raises InputRejected (unknown_format).
    """
    match name:
        case "opus":
            return OpusEncoder(credit=credit)
        case "wav":
            return WavEncoder()
        case "mp3":
            return Mp3Encoder()
        case "pcm":
            return PcmEncoder()
    raise InputRejected("format", "unknown_format", f"{name[:40]!r} is not one of {', '.join(FORMATS)}")
