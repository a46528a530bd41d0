"""A page on another site, and whoever writes addresses in odd ways: nothing is done, and nobody is led away."""

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client

from jobs.runtime.models import Task
from tests.security.cast import Role
from tests.security.conftest import World
from tests.security.table import Table, undone
from tests.security.test_s02_matrix import API, FORMS
from tests.security.test_s07_staff import PAGES

EVIL = {"origin": "https://evil.test", "referer": "https://evil.test/"}
FORM, PLAIN = "application/x-www-form-urlencoded", "text/plain"


def strict(role: Role) -> Client:
    """Return a browser of that role that is asked for the token, as real ones are."""
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.cookies = role.client.cookies.copy()
    return client


def test_no_page_of_another_site_does_anything_with_my_login(world: World) -> None:
    table = Table()
    owner, boss = (
        Role(name, world.role(name).user, strict(world.role(name)), frozenset(), True)
        for name in ("owner", "superuser")
    )
    for line in [*FORMS, *API]:
        if line.method in ("GET", "HEAD") or line.pattern in ("telegram/webhook",) or "no/such" in line.path:
            continue
        for role in (owner, boss):
            for headers in (
                {},
                EVIL,
                {"x-csrftoken": "A" * 32},
                {**EVIL, "cookie": f"csrftoken={'A' * 32}", "x-csrftoken": "A" * 32},
            ):
                if role is boss and headers != EVIL:
                    continue
                path = "/" + world.hers.path(line.path).partition("#")[0]
                cookies = role.client.cookies.copy()
                told = {**headers}
                if "cookie" in told:
                    told["cookie"] += f"; sessionid={role.client.cookies['sessionid'].value}"
                with undone() as written:
                    answer = role.client.generic(line.method, path, "x=1", content_type=FORM, headers=told)
                role.client.cookies = cookies
                where = f"{role.name} {line} {headers}"
                table.cell(where, answer.status_code, {403, 415})
                table.cell(f"{where} writes", written, [])
    table.check(at_least=500)


def test_no_page_of_another_site_does_anything_in_the_admin(world: World) -> None:
    table, client = Table(), strict(world.role("superuser"))
    paths = [path for method, _pattern, path, *_rest in PAGES if method == "POST"]
    paths += ["auth/user/add/", "jobs/task/", "access/apitoken/", "guilds/guild/777/change/", "logout/", "login/"]
    for path in paths:
        for headers in ({}, EVIL):
            with undone() as written:
                answer = client.post(f"/admin/{world.hers.path(path)}", {"x": "1"}, headers=headers)
            table.cell(f"{path} {headers}", answer.status_code, 403)
            table.cell(f"{path} {headers} writes", written, [])
    table.check(at_least=60)


AWAY = [
    "https://evil.test/", "//evil.test/", "///evil.test/", "////evil.test", "\\\\evil.test", "/\\evil.test",
    "\\/evil.test",
    "https:evil.test", "https:/evil.test", "http:///evil.test", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x", "//evil.test@localhost/", "//localhost@evil.test/", "https://localhost.evil.test/",
    "http://testserver@evil.test",
    " //evil.test", "\t//evil.test", "/\t/evil.test", "/\n/evil.test", "%2f%2fevil.test", "/%5cevil.test",
    "//evil%E3%80%82test",
    "//ｅｖｉｌ.test", "http://[::1]/", "ftp://evil.test", "file:///etc/passwd", "/\x00/evil.test",
    "https://evil.test\\.testserver",
    "//evil.test:443/", "//2130706433/", "https://evil.test#testserver", "https://evil.test?testserver", "@evil.test",
]  # fmt: skip


def test_nobody_is_led_to_another_site(world: World) -> None:
    table = Table()
    password = "a wholly other passphrase"
    world.hers.owner.set_password(password)
    world.hers.owner.save()
    for target in AWAY:
        for path, body in {
            "/login/": {"username": "hana", "password": password, "next": target},
            "/language/": {"language": "en", "next": target},
            "/logout/": {"next": target},
            "/admin/login/": {"username": "hana", "password": password, "next": target},
        }.items():
            with undone():
                client = Client()
                answer = client.post(path, body)
            table.cell(f"{path} {target!r}", _leads_here(answer.headers.get("Location", "/")), True)
        for path in ("/login/", "/admin/login/", "/tasks/00000000-0000-0000-0000-000000000000"):
            answer = world.role("owner").client.get(path, {"next": target})
            table.cell(f"GET {path} {target!r}", _leads_here(answer.headers.get("Location", "/")), True)
        headers = {"referer": target.encode("utf-8").decode("latin-1")}
        answer = world.role("owner").client.post("/language/", {"language": "en"}, headers=headers)
        table.cell(f"referer {target!r}", _leads_here(answer["Location"]), True)
    table.check(at_least=280)


def _leads_here(location: str) -> bool:
    """Whether a browser that is told so stays: it takes a backslash for a slash, and leaves out what is no sign."""
    read = "".join(each for each in location if each not in "\t\r\n").strip().replace("\\", "/")
    return urlsplit(urljoin("http://testserver/login/", read))[:2] == ("http", "testserver")


OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method"]


