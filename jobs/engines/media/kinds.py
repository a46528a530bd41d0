"""Tell what kind of recording a file is by its first bytes: the allow-list of what is decoded at all.

Each kind names the one demuxer of FFmpeg that reads it. The demuxer is forced, so FFmpeg never guesses: a playlist,
an archive or a list of other files has no kind, whatever its name or content type says. A disguised one reaches a
demuxer that cannot read it.

Called by reading.py and by whoever takes files in.
"""

from dataclasses import dataclass
from typing import BinaryIO

# A picture of the cover stands before the sound of an MP3; more than this is no cover.
_MAX_ID3_BYTES = 10_000_000
# A program that adds one may leave another behind it.
_MAX_ID3_TAGS = 3
_MP3_KILOBITS = {
    # (is MPEG 1, layer): by the index in the header. Source: ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3.
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True)
class Kind:
    """
    content_type: as we say it, whatever the sender said.
    extension: for the services that want one.
    demuxer: the name of FFmpeg's.
    """

    content_type: str
    extension: str
    demuxer: str


WAV = Kind("audio/wav", "wav", "wav")
OGG = Kind("audio/ogg", "ogg", "ogg")
FLAC = Kind("audio/flac", "flac", "flac")
MP3 = Kind("audio/mpeg", "mp3", "mp3")
AAC = Kind("audio/aac", "aac", "aac")
MP4 = Kind("audio/mp4", "m4a", "mov")
WEBM = Kind("audio/webm", "webm", "matroska")
KINDS = {kind.content_type: kind for kind in (WAV, OGG, FLAC, MP3, AAC, MP4, WEBM)}


def sniff(file: BinaryIO) -> Kind | None:
    """Return what the file is, None for what is not taken. Reads from the start; the place afterwards is not told."""
    file.seek(0)
    head = file.read(16)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"OggS":
        return OGG
    if head[:4] == b"fLaC":
        return FLAC
    if head[4:8] == b"ftyp":
        return MP4
    if head[:4] == b"\x1aE\xdf\xa3":
        return WEBM
    return _frames(file, _after_id3(file))


def _after_id3(file: BinaryIO) -> int:
    """Return where the sound begins behind ID3v2 tags. Source: id3.org, ID3v2.4.0 structure, 3.1: 7 bits a byte."""
    start = 0
    for _tag in range(_MAX_ID3_TAGS):
        file.seek(start)
        head = file.read(10)
        if head[:3] != b"ID3" or len(head) < 10:
            break
        start += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    return start


def _frames(file: BinaryIO, start: int) -> Kind | None:
    """Return MP3 or AAC when two frames follow each other: two bytes alone would be found in any file."""
    if start > _MAX_ID3_BYTES:
        return None
    first = _header(file, start)
    for kind, length_of in ((AAC, _adts_bytes), (MP3, _mp3_bytes)):
        length = length_of(first)
        if not length:
            continue
        following = _header(file, start + length)
        # A recording may be a single frame; then nothing follows it.
        if not following or length_of(following):
            return kind
    return None


def _header(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(7)


def _adts_bytes(header: bytes) -> int:
    """Return the length of the ADTS frame that begins so, 0 for none. Source: ISO/IEC 13818-7, 6.2."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or (header[2] >> 2 & 0xF) > 12:
        return 0
    length = (header[3] & 0x3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length >= 7 else 0


def _mp3_bytes(header: bytes) -> int:
    """Return the length of the MPEG audio frame that begins so, 0 for none. Source: ISO/IEC 11172-3, 2.4.1.3."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 0x3, 4 - (header[1] >> 1 & 0x3)
    rate_index, hertz_index, padding = header[2] >> 4, header[2] >> 2 & 0x3, header[2] >> 1 & 0x1
    if version == 1 or layer == 4 or not 1 <= rate_index <= 14 or hertz_index == 3:
        return 0
    bits = _MP3_KILOBITS[version == 3, layer][rate_index - 1] * 1000
    hertz = _MP3_HERTZ[version][hertz_index]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    samples = 1152 if layer == 2 or version == 3 else 576
    return samples // 8 * bits // hertz + padding
