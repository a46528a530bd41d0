"""Have a recording read by a process of its own (child.py), bounded in time, memory and length.

What people send is never touched by FFmpeg in a process of the house: a file that crashes it, hangs it or blows up
costs a refused recording.

Called by the uploads, which count, and by the transcription, which decodes.
"""

import json
import os
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.engines.media.fork_server import NAME, Fork, ForkServer
from jobs.engines.media.kinds import Kind

SAMPLE_RATE_HZ = 16_000

Samples = npt.NDArray[np.float32]  # mono, shape (n,), -1 to 1, SAMPLE_RATE_HZ

# Python, FFmpeg's libraries and their buffers map 250 MB; a demuxer that wants more has met a lie about a length.
MEMORY_BYTES = 768 * 1024 * 1024
# Decoding runs at 250 times the speed of sound on one busy core: an hour takes 15 s, and twice that is patience.
_SECONDS_PER_SECOND = 1 / 100
_START_SECONDS = 15.0
# Of a fork whose outputs are closed: it is on its way out.
_END_SECONDS = 5.0
SERVER = ForkServer(Path(__file__).with_name("child.py"))
_READ_BYTES = 1 << 18
# Decoders pad the last frame; a recording of exactly the limit is not over it.
_SLACK_SECONDS = 1.0

MESSAGES = {
    "not_audio": "this is no recording that can be read",
    "no_sound": "there is no sound in this file",
    "codec_not_taken": "the sound is coded in a way that is not taken here",
    "out_of_memory": "reading this file takes more memory than a recording needs",
    "too_slow": "reading this file takes longer than a recording needs",
}


@dataclass(frozen=True)
class Facts:
    seconds: float
    codec: str


def probe(
    file: BinaryIO, kind: Kind, *, field: str, max_seconds: float, go_on: Callable[[], None] | None = None
) -> Facts:
    """
    Return how long the recording is, without decoding it.

    file: a real one, with a descriptor. Raises InputRejected naming `field`: not_audio, no_sound, codec_not_taken,
    too_long, out_of_memory, too_slow; and EngineUnavailable when no process could be started.
    """
    _sound, told = _run("count", file, kind, max_seconds=max_seconds, go_on=go_on)
    return _facts(told, field=field, max_seconds=max_seconds)


def decode(
    file: BinaryIO, kind: Kind, *, field: str, max_seconds: float, go_on: Callable[[], None] | None = None
) -> Samples:
    """
    Return the whole sound of the recording.

    go_on: called now and then while the child works; what it raises ends the child and goes to the caller.
    Raises as probe() does.
    """
    sound, told = _run("decode", file, kind, max_seconds=max_seconds, go_on=go_on)
    _facts(told, field=field, max_seconds=max_seconds)
    return np.frombuffer(sound, dtype=np.float32)


def _facts(told: dict[str, Any], *, field: str, max_seconds: float) -> Facts:
    word = told.get("error")
    if word == "too_long":
        raise InputRejected(field, word, f"the recording is longer than {max_seconds:g} s")
    if word is not None:
        raise InputRejected(field, word, MESSAGES.get(word, MESSAGES["not_audio"]))
    return Facts(float(told["seconds"]), str(told["codec"]))


def _run(
    task: str, file: BinaryIO, kind: Kind, *, max_seconds: float, go_on: Callable[[], None] | None
) -> tuple[bytearray, dict[str, Any]]:
    patience = _START_SECONDS + max_seconds * _SECONDS_PER_SECOND
    job = {
        "task": task,
        "demuxer": kind.demuxer,
        "max_seconds": max_seconds + _SLACK_SECONDS,
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": int(patience),
    }
    for _server in range(2):
        with SERVER.fork(job, file) as fork:
            sound, said = _read(fork, until=time.monotonic() + patience, go_on=go_on)
            if said is None:
                if not fork.has_begun():
                    # Not the file was slow: the server stands still.
                    SERVER.drop()
                return bytearray(), {"error": "too_slow"}
            code = fork.exit_code(seconds=_END_SECONDS)
        if code is not None:
            return sound, _told(said, code)
    raise EngineUnavailable(NAME)


def _told(said: bytes, code: int) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (ValueError, IndexError):
        # It crashed, or a limit of the kernel ended it: whatever it was, it was no recording that can be read.
        return {"error": "too_slow" if code == -signal.SIGXCPU else "not_audio"}
    return told


def _read(fork: Fork, *, until: float, go_on: Callable[[], None] | None) -> tuple[bytearray, bytes | None]:
    """Return what the fork wrote to its two outputs; None for the second when its time was over."""
    sound, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(fork.sound, selectors.EVENT_READ, sound)
        selector.register(fork.said, selectors.EVENT_READ, said)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                return sound, None
            for key, _events in selector.select(min(left, 0.5)):
                data = os.read(key.fd, _READ_BYTES)
                key.data.extend(data)
                if not data:
                    selector.unregister(key.fileobj)
            if go_on is not None:
                go_on()
    return sound, bytes(said)