def test_a_method_is_what_the_request_line_says(world: World) -> None:
    table, owner = Table(), world.role("owner")
    task = world.hers.ids["open"]
    for name in OVERRIDES:
        for method in ("POST", "DELETE", "PUT"):
            for path in (
                f"/api/v1/tasks/{task}/cancel",
                f"/tasks/{task}/cancel",
                f"/api/v1/image/jobs/{world.hers.ids['job']}",
            ):
                for query in ("", f"?_method={method}"):
                    with undone() as written:
                        answer = owner.client.get(path + query, headers={name: method})
                    table.cell(f"{name} {method} {path}{query}", answer.status_code, 405)
                    table.cell(f"{name} {method} {path}{query} writes", written, [])
    for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "FOO", "get", "CONNECT"):
        with undone() as written:
            answer = owner.client.generic(method, f"/tasks/{task}/cancel", "_method=POST", content_type=FORM)
        table.cell(f"{method} of an act", answer.status_code, 405)
        table.cell(f"{method} of an act writes", written, [])
    table.check(at_least=120)


def test_every_route_bears_every_method(world: World) -> None:
    """HEAD, OPTIONS and what is no method: never an error of ours, never more than a GET would say, nothing done."""
    table = Table()
    role = world.role("other")
    paths = {line.path.partition("#")[0] for line in [*API, *FORMS]}
    known = {(line.method, line.path.partition("#")[0]) for line in [*API, *FORMS]}
    for path in sorted(paths):
        for method in ("HEAD", "OPTIONS", "FOO"):
            if (method, path) in known:
                continue
            with undone() as written:
                answer = role.client.generic(method, "/" + world.hers.path(path))
            where = f"{role.name} {method} {path}"
            table.cell(where, answer.status_code < 500 and answer.status_code not in (201, 202, 204), True)
            table.cell(f"{where} writes", written, [])
            if method == "HEAD":
                body = b"" if answer.streaming else answer.content
                table.cell(f"{where} says nothing", body, b"")
            table.cell(
                f"{where} lets other sites in", [n for n in answer.headers if n.startswith("Access-Control")], []
            )
    table.check(at_least=600)


def odd_ways(path: str) -> list[str]:
    """Return other ways to write an address: none of them may lead anywhere but where that one leads, or to nothing."""
    first, _slash, rest = path[1:].partition("/")
    return [
        f"/{path}", f"//{first}//{rest}", f"/./{first}/{rest}", f"/x/../{first}/{rest}", f"/{first.upper()}/{rest}",
        f"/{first}/{rest}/", f"/{first}/{rest}//", f"/{first}/{rest}/.", f"/{first}/{rest}%2f", f"/{first}/{rest}%00",
        f"/{first}/{rest}.json", f"/{first}/{rest};x=1", f"/{first}%2f{rest}", f"/%2e/{first}/{rest}",
        f"/{first}/{rest}%20",
        f"/{first}\\{rest}", f"/{first}/{rest}%0a", f"/{first}/{rest}%3flink=x", f"/{first.title()}/{rest}",
        f"/{first}/{rest}%ff",
        f"/{first}/{rest}\u200b", f"/{first}\u2215{rest}",
        f"/{first}/{rest.upper()}" if not rest.isupper() else f"/{first}/x",
    ]  # fmt: skip


def test_an_address_written_in_another_way_opens_no_other_door(world: World) -> None:
    table = Table()
    doors = [
        "/api/v1/tasks/{done}", "/api/v1/tasks/{open}/cancel", "/tasks/{done}", "/tasks/{open}/cancel",
        "/uploads/{picture}",
        "/api/v1/practice/records/{record}/recording", "/practice/{practice}", "/images/{job}", "/images/{job}/all.zip",
        "/api/v1/webhooks/{endpoint}/rotate", "/admin/jobs/task/{done}/change/", "/api/v1/admin/tasks/{open}",
        "/api/v1/admin/tasks/stats", "/v1/audio/speech",
    ]  # fmt: skip
    refused, role = {301, 302, 400, 401, 403, 404, 405}, world.role("other")
    for door in doors:
        for path in odd_ways(world.hers.path(door)):
            for method in ("GET", "POST"):
                with undone() as written:
                    answer = role.client.generic(method, path)
                table.cell(f"{role.name} {method} {path}", answer.status_code, refused)
                table.cell(f"{role.name} {method} {path} writes", written, [])
    table.check(at_least=1200)


def test_the_order_of_parameters_and_doubles_of_them_say_nothing_new(world: World) -> None:
    other = world.role("other").client
    done, his = world.hers.ids["done"], world.his.ids["done"]

    for path in (
        f"/api/v1/tasks/{done}?task_id={his}",
        f"/api/v1/tasks/{done}?owner_id={world.his.owner.pk}",
        f"/tasks/{done}?id={his}",
    ):
        assert other.get(path).status_code == 404
    for query in ("owner=hana", "owner__username=hana", "_connector=OR", "id__in=1", "all=1", "user_id=1"):
        assert other.get(f"/api/v1/tasks?{query}").status_code == 422
    listed = other.get("/api/v1/tasks").json()["tasks"]
    assert {each["task_id"] for each in listed} == {str(task.pk) for task in Task.objects.filter(owner=world.his.owner)}


def test_a_body_in_another_dress_is_none(world: World) -> None:
    table, owner = Table(), world.role("owner").client
    body = json.dumps({"input": {"word": "x"}})
    for kind in (FORM, PLAIN, "text/html", "application/xml", "application/json-seq", "multipart/form-data",
    "image/svg+xml",
                 "application/x-python-pickle", "application/yaml", "application/octet-stream"):  # fmt: skip
        with undone() as written:
            answer: Any = owner.post("/api/v1/functions/toy_echo/invoke", body, content_type=kind)
        table.cell(kind, answer.status_code, {400, 403, 415})
        table.cell(f"{kind} writes", written, [])
    table.check(at_least=20)
