"""S7: what staff may do is what they were given, at every page and act of the admin, by whatever POST."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from jobs.runtime.models import Schedule
from jobs.runtime.models.schedule import FUNC
from tests.runtime.admin_site import client_of, person
from tests.security import routes
from tests.security.cast import Role
from tests.security.conftest import World
from tests.security.table import Table, undone

TO_LOGIN, REFUSED = 302, 403
ROLES = ("nobody", "other", "staff token", "bare staff", "viewer", "operator", "superuser")
BOOK = "INSERT access_auditentry"
SUPERUSER = "superuser"
NEVER = "never"


@dataclass(frozen=True)
class Model:
    """
    What the admin lets staff do with rows, beside what their own permission for it says. thing: a row's name in Things.

    add, change, delete: NEVER, or the permissions it needs; None: the model's own of that name.
    gone: the answer to who may look, about a row that is not there.
    """

    thing: str
    add: Any = NEVER
    change: Any = NEVER
    delete: Any = NEVER
    gone: int = 302


def _edited(thing: str, **more: Any) -> Model:
    return Model(thing, **{"add": None, "change": None, "delete": None, **more})


MODELS = {
    "jobs.schedule": _edited("schedule"),
    "jobs.task": Model("done", gone=404),
    # Django lets nobody add a person who may not change one, too.
    "auth.user": _edited("user", add=("auth.add_user", "auth.change_user"), delete=NEVER),
    "auth.group": _edited("group", add=SUPERUSER, change=SUPERUSER, delete=SUPERUSER),
    "access.apitoken": Model("token"),
    "access.chataccount": Model("account"),
    "access.auditentry": Model("auditentry"),
    "delivery.delivery": Model("delivery", gone=404),
    "delivery.endpoint": Model("endpoint"),
    "delivery.receiver": Model("receiver"),
    "images.imagejob": Model("job_task"),
    "images.menuimage": Model("image"),
    "announcements.weathersubscription": _edited("subscription", add=NEVER),
    "announcements.announcement": Model("announcement"),
    "practice.practicesession": Model("practice"),
    "practice.practicerecord": Model("record"),
    "practice.analysisresult": Model("result"),
    "guilds.dictionaryentry": _edited("dictionaryentry"),
    "guilds.guild": Model("guild", change=None),
    "guilds.nickname": _edited("nickname"),
    "guilds.voicepreference": _edited("voicepreference"),
    "guilds.silence": _edited("silence", change=NEVER),
    "guilds.utterance": Model("utterance"),
    "guilds.voicesession": Model("voicesession"),
    "telegram.message": Model("message"),
    "telegram.chat": _edited("chat", add=NEVER, delete=NEVER),
}
# Acts on chosen rows: what each needs beside the right to look.
ACTIONS = {
    ("jobs.schedule", "run_selected"): "jobs.run_schedule",
    ("jobs.schedule", "pause_selected"): "jobs.change_schedule",
    ("jobs.schedule", "resume_selected"): "jobs.change_schedule",
    ("jobs.task", "cancel_selected"): "jobs.cancel_task",
    ("jobs.task", "run_selected_again"): "jobs.retry_task",
    ("access.apitoken", "revoke"): "access.change_apitoken",
    ("delivery.delivery", "send_selected_again"): "delivery.send_again",
    ("delivery.endpoint", "switch_off"): "delivery.change_endpoint",
    ("delivery.receiver", "try_now"): "delivery.change_receiver",
}
TASKS, PAUSE = "jobs.view_task", "jobs.change_pause"
# Pages of their own: method, pattern below /admin/, path, permissions, the answer to who has them.
PAGES: list[tuple[str, str, str, tuple[str, ...], int | frozenset[int]]] = [
    ("GET", "", "", (), 200),
    ("GET", "search/", "search/?s=task", (), 200),
    ("GET", "overview/", "overview/", (TASKS,), 200),
    ("GET", "run/", "run/", ("jobs.add_task",), 200),
    ("GET", "run/<slug:name>", "run/toy_echo", ("jobs.add_task",), 200),
    ("POST", "run/<slug:name>", "run/toy_echo", ("jobs.add_task",), frozenset({200, 302})),
    ("GET", "breakers/", "breakers/", (TASKS,), 200),
    ("GET", "breakers/card/", "breakers/card/", (TASKS,), 200),
    ("GET", "functions/", "functions/", (TASKS,), 200),
    ("GET", "functions/card/", "functions/card/", (TASKS,), 200),
    ("GET", "functions/<slug:name>/", "functions/toy_echo/", (TASKS,), 200),
    ("GET", "functions/<slug:name>/card/", "functions/toy_echo/card/", (TASKS,), 200),
    ("GET", "queues/", "queues/", (TASKS,), 200),
    ("GET", "queues/card/", "queues/card/", (TASKS,), 200),
    ("POST", "queues/<slug:queue>/pause/", "queues/bulk/pause/", (TASKS, PAUSE), 302),
    ("POST", "queues/<slug:queue>/resume/", "queues/bulk/resume/", (TASKS, PAUSE), 302),
    ("GET", "workers/", "workers/", (TASKS,), 200),
    ("GET", "workers/card/", "workers/card/", (TASKS,), 200),
    ("GET", "queues/<slug:queue>/purge/", "queues/bulk/purge/", (TASKS, "jobs.purge_queue"), 200),
    ("POST", "queues/<slug:queue>/purge/", "queues/bulk/purge/", (TASKS, "jobs.purge_queue"), frozenset({200, 302})),
    ("POST", "workers/stop/", "workers/stop/", (TASKS, "jobs.stop_worker"), frozenset({302, 404})),
    ("GET", "jobs/task/<uuid:task_id>/edit/", "jobs/task/{done}/edit/", (TASKS, "jobs.retry_task"), 200),
    ("POST", "jobs/task/<uuid:task_id>/edit/", "jobs/task/{done}/edit/", (TASKS, "jobs.retry_task"), frozenset({200,
    302})),
    ("POST", "jobs/task/all/<slug:act>/", "jobs/task/all/cancel/", (TASKS, "jobs.cancel_task"), 400),
    ("POST", "jobs/task/all/<slug:act>/", "jobs/task/all/run_again/", (TASKS, "jobs.retry_task"), 400),
    ("POST", "delivery/delivery/all/again/", "delivery/delivery/all/again/", ("delivery.view_delivery",
    "delivery.send_again"), 400),
    ("POST", "access/auditentry/export/", "access/auditentry/export/", ("access.view_auditentry",), 200),
    ("GET", "jsi18n/", "jsi18n/", (), 200),
    ("GET", "autocomplete/", "autocomplete/?app_label=guilds&model_name=nickname&field_name=guild&term=x",
    ("guilds.view_guild",), 200),
    ("POST", "jobs/schedule/<int:pk>/run/", "jobs/schedule/{schedule}/run/", ("jobs.view_schedule",
    "jobs.run_schedule"), 302),
    ("GET", "jobs/task/rows/", "jobs/task/rows/?ids={done}", (TASKS,), 200),
    ("GET", "jobs/task/<uuid:task_id>/card/", "jobs/task/{done}/card/", (TASKS,), 200),
    ("POST", "jobs/task/<uuid:task_id>/cancel/", "jobs/task/{open}/cancel/", (TASKS, "jobs.cancel_task"), 302),
    ("POST", "jobs/task/<uuid:task_id>/again/", "jobs/task/{done}/again/", (TASKS, "jobs.retry_task"), 302),
    ("POST", "delivery/delivery/<uuid:delivery_id>/again/", "delivery/delivery/{delivery}/again/",
    ("delivery.view_delivery", "delivery.send_again"), 302),
    ("GET", "images/menuimage/statistics/", "images/menuimage/statistics/", ("images.view_menuimage",), 200),
    ("GET", "auth/user/<id>/password/", "auth/user/{user}/password/", ("auth.change_user",), 200),
    ("POST", "auth/user/<id>/password/", "auth/user/{user}/password/", ("auth.change_user",), 200),
]  # fmt: skip
for _row in ("dictionaryentry", "nickname"):
    _all = tuple(f"guilds.{act}_{_row}" for act in ("add", "change", "view"))
    for _verb, _needed in (("import", _all), ("export", _all[2:])):
        PAGES.append(("GET", f"guilds/{_row}/{_verb}/", f"guilds/{_row}/{_verb}/", _needed, 200))
    PAGES.append(
        ("POST", f"guilds/{_row}/process_import/", f"guilds/{_row}/process_import/", _all, frozenset({200, 302}))
    )
# What has no door of its own to try here: Django's, whose answers are the same to all who are let in.
OTHERS = {
    "login/", "logout/", "password_change/", "password_change/done/", "r/<path:content_type_id>/<path:object_id>/",
    r"^(?P<app_label>", "(?P<url>.*)$", "breakers/<slug:port>/<slug:provider>/open/",
    "breakers/<slug:port>/<slug:provider>/close/",
}  # fmt: skip


def cells(world: World) -> Iterator[tuple[str, str, str, tuple[str, ...], Any, Any]]:
    """Yield each door of the admin as (what, method, path, permissions, right answer, answer when it is gone)."""
    for method, _pattern, path, permissions, right in PAGES:
        yield f"{method} {path}", method, world.hers.path(path), permissions, right
    for label, model in MODELS.items():
        app, _dot, name = label.partition(".")
        view = (f"{app}.view_{name}",)
        yield f"list {label}", "GET", f"{app}/{name}/", view, 200
        for there, things in ((True, world.hers), (False, world.nobodys)):
            row = f"{app}/{name}/{str(things.ids[model.thing]).replace(':', '_3A')}"
            told = "" if there else " (nobody's)"
            yield f"look at {label}{told}", "GET", f"{row}/change/", view, 200 if there else model.gone
            yield f"history of {label}{told}", "GET", f"{row}/history/", view, 200 if there else 302
            for act in ("change", "delete"):
                needed = getattr(model, act) or (f"{app}.{act}_{name}",)
                right = frozenset({200, 302}) if there else frozenset({302, 404})
                yield f"{act} {label}{told}", "POST", f"{row}/{act}/", needed, right
        needed = model.add or (f"{app}.add_{name}",)
        yield f"form to add {label}", "GET", f"{app}/{name}/add/", needed, 200
        yield f"add {label}", "POST", f"{app}/{name}/add/", needed, frozenset({200, 302})


def wanted(role: Role, permissions: Any, right: Any) -> Any:
    if not role.is_staff():
        return TO_LOGIN
    if permissions == NEVER:
        # Some pages of Django's know no POST at all.
        return frozenset({REFUSED, 405})
    if permissions == SUPERUSER:
        return right if role.user is not None and role.user.is_superuser else REFUSED
    return right if role.may(*permissions) else frozenset({REFUSED, 405})


def test_each_role_gets_what_it_was_given_at_every_door(world):
    table = Table()
    roles = [world.role(name) for name in ROLES]

    for what, method, path, permissions, right in cells(world):
        for role in tried(roles, permissions, method):
            door(table, role, what, method, path, permissions, right)
    table.check(at_least=1500)


def tried(roles: list[Role], permissions: Any, method: str) -> list[Role]:
    """Return all whom it refuses, and the least of those whom it does not: pages take their time."""
    refused = [role for role in roles if wanted(role, permissions, 200) != 200]
    others = [role for role in roles if role not in refused]
    if method == "GET":
        # Outside there is one answer for all, before anybody looks who it is.
        return [role for role in refused if role.is_staff() or role.name == "nobody"] + others[:1]
    return [*refused, *others[:2]]


def door(table: Table, role: Role, what: str, method: str, path: str, permissions: Any, right: Any) -> None:
    where = f"{role.name}: {what}"
    with undone() as written:
        answer = role.client.generic(method, f"/admin/{path}", content_type="application/x-www-form-urlencoded")
    expected = wanted(role, permissions, right)
    table.cell(where, answer.status_code, expected)
    if method == "GET" or answer.status_code in (REFUSED, 405) or not role.is_staff():
        table.cell(f"{where} writes", [each for each in written if method != "GET" or each != BOOK], [])
    if not role.is_staff():
        table.cell(f"{where} leads", answer["Location"].partition("?")[0], "/admin/login/")


def test_each_act_on_chosen_rows_is_for_who_may_and_stands_in_the_book(world):
    table = Table()
    boss = RequestFactory().get("/")
    boss.user = world.role("superuser").user
    known = {
        (model._meta.label_lower, name)
        for model, site in admin.site._registry.items()
        for name in site.get_actions(boss)
        if name != "delete_selected"
    }
    table.cell("acts without a line", sorted(known - ACTIONS.keys()), [])

    for (label, act), role in product([*ACTIONS, *((label, "delete_selected") for label in MODELS)], world.roles):
        app, _dot, name = label.partition(".")
        model = MODELS[label]
        needed = ACTIONS.get((label, act)) or (model.delete or f"{app}.delete_{name}")
        may = role.is_staff() and needed != NEVER and role.may(f"{app}.view_{name}")
        may = may and (role.name == "superuser" if needed == SUPERUSER else role.may(needed))
        thing = {"cancel_selected": "open", "resume_selected": "paused"}.get(act, model.thing)
        with undone() as written:
            if thing == "paused":
                Schedule.objects.get(pk=world.hers.ids["schedule"]).pause()
                written.clear()
            row = world.hers.ids.get(thing, world.hers.ids[model.thing])
            chosen = {"action": act, "_selected_action": str(row), "post": "yes"}
            role.client.post(f"/admin/{app}/{name}/", chosen)
        table.cell(f"{role.name}: {act} of {label} does it", bool(written), may)
        if may and needed != SUPERUSER:
            table.cell(f"{role.name}: {act} of {label} is in the book", BOOK in written, True)

    table.check(at_least=400)


def test_every_page_of_the_admin_has_a_line():
    found = {pattern.removeprefix("admin/") for pattern, _route in routes.patterns() if pattern.startswith("admin/")}
    generic = {
        f"{label.replace('.', '/')}/{rest}"
        for label in MODELS
        for rest in ("", "add/", *(f"<path:object_id>/{act}" for act in ("", "change/", "delete/", "history/")))
    }
    own = {pattern for _method, pattern, *_rest in PAGES}

    assert {each for each in found - generic - own if not each.startswith(tuple(OTHERS))} == set()
    assert generic | own <= found


# --- Libraries ----------------------------------------------------------------------


def test_no_library_brings_an_admin_or_pages_of_its_own():
    names = {pattern for pattern, _route in routes.patterns()}

    assert {model._meta.label_lower for model in admin.site._registry} == MODELS.keys()
    assert not [name for name in names if "django_q" in name or "django-rq" in name or name.startswith("rq")]


@pytest.mark.parametrize("func", ["os.system", "jobs.runtime.schedule.fire", "tests.toys.functions.toy_echo", "print"])
def test_a_schedule_that_staff_forge_runs_nothing_of_their_choice(func, world):
    """E5c: django-q2's own admin took any name, and ran it."""
    client = world.role("superuser").client
    forged = {
        "name": "x", "func": func, "args": "'touch /tmp/x'", "hook": func, "schedule_type": "O", "cluster": "x",
        "input_word": "x", "input_seconds": "0", "input_times": "1", "priority": "1", "rhythm": "O", "cron": "",
        "minutes": "", "moment": "2036-01-01T00:00", "time_zone": "Asia/Tokyo", "repeats": "-1",
    }  # fmt: skip

    client.post("/admin/jobs/schedule/add/?function=toy_echo", forged)
    client.post(f"/admin/jobs/schedule/{world.hers.ids['schedule']}/change/", forged)

    assert {(row.func, row.hook, row.args, row.cluster) for row in Schedule.objects.all()} == {(FUNC, None, None, None)}


