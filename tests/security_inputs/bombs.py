"""Files of a few bytes that claim to be huge, or become so: each a name, its bytes, and what it is sent as."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.engines.recordings import sound, tone

# More than is taken here (MAX_SECONDS of the test). An hour would be as small a part of what it unpacks to.
SILENCE_SECONDS = 90


@dataclass(frozen=True)
class Bomb:
    name: str
    make: Callable[[], bytes]


def long_silence(container_name: str, codec: str, *, seconds: int = SILENCE_SECONDS, rate_hz: int = 8000) -> bytes:
    """Return a file of nothing, for very long, as small as its codec can make it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        context = stream.codec_context
        context.bit_rate = 6000
        piece = context.frame_size or 4608
        frame = av.AudioFrame.from_ndarray(np.zeros((1, piece), dtype=np.int16), format="s16", layout="mono")
        frame.rate = rate_hz
        resampler = av.AudioResampler(format=context.format, layout="mono", rate=rate_hz, frame_size=piece)
        for number in range(seconds * rate_hz // piece):
            frame.pts = number * piece
            for one in resampler.resample(frame):
                container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return file.getvalue()


def wav(
    data_bytes: int, *, sample_rate_hz: int = 48_000, channels: int = 1, bits: int = 16, rest: bytes = b""
) -> bytes:
    """Return a WAV whose header claims `data_bytes` of samples."""
    block = channels * bits // 8 & 0xFFFF
    rate = sample_rate_hz * block & 0xFFFFFFFF
    form = struct.pack("<HHIIHH", 1, channels, sample_rate_hz, rate, block, bits)
    head = b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", data_bytes) + rest


def flac(total_samples: int, *, block: int = 65_535, channels: int = 8, sample_rate_hz: int = 655_350) -> bytes:
    """Return a FLAC whose STREAMINFO claims the most that its fields hold. Source: RFC 9639, 8.2."""
    packed = sample_rate_hz << 44 | (channels - 1) << 41 | 31 << 36 | total_samples
    info = struct.pack(">HH", block, block) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + b"\xff\xf8" + bytes(200)


def lying_tables(name: bytes, count: int) -> bytes:
    """Return an MP4 one of whose tables claims `count` entries. Source: ISO/IEC 14496-12, 8.6 and 8.7."""
    data = bytearray(sound(tone(0.5), "m4a"))
    place = data.index(name)
    # stsz keeps a size before its count.
    struct.pack_into(">I", data, place + (12 if name == b"stsz" else 8), count)
    return bytes(data)


def lying_box(name: bytes, size: int) -> bytes:
    data = bytearray(sound(tone(0.5), "m4a"))
    struct.pack_into(">I", data, data.index(name) - 4, size)
    return bytes(data)


def nested_boxes(depth: int) -> bytes:
    boxes = b""
    for _level in range(depth):
        boxes = struct.pack(">I4s", len(boxes) + 8, b"moov") + boxes
    return b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00" + b"isom" + boxes


def lying_matroska() -> bytes:
    """An EBML header whose first segment and its elements claim 2^55 bytes. Source: RFC 8794, 4.4."""
    whole = sound(tone(0.3), "webm")
    place = whole.index(b"\x18\x53\x80\x67") + 4
    return whole[:place] + b"\x01" + b"\xfe" * 7 + whole[place + 8 :]


def ogg_pages(count: int) -> bytes:
    """Pages of as many streams, each a beginning."""
    head = b"OpusHead\x01\x01\x00\x00" + struct.pack("<I", 48_000) + bytes(3)
    pages = []
    for number in range(count):
        page = b"OggS\x00\x02" + bytes(8) + struct.pack("<III", number, 0, 0) + b"\x01" + bytes([len(head)]) + head
        pages.append(page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:])
    return b"".join(pages)


def _ogg_crc(page: bytes) -> int:
    value = 0
    for byte in page:
        value ^= byte << 24
        for _bit in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def id3(count: int) -> bytes:
    """Tags one behind the other, each claiming the largest size, before sound."""
    return (b"ID3\x04\x00\x00\x00\x7f\x7f\x7f" + bytes(100)) * count + sound(tone(0.3), "mp3")


def _opus_without_end() -> bytes:
    data = bytearray(sound(tone(0.5), "ogg"))
    place = data.rindex(b"OggS")
    # The position of the last page says how long it is.
    struct.pack_into("<q", data, place + 6, (1 << 62) - 1)
    return bytes(data)


