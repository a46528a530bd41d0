"""S4: what people send as a recording or a picture, through the paths that read it: bounded, nothing else read."""

import contextlib
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import psutil
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from bots.guilds.clean import Refused
from bots.guilds.dictionary_files import read_file
from jobs.engines.errors import InputRejected
from jobs.engines.media import reading
from jobs.engines.media.kinds import sniff
from jobs.engines.media.reading import SAMPLE_RATE_HZ, decode, probe
from jobs.runtime.models import Task, Upload
from tests.engines.recordings import sound, tone
from tests.security_inputs import bombs, inclusion
from tests.stand_in import listening

ROOT = Path(__file__).resolve().parents[2]
# Of the longest recording here; what claims more is refused, and what is longer is cut.
MAX_SECONDS = 60.0
# A tone that is in none of our own recordings.
FOREIGN_HZ = 3000


def read(data):
    """Read it as an upload and then as a function would; return its samples, or the code of the refusal."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        kind = sniff(file)
        if kind is None:
            return "unknown_kind"
        try:
            probe(file, kind, field="recording", max_seconds=MAX_SECONDS)
            return decode(file, kind, field="recording", max_seconds=MAX_SECONDS)
        except InputRejected as refused:
            return refused.code


@contextlib.contextmanager
def watching_forks():
    """Yield a list whose only entry is the most memory that a fork was seen to hold."""
    reading.SERVER.start()
    server = psutil.Process(reading.SERVER._process.pid)
    most, over = [0], threading.Event()

    def look():
        while not over.wait(0.002):
            with contextlib.suppress(psutil.Error):
                most[0] = max([most[0], *(fork.memory_info().rss for fork in server.children())])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield most
    finally:
        over.set()
        looking.join()


def test_no_recording_is_larger_than_its_limits():
    wrong = []
    with watching_forks() as most:
        server = reading.SERVER._process.pid
        for bomb in bombs.RECORDINGS:
            data, began = bomb.make(), time.process_time()
            got = read(data)
            seconds = 0 if isinstance(got, str) else len(got) / SAMPLE_RATE_HZ
            if seconds > MAX_SECONDS + 1 or time.process_time() - began > 10:
                wrong.append((bomb.name, seconds, time.process_time() - began))
            if isinstance(got, str) and got not in {"unknown_kind", "too_slow", "too_long", *reading.MESSAGES}:
                wrong.append((bomb.name, got))

    assert wrong == []
    assert most[0] < reading.MEMORY_BYTES
    # The process that makes the forks has lived through all of it.
    assert reading.SERVER._process.pid == server
    assert len(read(sound(tone(1.0)))) == pytest.approx(SAMPLE_RATE_HZ, rel=0.1)


def test_no_picture_is_larger_than_its_limits(tmp_path):
    makers = [lambda: bombs.png(8, 8, bytes(16)), *(bomb.make for bomb in bombs.PICTURES)]
    places = [tmp_path / str(number) for number in range(len(makers))]
    for place, make in zip(places, makers, strict=True):
        place.write_bytes(make())

    command = [sys.executable, "-m", "tests.security_inputs.decoder", *places]
    done = subprocess.run(command, cwd=ROOT, check=True, timeout=120, stdout=subprocess.PIPE)
    told = json.loads(done.stdout)

    found = zip((bomb.name for bomb in bombs.PICTURES), told["pictures"], strict=True)
    assert [(name, one) for name, one in found if one["bytes"] > 20_000 or one["seconds"] > 5] == []
    # 67 MB is the largest picture that is taken, while it is decoded.
    assert told["grown_bytes"] < 200_000_000


def test_no_dictionary_is_larger_than_its_limits():
    wrong = []
    for bomb, name in bombs.DICTIONARIES:
        data, began = bomb.make(), time.process_time()
        with contextlib.suppress(Refused):
            preview = read_file(data, name)
            wrong.append((bomb.name, len(preview.rows), len(preview.refused)))
        if time.process_time() - began > 5:
            wrong.append((bomb.name, time.process_time() - began))
    assert wrong == []


@pytest.mark.django_db
def test_no_body_is_larger_than_its_limits(as_owner, valkey):
    wrong = []
    for name, body, kind, coding in bombs.BODIES:
        headers = {"content-encoding": coding} if coding else {}
        began = time.process_time()
        answer = as_owner.generic("POST", "/api/v1/functions/toy_echo/invoke", body, content_type=kind, headers=headers)
        if not 400 <= answer.status_code < 500 or len(answer.content) > 20_000 or time.process_time() - began > 3:
            wrong.append((name, answer.status_code, len(answer.content), time.process_time() - began))
    assert wrong == []
    assert not Task.objects.exists()


class Sentinel(BaseHTTPRequestHandler):
    """Whoever asks it, asked on behalf of a file."""

    hits: list[str]

    def do_GET(self):
        self.hits.append(self.path)
        self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

    def log_message(self, *_told):
        return


@pytest.fixture
def sentinel(tmp_path, monkeypatch):
    """Return the address of a server, the visits that it had, and a recording that is nobody's business."""

    class Here(Sentinel):
        hits = []

    foreign = tmp_path / "foreign.wav"
    foreign.write_bytes(sound(np.sin(np.arange(48_000) * 2 * math.pi * FOREIGN_HZ / 48_000) * 12_000, "wav"))
    # Where a relative name would be looked for.
    monkeypatch.chdir(tmp_path)
    with listening(Here, let_go=Here.hits.copy) as address:
        yield address, Here.hits, str(foreign)


def has_foreign_tone(samples):
    if len(samples) < SAMPLE_RATE_HZ // 10:
        return False
    heights = np.abs(np.fft.rfft(samples))
    return abs(np.argmax(heights) * SAMPLE_RATE_HZ / len(samples) - FOREIGN_HZ) < 50


def test_no_file_brings_another_one_along(sentinel):
    address, hits, foreign = sentinel
    tried, wrong = 0, []
    for name, text in inclusion.playlists(address, foreign).items():
        for disguise, data in inclusion.disguised(text):
            tried += 1
            got = read(data)
            if not isinstance(got, str) and (has_foreign_tone(got) or len(got) > SAMPLE_RATE_HZ):
                wrong.append((name, disguise, len(got)))

    assert tried > 300
    assert wrong == []
    assert hits == []
    # The ear that listens for it hears it.
    with open(foreign, "rb") as file:  # noqa: PTH123 - to hear it as it would be read
        assert has_foreign_tone(read(file.read()))


@pytest.mark.django_db
def test_no_name_of_a_file_is_ever_opened(as_owner, valkey, sentinel):
    _address, hits, _foreign = sentinel
    wrong = []
    for name in inclusion.NAMES:
        file = SimpleUploadedFile("placeholder", sound(tone(0.2)), content_type="audio/ogg")
        # Past what Django's client makes of a name.
        file._name = name
        answer = as_owner.post(
            "/api/v1/functions/transcription/invoke", {"input": json.dumps({"language": "ja"}), "recording": file}
        )
        if answer.status_code != 202:
            wrong.append((name, answer.status_code, answer.content))
    stored = list(Upload.objects.values_list("file", flat=True))

    assert wrong == []
    assert hits == []
    assert len(stored) == len(inclusion.NAMES)
    assert all(name.startswith("uploads/") and len(name) == len("uploads/ab/") + 32 for name in stored)
    for name in stored:
        default_storage.delete(name)
