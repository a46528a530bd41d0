"""The pages of the functions: what they say of each, where they lead, and what they cost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.runtime import clock, registry
from jobs.runtime.admin import declared, functions_page
from jobs.runtime.models import Schedule, Status, Task
from jobs.runtime.models.schedule import CRON, FUNC, Plan
from tests.runtime.admin_site import PAYLOAD, client_of, page_of, person
from tests.runtime.test_admin_overview import count, text_of

TIMED_OUT = 'time ran out <span class="code dim">timed_out</span>'
Make = Callable[..., Task]
LISTED = "/admin/functions/"
ECHO = f"{LISTED}toy_echo/"


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def row(content: str, name: str) -> str:
    return next(each for each in content.split("<tr>") if f"{name} ·" in each)


def test_the_list_says_how_each_function_does(client: Any, make_task: Make) -> None:
    count(done=9, failed=3)
    count(done=4, function="toy_wait")
    make_task(status=Status.PROCESSING)
    old, new = (
        make_task(status=Status.FAILURE, error_type=kind, completed_at=clock.now())
        for kind in ("network_error", "timeout_error")
    )

    content = text_of(client, LISTED)

    for words in ('data-word="ended">12<', ">75.0 %<", 'data-word="running">1<', page_of(new), "timeout_error"):
        assert words in row(content, "toy_echo")
    assert page_of(old) not in content
    assert 'data-word="ended">4<' in row(content, "toy_wait")
    assert ">100 %<" in row(content, "toy_wait")
    assert all(f"{spec.name} ·" in content for spec in registry.every())


def test_the_span_is_kept_from_page_to_page(client: Any) -> None:
    count(done=5, hours=4)

    assert 'data-word="ended">0<' in row(text_of(client, f"{LISTED}?span=hour"), "toy_echo")
    day = row(text_of(client, f"{LISTED}?span=day"), "toy_echo")
    assert 'data-word="ended">5<' in day
    assert f'href="{ECHO}?span=day"' in day
    assert '<dt>ended</dt><dd class="figure">5</dd>' in text_of(client, f"{ECHO}?span=day").replace("\n", "")


def test_the_page_of_a_function_says_all_about_it(client: Any, make_task: Make) -> None:
    count(done=3, failed=1)
    count(done=50, function="toy_wait")
    failed = make_task(status=Status.FAILURE, error_type="timeout_error", error_code="timed_out")
    foreign = make_task(function="toy_wait", status=Status.FAILURE)
    plan = Plan(function="toy_echo", inputs={"word": "x"}).model_dump_json()
    Schedule.objects.create(
        name="Every morning", func=FUNC, kwargs=plan, schedule_type=CRON, cron="0 7 * * *", repeats=-1,
        next_run=clock.now() + timedelta(hours=2),
    )  # fmt: skip

    content = text_of(client, ECHO)

    assert '<dd class="figure">4</dd>' in content
    for words in (page_of(failed), TIMED_OUT, "Every morning", "0 7 * * *", "/admin/run/toy_echo"):
        assert words in content
    assert page_of(foreign) not in content
    for field in registry.get("toy_echo").input_type.model_fields:
        assert f'class="code">{field}</th>' in content
    assert "&quot;properties&quot;" in content


def test_what_one_may_not_see_is_not_there(client: Any, make_task: Make) -> None:
    plan = Plan(function="toy_echo", inputs={"word": "x"}).model_dump_json()
    Schedule.objects.create(
        name="Every morning", func=FUNC, kwargs=plan, schedule_type=CRON, cron="0 7 * * *", next_run=clock.now()
    )

    content = text_of(client_of(person("viewer", "jobs.view_task", is_staff=True)), ECHO)

    assert "Every morning" not in content
    assert "/admin/run/" not in content


def test_a_function_that_is_not_there_is_not_found(client: Any) -> None:
    for name in ("nobody", "toy_echo2", "Toy_Echo"):
        assert client.get(f"{LISTED}{name}/").status_code == client.get(f"{LISTED}{name}/card/").status_code == 404


def test_the_declared_retries_are_those_that_hold(client: Any) -> None:
    wrong = {}
    for spec in registry.every():
        rules = {rule.error_type: rule.retries for rule in declared.rules(spec)}
        if rules["data_validation_error"] or (spec.retry and rules["network_error"] != spec.retry.maximum):
            wrong[spec.name] = rules
        declared.facts(spec)
        fields = declared.fields(spec.input_type.model_json_schema())
        if [field.name for field in fields] != list(spec.input_type.model_fields):
            wrong[spec.name] = fields
    assert wrong == {}


def test_the_pages_cost_few_queries_and_read_no_whole_table(
    client: Any, make_task: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions_page, "LOOKED_THROUGH", 5)
    for _number in range(20):
        make_task(status=Status.FAILURE, error_code=PAYLOAD[:60])

    with CaptureQueriesContext(connection) as listed:
        content = text_of(client, LISTED)
    with CaptureQueriesContext(connection) as one:
        content += text_of(client, ECHO)

    assert max(len(listed), len(one)) <= 15
    assert "<script>alert" not in content
    failed = [query["sql"] for query in (*listed, *one) if "'failure'" in query["sql"]]
    assert failed
    assert all("LIMIT 5" in sql for sql in failed)
