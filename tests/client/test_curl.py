"""The curl examples of README.md, typed as they stand, one after the other, by somebody with a token."""

import json
import os
import shutil
import subprocess

import pytest

from tests.client.readme import README, blocks, commands
from tests.engines.recordings import said

SENTENCE = "月がきれいですね。"


@pytest.fixture
def shell(web, token, tmp_path):
    """Run a command in a shell that keeps its variables, where localhost:8000 is the house of the tests."""
    for program in ("curl", "jq", "bash"):
        assert shutil.which(program), f"README's examples need {program}"
    port = web.rpartition(":")[2]
    (tmp_path / ".curlrc").write_text(
        f'connect-to = "localhost:8000:127.0.0.1:{port}"\nfail-with-body\nmax-time = 60\n'
    )
    (tmp_path / "voice.m4a").write_bytes(said(SENTENCE, kind="m4a"))
    known = {"TOKEN": token}

    def bash(words: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", words],
            cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CURL_HOME": str(tmp_path), **known},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def run(command: str) -> str:
        name, is_assignment, _value = command.partition("=")
        if is_assignment and name.isidentifier():
            known[name] = bash(f'{command}\nprintf %s "${name}"')
            return known[name]
        shown = bash(command)
        if shown.startswith("{"):
            # What a person reads in the answer and puts in the place of $TASK_ID.
            answer = json.loads(shown)
            known.update({key.upper(): str(answer[key]) for key in ("task_id", "job_id") if key in answer})
        return shown

    return run


def test_every_curl_command_does_what_it_says(shell, working):
    told = {}
    for block in blocks("sh", README.read_text()):
        if "curl" in block and "openapi.json" not in block:
            for command in commands(block):
                told[command] = shell(command)

    assert len(told) >= 7
    events = next(answer for command, answer in told.items() if "curl -N" in command)
    assert events.rstrip().rpartition("event: ")[2].startswith("end")
    assert '"status": "success"' in events or '"status":"success"' in events
    [submitted] = [json.loads(answer) for command, answer in told.items() if "analysis/submit" in command]
    assert submitted["status"] == "pending"
