"""The description of the API, and the page that shows it."""

import json
import shutil

import pytest
from django.test import Client

from jobs.api.house import house, openai

PATHS = {
    "/api/v1/functions": {"get"},
    "/api/v1/functions/{name}": {"get"},
    "/api/v1/functions/{name}/invoke": {"post"},
    "/api/v1/tasks": {"get"},
    "/api/v1/tasks/{task_id}": {"get"},
    "/api/v1/tasks/{task_id}/cancel": {"post"},
    "/api/v1/tasks/{task_id}/retry": {"post"},
    "/api/v1/tasks/{task_id}/events": {"get"},
    "/api/v1/tasks/{task_id}/artifacts/{name}": {"get"},
    "/api/v1/webhooks": {"get", "post"},
    "/api/v1/webhooks/{endpoint_id}": {"get", "delete"},
    "/api/v1/webhooks/{endpoint_id}/deliveries": {"get"},
    "/api/v1/webhooks/{endpoint_id}/test": {"post"},
    "/api/v1/webhooks/{endpoint_id}/rotate": {"post"},
    "/api/v1/webhooks/{endpoint_id}/enable": {"post"},
    "/api/v1/webhooks/{endpoint_id}/disable": {"post"},
    "/api/v1/discord/guilds/{guild_id}/announce": {"post"},
    "/api/v1/image/generate-async": {"post"},
    "/api/v1/image/generate-batch": {"post"},
    "/api/v1/image/status/{job_id}": {"get"},
    "/api/v1/image/history": {"get"},
    "/api/v1/image/jobs/{job_id}": {"delete"},
    "/api/v1/practice/sessions": {"get", "post"},
    "/api/v1/practice/sessions/{session_id}": {"get", "delete"},
    "/api/v1/practice/sessions/{session_id}/records": {"get", "post"},
    "/api/v1/practice/sessions/{session_id}/records/{record_id}": {"get", "delete"},
    "/api/v1/practice/records/{record_id}": {"get", "delete"},
    "/api/v1/practice/records/{record_id}/recording": {"get"},
    "/api/v1/tasks/analysis/submit": {"post"},
    "/api/v1/tasks/analysis/{task_id}/status": {"get"},
    "/api/v1/tasks/analysis/{task_id}/result": {"get"},
    "/api/v1/tasks/analysis/session/{session_id}/status": {"get"},
    "/api/v1/admin/tasks/stats": {"get"},
    "/api/v1/admin/tasks/{task_id}": {"delete"},
    "/api/v1/admin/tasks/{task_id}/retry": {"post"},
    "/api/v1/admin/tasks/cleanup": {"post"},
    "/uploads/{name}": {"get"},
    "/api/v1/weather/announcements": {"get"},
    "/api/v1/weather/places": {"get"},
    "/api/v1/weather/subscription": {"get", "put", "delete"},
    "/v1/audio/speech": {"post"},
    "/v1/audio/transcriptions": {"post"},
}


@pytest.fixture
def schema():
    return Client().get("/api/v1/openapi.json").json()


def operations(schema):
    return [(path, verb, told) for path, verbs in schema["paths"].items() for verb, told in verbs.items()]


def test_every_route_is_described(schema):
    assert schema["openapi"].startswith("3.1")
    assert {path: set(verbs) for path, verbs in schema["paths"].items()} == PATHS


def test_every_route_tells_its_errors_and_their_type(schema):
    for path, _verb, told in operations(schema):
        statuses = set(told["responses"])
        assert {"401", "403", "500", "503"} <= statuses, path
        assert "{task_id}" not in path or "404" in statuses
        for status, response in told["responses"].items():
            if int(status) >= 400:
                expected = "application/json" if path.startswith("/v1/") else "application/problem+json"
                assert list(response["content"]) == [expected]


def test_every_error_tells_the_id_of_its_request_and_the_description_says_so(schema):
    body = schema["components"]["schemas"]["ProblemBody"]
    client = Client(headers={"x-request-id": "of-the-caller"}, raise_request_exception=False)
    asked = [
        client.get("/api/v1/tasks"),
        client.get("/api/v1/nowhere"),
        client.put("/api/v1/tasks"),
        client.get("/uploads/none.png"),
    ]

    assert "request_id" in body["required"]
    assert [answer.status_code for answer in asked] == [401, 404, 405, 401]
    assert {answer.json()["request_id"] for answer in asked} == {"of-the-caller"}
    assert {answer.headers["X-Request-ID"] for answer in asked} == {"of-the-caller"}


def test_every_route_that_reads_a_body_tells_what_becomes_of_a_bad_one(schema):
    for path, verb, told in operations(schema):
        if verb == "post":
            assert {"413", "415", "422"} <= set(told["responses"]), path


def test_every_route_names_its_doors(schema):
    for path, _verb, told in operations(schema):
        doors = {name for door in told["security"] for name in door}
        assert {"BearerToken", "BrowserSession"} <= doors, path
        assert doors <= set(schema["components"]["securitySchemes"])


def test_names_of_operations_are_short_and_each_is_one_of_a_kind(schema):
    names = [told["operationId"] for _path, _verb, told in operations(schema)]

    assert len(names) == len(set(names))
    assert all(name.isidentifier() and len(name) < 30 for name in names)


def test_every_reference_leads_somewhere(schema):
    text = json.dumps(schema)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert named <= set(schema["components"]["schemas"])


def test_a_route_that_names_no_door_is_closed():
    assert house.auth
    # OpenAI's front has two routes, which name their doors.
    assert [path for path, _view in openai.default_router.path_operations.items()] == []


def test_the_page_asks_no_foreign_host():
    page = Client().get("/api/v1/docs").content.decode()

    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_the_page_shows_the_routes_in_a_browser_under_our_content_policy(web):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{web}/api/v1/docs")
        page.get_by_text("Run a function").wait_for()
        page.get_by_text("Run a function").click()
        page.get_by_text("Idempotency-Key").first.wait_for()
        shown = page.locator(".opblock").count()
        browser.close()

    assert shown == sum(map(len, PATHS.values()))
    assert said == []
    assert all(url.startswith((web, "data:")) for url in asked)