RECORDINGS = (
    Bomb("a long silence as FLAC", lambda: long_silence("flac", "flac")),
    Bomb("a long silence as Opus", lambda: long_silence("ogg", "libopus")),
    Bomb("an Opus whose last page is in a billion years", _opus_without_end),
    Bomb("a WAV that claims 4 GB", lambda: wav(0xFFFFFFFF, rest=bytes(50_000))),
    Bomb("a WAV of 65,535 channels", lambda: wav(0x7FFFFFFF, channels=65_535, rest=bytes(200_000))),
    Bomb("a WAV of 4 GHz", lambda: wav(0x7FFFFFFF, sample_rate_hz=0xFFFFFFFF, rest=bytes(200_000))),
    Bomb("a WAV of one sample a second", lambda: wav(10_000_000, sample_rate_hz=1, rest=bytes(10_000_000))),
    Bomb("a FLAC that claims 2^36 samples of 8 channels", lambda: flac((1 << 36) - 1)),
    *(
        Bomb(f"an MP4 whose {name.decode()} claims {count:,} entries", lambda n=name, c=count: lying_tables(n, c))
        for name in (b"stsz", b"stts", b"stsc", b"stco")
        for count in (0x0FFFFFFF, 0x7FFFFFFF)
    ),
    Bomb("an MP4 whose moov claims 4 GB", lambda: lying_box(b"moov", 0xFFFFFFFF)),
    Bomb("an MP4 of 20,000 boxes within each other", lambda: nested_boxes(20_000)),
    Bomb("a Matroska whose segment claims 2^55 bytes", lying_matroska),
    Bomb("an Ogg of 2,000 streams", lambda: ogg_pages(2000)),
    Bomb("an MP3 behind 1,000 tags that claim 256 MB each", lambda: id3(1000)),
    Bomb("50 kB of gzip that become 50 MB", lambda: gzip.compress(bytes(50_000_000))),
)


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def moving(kind: str, frames: int, side: int = 16) -> bytes:
    pictures = [Image.new("L", (side, side), number % 256) for number in range(frames)]
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=10)
    return file.getvalue()


def gif(frames: int) -> bytes:
    """Source: GIF89a, 18 to 23."""
    frame = b"!\xf9\x04\x00\x01\x00\x00\x00,\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x03\x44\x02\x05\x00"
    return b"GIF89a\x02\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" + frame * frames + b";"


def tiff(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "TIFF", compression="tiff_lzw")
    return file.getvalue()


def _png_with_note(size: int) -> bytes:
    whole = png(8, 8, bytes(16))
    packed = b"Comment\x00\x00" + zlib.compress(bytes(size), 9)
    note = struct.pack(">I", len(packed)) + b"zTXt" + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    return whole[:33] + note + whole[33:]


PICTURES = (
    Bomb("a PNG of 900 million pixels in 109 kB", lambda: png(30_000, 30_000, bytes(3751) * 30_000)),
    Bomb("a PNG of 2^31 by 2^31", lambda: png(0x7FFFFFFF, 0x7FFFFFFF, b"")),
    Bomb("a PNG with a note of 60 MB", lambda: _png_with_note(60_000_000)),
    Bomb("a moving PNG of 200 frames", lambda: moving("PNG", 200)),
    Bomb("a GIF of 10,000 frames", lambda: gif(10_000)),
    Bomb("a moving WebP of 100 frames", lambda: moving("WEBP", 100)),
    Bomb("a TIFF of 900 million pixels", lambda: tiff(30_000, 30_000)),
)


def zipped(data: bytes, name: str = "words.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


DICTIONARIES = (
    (Bomb("a zip of 50 MB of CSV", lambda: zipped(b"a,b\n" * 12_500_000)), "words.csv"),
    (Bomb("a gzip of 50 MB of CSV", lambda: gzip.compress(b"a,b\n" * 12_500_000)), "words.csv"),
    (Bomb("lists within lists, 100,000 deep", lambda: b"[" * 100_000 + b"]" * 100_000), "words.json"),
    (Bomb("maps within maps, 9,000 deep", lambda: b'{"a":' * 9000 + b"1" + b"}" * 9000), "words.json"),
    (Bomb("a number of a million digits", lambda: b"[" + b"9" * 1_000_000 + b"]"), "words.json"),
    (Bomb("a million rows", lambda: b"a,b\n" * 700_000), "words.csv"),
    (Bomb("one cell of 2.9 MB", lambda: b'a,"' + b"x" * 2_900_000 + b'"'), "words.csv"),
)


def nested_json(depth: int) -> bytes:
    return b'{"input":' * depth + b"1" + b"}" * depth


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


# Sent as the body of an invocation: name, body, content type and encoding.
BODIES = (
    ("JSON 100,000 deep", nested_json(100_000), "application/json", None),
    ("JSON 900 deep", nested_json(900), "application/json", None),
    ("a number of 900,000 digits", b'{"input":{"seconds":' + b"9" * 900_000 + b"}}", "application/json", None),
    ("60,000 unknown fields", _json({"input": dict.fromkeys(map(str, range(60_000)), 1)}), "application/json", None),
    ("gzip of 50 MB", gzip.compress(b'{"input":{"word":"' + b"x" * 50_000_000 + b'"}}'), "application/json", "gzip"),
    ("gzip as gzip", gzip.compress(bytes(50_000_000)), "application/gzip", None),
    ("an unknown field of 900,000 characters", _json({"input": {"x" * 900_000: 1}}), "application/json", None),
    ("1e400000", b'{"input":{"seconds":1e400000}}', "application/json", None),
)
