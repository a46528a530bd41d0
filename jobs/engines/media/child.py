"""The program that reads a recording: FFmpeg, which has a long list of holes, alone in a process that can do nothing.

    python -I child.py JOB < recording > samples 2> facts     JOB: JSON, as reading.py writes it

It holds three open files and may open no fourth, neither a file nor a line to the network (RLIMIT_NOFILE); what it
maps, computes and writes is bounded; its environment is empty. Standard output is 16 kHz mono float32 PCM, standard
error one line of JSON: {"seconds", "codec"}, or {"error"} with a word.

Run by reading.py alone; it imports nothing of the house.
"""

import io
import json
import os
import resource
import sys
from typing import Any

import av
import av.logging

# Loaded by av when it meets a stream of their kind; by then no file can be opened any more.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream

SAMPLE_RATE_HZ = 16_000
# Sound as people and their programs record it. Others stay closed: each decoder is one more that may have a hole.
CODECS = (
    "opus", "libopus", "vorbis", "mp3", "mp3float", "mp2", "mp2float", "aac", "alac", "flac",
    "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be",
    "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw",
)  # fmt: skip
OPTIONS = {
    # The demuxer reads from what it was handed; it needs no protocol, and no list of files.
    "protocol_whitelist": "none",
    "codec_whitelist": ",".join(CODECS),
    # A film with its subtitles has a handful.
    "max_streams": "32",
}
MOV_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0"}
# Frames that cannot be decoded are left out, as every player does; with more, the rest is noise.
MAX_BAD_PACKETS = 100
_WRITE_BYTES = 1 << 16


class Refused(Exception):
    """word: not_audio, no_sound, codec_not_taken or too_long."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(word)


def shut(job: dict[str, Any]) -> None:
    """Give up, for good, what reading a file from an open descriptor does not need."""
    for what, most in (
        (resource.RLIMIT_AS, job["memory_bytes"]),
        (resource.RLIMIT_CPU, job["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        # Not a single one beyond the three: whatever a file refers to cannot be opened.
        (resource.RLIMIT_NOFILE, 3),
    ):
        _soft, hard = resource.getrlimit(what)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def open_sound(job: dict[str, Any]) -> tuple[Any, Any]:
    """Return the container and its first stream of sound."""
    options = OPTIONS | (MOV_OPTIONS if job["demuxer"] == "mov" else {})
    file = io.FileIO(0, closefd=False)
    file.seek(0)
    container = av.open(io.BufferedReader(file), format=job["demuxer"], options=options, metadata_errors="ignore")
    if not container.streams.audio:
        raise Refused("no_sound")
    stream = container.streams.audio[0]
    if stream.codec_context is None or stream.codec_context.name not in CODECS:
        raise Refused("codec_not_taken")
    stream.codec_context.thread_count = 1
    return container, stream


def count(job: dict[str, Any]) -> dict[str, Any]:
    """Return how long the sound is by its packets; only those are decoded by which FFmpeg gets to know the stream."""
    container, stream = open_sound(job)
    ticks, first, last = 0, None, 0
    for packet in container.demux(stream):
        ticks += packet.duration or 0
        if packet.pts is not None:
            first = packet.pts if first is None else first
            last = max(last, packet.pts + (packet.duration or 0))
        if max(ticks, last - (first or 0)) * float(stream.time_base) > job["max_seconds"]:
            raise Refused("too_long")
    ticks = max(ticks, last - (first or 0))
    if not ticks:
        raise Refused("not_audio")
    return {"seconds": ticks * float(stream.time_base), "codec": stream.codec_context.name}


def decode(job: dict[str, Any]) -> dict[str, Any]:
    """Write the sound to standard output as it is decoded."""
    container, stream = open_sound(job)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    samples, bad = 0, 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            bad += 1
            if bad > MAX_BAD_PACKETS:
                raise
            continue
        for frame in frames:
            samples += _write(resampler.resample(frame))
            if samples > job["max_seconds"] * SAMPLE_RATE_HZ:
                raise Refused("too_long")
    if not samples:
        raise Refused("not_audio")
    samples += _write(resampler.resample(None))
    return {"seconds": samples / SAMPLE_RATE_HZ, "codec": stream.codec_context.name}


def _write(frames: list[Any]) -> int:
    for frame in frames:
        data = memoryview(frame.planes[0])[: frame.samples * 4]
        while data:
            data = data[os.write(1, data[:_WRITE_BYTES]) :]
    return sum(frame.samples for frame in frames)


def main() -> None:
    job = json.loads(sys.argv[1])
    av.logging.set_level(av.logging.PANIC)
    shut(job)
    try:
        facts = count(job) if job["task"] == "count" else decode(job)
    except Refused as refused:
        facts = {"error": refused.word}
    except MemoryError:
        facts = {"error": "out_of_memory"}
    except (av.error.FFmpegError, ValueError, OverflowError, UnicodeError) as error:
        # A reference to another file ends here too: it could not be opened.
        facts = {"error": "out_of_memory" if getattr(error, "errno", 0) == 12 else "not_audio"}
    os.write(2, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
