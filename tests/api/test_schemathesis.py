"""Every documented operation, called with whatever its description allows and forbids.

The web process of the session answers (tests/api/web.py), as in the field. schemathesis makes
the calls out of the OpenAPI document: its examples, each boundary that it names, and what
Hypothesis draws. An answer must be one that is described; none is a 5xx, every error is a problem.
"""

import json
from collections import Counter
from contextlib import closing
from itertools import count, cycle
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
from schemathesis.transport.serialization import Binary

from bots.guilds import edit
from bots.guilds.models import VoiceSession
from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES
from jobs.announcements import edit as subscriptions
from jobs.api import cursor
from jobs.api.forms import FORM
from jobs.api.house import house
from jobs.delivery.webhook import endpoints
from jobs.engines.image.port import Dish, Picture
from jobs.images import store
from jobs.images.models import ImageJob, MenuImage
from jobs.practice import recordings
from jobs.practice.models import AnalysisResult, PracticeRecord, PracticeSession
from jobs.practice.models.analysis import SCORES
from jobs.runtime import clock, parts
from jobs.runtime.identity import new_task_id
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Result, Source, Status, Task
from jobs.runtime.providers import Served
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
MENU = {"前菜": [{"japanese_name": "枝豆"}]}
SUBSCRIPTION = {
    "announcement_time": "07:30", "time_zone": "Asia/Tokyo", "place": "横浜市", "latitude": None, "longitude": None,
    "voice": "mei_normal", "deliver_to": [],
}  # fmt: skip
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
    "show_picture": {416},
    # A menu may have no dish, and stands for any number of them.
    "generate_async": {422},
    "generate_batch": {422},
    "cancel_image_job": {409},
    # A place, a voice and a zone have names of their own.
    "put_subscription": {422},
    # What is drawn is no recording, and a sentence has something to read in it.
    "add_practice_record": {400, 413, 422},
    "play_recording": {416},
    # Either of two ids, of what is there and waits for nothing.
    "submit_analysis": {404, 409, 422},
    "analysis_result": {409, 422},
    "staff_cancel_task": {409},
    "staff_retry_task": {409, 422},
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
        self._jobs = cycle([image_job(owner) for _number in range(15)])
        self._picture = picture(owner)
        # Made when they are asked for: a recording is decoded, and most operations need none.
        self._sessions = (str(practice_session(owner).pk) for _number in count())
        self._records = (str(practice_record(owner).pk) for _number in count())
        self._analyses = (analysed(owner) for _number in count())
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
        headers = self._as_staff if {"discord", "admin"} & set(case.path.split("/")) else self._headers
        answer = case.call(base_url=self._web, session=self._session, headers=headers, timeout=ANSWER_SECONDS)
        self.answered[answer.status_code] += 1
        return answer

    def _name_what_is_there(self, case):
        named = case.path_parameters
        if "guild_id" in named:
            named["guild_id"] = GUILD
        elif "endpoint_id" in named:
            named["endpoint_id"] = next(self._endpoints)
        elif "job_id" in named:
            named["job_id"] = next(self._jobs)
        elif "session_id" in named or "record_id" in named:
            self._name_practice(named)
        elif "/analysis/" in case.path:
            named["task_id"] = next(self._analyses)
        elif case.path.startswith("/uploads/"):
            named["name"] = self._picture
        elif "task_id" not in named:
            named["name"] = "toy_quick"
        elif "name" not in named:
            named["task_id"] = next(self._tasks)
        else:
            named |= {"task_id": self._with_file, "name": "speech.ogg"}

    def _name_practice(self, named):
        if "record_id" in named:
            named["record_id"] = next(self._records)
        if "session_id" in named:
            found = PracticeRecord.objects.filter(pk=named.get("record_id")).first()
            named["session_id"] = next(self._sessions) if found is None else str(found.session_id)

    def _what_is_taken(self, path):
        if "/announce" in path:
            return {"text": "hello"}
        if "/transcriptions" in path:
            return {"file": RECORDING, "model": "whisper-1"}
        if "/generate-" in path:
            return {"final_menu": MENU} if path.endswith("async") else {"menus": [{"final_menu": MENU}]}
        if path.endswith("/records"):
            # Bytes alone would count as no string, and so as a form that is to be refused.
            return {"recording": Binary(RECORDING), "sentence": "はい", "language": "ja"}
        if path.endswith("/submit"):
            asked = {"practice_record_id": next(self._records), "practice_session_id": None}
            return asked | {"parameters": {}, "priority": 1}
        if path.endswith("/sessions"):
            return {"title": "morning"}
        if "/webhooks" in path:
            return {"url": "https://example.com/hook"}
        if "/weather" in path:
            return SUBSCRIPTION
        return {"input": {"word": "hi"}, "callback_url": None} if "/invoke" in path else {"voice": "alloy"}

    @staticmethod
    def _is_sound(case, part):
        # What was made wrong on purpose stays so.
        return part not in case.meta.components or case.meta.components[part].mode.is_positive


