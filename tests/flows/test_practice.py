"""A learner's hour, from outside: recorded, sent, watched, judged; and what nobody else gets to see."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import jwt
import numpy as np
import psutil
import requests
import websockets

from tests.engines.recordings import said, sound
from tests.flows.house import JWT_ISSUER, JWT_SECRET, Stack, eventually
from tests.home_files import files_with

SENTENCE = "明日の会議は、午後三時から始まります。"


def learner(name="learner-1"):
    ends = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode({"sub": name, "iss": JWT_ISSUER, "aud": "koebako", "exp": ends}, JWT_SECRET, algorithm="HS256")


def send(stack: Stack, data: bytes, *, sentence: str = SENTENCE, session_id: str | None = None, language: str = "ja"):
    """Return the record of a recording that was sent as a phone does."""
    token = learner()
    if session_id is None:
        session_id = stack.post("/api/v1/practice/sessions", {"title": "朝"}, token=token).json["practice_session_id"]
    answer = requests.post(
        f"{stack.url}/api/v1/practice/sessions/{session_id}/records",
        files={"recording": ("voice.m4a", data, "audio/mp4")},
        data={"sentence": sentence, "language": language},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def submit(stack: Stack, record, **parameters):
    body = {"practice_session_id": record["practice_session_id"], "parameters": parameters}
    answer = stack.post("/api/v1/tasks/analysis/submit", body, token=learner())
    assert answer.status == 202, answer.body
    return answer.json["task_id"]


def status_of(stack: Stack, record) -> str:
    return stack.get(f"/api/v1/practice/records/{record['practice_record_id']}", token=learner()).json["record_status"]


def ended(stack: Stack, task_id: str):
    def look():
        told = stack.get(f"/api/v1/tasks/analysis/{task_id}/status", token=learner()).json
        return told if told["completed_at"] else None

    return eventually(look, what=f"analysis {task_id} ends")


async def watched(stack: Stack, task_id: str):
    address = f"ws://localhost:{stack.port}/api/v1/tasks/ws/task/{task_id}"
    async with websockets.connect(address, origin=stack.url) as socket:
        await socket.send(json.dumps({"token": learner()}))
        return [json.loads(message) async for message in socket]


def test_a_recording_is_sent_watched_and_judged(stack: Stack):
    record = send(stack, said(SENTENCE, kind="m4a"))
    task_id = submit(stack, record, analysis_type="full", include_suggestions=True)

    messages = asyncio.run(asyncio.wait_for(watched(stack, task_id), timeout=180))

    assert {"task_id", "status", "progress", "current_step", "timestamp"} <= messages[0].keys()
    assert (messages[-1]["status"], messages[-1]["progress"]) == ("success", 100)
    progress = [message["progress"] for message in messages]
    assert progress == sorted(progress)
    result = stack.get(f"/api/v1/tasks/analysis/{task_id}/result", token=learner()).json
    # The reference voice itself read the sentence.
    assert result["overall_score"] > 80
    assert result["detailed_analysis"]["phoneme_analysis"]["phonemes"]
    assert result["model_version"]
    told = stack.get(f"/api/v1/tasks/analysis/{task_id}/status", token=learner()).json
    assert (told["status"], told["estimated_remaining_time"]) == ("success", "PT0S")
    assert status_of(stack, record) == "ai_analyzed"
    heard = stack.get(record["recording_url"])
    assert heard.body == said(SENTENCE, kind="m4a")


def test_silence_is_refused_by_name_and_may_be_recorded_anew(stack: Stack):
    record = send(stack, sound(np.zeros(3 * 48_000), "m4a"))
    task_id = submit(stack, record)

    told = ended(stack, task_id)

    assert (told["status"], told["error"]["type"], told["error"]["code"]) == (
        "failure", "data_validation_error", "silence",
    )  # fmt: skip
    refused = stack.get(f"/api/v1/tasks/analysis/{task_id}/result", token=learner())
    assert (refused.status, refused.json["errors"][0]["code"]) == (422, "silence")
    assert status_of(stack, record) == "recorded"


def test_a_worker_that_dies_in_the_middle_loses_nothing(stack: Stack):
    record = send(stack, said(SENTENCE * 4, kind="m4a"), sentence=SENTENCE * 4)
    task_id = submit(stack, record)
    victim = int(stack.running(task_id)["worker"].split(":")[2])

    with suppress(psutil.NoSuchProcess):
        next(worker for worker in stack.workers() if worker.pid == victim).kill()

    assert ended(stack, task_id)["status"] == "success"
    assert stack.state()[task_id]["attempt"] == 2
    assert status_of(stack, record) == "ai_analyzed"


def test_a_stranger_sees_nothing(stack: Stack):
    record = send(stack, said(SENTENCE, kind="m4a"))
    task_id = submit(stack, record)
    ended(stack, task_id)
    places = [
        f"practice/sessions/{record['practice_session_id']}",
        f"practice/records/{record['practice_record_id']}",
        f"practice/records/{record['practice_record_id']}/recording",
        f"tasks/analysis/{task_id}/status",
        f"tasks/analysis/{task_id}/result",
        f"tasks/{task_id}",
    ]

    answers = [stack.get(f"/api/v1/{place}", token=learner("somebody else")).status for place in places]

    assert answers == [404] * len(places)
    assert stack.get(f"/api/v1/{places[0]}").status == 401


def test_nothing_of_a_voice_lies_plain_in_the_home(stack: Stack):
    data = sound(np.random.default_rng(7).integers(-9000, 9000, 48_000), "wav")

    send(stack, data)

    found, searched = files_with(data[3000:3100], stack.home)
    assert (found, searched > 0) == ([], True)
