"""The dashboard: what its tiles and charts say, for whom, and what it costs."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from jobs.delivery.models import Delivery, State
from jobs.runtime import clock, stats
from jobs.runtime.admin import backlog, cells, measured, tiles
from jobs.runtime.admin.tiles import Tile
from jobs.runtime.counting import Sums, send
from jobs.runtime.models import ErrorType, Schedule, Status, Task
from jobs.runtime.models.schedule import CRON, FUNC, Plan
from tests.runtime.admin_site import client_of, person

Make = Callable[..., Task]
DASHBOARD, FRAGMENT = "/admin/", "/admin/overview/"


@pytest.fixture
def client(valkey: redis.Redis, transactional_db: None, staff: Any) -> Any:
    return client_of(staff)


def count(*, done: int = 0, failed: int = 0, seconds: float = 0.2, function: str = "toy_echo", **ago: float) -> None:
    """Let so many tasks have ended so long ago."""
    sums, at = Sums(), clock.now() - timedelta(**ago)
    for status, times in ((Status.SUCCESS, done), (Status.FAILURE, failed)):
        task = Task(function=function, status=status, attempt=1, created_at=at, started_at=at)
        for _time in range(times):
            sums.attempt(task, error_type="timeout_error" if status == Status.FAILURE else "", seconds=seconds)
    send(sums, at=at)
    measured.forget()


def text_of(client: Any, url: str = DASHBOARD) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def tile(content: str, title: str) -> str:
    """Return the words of a tile, its tags taken out."""
    every = re.findall(r'<li class="house-card house-tile">(.*?)</li>', content, re.DOTALL)
    words = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in every]
    return next(each.removeprefix(title).strip() for each in words if each.startswith(title))


def test_the_tiles_tell_the_span_that_is_shown(client: Any) -> None:
    count(done=90, failed=30, seconds=0.3)
    count(done=600, hours=5)
    count(done=7000, days=3)

    shown = {span: text_of(client, f"{FRAGMENT}?span={span}") for span in ("hour", "day", "week", "nonsense")}

    assert tile(shown["hour"], "Throughput") == "2.0 / min 120 tasks ended"
    assert tile(shown["hour"], "Success rate") == "75.0 % low 30 failed"
    assert tile(shown["day"], "Throughput").endswith("720 tasks ended")
    assert tile(shown["week"], "Throughput").endswith("7720 tasks ended")
    assert tile(shown["nonsense"], "Throughput") == tile(shown["hour"], "Throughput")
    assert re.match(r"0\.\d+ s p95 0\.\d+ s", tile(shown["hour"], "Time of a run"))
    assert 'id="span-day" href="?span=day" data-span="day" aria-current="true"' in shown["day"]


def test_the_charts_draw_what_was_counted_and_say_it_as_a_table(client: Any) -> None:
    count(done=3, failed=1)

    content = text_of(client)

    assert content.count("<svg") >= 3
    assert '<rect class="chart-failure" fill="url(#stripes-throughput)"' in content
    assert "done 3, failed 1" in content
    assert re.search(r'id="table-throughput">.*?<td class="figure">3</td>', content, re.DOTALL)
    assert 'aria-label="time ran out: 1"' in content
    assert "style=" not in content.partition('id="overview"')[2].partition("<script")[0]


def test_a_task_that_ends_is_on_the_next_look(client: Any, accept: Any, worker: Any) -> None:
    accept("toy_echo", word="hello")
    assert tile(text_of(client, FRAGMENT), "Throughput").endswith("0 tasks ended")

    worker.work()

    assert tile(text_of(client, FRAGMENT), "Throughput").endswith("1 task ended")


def test_rooms_add_tiles_for_those_who_may(
    client: Any, make_task: Make, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "_rooms", dict(tiles._rooms))
    tiles.register("toys", lambda _now: [Tile("Toys", "<b>7</b>", url="/toys/")], permission="jobs.retry_task")
    now = clock.now()
    for number, state in enumerate([State.WAITING, State.WAITING, State.DEAD]):
        Delivery.objects.create(
            kind="webhook", owner=owner, key=f"k{number}", target={}, payload={}, receiver="webhook:x", state=state,
            next_at=now, created_at=now - timedelta(hours=1), ended_at=now if state == State.DEAD else None,
        )  # fmt: skip
    low = client_of(person("low", "jobs.view_task", is_staff=True))

    content = text_of(client)

    assert tile(content, "Deliveries that wait") == "2 late oldest waits 1 h 0 min"
    assert tile(content, "Dead deliveries") == "1 look at them"
    assert "&lt;b&gt;7&lt;/b&gt;" in content
    for title in ("Deliveries that wait", "Toys", "Next schedule"):
        assert title not in text_of(low)


def test_the_next_schedule_stands_on_a_tile(client: Any) -> None:
    plan = Plan(function="toy_echo", inputs={"word": "x"}).model_dump_json()
    for name, hours, repeats in (("paused", 1, 0), ("soon", 2, -1), ("later", 9, -1)):
        Schedule.objects.create(
            name=name, func=FUNC, kwargs=plan, schedule_type=CRON, cron="0 7 * * *", repeats=repeats,
            next_run=clock.now() + timedelta(hours=hours),
        )  # fmt: skip

    assert tile(text_of(client), "Next schedule") == "in 2 hours soon"


def test_open_tasks_are_counted_up_to_a_bound(client: Any, make_task: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_COUNTED", 2)
    for _number in range(4):
        make_task()
    make_task(status=Status.PROCESSING)

    content = text_of(client)

    assert re.search(r'pill-pending">waiting</span> <span class="figure">2\+</span>', content)
    assert re.search(r'pill-processing">processing</span> <span class="figure">1</span>', content)


def test_who_waits_longest_is_found_among_few_and_among_many(
    client: Any, make_task: Make, accept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(created_at=clock.now() - timedelta(minutes=10))
    accept("toy_echo", word="new")
    assert tile(text_of(client), "Ready in the queues").startswith("1 late oldest waits 10 min")

    monkeypatch.setattr(backlog, "MAX_COUNTED", 1)

    # Asked of Redis, which knows the new one alone.
    assert re.match(r"1 oldest waits \d\.\d+ s", tile(text_of(client), "Ready in the queues"))


@pytest.mark.parametrize("span", ["hour", "week"])
def test_the_dashboard_costs_few_queries_however_much_there_is(
    client: Any, make_task: Make, django_assert_max_num_queries: Any, span: str
) -> None:
    for number in range(30):
        running = make_task(status=Status.PROCESSING)
        make_task(status=Status.FAILURE)
        stats.beat({f"here:0:{number}:1": {"host": "here", "pid": number, "lane": "any", "task": str(running.pk)}})

    with django_assert_max_num_queries(25):
        text_of(client, f"{DASHBOARD}?span={span}")
    with django_assert_max_num_queries(22):
        content = text_of(client, f"{FRAGMENT}?span={span}")
    assert "12 of 30" in content


@pytest.fixture
def away(staff: Any, transactional_db: None, settings: Any) -> Any:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    return client_of(staff)


def test_without_redis_the_pages_stand_and_say_so(away: Any, make_task: Make) -> None:
    make_task(status=Status.FAILURE, error_type="timeout_error")

    for path in (DASHBOARD, FRAGMENT, f"{FRAGMENT}?span=week"):
        content = text_of(away, path)
        assert "Redis does not answer" in content
        assert "timeout_error" in content
        assert "<svg class=" not in content
        assert tile(content, "Workers") == "? not known"
    for page in ("functions", "functions/toy_echo", "queues", "workers"):
        for path in (f"/admin/{page}/", f"/admin/{page}/card/"):
            assert "Redis does not answer" in text_of(away, path), path


def test_nobody_without_the_permission_sees_any_of_the_pages(valkey: redis.Redis, db: None) -> None:
    pages = ["overview/", "functions/", "functions/toy_echo/", "queues/", "workers/"]
    pages += [f"{page}card/" for page in pages[1:]]
    low = client_of(person("low", "jobs.change_pause", "jobs.purge_queue", "jobs.stop_worker", is_staff=True))
    user = client_of(person("user", "jobs.view_task"))

    wrong = {page: low.get(f"/admin/{page}").status_code for page in pages}
    wrong |= {f"as user {page}": user.get(f"/admin/{page}").status_code for page in pages}

    assert {page: status for page, status in wrong.items() if status != (302 if page[:2] == "as" else 403)} == {}


@pytest.mark.parametrize(("language", "words"), [("ja", "使えない入力"), ("en", "input that cannot be used")])
def test_a_failure_is_said_in_words_with_the_code_that_finds_it(
    client: Any, make_task: Make, language: str, words: str
) -> None:
    make_task(status=Status.FAILURE, error_type="data_validation_error", error_code="other_sentence")

    for path in ("/admin/", "/admin/functions/"):
        page = client.get(path, headers={"accept-language": language}).content.decode()
        assert f'{words} <span class="code dim">other_sentence</span>' in page


def test_every_type_of_error_has_words() -> None:
    assert {cells.error_word(kind) for kind in ErrorType}.isdisjoint(ErrorType.values)
    assert cells.error_word("left_the_code") == "left_the_code"
