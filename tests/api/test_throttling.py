"""Limits at the doors: floods are refused and told so, guesses cost nothing, and nobody else notices."""

import openai
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import env
from core.proxies import TrustedProxies
from jobs.access import throttle
from jobs.api.openai_errors import as_openai
from jobs.api.throttling import too_fast
from jobs.runtime.models import Task

pytestmark = pytest.mark.django_db

INVOKE = "/api/v1/functions/toy_mark/invoke"
TASKS = "/api/v1/tasks"
ELSEWHERE = "198.51.100.7"


def submit(client, **options):
    return client.post(INVOKE, {"input": {}}, content_type="application/json", **options)


def statuses(client, times, act=submit, **options):
    return [act(client, **options).status_code for _ in range(times)]


def look(client, **options):
    return client.get(TASKS, **options)


def queries_of(act):
    with CaptureQueriesContext(connection) as seen:
        act()
    return len(seen)


# --- A flood ---------------------------------------------------------------------------------------------


def test_a_flood_gets_its_quota_and_not_one_task_more(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE = 7

    answers = statuses(client_of(owner), 30)

    # One comes back each 8.6 s.
    assert answers[:7] == [202] * 7
    assert answers[7:].count(202) <= 1
    assert set(answers[8:]) <= {202, 429}
    assert Task.objects.count() == answers.count(202)


def test_the_answer_to_a_flood_says_when_to_come_back(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE = 1
    client = client_of(owner)
    submit(client)

    answer = submit(client)

    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:koebako:problem:too-fast"
    assert 55 <= int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Policy"] == '"token-submissions";q=1;w=60'
    assert answer["RateLimit"].startswith('"token-submissions";r=0;t=')
    assert f"{answer['Retry-After']} s" in answer.json()["detail"]


def test_every_counted_answer_tells_what_is_left(valkey, client_of, owner, settings):
    # One comes back every twenty seconds: no machine takes so long between two looks.
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 3
    client = client_of(owner)

    first, second = look(client), look(client)

    assert first["RateLimit-Policy"] == second["RateLimit-Policy"] == '"token-reads";q=3;w=60'
    assert first["RateLimit"] == '"token-reads";r=2;t=20'
    assert second["RateLimit"] in {f'"token-reads";r=1;t={seconds}' for seconds in range(21, 41)}


def test_a_flood_that_was_refused_costs_the_database_nothing(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 1
    client = client_of(owner)
    statuses(client, 2, look)

    assert queries_of(lambda: statuses(client, 20, look)) == 0


@pytest.mark.parametrize("kind", ["token", "user", "address"])
def test_others_go_on_while_one_floods(valkey, client_of, owner, stranger, settings, kind):
    setattr(settings, f"THROTTLE_{kind.upper()}_READS_PER_MINUTE", 5)
    flooder, beside, other = client_of(owner), client_of(owner), client_of(stranger)

    flood = statuses(flooder, 20, look, REMOTE_ADDR=ELSEWHERE)

    assert flood.count(429) >= 14
    # The same person with another token goes on while the first one's limit holds, and no longer where theirs does.
    assert look(beside).status_code == (429 if kind == "user" else 200)
    assert look(other).status_code == 200
    assert look(other, REMOTE_ADDR=ELSEWHERE).status_code == (429 if kind == "address" else 200)


def test_looking_and_changing_are_counted_apart(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE = 1
    client = client_of(owner)

    assert statuses(client, 2) == [202, 429]
    assert look(client).status_code == 200


def test_a_browsers_login_is_counted_as_its_person(valkey, owner, settings):
    settings.THROTTLE_USER_READS_PER_MINUTE = 3
    browser = Client()
    browser.force_login(owner)

    assert statuses(browser, 5, look) == [200] * 3 + [429] * 2


def test_uploads_have_a_limit_of_their_own(valkey, client_of, owner, settings):
    settings.THROTTLE_USER_UPLOADS_PER_MINUTE = 1
    client = client_of(owner)

    def upload(client):
        return client.post("/api/v1/functions/transcription/invoke", {"audio": "no file", "input": "{}"})

    assert upload(client).status_code == 422
    assert upload(client).status_code == 429
    assert submit(client).status_code == 202


def test_whoever_lacks_the_scope_is_counted_too(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_READS_PER_MINUTE = 2

    assert statuses(client_of(owner, "weather"), 3, look) == [403, 403, 429]


def test_the_holder_of_a_link_is_counted_by_address(make_task, settings):
    from jobs.access import links

    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 2
    task = make_task()
    path = f"{TASKS}/{task.pk}?link={links.page_link(task.pk)}"

    assert statuses(Client(), 3, lambda client: client.get(path)) == [200, 200, 429]


# --- Whose address -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP"])
def test_a_spoofed_header_makes_nobody_somebody_else(valkey, client_of, owner, settings, header):
    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 3
    client = client_of(owner)

    answers = [client.get(TASKS, **{header: f"203.0.113.{number}"}).status_code for number in range(6)]

    assert answers == [200] * 3 + [429] * 3


def test_behind_a_trusted_proxy_the_last_foreign_address_counts(valkey, client_of, owner, settings, monkeypatch):
    monkeypatch.setenv("PROXIES", "10.0.0.0/8")
    settings.TRUSTED_PROXIES = env.networks("PROXIES")
    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 3
    client = client_of(owner)

    def from_behind(number, chain):
        return client.get(TASKS, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=chain.format(number)).status_code

    # What the caller invents stands before what the proxy adds.
    assert [from_behind(number, "203.0.113.{}, 192.0.2.5") for number in range(5)] == [200] * 3 + [429] * 2
    assert [from_behind(number, "192.0.2.1{}") for number in range(5)] == [200] * 5


async def test_a_socket_is_counted_like_a_request(settings, monkeypatch):
    from core.proxies import sockets_behind_proxies

    monkeypatch.setenv("PROXIES", "10.0.0.0/8")
    settings.TRUSTED_PROXIES = env.networks("PROXIES")
    seen = []

    async def application(scope, _receive, _send):
        seen.append(scope["client"][0])

    believing = sockets_behind_proxies(application)
    for client, chain in (("10.0.0.1", b"203.0.113.9, 192.0.2.5"), ("192.0.2.7", b"203.0.113.9"), ("10.0.0.1", b"")):
        await believing({"client": (client, 1), "headers": [(b"x-forwarded-for", chain)]}, None, None)

    assert seen == ["192.0.2.5", "192.0.2.7", "10.0.0.1"]


# --- Other doors ------------------------------------------------------------------------------------------------


def test_openais_clients_are_told_in_their_words(valkey, client_of, owner, settings):
    settings.THROTTLE_TOKEN_SUBMISSIONS_PER_MINUTE = 1
    client = client_of(owner)
    speech = {"model": "tts-1", "input": " ", "voice": "nobody"}

    answers = [client.post("/v1/audio/speech", speech, content_type="application/json") for _ in range(2)]

    assert answers[1].status_code == 429
    error = answers[1].json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert int(answers[1]["Retry-After"]) > 50
    assert openai.RateLimitError.status_code == 429


def test_openais_shape_of_it_has_all_headers():
    answer = as_openai(too_fast(throttle.Verdict(False, 2.2, 60, 0, "token_reads")))

    assert (answer["Retry-After"], answer["RateLimit"]) == ("3", '"token-reads";r=0;t=60')


@pytest.mark.parametrize(("language", "words"), [("ja", "しばらくお待ちください"), ("en", "One moment, please")])
def test_pages_say_it_in_words_and_look_nothing_up(valkey, owner, settings, language, words):
    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 1
    browser = Client(headers={"accept-language": language})
    browser.force_login(owner)
    assert browser.get("/").status_code == 200

    with CaptureQueriesContext(connection) as seen:
        answer = browser.get("/")

    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert answer["Content-Security-Policy"]
    if language == "en":
        assert words in answer.content.decode()
    assert len(seen) == 0


def test_what_a_person_sends_from_pages_is_counted_as_theirs(valkey, owner, stranger, settings):
    settings.THROTTLE_USER_SUBMISSIONS_PER_MINUTE = 1
    browser, other = Client(), Client()
    browser.force_login(owner)
    other.force_login(stranger)

    def send(client):
        return client.post("/language/", {"language": "en", "next": "/"})

    assert statuses(browser, 2, send) == [302, 429]
    assert send(other).status_code == 302


def test_probes_are_never_refused(valkey, settings):
    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 1

    assert statuses(Client(), 5, lambda client: client.get("/healthz")) == [200] * 5


def test_the_description_of_the_api_is_counted(valkey, settings):
    settings.THROTTLE_ADDRESS_READS_PER_MINUTE = 1

    assert statuses(Client(), 2, lambda client: client.get("/api/v1/docs")) == [200, 429]


def test_the_proxies_are_believed_before_anybody_counts(settings):
    names = settings.MIDDLEWARE

    assert names[0] == f"{TrustedProxies.__module__}.{TrustedProxies.__name__}"
    assert names.index("jobs.live.page_limits.PageLimits") < names.index("django.middleware.csrf.CsrfViewMiddleware")
