"""Errors that no view has seen: a problem under the API, OpenAI's shape under /v1, a page anywhere else."""

import json
from typing import Any

import pytest
import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import get_callable

from jobs.api.problem import ProblemBody

PROBLEM = "application/problem+json"
HOUSE = ["/api/v1/tasks", "/api/v1/nowhere", "/api/v1/openapi.json", "/api", "/uploads/x.png"]
MANY = "&".join(f"field{number}=1" for number in range(1001))


def said(answer: Any, status: int, code: str) -> Any:
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    body = answer.json()
    ProblemBody.model_validate(body, extra="forbid")
    assert (body["status"], body["type"]) == (status, f"urn:koebako:problem:{code}")
    assert body["request_id"] == answer["X-Request-ID"]
    assert "Cache-Control" in answer
    return body


@pytest.mark.parametrize("path", HOUSE)
@pytest.mark.parametrize("host", ["evil.example", "a b", "localhost:port", "[::"])
def test_another_host_is_a_problem(path: str, host: str) -> None:
    answer = Client().get(path, headers={"host": host, "accept-language": "en"})

    assert "Host" in said(answer, 400, "bad-request")["detail"]


def test_another_host_is_told_to_openais_clients_in_their_shape() -> None:
    answer = Client().post("/v1/audio/speech", headers={"host": "evil.example"})

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert answer.json()["error"]["code"] == "bad_request"


def test_another_host_is_a_page_where_people_are() -> None:
    for path in ("/", "/apiary", "/tasks/x", "/admin/"):
        answer = Client().get(path, headers={"host": "evil.example"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/tasks", "/api/v10", "/api/a\nb"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_beside_the_fronts_is_a_problem(db: None, path: str, method: str) -> None:
    answer = Client().generic(method, path)

    said(answer, 404, "not-found")


def test_an_address_beside_all_is_a_page(db: None) -> None:
    answer = Client().get("/apiary")

    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_too_many_fields_are_a_problem_with_the_headers_of_any_answer(as_owner: Client) -> None:
    answer = as_owner.get(f"/api/v1/tasks?{MANY}")

    said(answer, 400, "bad-request")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Permissions-Policy" in answer


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_pages_of_the_api_are_read_only(db: None, path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path)

    said(answer, 405, "method-not-allowed")
    assert Client().get(path).status_code == 200
    assert Client().head(path).status_code == 200


def test_a_form_from_elsewhere_is_a_problem_under_the_api_and_a_page_elsewhere(db: None) -> None:
    refuse = get_callable(settings.CSRF_FAILURE_VIEW)

    # All of ours look at the token behind the door; what an app brings along under /api is asked by Django.
    refused = refuse(RequestFactory().post("/api/v1/tasks"), reason="none")
    page = Client(enforce_csrf_checks=True).post("/login/")

    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert json.loads(refused.content)["type"] == "urn:koebako:problem:csrf"
    assert (page.status_code, page["Content-Type"]) == (403, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OperationalError("gone"), 503, "away"), (RuntimeError("secret words"), 500, "unexpected")],
)
def test_what_goes_wrong_before_the_door_is_a_problem(
    owner: User, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_any: Any) -> None:
        raise error

    monkeypatch.setattr(settings, "STAFF_TWO_FACTOR", "required")
    visitor = Client(raise_request_exception=False)
    visitor.force_login(owner)
    monkeypatch.setattr("jobs.live.second_step.is_enough", fail)

    body = said(visitor.get("/api/v1/tasks"), status, code)
    page = visitor.get("/")

    assert "secret" not in str(body)
    assert (page.status_code, page["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.django_db(transaction=True)
def test_a_real_server_says_so_too(web: str) -> None:
    answer = requests.get(f"{web}/api/v1/tasks", headers={"Host": "evil.example"}, timeout=20)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)
