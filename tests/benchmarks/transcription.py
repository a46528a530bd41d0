"""Transcription: what is heard wrong of 44 sentences of our own voices, and a voice note against the bare engine.

The bare engine is faster-whisper's own `transcribe` with the packaged model and the safe options of its manual, in
this process, on the same file. What was written in kanji and is heard in kana counts as wrong, and so do homophones.
"""

import http.client
import io
import json
import re
import statistics
import tempfile
import time
import unicodedata
import uuid
from pathlib import Path
from typing import Any

import psutil

from jobs.engines.media.kinds import OGG
from jobs.engines.transcription import base_model
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.whisper import Whisper
from tests.benchmarks.rounds import interleaved, line, median_ratio
from tests.benchmarks.table import say
from tests.benchmarks.transcription_sentences import ENGLISH, JAPANESE
from tests.engines.recordings import said
from tests.flows.house import Stack, eventually

ROUNDS = 15
# 3.2 s of sound.
NOTE = "今日の会議は午後三時からです。"
AIM = 1.3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        accuracy(Whisper("base", folder=models))
        house = Stack(Path(folder))
        house.start()
        try:
            measure(house, bare_engine(models))
        finally:
            house.stop()


# What is heard


def accuracy(engine: Whisper) -> None:
    before = psutil.Process().memory_info().rss
    hear(engine, said(NOTE))
    spent = spoken = 0.0
    for name, voice, texts, units in (
        ("ja", "mei_normal", JAPANESE, characters),
        ("en", "hibari_heart", ENGLISH, words),
    ):
        wrong = count = rightly = 0
        for text in texts:
            data = said(text, voice)
            started = time.perf_counter()
            heard = hear(engine, data)
            spent += time.perf_counter() - started
            spoken += heard.duration_seconds
            wrong += distance(units(text), units(heard.text))
            count += len(units(text))
            rightly += heard.language == name
        print(
            f"{name}, {voice}: {wrong / count:.3f} wrong of {count} {units.__name__}; language {rightly}/{len(texts)}"
        )
    print(f"seconds computed for a second of sound, decoding and its process with it: {spent / spoken:.3f}")
    print(f"memory of the model and its work: {(psutil.Process().memory_info().rss - before) / 1e6:.0f} MB")


def hear(engine: Whisper, data: bytes) -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return engine.transcribe(Recording(file, OGG, field="recording", max_seconds=60))


def characters(text: str) -> list[str]:
    return list(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)))


def words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]+", " ", unicodedata.normalize("NFKC", text).lower()).split()


def distance(one: list[str], other: list[str]) -> int:
    """Return the least number of changes that make one list the other. Source: Levenshtein, 1965."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]


# A voice note, end to end


def bare_engine(models: Path) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(base_model.model_folder(models)), device="cpu", compute_type="int8", cpu_threads=2)


def measure(house: Stack, model: Any) -> None:
    data = said(NOTE)
    caller = Caller(house)

    def bare(_number: int) -> None:
        segments, _facts = model.transcribe(
            io.BytesIO(data),
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=True,
            max_new_tokens=128,
        )
        list(segments)

    for number in range(6):  # every worker has opened its model
        bare(number)
        caller.transcribe(data)
    seconds = interleaved(ROUNDS, bare=bare, api=lambda _n: caller.transcribe(data), task=lambda _n: caller.task(data))
    print(line("a voice note of 3 s, bare engine", seconds["bare"]))
    print(line("over POST /v1/audio/transcriptions", seconds["api"]))
    print(line("over invoke with a file, until the task has succeeded", seconds["task"]))
    say("API / bare", median_ratio(seconds["api"], seconds["bare"]), at_most=AIM)
    say("task / bare", median_ratio(seconds["task"], seconds["bare"]), at_most=AIM)
    sizes = [each.memory_info().rss / 1e6 for each in house.processes() if "qcluster" in " ".join(each.cmdline())]
    print(f"memory of the cluster's processes: {', '.join(f'{size:.0f}' for size in sorted(sizes))} MB")
    print(f"median of the API: {statistics.median(seconds['api']):.2f} s")


class Caller:
    """One client with one kept connection."""

    def __init__(self, house: Stack) -> None:
        self.connection = http.client.HTTPConnection("localhost", house.port, timeout=120)
        self.headers = {"Authorization": f"Bearer {house.token()}"}

    def transcribe(self, data: bytes) -> None:
        status, body = self._send("/v1/audio/transcriptions", data, file="file", model="whisper-1")
        if status != 200 or "会議" not in body["text"]:
            raise RuntimeError(f"{status}: {body}")

    def task(self, data: bytes) -> None:
        status, body = self._send("/api/v1/functions/transcription/invoke", data, file="recording")
        if status != 202:
            raise RuntimeError(f"{status}: {body}")
        eventually(lambda: self._ask(body["task_id"])["status"] == "success", what="the task succeeds", every=0.01)

    def _send(self, path: str, data: bytes, *, file: str, **fields: str) -> tuple[int, Any]:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in fields.items()
        ]
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{file}"; filename="note.ogg"\r\n\r\n')
        body = "".join(parts).encode() + data + f"\r\n--{mark}--\r\n".encode()
        self.connection.request(
            "POST", path, body, {**self.headers, "Content-Type": f"multipart/form-data; boundary={mark}"}
        )
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def _ask(self, task_id: str) -> Any:
        self.connection.request("GET", f"/api/v1/tasks/{task_id}", headers=self.headers)
        return json.loads(self.connection.getresponse().read())


if __name__ == "__main__":
    main()