# --- One member of staff against another --------------------------------------------


@pytest.fixture
def clerk(db: None) -> Client:
    """Staff who look after people, and after nothing else."""
    return client_of(person("clerk", "auth.view_user", "auth.add_user", "auth.change_user", is_staff=True))


NEW = {"usable_password": "true", "password1": "a wholly other passphrase", "password2": "a wholly other passphrase"}


def test_who_looks_after_people_cannot_become_other_staff(clerk):
    colleague = person("colleague", "jobs.view_task", is_staff=True)
    before = User.objects.filter(pk=colleague.pk).values().get()
    page = f"/admin/auth/user/{colleague.pk}/"

    taken = clerk.post(page + "password/", NEW)
    renamed = clerk.post(page + "change/", {"username": "mine", "is_active": "on"})

    assert User.objects.filter(pk=colleague.pk).values().get() == before
    assert (taken.status_code, renamed.status_code) == (403, 403)


def test_who_looks_after_people_makes_and_helps_people(clerk, owner):
    assert clerk.post(f"/admin/auth/user/{owner.pk}/password/", NEW).status_code == 302
    clerk.post("/admin/auth/user/add/", {"username": "neu", **NEW, "is_staff": "on", "is_superuser": "on"})

    made = User.objects.get(username="neu")
    assert (made.is_staff, made.is_superuser) == (False, False)
