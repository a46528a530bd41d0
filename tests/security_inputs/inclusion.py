"""Files that name other files: playlists of every kind, bare and behind the first bytes of what is taken."""

import struct
from collections.abc import Iterator

from tests.engines.recordings import sound, tone


def playlists(address: str, path: str) -> dict[str, bytes]:
    """address: of a server that counts its visitors. path: of a recording that is nobody's business."""
    targets = {"http": f"{address}/a.wav", "file": f"file://{path}", "relative": path.rpartition("/")[2]}
    found = {}
    for word, target in targets.items():
        found |= {f"{kind} by {word}": text.encode() for kind, text in _lists(target).items()}
    nested = f"concat:{path}|{address}/b.wav", f"subfile,,start,0,end,99999,,:{path}", f"crypto:{path}"
    for number, target in enumerate((*nested, f"data:audio/x-mpegurl,{address}/c", f"cache:{address}/d")):
        found[f"hls of another protocol {number}"] = _hls(target).encode()
    return found


def _lists(target: str) -> dict[str, str]:
    return {
        "hls": _hls(target),
        "hls with a key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n',
        "hls with a map": f'#EXTM3U\n#EXT-X-MAP:URI="{target}"\n#EXTINF:1,\na.m4s\n#EXT-X-ENDLIST\n',
        "hls of lists": f'#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b",URI="{target}"\n'
        f"#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "ffconcat, unsafe": f"ffconcat version 1.0\noption safe 0\nfile '{target}'\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1"><BaseURL>{target}</BaseURL><SegmentBase/></Representation>'
        "</AdaptationSet></Period></MPD>",
        "dash with an entity": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "{target}">]><MPD>&b;</MPD>',
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={target}\n"
        f"c=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na=control:{target}\n",
        "pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "smil": f'<smil><body><audio src="{target}"/></body></smil>',
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
    }


def _hls(target: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"


def disguised(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the list bare, and where a demuxer of what is taken may come upon it."""
    beep = tone(0.2)
    yield "bare", text
    yield "behind a WAV's head", b"RIFF\xff\xff\xff\x7fWAVE" + text
    yield "in an AVI's subtitles", _gab2(text)
    yield "in an ID3 tag", _id3(text) + sound(beep, "mp3")
    yield "behind an Ogg's first page", sound(beep, "ogg")[:47] + text
    yield (
        "in a FLAC's picture",
        b"fLaC\x06" + (len(text) + 8).to_bytes(3, "big") + struct.pack(">II", 3, 3) + b"-->" + text,
    )
    yield (
        "in an MP4's data",
        b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00" + struct.pack(">I", len(text) + 8) + b"mdat" + text,
    )
    yield (
        "in a Matroska attachment",
        sound(beep, "webm") + b"\x19\x41\xa4\x69" + bytes([0x80 | min(len(text), 126)]) + text,
    )


def _id3(text: bytes) -> bytes:
    # A picture that is an address: "-->" as its type. Source: id3.org, ID3v2.4.0 frames, 4.14.
    body = b"\x00-->\x00\x03\x00" + text
    frame = b"APIC" + _seven_bits(len(body)) + b"\x00\x00" + body
    return b"ID3\x04\x00\x00" + _seven_bits(len(frame)) + frame


def _seven_bits(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _gab2(text: bytes) -> bytes:
    head = b"GAB2\x00" + struct.pack("<HI", 2, 0) + struct.pack("<HI", 4, len(text)) + text
    return (
        b"RIFF"
        + struct.pack("<I", len(head) + 20)
        + b"AVI LIST"
        + struct.pack("<I", len(head) + 12)
        + b"movi01sb"
        + head
    )


# What a form may call a file, and FFmpeg would open.
NAMES = (
    "http://127.0.0.1:1/a.wav", "https://example.com/a.ogg", "file:///etc/passwd", "file:/etc/hostname",
    "concat:/etc/hostname|/etc/passwd", "concatf:/etc/hostname", "subfile,,start,0,end,9,,:/etc/hostname",
    "data:audio/wav;base64,UklGRg==", "crypto:/etc/hostname", "cache:http://127.0.0.1:1/", "async:/etc/hostname",
    "tcp://127.0.0.1:1", "udp://127.0.0.1:1", "rtp://127.0.0.1:1", "rtsp://127.0.0.1:1/a", "rtmp://127.0.0.1:1/a",
    "srt://127.0.0.1:1", "ftp://127.0.0.1:1/a", "sftp://127.0.0.1:1/a", "gopher://127.0.0.1:1/a", "tls://127.0.0.1:1",
    "hls+http://127.0.0.1:1/a.m3u8", "mmsh://127.0.0.1:1/a", "icecast://127.0.0.1:1/a", "pipe:0", "pipe:3", "fd:0",
    "unix:/tmp/a.sock", "ipfs://a", "tee:/tmp/a|/tmp/b", "md5:/tmp/a", "/dev/zero", "/dev/stdin", "/proc/self/environ",
    "../../../etc/passwd", "..\\..\\a.wav", "-i", "a.wav;id", "$(id).wav", "lavfi:sine", "sine=f=440", "%d.wav",
)  # fmt: skip
