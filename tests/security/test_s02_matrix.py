"""S2: every role at every route, with what is theirs, another's and nobody's."""

import json
import re
from itertools import product
from typing import Any

from jobs.api.house import house, openai, uploads
from tests.security import routes
from tests.security.cast import Role, Things
from tests.security.conftest import World
from tests.security.routes import JSON, Line
from tests.security.table import Table, asked, undone

# What may be written although nobody was let in, or only looked: that somebody looked.
BOOK = "INSERT access_auditentry"
# Staff's page of a second step shows a key of their own, which counts for nothing before a code confirms it.
OWN_KEY = ("account/two-factor/", "INSERT otp_totp_totpdevice")
REFUSED = {302, 401, 403, 404, 405}
# A page knows no token: of those who hold one, the strongest stands for all.
ON_PAGES = {"nobody", "other", "owner", "viewer", "bare staff", "operator", "superuser", "staff token"}


def operations() -> set[tuple[str, str]]:
    """Return method and pattern of each operation of the three APIs."""
    patterns = {route.name: pattern for pattern, route in routes.patterns()}
    views = (
        view
        for front in (house, openai, uploads)
        for _prefix, router in front._routers
        for view in router.path_operations.values()
    )
    return {
        (method, patterns[each.view_func.__name__])
        for view in views
        for each in view.operations
        for method in each.methods
    }


def ask(role: Role, line: Line, things: Things) -> Any:
    path, _hash, _ids = ("/" + things.path(line.path)).partition("#")
    body = _named(line.body, things)
    kept = role.client.cookies.copy()
    try:
        if isinstance(body, dict) and line in FORMS and line.method == "POST":
            return role.client.post(path, body, headers=line.headers)
        data = json.dumps(body) if body is not None and line.method not in ("GET", "HEAD") else ""
        return role.client.generic(line.method, path, data, content_type=JSON if data else "", headers=line.headers)
    finally:
        role.client.cookies = kept


def _named(body: Any, things: Things) -> Any:
    """Return a body with the ids in the place of their names in braces."""
    if not isinstance(body, dict):
        return body
    return {name: things.path(value) if isinstance(value, str) else value for name, value in body.items()}


FORMS: list[Line] = routes.page_lines()
API: list[Line] = routes.api_lines()


def seen(answer: Any, things: Things, path: str) -> tuple[Any, ...]:
    """Return all of an answer that a stranger sees, without the ids that they sent themselves."""
    body = b"" if answer.streaming else answer.content
    text = VOLATILE.sub("", body.decode("utf-8", "replace"))
    headers = VOLATILE.sub("", "\n".join(f"{name}: {value}" for name, value in answer.items()))
    for value in [path, *sorted((str(each) for each in things.ids.values()), key=len, reverse=True)]:
        if len(value) > 3:
            text, headers = text.replace(value, "*"), headers.replace(value, "*")
    return answer.status_code, text, headers


# What differs from one answer to the next, whatever was asked.
VOLATILE = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]+|"request_id": "[^"]+"|(Content-Length|Expires|RateLimit|X-Request-ID): .*'
)


def fill(table: Table, world: World, lines: list[Line], roles: list[Role]) -> None:
    for line, role in product(lines, roles):
        if role.name.endswith(" token") and line.policy(role, world.hers, True) == 403 and role.name != "staff token":
            # Each scope at each route that asks for another: test_s08_keys.py.
            continue
        answers: dict[str, Any] = {}
        for whose, things in owned(world, line, role):
            wanted = line.policy(role, things, whose != "nobody's")
            where = f"{role.name} {line} ({whose})"
            with undone() as written:
                answer = ask(role, line, things)
            table.cell(where, answer.status_code, wanted)
            if line.method in ("GET", "HEAD"):
                table.cell(
                    f"{where} writes", [each for each in written if each != BOOK and (line.path, each) != OWN_KEY], []
                )
            elif refuses(line, role, wanted):
                table.cell(f"{where} writes", written, [])
            answers[whose] = wanted, seen(answer, things, things.path(line.path))
        for whose in answers.keys() & {"hers", "his"}:
            if "nobody's" in answers and answers[whose][0] == answers["nobody's"][0]:
                table.cell(f"{role.name} {line}: {whose} is like nobody's", answers[whose], answers["nobody's"])


def owned(world: World, line: Line, role: Role) -> list[tuple[str, Things]]:
    """Return whose things are asked for: who owns nothing of the kind finds all owners alike."""
    if not line.has_object:
        return [("hers", world.hers)]
    ends = [("hers", world.hers), ("nobody's", world.nobodys)]
    return [*ends, ("his", world.his)] if role.owns(world.hers) or role.owns(world.his) else ends


def refuses(line: Line, role: Role, wanted: Any) -> bool:
    """Whether that status says no; a page answers with a redirect when it did something, too."""
    return wanted in REFUSED and (wanted != 302 or not role.session)


def test_each_role_gets_what_is_theirs_and_nothing_else_from_the_api(world):
    table = Table()

    fill(table, world, API, world.roles)

    table.check(at_least=1800)


def test_each_role_gets_what_is_theirs_and_nothing_else_from_the_pages(world):
    table = Table()

    fill(table, world, FORMS, [role for role in world.roles if role.name in ON_PAGES])

    table.check(at_least=900)


def test_what_is_anothers_takes_as_many_questions_as_what_is_nobodys(world):
    """A clock would be no proof here; what takes the time is what the database is asked."""
    table, role = Table(), world.role("other")
    for line in [*API, *FORMS]:
        if line.has_object and line.policy(role, world.hers, True) == line.policy(role, world.nobodys, False) == 404:
            told = []
            for things in (world.hers, world.nobodys):
                with undone(), asked() as sent:
                    ask(role, line, things)
                told.append([sql.split(" WHERE ")[0] for sql in sent if "SAVEPOINT" not in sql])
            table.cell(f"{line}", told[0], told[1])
    table.check(at_least=50)


def test_every_route_of_the_house_stands_in_the_matrix():
    lines = {(line.method, line.pattern) for line in [*API, *FORMS]}
    known = {pattern for _method, pattern in lines}
    found = {pattern for pattern, _route in routes.patterns() if not pattern.startswith("admin/")}

    assert found == known
    assert operations() - lines == set()
