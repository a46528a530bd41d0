"""A sentence through the whole house, from outside: asked for, watched, heard."""

import asyncio
import io
import json
import threading
from urllib.request import Request, urlopen

import av
import numpy as np
import pytest
import websockets
from openai import OpenAI

from tests.flows.house import Stack, eventually

SENTENCE = "明日の会議は、午後三時から始まりますよ。"
THREE_BREATHS = "これは一つ目の文です。これは二つ目の文です。これは三つ目の文です。"


def samples_of(data: bytes) -> tuple[np.ndarray, int]:
    """Decode a file to mono samples in -1..1, and its rate in Hz."""
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    joined = np.concatenate(frames, axis=1)[0]
    scale = np.iinfo(joined.dtype).max if joined.dtype.kind == "i" else 1.0
    return joined.astype(float) / scale, rate


def level_dbfs(samples: np.ndarray) -> float:
    return 20 * np.log10(np.sqrt(np.mean(samples**2)) + 1e-12)


def test_a_sentence_is_accepted_made_and_fetched(stack: Stack):
    answer = stack.post("/api/v1/functions/speech/invoke", {"input": {"text": SENTENCE}}, token=stack.token())

    assert answer.status == 202
    assert answer.headers["Location"] == answer.json["status_url"]
    task = stack.finished(answer.json["task_id"])
    assert (task["status"], task["progress"], task["error"]) == ("success", 100, None)
    assert task["result"]["credit"].startswith('HTS Voice "Mei"')
    (artifact,) = task["artifacts"]
    assert artifact["content_type"] == "audio/ogg; codecs=opus"
    fetched = stack.get(artifact["url"])  # the link is signed: it opens without the token
    samples, rate = samples_of(fetched.body)
    assert (fetched.status, len(fetched.body), rate) == (200, artifact["bytes"], 48_000)
    assert len(samples) / rate == pytest.approx(task["result"]["duration_seconds"], abs=0.1)
    assert -35 < level_dbfs(samples) < -10
    assert np.abs(samples).max() < 1.0


def test_the_events_tell_the_story_from_a_snapshot_to_the_end(stack: Stack):
    task_id = stack.invoke("speech", text=THREE_BREATHS + "events")
    request = Request(f"{stack.url}/api/v1/tasks/{task_id}/events")
    request.add_header("Authorization", f"Bearer {stack.token()}")

    with urlopen(request, timeout=60) as stream:
        text = stream.read().decode()

    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    assert {event["task_id"] for event in events} == {task_id}
    assert events[-1]["status"] == "success"
    versions = [event["version"] for event in events]
    assert versions == sorted(versions)


def test_a_socket_gets_a_snapshot_at_once_and_each_change(stack: Stack):
    async def watch(task_id: str, token: str) -> list[dict]:
        address = f"ws://localhost:{stack.port}/api/v1/tasks/ws/task/{task_id}"
        async with websockets.connect(address, origin=stack.url) as socket:
            await socket.send(json.dumps({"token": token}))
            return [json.loads(message) async for message in socket]

    # Four changes a second are told; a slow machine is there late.
    task_id = stack.invoke("toy_wait", seconds=4)

    messages = asyncio.run(asyncio.wait_for(watch(task_id, stack.token()), timeout=60))

    assert messages[-1]["status"] == "success"
    assert {"task_id", "status", "progress", "current_step", "timestamp"} <= messages[0].keys()
    progress = [message["progress"] for message in messages]
    assert progress == sorted(progress)
    assert len(messages) >= 4


@pytest.mark.parametrize("kind", ["token", "task"])
def test_a_socket_closes_with_the_code_that_says_why(stack: Stack, kind: str):
    async def close_code(task_id: str, token: str) -> int:
        address = f"ws://localhost:{stack.port}/api/v1/tasks/ws/task/{task_id}"
        async with websockets.connect(address, origin=stack.url) as socket:
            await socket.send(json.dumps({"token": token}))
            await socket.wait_closed()
            return socket.close_code

    task_id = stack.invoke("toy_quick")
    cases = {
        "token": (task_id, "koe_not_a_token", 4401),
        "task": (task_id, stack.token("stranger"), 4404),
    }
    asked, token, code = cases[kind]

    assert asyncio.run(asyncio.wait_for(close_code(asked, token), timeout=60)) == code


