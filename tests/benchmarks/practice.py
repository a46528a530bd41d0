"""Practice: what an analysis costs of a core and of memory, by length and language, and when progress is first seen.

Recordings are the house's own voices, half a tone higher, as m4a, sent to a running house. The cost is the CPU time
of the worker that analysed and of the processes that decoded for it, so a busy machine changes little of it; "new"
counts making the reference reading of the sentence with it, which is made once, "known" is every later recording of
it by the same worker. The memory is the kernel's high-water mark of the worker (VmHWM), tables that all workers share
included. The first progress is a wait, which a busy machine makes longer; so a task that does nothing is waited for in
the same way, turn by turn, and the ratio of the two stands beside it. No wait is without an end.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests
import websockets

from tests.benchmarks.table import say
from tests.engines.recordings import VOICES, sound
from tests.flows.house import Stack, eventually

FACTOR_AIM, MEGABYTES_AIM, FIRST_SECONDS_AIM = 0.1, 500.0, 0.2
LENGTHS_SECONDS = (5, 30, 120)
VOICE = {"ja": "mei_normal", "en": "hibari_heart"}
# Cut to length; a sentence has at most 1,000 characters.
TEXT = {
    "ja": "明日の朝は少し早く起きて、川の近くをゆっくり散歩します。空が晴れていたら、友達と写真を撮るつもりです。"
    "それから駅前の小さな店でパンと牛乳を買って、家に帰って朝ご飯を食べます。午後は図書館で新しい本を探します。",
    "en": "Tomorrow morning we are going to walk slowly along the river. If the sky is clear, my friends will take "
    "pictures of the old bridge. Then we buy bread and milk at a small shop near the station and go home. ",
}
MOST_CHARACTERS = 1_000
WARM_UPS = 4
# An analysis has 180 s, and one more attempt. Two minutes of a new sentence take 27 s of a core, which a machine with a
# load of twenty gives in three minutes: there the longest do not end, and this says so.
ANALYSIS_SECONDS = 400.0
# A first message takes a tenth of a second, and a short analysis behind it some seconds on a busy machine.
SOCKET_SECONDS = 60.0
# A worker that knows a sentence takes its next recording, or the other one does: so often it is tried.
MOST_TRIES = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS_SECONDS, help="of the recordings, in seconds")
    parser.add_argument("--rounds", type=int, default=15, help="of the wait for the first progress")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="koebako-bench-") as folder:
        house = Stack(Path(folder))
        house.start()
        try:
            measure(Learner(house), chosen)
        finally:
            house.stop()


def measure(learner: "Learner", chosen: argparse.Namespace) -> None:
    for number in range(WARM_UPS):
        for language in VOICE:
            learner.analyse(*reading(language, 3, number)[:2], language)
        print(f"warming up: {number + 1} of {WARM_UPS}", flush=True)
    factors, peaks = [], []
    for language in VOICE:
        for seconds in chosen.lengths:
            sentence, data, spoken = reading(language, seconds, 0)
            new, known = learner.new_and_known(sentence, data, language)
            factors.append(known.cpu_seconds / spoken)
            peaks.append(max(new.peak_megabytes, known.peak_megabytes))
            print(
                f"{language} {spoken:5.1f} s: CPU time / length {new.cpu_seconds / spoken:.3f} new, "
                f"{factors[-1]:.3f} known; worker at most {peaks[-1]:.0f} MB",
                flush=True,
            )
    say("real-time factor, warm, the worst of them", max(factors), at_most=FACTOR_AIM)
    say("megabytes of a worker, the worst of them", max(peaks), at_most=MEGABYTES_AIM)
    measure_waits(learner, chosen.rounds)


def measure_waits(learner: "Learner", rounds: int) -> None:
    sentence, data, _spoken = reading("ja", 3, 0)
    waits, floors = [], []
    for _ in range(rounds):
        floors.append(asyncio.run(learner.first_message(learner.submit_nothing)))
        record_id = learner.send(sentence, data, "ja")
        waits.append(asyncio.run(learner.first_message(partial(learner.submit, record_id))))
    ratio = statistics.median(wait / floor for wait, floor in zip(waits, floors, strict=True))
    print(
        f"first progress on a socket: median {statistics.median(waits):.3f} s, last {max(waits):.3f} s after submit; "
        f"{ratio:.2f} times as long as a task that does nothing ({statistics.median(floors):.3f} s)"
    )
    say("seconds from submit to the first progress, median", statistics.median(waits), at_most=FIRST_SECONDS_AIM)


def reading(language: str, seconds: int, number: int) -> tuple[str, bytes, float]:
    """Return a sentence, a recording of it as m4a and how long that is; shorter voices speak slower for it."""
    rate, voice = 48_000, VOICE[language]
    text = (TEXT[language] * 20)[number * 7 :]
    per_second = {"ja": 5.2, "en": 14.0}[language]
    text = text[: min(MOST_CHARACTERS, int(seconds * per_second))].strip()
    script = VOICES.plan(text, voice=voice)
    natural = len(np.concatenate(list(VOICES.synthesize(script)))) / rate
    speed = max(0.5, min(1.0, natural / seconds))
    samples = np.concatenate(list(VOICES.synthesize(script, speed=speed, pitch_semitones=0.5)))[: seconds * rate]
    return text, sound(samples, "m4a"), len(samples) / rate


class Cost:
    def __init__(self, pid: int, cpu_seconds: float, peak_megabytes: float) -> None:
        self.pid = pid
        self.cpu_seconds = cpu_seconds
        self.peak_megabytes = peak_megabytes


class Learner:
    """One person with a session, who records and waits."""

    def __init__(self, house: Stack) -> None:
        self.house = house
        self.web = requests.Session()
        self.web.headers["Authorization"] = f"Bearer {house.token()}"
        self.session_id = self._post("practice/sessions", json={"title": "benchmark"})["practice_session_id"]

    def new_and_known(self, sentence: str, data: bytes, language: str) -> tuple[Cost, Cost]:
        """Return what a recording costs a worker that meets its sentence for the first time, and one that knows it."""
        met: dict[int, Cost] = {}
        for _ in range(MOST_TRIES):
            cost = self.analyse(sentence, data, language)
            if cost.pid in met:
                return met[cost.pid], cost
            met[cost.pid] = cost
        raise RuntimeError(f"{MOST_TRIES} recordings of one sentence were all heard by other workers")

    def analyse(self, sentence: str, data: bytes, language: str) -> Cost:
        record_id = self.send(sentence, data, language)
        before = {worker.pid: cpu_seconds(worker) for worker in self.house.workers()}
        task_id = self.submit(record_id)
        self._wait(task_id)
        worker = psutil.Process(self._pid(task_id))
        return Cost(worker.pid, cpu_seconds(worker) - before.get(worker.pid, 0.0), peak_megabytes(worker.pid))

    async def first_message(self, submit: Callable[[], str]) -> float:
        """Return the seconds from submit to the first message that names a step or the end, and see the end."""
        started = time.perf_counter()
        task_id = submit()
        address = f"ws://localhost:{self.house.port}/api/v1/tasks/ws/task/{task_id}"
        try:
            async with asyncio.timeout(SOCKET_SECONDS), websockets.connect(address, origin=self.house.url) as socket:
                await socket.send(json.dumps({"token": self.house.token()}))
                async for message in socket:
                    told = json.loads(message)
                    if told["current_step"] or told["status"] == "success":
                        first = time.perf_counter() - started
                        break
                else:
                    raise RuntimeError(f"the socket of task {task_id} closed ({socket.close_code}) and told nothing")
        except TimeoutError as error:
            raise RuntimeError(f"no word of task {task_id} on its socket in {SOCKET_SECONDS:g} s") from error
        self._wait(task_id)
        return first

    def send(self, sentence: str, data: bytes, language: str) -> str:
        form = {"sentence": sentence, "language": language}
        files = {"recording": ("voice.m4a", data, "audio/mp4")}
        made = self._post(f"practice/sessions/{self.session_id}/records", data=form, files=files)
        return str(made["practice_record_id"])

    def submit(self, record_id: str) -> str:
        return str(self._post("tasks/analysis/submit", json={"practice_record_id": record_id})["task_id"])

    def submit_nothing(self) -> str:
        return str(self._post("functions/toy_quick/invoke", json={"input": {}})["task_id"])

    def _wait(self, task_id: str) -> None:
        told = eventually(
            lambda: self._ended(task_id), what=f"task {task_id} ends", seconds=ANALYSIS_SECONDS, every=0.05
        )
        if told["status"] != "success":
            raise RuntimeError(f"task {task_id}: {told['status']}, {told['error']}")

    def _ended(self, task_id: str) -> Any:
        told = self._get(task_id)
        return told if told["completed_at"] else None

    def _pid(self, task_id: str) -> int:
        """Return the process of the worker that ran a task: `host:guard:pid:slot`."""
        # The last one did it, should a worker have been lost on the way.
        return int(self._get(task_id)["attempts"][-1]["worker"].split(":")[2])

    def _get(self, task_id: str) -> Any:
        answer = self.web.get(f"{self.house.url}/api/v1/tasks/{task_id}", timeout=60)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.text}")
        return answer.json()

    def _post(self, place: str, **what: Any) -> Any:
        answer = self.web.post(f"{self.house.url}/api/v1/{place}", timeout=60, **what)
        if answer.status_code not in (201, 202):
            raise RuntimeError(f"{answer.status_code}: {answer.text}")
        return answer.json()


def cpu_seconds(worker: psutil.Process) -> float:
    """Return what a worker and the processes that decode for it have used, those that ended included."""
    total = 0.0
    for process in (worker, *worker.children(recursive=True)):
        # A fork that has decoded and gone is in its parent's account.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def peak_megabytes(pid: int) -> float:
    [line] = [row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
