"""Every documented operation, called with whatever its description allows and forbids.

The web process of the session answers (tests/api/web.py), as in the field. schemathesis makes
the calls out of the OpenAPI document: its examples, each boundary that it names, and what
Hypothesis draws. An answer must be one that is described; none is a 5xx, every error is a problem.
"""

import json
from collections import Counter
from contextlib import closing
from itertools import cycle
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from bots.guilds import edit
from bots.guilds.models import VoiceSession
from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.api import cursor
from jobs.api.forms import FORM
from jobs.api.house import house
from jobs.delivery.webhook import endpoints
from jobs.runtime import clock, parts
from jobs.runtime.models import Result, Status, Task
from jobs.runtime.signals import task_changed
from tests.engines.recordings import sound, tone

CONFORMANCE = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CHECKS = [*CONFORMANCE, not_a_server_error, negative_data_rejection, unsupported_method]
# Drawn for each operation, beside the examples and the boundaries.
EXAMPLES = 20
GUILD = 777
RECORDING = sound(tone(0.5), "wav")
# Far more than any answer takes; what never comes must fail the test, not hold it.
ANSWER_SECONDS = 20
# What these are asked may fit the document and still not be taken: the function that is named has
# a schema of its own, a text may hold nothing to read, a file has an end.
MAY_REFUSE = {
    # A form is only for functions that take a file.
    "invoke_function": {415, 422},
    "announce_in_guild": {409, 422, 429},
    "make_endpoint": {409, 422},
    "try_endpoint": {409},
    "speak": {400, 422},
    # What is drawn is no recording.
    "transcribe": {400, 422},
    "show_artifact": {416},
}

config = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        # The events of a waiting task never end; the snapshot, which comes at once, tells what they are like.
        "max-stream-events": 1,
    }
)
fronts = schemathesis.openapi.from_dict(json.loads(json.dumps(house.get_openapi_schema())), config=config)
OPERATIONS = {found.ok().label: found.ok() for found in fronts.get_all_operations()}


class Caller:
    """
    Makes the calls of one operation, as the owner of some tasks; `answered` counts the statuses.

    Every second call names what is there: drawn ids, names and voices would only ever be refused.
    """

    def __init__(self, web, session, owner, staff, tasks):
        self.answered = Counter()
        self._web, self._session = web, session
        self._headers = {"Authorization": f"Bearer {tokens.issue(owner, name='any', scopes=DEFAULT_SCOPES)[1]}"}
        self._as_staff = {"Authorization": f"Bearer {tokens.issue(staff, name='any', scopes=['staff'])[1]}"}
        self._cursor = cursor.make(owner.pk, UUID(tasks[-1]))
        self._with_file = tasks[0]
        self._tasks = cycle(tasks)
        # Enough, since some calls delete one.
        hooks = [endpoints.create(owner, url=f"https://example.com/{number}")[0] for number in range(15)]
        self._endpoints = cycle([str(hook.pk) for hook in hooks])
        self._turns = cycle([True, False])
        self._bodies = cycle([True, False])

    def call(self, case):
        if case.query and "cursor" in case.query and self._is_sound(case, ParameterLocation.QUERY):
            # It is signed, so that none can be drawn.
            case.query["cursor"] = self._cursor
        if next(self._turns):
            if case.path_parameters and self._is_sound(case, ParameterLocation.PATH):
                self._name_what_is_there(case)
            if isinstance(case.body, dict) and self._is_sound(case, ParameterLocation.BODY) and next(self._bodies):
                # In a form the input is text; and with a recording that is taken nobody could tell what else is wrong.
                is_form = case.media_type == FORM
                is_left = is_form and ("/invoke" in case.path or not case.meta.generation.mode.is_positive)
                case.body |= {} if is_left else self._what_is_taken(case.path)
        headers = self._as_staff if "/discord/" in case.path else self._headers
        answer = case.call(base_url=self._web, session=self._session, headers=headers, timeout=ANSWER_SECONDS)
        self.answered[answer.status_code] += 1
        return answer

    def _name_what_is_there(self, case):
        named = case.path_parameters
        if "guild_id" in named:
            named["guild_id"] = GUILD
        elif "endpoint_id" in named:
            named["endpoint_id"] = next(self._endpoints)
        elif "task_id" not in named:
            named["name"] = "toy_quick"
        elif "name" not in named:
            named["task_id"] = next(self._tasks)
        else:
            named |= {"task_id": self._with_file, "name": "speech.ogg"}

    @staticmethod
    def _what_is_taken(path):
        if "/announce" in path:
            return {"text": "hello"}
        if "/transcriptions" in path:
            return {"file": RECORDING, "model": "whisper-1"}
        if "/webhooks" in path:
            return {"url": "https://example.com/hook"}
        return {"input": {"word": "hi"}, "callback_url": None} if "/invoke" in path else {"voice": "alloy"}

    @staticmethod
    def _is_sound(case, part):
        # What was made wrong on purpose stays so.
        return part not in case.meta.components or case.meta.components[part].mode.is_positive


@pytest.fixture
def caller(transactional_db, web, owner, staff, worker, make_task, make_artifact):
    def speak(task):
        if task.function == "transcription":
            output = {"text": "", "language": "", "duration_seconds": 1.0, "segments": []}
            Result.objects.create(task=task, output=output, processing_seconds=1.0, created_at=task.created_at)
            Task.objects.filter(pk=task.pk).update(status=Status.SUCCESS, completed_at=task.created_at)
            task.refresh_from_db()
            task_changed.send(Task, task=task, position=None)
            return
        parts.send(task.pk, 0, b"sound")
        parts.send_end(task.pk, Status.SUCCESS, count=1)

    worker.does(speak)
    tasks = [make_artifact().task, make_task(status=Status.FAILURE), make_task()]
    VoiceSession.objects.create(guild=edit.guild(GUILD), voice_channel_id=1, since=clock.now())
    with closing(requests.Session()) as session:
        calling = Caller(web, session, owner, staff, [str(task.pk) for task in tasks])
        yield calling
    # Or all that was drawn might have been refused, and nothing been seen of what is behind.
    assert any(status < 300 for status in calling.answered), calling.answered
    assert any(status >= 400 for status in calling.answered), calling.answered


@fronts.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_an_operation_keeps_to_its_description(case, caller):
    answer = caller.call(case)

    may_refuse = MAY_REFUSE.get(case.operation.definition.raw["operationId"], set())
    accepted = [] if answer.status_code in may_refuse else [positive_data_acceptance]
    case.validate_response(answer, checks=CHECKS + accepted)
    if answer.status_code >= 400:
        assert_is_a_problem(case, answer)


@pytest.mark.parametrize("label", OPERATIONS)
def test_nobody_is_told_anything_without_a_token(label, transactional_db, web):
    case = OPERATIONS[label].Case(
        path_parameters={
            "task_id": str(UUID(int=1)), "endpoint_id": str(UUID(int=1)), "name": "speech", "guild_id": GUILD,
        }
    )  # fmt: skip

    answer = case.call(base_url=web, timeout=ANSWER_SECONDS)

    assert answer.status_code == 401
    case.validate_response(answer, checks=CONFORMANCE)
    assert_is_a_problem(case, answer)


def assert_is_a_problem(case, answer):
    """All errors look alike, also those of methods and statuses that the document says nothing of."""
    if case.path.startswith("/api/v1/"):
        assert answer.headers["content-type"] == ["application/problem+json"]
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["type"].startswith("urn:koebako:problem:")
    else:
        assert answer.headers["content-type"] == ["application/json"]
        assert {"message", "type", "param", "code"} == set(answer.json()["error"])