@pytest.mark.parametrize("kind", ["mp3", "opus", "wav"])
def test_openais_own_sdk_gets_sound(stack: Stack, kind: str):
    client = OpenAI(base_url=f"{stack.url}/v1", api_key=stack.token(), max_retries=0)

    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=SENTENCE, response_format=kind)

    samples, rate = samples_of(answer.content)
    assert 3.0 < len(samples) / rate < 5.0
    assert -35 < level_dbfs(samples) < -10


def test_the_sdk_gets_the_first_part_while_the_rest_is_made(stack: Stack):
    client = OpenAI(base_url=f"{stack.url}/v1", api_key=stack.token(), max_retries=0)
    text = THREE_BREATHS * 6 + "最後です。"

    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=text, response_format="opus"
    ) as answer:
        pieces = answer.iter_bytes()
        first = next(pieces)
        newest = stack.get("/api/v1/tasks?function=speech&limit=1", token=stack.token()).json["tasks"][0]
        rest = b"".join(pieces)

    assert first.startswith(b"OggS")
    assert newest["status"] == "processing"
    assert stack.finished(newest["task_id"])["artifacts"][0]["bytes"] == len(first + rest)


def test_a_listener_of_a_killed_worker_hears_every_word_once(stack: Stack):
    client = OpenAI(base_url=f"{stack.url}/v1", api_key=stack.token(), max_retries=0)
    # Some five seconds of work, in which the worker is found and killed.
    text = THREE_BREATHS * 10 + "殺されても続く。"
    heard: list[bytes] = []

    def listen() -> None:
        with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=text, response_format="opus"
        ) as answer:
            heard.extend(answer.iter_bytes())

    listener = threading.Thread(target=listen)
    listener.start()
    task_id = eventually(lambda: _newest_running(stack), what="the text is being read")
    eventually(lambda: heard, what="the first part is heard")
    victim = int(stack.running(task_id)["worker"].split(":")[2])
    next(worker for worker in stack.workers() if worker.pid == victim).kill()
    listener.join(timeout=60)

    task = stack.finished(task_id)
    assert (task["status"], task["attempt"]) == ("success", 2)
    assert b"".join(heard) == stack.get(task["artifacts"][0]["url"]).body


def _newest_running(stack: Stack) -> str | None:
    newest = stack.get("/api/v1/tasks?function=speech&limit=1", token=stack.token()).json["tasks"][0]
    return newest["task_id"] if newest["status"] == "processing" else None


def test_the_command_runs_a_function_and_writes_its_files(stack: Stack, tmp_path):
    done = stack.manage("invoke", "speech", "--input", json.dumps({"text": SENTENCE}), "--out", str(tmp_path))

    report = json.loads(done.stdout.partition("\n")[2])
    assert report["status"] == "success"
    samples, rate = samples_of((tmp_path / "speech.ogg").read_bytes())
    assert len(samples) / rate == pytest.approx(report["result"]["duration_seconds"], abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        # One of each code; what else is refused stands in tests/runtime/test_commands.py.
        (["speech", "--input", '{"text": "！"}'], 2, "empty_speech"),
        (["toy_bad"], 1, "no_such_word"),
    ],
)
def test_the_command_says_what_was_wrong_by_word_and_exit_code(stack: Stack, arguments, code, words):
    done = stack.manage("invoke", *arguments, check=False)

    assert (done.returncode, words in done.stderr) == (code, True)


def test_functions_are_listed_with_their_schemas(stack: Stack):
    listed = {each["name"]: each for each in json.loads(stack.manage("functions", "--json").stdout)}

    assert listed["speech"]["queue"] == "interactive"
    assert set(listed["speech"]["input_schema"]["properties"]) == {
        "text",
        "voice",
        "speed",
        "pitch",
        "volume",
        "format",
    }
