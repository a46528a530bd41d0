"""S14: what the house tells a browser, what it believes of a request, and what it lets others keep."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.proxies import TrustedProxies
from jobs.access import links
from tests.security.conftest import World
from tests.security.table import Table

# Address, whether it is for a login, whether what it answers is one person's.
ROUTES = [
    ("/", False, True), ("/login/", False, True), ("/account/", True, True), ("/account/webhooks/", True, True),
    ("/tasks/{done}", True, True), ("/tasks/{done}/card", True, True), ("/images/{job}", True, True),
    ("/images/{job}/1/small", True, True), ("/images/{job}/all.zip", True, True), ("/practice/", True, True),
    ("/practice/{practice}", True, True), ("/practice/{practice}/records/{record}", True, True),
    ("/weather/", True, True), ("/recent", True, True), ("/admin/login/", False, True), ("/admin/", True, True),
    ("/api/v1/tasks", True, True), ("/api/v1/tasks/{done}", True, True), ("/api/v1/functions", True, True),
    ("/api/v1/tasks/{done}/artifacts/{artifact}", True, True), ("/uploads/{picture}", True, True),
    ("/api/v1/practice/records/{record}/recording", True, True), ("/api/v1/docs", False, False),
    ("/api/v1/openapi.json", False, False), ("/healthz", False, False), ("/static/koebako.css", False, False),
    # Errors are one person's, too: that there is nothing for them.
    ("/nowhere", False, True), ("/tasks/00000000-0000-0000-0000-000000000000", True, True), ("/api/v1/nowhere", False,
    True),
    ("/tasks/{done}/cancel", True, True), ("/api/v1/tasks/1", True, True), ("/uploads/unknown.png", True, True),
]  # fmt: skip
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A file that scripts and styles are made of has none of its own to load.
NO_POLICY = ("/static/",)


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest, settings: Any) -> str:
    if request.param == "https":
        settings.SECURE_HSTS_SECONDS = 31_536_000
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    return str(request.param)


def _close(answer: Any) -> None:
    """Let go of a file that is answered, without the end of a request, which would close the test's database."""
    signals.request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        signals.request_finished.connect(close_old_connections)


def test_every_answer_tells_a_browser_what_it_may_do_with_it(scheme: str, world: World, settings: Any) -> None:
    table = Table()
    browser = Client()
    browser.force_login(world.hers.owner)
    for path, is_known, is_personal in ROUTES:
        client, where = browser if is_known else Client(), world.hers.path(path)
        answer = client.get(where, secure=scheme == "https")
        for name, value in ALWAYS.items():
            table.cell(f"{path} {name}", answer.headers.get(name), value)
        table.cell(f"{path} Permissions-Policy", "geolocation=()" in answer.headers.get("Permissions-Policy", ""), True)
        table.cell(f"{path} HSTS", "Strict-Transport-Security" in answer, scheme == "https")
        table.cell(f"{path} tells who it is", {"Server", "X-Powered-By", "Via"} & set(answer.headers), set())
        if not path.startswith(NO_POLICY):
            table.cell(f"{path} X-Frame-Options", answer.headers.get("X-Frame-Options"), "DENY")
            _policy(table, path, answer.headers.get("Content-Security-Policy", ""))
        kept = answer.headers.get("Cache-Control", "")
        if is_personal:
            table.cell(f"{path} Cache-Control {kept!r}", "no-store" in kept or "private" in kept, True)
            table.cell(f"{path} is public", "public" in kept or "s-maxage" in kept, False)
        for cookie in answer.cookies.values():
            table.cell(f"{path} {cookie.key}", (bool(cookie["secure"]), cookie["samesite"]), (scheme == "https", "Lax"))
            table.cell(f"{path} {cookie.key} domain", cookie["domain"], "")
            if cookie.key == house.SESSION_COOKIE_NAME:
                table.cell(f"{path} {cookie.key} to scripts", bool(cookie["httponly"]), True)
        _close(answer)
    table.check(at_least=500)


