"""S9: an address that was signed for one thing, one purpose and one hour opens nothing else, at any door."""

import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client, override_settings

from jobs.access import links
from jobs.api import cursor
from jobs.practice import links as recording_links
from jobs.practice.models import PracticeRecord
from jobs.runtime import clock
from tests.security.cast import Things
from tests.security.conftest import World
from tests.security.table import Table, undone

# Purpose, and the doors that it opens; what a door says to a link that is none.
DOORS: dict[str, list[tuple[str, set[int]]]] = {
    "page": [
        ("/api/v1/tasks/{done}", {403}),
        ("/tasks/{done}", {404}),
        ("/tasks/{done}/card", {404}),
        ("/api/v1/tasks/{done}/events", {403}),
    ],
    "pictures": [("/images/{job}", {404}), ("/images/{job}/card", {404}), ("/images/{job}/1", {404})],
    "artifact": [("/api/v1/tasks/{done}/artifacts/{artifact}", {403})],
    "picture": [("/uploads/{picture}", {403})],
    "recording": [("/api/v1/practice/records/{record}/recording", {403})],
}
LETTERS = string.ascii_letters + string.digits + "-_"


def link_of(purpose: str, things: Things) -> str:
    ids = things.ids
    if purpose == "recording":
        record = PracticeRecord.objects.get(pk=ids["record"])
        url = recording_links.recording_url(record, things.owner)
        return parse_qs(urlsplit(url or "").query)[links.PARAMETER][0]
    made = {
        "page": lambda: links.page_link(ids["done"]),
        "pictures": lambda: links.page_link(ids["job_task"]),
        "artifact": lambda: links.artifact_link(ids["done"], ids["artifact"]),
        "picture": lambda: links.picture_link(ids["picture"]),
    }
    return made[purpose]()


def open_door(path: str, link: str, things: Things) -> int:
    # As one who knows the end already: a stream would stay open.
    known = {"last-event-id": "999999999"}
    query = f"?{links.PARAMETER}={quote(link, safe='')}"
    status: int = Client(headers=known).get(things.path(path) + query).status_code
    return status


def mutations(link: str) -> Iterator[str]:
    """Yield some eighty links that are not that one."""
    head, _dash, signature = link.rpartition("-") if len(link.rpartition("-")[2]) == 43 else _parted(link)
    for place in range(0, 43, 2):
        other = LETTERS[(LETTERS.index(signature[place]) + 7) % len(LETTERS)]
        yield f"{head}-{signature[:place]}{other}{signature[place + 1 :]}"
    for place in range(len(head)):
        if head[place].isdigit():
            yield f"{head[:place]}{(int(head[place]) + 1) % 10}{head[place + 1 :]}-{signature}"
    ends = [
        f"0{head}",
        f"{head}0",
        f"+{head}",
        f" {head}",
        f"{head} ",
        "9" * 12,
        "9" * 13,
        "-1",
        "",
        "0",
        "1e12",
        "٣" * 10,
    ]
    yield from (f"{end}-{signature}" for end in ends)
    yield from (link[:-1], link + "A", link + "=", link + "\n", link + "\x00", " " + link, link + "&", link * 2)
    yield from (
        link.swapcase(),
        link[::-1],
        signature,
        head,
        f"{signature}-{head}",
        f"{head}:{signature}",
        "None",
        "null",
    )
    yield from (
        f"{head}-{'A' * 43}",
        f"{head}-{'_' * 43}",
        f"{head}-",
        f"-{signature}",
        f"{head}--{signature}",
        "[]",
        "true",
    )


def _parted(link: str) -> tuple[str, str, str]:
    # A signature may hold dashes of its own.
    return link[:-44], "-", link[-43:]


def test_each_link_opens_its_own_door_and_no_changed_one_does(world: World) -> None:
    table = Table()
    for purpose, doors in DOORS.items():
        link = link_of(purpose, world.hers)
        changed = [each for each in dict.fromkeys(mutations(link)) if each != link]
        for number, (path, refused) in enumerate(doors):
            table.cell(f"{purpose} {path}", open_door(path, link, world.hers), {200, 204})
            # Every link at the first door; at the others one in eight.
            for each in changed[:: 8 if number else 1]:
                table.cell(f"{purpose} {path} {each!r}", open_door(path, each, world.hers), refused | {302, 401})
    table.check(at_least=300)


def test_no_link_serves_another_purpose_or_another_thing(world: World) -> None:
    table = Table()
    for purpose in DOORS:
        for whose in (world.hers, world.his):
            link = link_of(purpose, whose)
            for other, doors in DOORS.items():
                for path, refused in doors:
                    right = {200, 204} if purpose == other and whose is world.hers else refused
                    table.cell(f"{purpose} at {path}, {whose.owner}'s", open_door(path, link, world.hers), right)
    table.check(at_least=90)


def test_no_link_outlives_its_hour_its_key_or_its_thing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    found = {purpose: link_of(purpose, world.hers) for purpose in DOORS}
    with override_settings(SECRET_KEY="the key of another house, as long as ours and as random"):
        others = {purpose: link_of(purpose, world.hers) for purpose in DOORS}
    now = clock.now()
    for purpose, doors in DOORS.items():
        for path, refused in doors:
            table.cell(f"another house's {path}", open_door(path, others[purpose], world.hers), refused)
            monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=3))
            table.cell(f"late {path}", open_door(path, found[purpose], world.hers), refused)
            monkeypatch.undo()
            table.cell(f"nobody's {path}", open_door(path, found[purpose], world.nobodys), refused)
    table.check(at_least=30)


def test_a_link_reads_and_changes_nothing(world: World) -> None:
    """Whoever holds the link of a page may look; each act of that page is for who is logged in."""
    table, link = Table(), link_of("page", world.hers)
    doors = [
        ("/tasks/{done}/again", {404}), ("/tasks/{open}/cancel", {404}), ("/images/{job}/cancel", {404}),
        ("/images/{job}/again", {404}), ("/api/v1/tasks/{open}/cancel", {401}), ("/api/v1/tasks/{done}/retry", {401}),
        ("/practice/{practice}/delete", {302}), ("/practice/{practice}/records/{record}/delete", {302}),
    ]  # fmt: skip
    for path, refused in doors:
        with undone() as written:
            answer = Client().post(f"{world.hers.path(path)}?{links.PARAMETER}={link}")
        table.cell(path, answer.status_code, refused)
        table.cell(f"{path} writes", written, [])
    shown = Client().get(world.hers.path("/practice/{practice}/records/{record}"), {links.PARAMETER: link})
    table.cell("a record's page", shown.status_code, 302)
    table.check(at_least=17)


def test_a_cursor_is_its_owners_and_stands_in_no_links_place(world: World) -> None:
    table = Table()
    hers = cursor.make(world.hers.owner.pk, world.hers.ids["done"])
    for role in world.roles:
        if role.session or "tasks" in role.scopes:
            answer = role.client.get("/api/v1/tasks", {"cursor": hers})
            right = 200 if role.owns(world.hers) else 422
            table.cell(role.name, answer.status_code, right)
    for each in mutations(hers):
        table.cell(f"cursor {each!r}", _asked(world, each), {200, 422} if each == hers else 422)
    for purpose, doors in DOORS.items():
        for path, refused in doors:
            table.cell(f"a cursor at {purpose}", open_door(path, hers, world.hers), refused)
    table.check(at_least=60)


def _asked(world: World, text: str) -> Any:
    return world.role("owner").client.get("/api/v1/tasks", {"cursor": text}).status_code