def image_job(owner):
    """Return the name of a job that waits."""
    return ImageJob.objects.get(pk=invoke("image", {"final_menu": MENU}, owner=owner, source=Source.API).task.pk).job_id


def practice_session(owner):
    return PracticeSession.objects.create(owner=owner, created_at=clock.now())


def practice_record(owner):
    return recordings.take_in(practice_session(owner), [RECORDING], sentence="はい", language="ja")


def analysed(owner):
    """Return the name of an analysis that is there."""
    values = dict.fromkeys(SCORES, 50) | {"detailed_analysis": {}, "model_version": "none", "processing_seconds": 1.0}
    made = AnalysisResult.objects.create(
        record=practice_record(owner), task_id=new_task_id(), completed_at=clock.now(), **values
    )
    return str(made.task_id)


def picture(owner):
    """Return the name of a picture that is there."""
    image = MenuImage.objects.get(job__job_id=image_job(owner))
    drawn = Picture(b"0123456789", 1, 1, model="none")
    assert store.keep(image, Dish("枝豆"), drawn, Served(provider="local"), seconds=1.0)
    image.refresh_from_db()
    return image.name


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
    subscriptions.save(owner, subscriptions.Wish(announcement_time="07:30", place="横浜市"))
    VoiceSession.objects.create(guild=edit.guild(GUILD), voice_channel_id=1, since=clock.now())
    with closing(requests.Session()) as session:
        calling = Caller(web, session, owner, staff, [str(task.pk) for task in tasks])
        yield calling
    # Or all that was drawn might have been refused, and nothing been seen of what is behind.
    assert any(status < 300 for status in calling.answered), calling.answered
    assert any(status >= 400 for status in calling.answered), calling.answered


def _may_be_right_after_all(case):
    """What was made wrong may arrive right: in a form all is text, ours replaces a drawn token, "" is not given."""
    wrong = {place for place, made in case.meta.components.items() if not made.mode.is_positive}
    if case.media_type == FORM:
        wrong.discard(ParameterLocation.BODY)
    if "" in (case.query or {}).values():
        wrong.discard(ParameterLocation.QUERY)
    if "Authorization" in (case.headers or {}):
        wrong.discard(ParameterLocation.HEADER)
    return not wrong


@fronts.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_an_operation_keeps_to_its_description(case, caller):
    answer = caller.call(case)

    may_refuse = MAY_REFUSE.get(case.operation.definition.raw["operationId"], set())
    accepted = [] if answer.status_code in may_refuse else [positive_data_acceptance]
    replaced = [negative_data_rejection] if _may_be_right_after_all(case) else []
    checks = [check for check in CHECKS + accepted if check not in replaced]
    case.validate_response(answer, checks=checks)
    if answer.status_code >= 400:
        assert_is_a_problem(case, answer)


@pytest.mark.parametrize("label", OPERATIONS)
def test_nobody_is_told_anything_without_a_token(label, transactional_db, web):
    case = OPERATIONS[label].Case(
        path_parameters={
            "task_id": str(UUID(int=1)), "endpoint_id": str(UUID(int=1)), "name": "speech", "guild_id": GUILD,
            "job_id": "img_20260101_000000_abcdef",
            "session_id": str(UUID(int=1)), "record_id": str(UUID(int=1)),
        }
    )  # fmt: skip

    answer = case.call(base_url=web, timeout=ANSWER_SECONDS)

    assert answer.status_code == 401
    case.validate_response(answer, checks=CONFORMANCE)
    assert_is_a_problem(case, answer)


def assert_is_a_problem(case, answer):
    """All errors look alike, also those of methods and statuses that the document says nothing of."""
    if not case.path.startswith("/v1/"):
        assert answer.headers["content-type"] == ["application/problem+json"]
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["type"].startswith("urn:koebako:problem:")
        assert [answer.json()["request_id"]] == answer.headers["x-request-id"]
    else:
        assert answer.headers["content-type"] == ["application/json"]
        assert {"message", "type", "param", "code"} == set(answer.json()["error"])