def _policy(table: Table, path: str, policy: str) -> None:
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";") if rule.strip()}
    wanted = {
        "default-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    for name, value in wanted.items():
        table.cell(f"{path} {name}", rules.get(name), value)
    scripts = {"'self'", "'unsafe-eval'"} if path.startswith("/admin/") else {"'self'"}
    table.cell(f"{path} script-src", set(rules.get("script-src", ["*"])) <= scripts, True)
    styles = rules.get("style-src", ["*"]) + rules.get("style-src-elem", [])
    table.cell(f"{path} style-src", set(styles), {"'self'"})


def test_what_a_link_opens_may_be_put_anywhere_and_is_kept_by_nobody(world: World) -> None:
    link = links.artifact_link(world.hers.ids["done"], world.hers.ids["artifact"])

    answer = Client().get(world.hers.path("/api/v1/tasks/{done}/artifacts/{artifact}"), {"link": link})

    assert answer.status_code == 200
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Cache-Control"].startswith("private")
    assert "Access-Control-Allow-Origin" not in answer


# --- What is believed of a request -----------------------------------------------

HOSTS = [
    "evil.test", "koe.test.evil.test", "evilkoe.test", "koe.test@evil.test", "evil.test@koe.test", "koe.test:80:80",
    "koe.test:x", "koe.test/x", "koe.test\\x", "koe.test ", " koe.test", "koe.test\t", "koe.test\x00",
    "koe.test,evil.test",
    "koe.test;evil.test", "koe.test#evil.test", "koe.test?x", "*", "", ".", "..", "[::1", "[::1]", "127.0.0.1",
    "0.0.0.0",
    "localhost", "sub.koe.test", "ｋｏｅ.test", "koe.test\r\nX: y", "koe..test", "xn--koe.test", "koe.test:-1",
    "http://koe.test",
    "'\"><script>alert(1)</script>", "koe.test%00.evil.test", "a" * 5000, "{{7*7}}", "${x}",
]  # fmt: skip


def test_a_request_for_another_host_is_no_request_of_ours(world: World, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["koe.test"]
    table, browser = Table(), Client()
    browser.force_login(world.hers.owner)
    for host in HOSTS:
        for path in ("/account/", "/api/v1/tasks", "/tasks/{done}", "/admin/login/", "/login/?next=/account/"):
            answer = browser.get(world.hers.path(path), headers={"host": host})
            table.cell(f"{host!r} {path}", answer.status_code, {400, 403})
            table.cell(
                f"{host!r} {path} is told back", b"evil.test" in answer.content or b"alert(1)" in answer.content, False
            )
    for host in ("koe.test", "KOE.TEST", "koe.test:8000", "koe.test."):
        table.cell(f"{host!r}", browser.get("/api/v1/tasks", headers={"host": host}).status_code, 200)
    table.check(at_least=380)


@pytest.mark.parametrize("public_url", ["", "https://public.test"])
def test_no_link_that_is_given_out_leads_where_a_header_says(world: World, settings: Any, public_url: str) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["koe.test"], public_url
    forged = {
        "x-forwarded-host": "evil.test", "x-forwarded-server": "evil.test", "forwarded": "host=evil.test;proto=https",
        "x-host": "evil.test", "x-original-host": "evil.test", "x-original-url": "//evil.test/",
        "x-rewrite-url": "//evil.test",
        "x-forwarded-proto": "https", "x-forwarded-port": "666", "x-http-host-override": "evil.test",
        "origin": "http://evil.test",
        "referer": "http://evil.test/",
    }  # fmt: skip
    role = world.role("owner")
    asked = {"content_type": "application/json", "headers": {"host": "koe.test", **forged}}
    answers = [
        role.client.post("/api/v1/functions/toy_echo/invoke", '{"input": {"word": "x"}}', **asked),
        role.client.get(world.hers.path("/api/v1/tasks/{done}"), headers=asked["headers"]),
        role.client.get(world.hers.path("/tasks/{done}"), headers=asked["headers"]),
        role.client.get("/account/", headers=asked["headers"]),
        Client().get("/account/", headers=asked["headers"]),
    ]

    for answer in answers:
        told = answer.content.decode() + repr(sorted(answer.items()))
        assert answer.status_code in (200, 202, 302)
        assert "evil.test" not in told
        assert ":666" not in told
    assert answers[0].json()["status_url"].startswith(public_url or "http://koe.test/")


def request_of(headers: list[tuple[bytes, bytes]], address: str = "10.0.0.1") -> ASGIRequest:
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"koe.test"),
        *headers],
        "scheme": "http", "client": (address, 1), "server": ("koe.test", 80),
    }  # fmt: skip
    return ASGIRequest(scope, None)


