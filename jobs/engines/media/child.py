"""The program that reads recordings: FFmpeg, which has a long list of holes, alone in a process that can do nothing.

    python -I child.py < DOOR     DOOR: a socket on which fork_server.py sends jobs

What is started so reads no recording. For each job, JSON as reading.py writes it, it forks: the fork holds three open
files and may open no fourth, neither a file nor a line to the network (RLIMIT_NOFILE); what it maps, computes and
writes is bounded; its environment is empty; it ends with its recording. Its standard input is the recording, standard
output 16 kHz mono float32 PCM, standard error one line of JSON: {"seconds", "codec"}, or {"error"} with a word.

Run by fork_server.py alone; it imports nothing of the house.
"""

import contextlib
import io
import json
import os
import resource
import selectors
import signal
import socket
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
# Memory is given back when nobody has sent anything for so long.
IDLE_SECONDS = 600.0
# A job has some 150 bytes.
MAX_JOB_BYTES = 4096
# Of the server: the door, and one for each of its forks. What nobody sees would stay open in a fork.
MAX_DESCRIPTORS = 1024


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
        # At the hard limit of time the kernel kills; a second before, the signal says what it was.
        resource.setrlimit(what, (max(limit - 1, 1), limit) if what == resource.RLIMIT_CPU else (limit, limit))


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


def read(job: dict[str, Any]) -> None:
    """Do one job on the descriptors 0, 1 and 2: what a fork lives for."""
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


class Server:
    """Forks for each job that comes through the door, kills what nobody waits for, and tells how each fork ended."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._waiting: dict[int, socket.socket] = {}  # by the fork's pid; closed at the far end when it is given up
        self._selector = selectors.DefaultSelector()
        self._selector.register(door, selectors.EVENT_READ)
        self._deaths, wake = socket.socketpair()
        self._deaths.setblocking(False)
        wake.setblocking(False)
        self._selector.register(self._deaths, selectors.EVENT_READ)
        self._wake = wake  # kept open
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Return when whoever sends jobs is gone, or has sent none for IDLE_SECONDS."""
        while True:
            ready = [key.fileobj for key, _events in self._selector.select(IDLE_SECONDS)]
            if self._deaths in ready:
                self._deaths.recv(4096)
                self._bury()
            for pid, control in list(self._waiting.items()):
                if control in ready:
                    # It never speaks, so this is its end.
                    os.kill(pid, signal.SIGKILL)
                    self._selector.unregister(control)
            if (self._door in ready and not self._take()) or not (ready or self._waiting):
                break
        for pid in self._waiting:
            os.kill(pid, signal.SIGKILL)

    def _take(self) -> bool:
        """Fork for the job that came; return False when the door was closed instead."""
        message, descriptors, _flags, _address = socket.recv_fds(self._door, MAX_JOB_BYTES, 4)
        if not message:
            return False
        *files, number = descriptors
        control = socket.socket(fileno=number)
        pid = os.fork()
        if pid == 0:
            self._be_fork(json.loads(message), files)
        for file in files:
            os.close(file)
        with contextlib.suppress(OSError):  # given up already: seen at the next look
            control.send(b"+")
        self._waiting[pid] = control
        self._selector.register(control, selectors.EVENT_READ)
        return True

    def _be_fork(self, job: dict[str, Any], files: list[int]) -> None:
        """Never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for place, file in enumerate(files):
                os.dup2(file, place)
            os.closerange(3, MAX_DESCRIPTORS)
            read(job)
            code = 0
        finally:
            os._exit(code)

    def _bury(self) -> None:
        while self._waiting:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            control = self._waiting.pop(pid)
            if control in self._selector.get_map():
                self._selector.unregister(control)
            with control, contextlib.suppress(OSError):
                control.send(str(os.waitstatus_to_exitcode(status)).encode())


def main() -> None:
    # Its place is taken by a recording in each fork.
    Server(socket.socket(fileno=os.dup(0))).serve()


if __name__ == "__main__":
    main()
