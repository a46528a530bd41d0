"""What this house lets pages of other origins do: nothing. README.md says so to those who build them."""

import pytest
from django.test import Client

FOREIGN = "https://elsewhere.example"
PLACES = [
    "/", "/api/v1/functions", "/api/v1/openapi.json", "/api/v1/tasks", "/api/v1/docs", "/healthz", "/login/",
    "/api/v1/tasks/01a2039f-7f10-75d8-946d-992c362a2fcc/events", "/v1/audio/speech",
]  # fmt: skip


@pytest.mark.django_db
def test_no_answer_allows_another_origin(valkey):
    client = Client(headers={"host": "localhost", "origin": FOREIGN}, raise_request_exception=False)
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    allowed = []
    for path in PLACES:
        for answer in (client.get(path), client.options(path, headers=preflight)):
            allowed += [(path, name) for name in answer.headers if name.lower().startswith("access-control")]

    assert allowed == []


@pytest.mark.django_db
def test_no_page_can_be_framed(valkey):
    client = Client(headers={"host": "localhost"})

    for path in ("/", "/login/", "/api/v1/docs", "/admin/login/"):
        answer = client.get(path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Frame-Options"] == "DENY", path