def test_a_header_with_an_underscore_is_none(settings: Any, db: None) -> None:
    settings.TRUSTED_PROXIES = house.TRUSTED_PROXIES
    table = Table()
    for name in (
        b"x_forwarded_proto", b"x_forwarded_for", b"x-forwarded_for", b"x_forwarded-host", b"x_csrftoken",
        b"remote_addr",
        b"x_telegram_bot_api_secret_token", b"content_length", b"authorization_", b"x-forwarded-for_", b"http_host",
    ):  # fmt: skip
        request = request_of([(name, b"127.0.0.1")])
        meta = {key for key, value in request.META.items() if value == "127.0.0.1"}
        table.cell(name, meta, set())
        table.cell(f"{name!r} secure", request.is_secure(), False)
    table.check(at_least=22)


CHAINS = {
    # From a stranger: whatever it says, it is their own address.
    ("203.0.113.9", "127.0.0.1"): "203.0.113.9",
    ("203.0.113.9", "10.0.0.1"): "203.0.113.9",
    ("203.0.113.9", "10.0.0.1, 127.0.0.1"): "203.0.113.9",
    # From our proxy: the last that is not ours.
    ("10.0.0.1", "198.51.100.7"): "198.51.100.7",
    ("10.0.0.1", "127.0.0.1, 198.51.100.7"): "198.51.100.7",
    ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.2"): "198.51.100.7",
    ("10.0.0.1", ""): "10.0.0.1",
    ("10.0.0.1", ",,, "): "10.0.0.1",
    ("10.0.0.1", "10.0.0.3, 10.0.0.2"): "10.0.0.3",
}


def _remember(seen: dict[str, Any]) -> Any:
    def answer(request: Any) -> HttpResponse:
        seen.update(request.META)
        return HttpResponse()

    return answer


def test_who_calls_is_what_the_nearest_proxy_of_ours_says(settings: Any) -> None:
    import ipaddress

    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    table = Table()
    for (address, chain), right in CHAINS.items():
        seen: dict[str, Any] = {}
        request = RequestFactory().get(
            "/", headers={"x-forwarded-for": chain, "x-forwarded-proto": "https"}, REMOTE_ADDR=address
        )
        TrustedProxies(_remember(seen))(request)
        table.cell((address, chain), seen["REMOTE_ADDR"], right)
        table.cell(f"{address} is believed", "HTTP_X_FORWARDED_PROTO" in seen, address.startswith("10."))
    table.check(at_least=18)


# --- The profile of production ------------------------------------------------------


def test_django_finds_nothing_to_say_about_production(tmp_path: Path) -> None:
    told_to_us = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "KOEBAKO_"))}
    environment = {
        **told_to_us, "KOEBAKO_HOME": str(tmp_path), "PUBLIC_URL": "https://koe.example",
        "DJANGO_SETTINGS_MODULE": "core.settings",
        "SECRET_KEY": "".join(chr(33 + number % 90) for number in range(64)).replace("'", "x"),
    }  # fmt: skip
    told = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=house.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert told.returncode == 0, told.stderr
    # The proxy in front sends plain requests on to https; nothing else is passed over.
    assert house.SILENCED_SYSTEM_CHECKS == ["security.W008"]


def test_the_cookies_of_production_cross_no_plain_line() -> None:
    text = (Path(house.BASE_DIR) / "core" / "settings.py").read_text()

    assert "SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE" in text
    assert house.SESSION_COOKIE_HTTPONLY
    assert house.SESSION_COOKIE_SAMESITE == house.CSRF_COOKIE_SAMESITE == "Lax"
    assert not house.USE_X_FORWARDED_HOST
    assert not house.USE_X_FORWARDED_PORT
