"""The matrix: each route with who gets what there. A route of the house that is not here fails the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.security.cast import Role, Things

Wanted = int | frozenset[int]
Policy = Callable[[Role, Things, bool], Wanted]
JSON = "application/json"


@dataclass(frozen=True)
class Line:
    """
    method and pattern: as the resolver has them; path: with the names of `Things.ids` in braces.
    policy: the status for a role, of things that are there or are nobody's (the last argument: they are there).
    """

    method: str
    pattern: str
    path: str
    policy: Policy
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def has_object(self) -> bool:
        return "{" in self.path

    def __str__(self) -> str:
        return f"{self.method} /{self.path}"


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """Yield every route of the house."""

    def walk(found: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
        for each in found:
            here = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, here)
            else:
                yield here, each

    return walk(get_resolver().url_patterns, "")


# --- Policies ------------------------------------------------------------------


def everybody(status: int) -> Policy:
    return lambda _role, _things, _there: status


def api(
    scope: str, right: int, *, see: tuple[str, ...] = (), act: str = "", staff: str = "", shared: bool = False
) -> Policy:
    """
    A route behind a scope. see, act: the permissions by which staff reach what is another's.
    staff: the permission that the route itself needs; shared: what it names belongs to nobody.
    """

    def wanted(role: Role, things: Things, there: bool) -> int:
        if role.user is None:
            return 401
        if scope not in role.scopes or (staff and not role.may(staff)):
            return 403
        if not there:
            return 404
        if shared or role.owns(things):
            return right
        if see and "staff" in role.scopes and role.may(*see):
            return right if not act or role.may(act) else 403
        return 404

    return wanted


def page(right: int, *, see: tuple[str, ...] = (), act: str = "", anonymous: int = 302, shared: bool = False) -> Policy:
    """A page behind a login. see: by which staff look at it, act: by which they act; anonymous: for who has none."""

    def wanted(role: Role, things: Things, there: bool) -> int:
        if not role.session:
            return anonymous
        if there and (shared or role.owns(things) or (see and role.may(*see)) or (act and role.may(act))):
            return right
        return 404

    return wanted


# --- The API -------------------------------------------------------------------

V1 = "api/v1/"
TASK, U = "<uuidstr:task_id>", "<uuidstr:{}>"
SEE = ("jobs.view_task", "jobs.view_content")
MENU = {"前菜": [{"japanese_name": "豆腐", "english_name": "Tofu", "description": ""}]}
HOOK = {"url": "https://example.com/new"}
SUBSCRIPTION = {"announcement_time": "08:00", "place": "横浜市"}
SESSION, RECORD = "practice/sessions/<uuidstr:session_id>", "practice/records/<uuidstr:record_id>"


def _has_subscription(right: int) -> Policy:
    def wanted(role: Role, things: Things, there: bool) -> int:
        before = api("weather", right, shared=True)(role, things, True)
        return before if before != right or role.user is None or role.user.username in ("hana", "taro") else 404

    return wanted


def _v1(method: str, pattern: str, path: str, policy: Policy, body: Any = None, **headers: str) -> Line:
    return Line(method, V1 + pattern, V1 + path, policy, body, headers)


def _tasks() -> Iterator[Line]:
    one = "tasks/" + TASK
    yield _v1("GET", "tasks", "tasks", api("tasks", 200, shared=True))
    yield _v1("GET", one, "tasks/{done}", api("tasks", 200, see=SEE))
    yield _v1("POST", one + "/cancel", "tasks/{open}/cancel", api("tasks", 200, see=SEE, act="jobs.cancel_task"))
    yield _v1("POST", one + "/retry", "tasks/{done}/retry", api("tasks", 202, see=SEE, act="jobs.retry_task"))
    # As one who knows the end already: a stream would stay open.
    known = {"last-event-id": "999999999"}
    yield _v1("GET", one + "/events", "tasks/{done}/events", api("tasks", 204, see=SEE), **known)
    for method in ("GET", "HEAD"):
        path = "tasks/{done}/artifacts/{artifact}"
        yield _v1(method, one + "/artifacts/<name>", path, api("tasks", 200, see=SEE))


def _functions() -> Iterator[Line]:
    yield _v1("GET", "functions", "functions", api("invoke", 200, shared=True))
    yield _v1("GET", "functions/<name>", "functions/toy_echo", api("invoke", 200, shared=True))
    body = {"input": {"word": "hi"}}
    yield _v1("POST", "functions/<name>/invoke", "functions/toy_echo/invoke", api("invoke", 202, shared=True), body)
    # What staff alone may ask for needs what the run form of the admin needs.
    only_staff = _staff_function(202)
    yield _v1("POST", "functions/<name>/invoke", "functions/cleanup/invoke", only_staff, {"input": {}})
    yield _v1("GET", "functions/<name>", "functions/cleanup", _staff_function(200, seen=True))


def _staff_function(right: int, *, seen: bool = False) -> Policy:
    def wanted(role: Role, _things: Things, _there: bool) -> int:
        if role.user is None:
            return 401
        if "invoke" not in role.scopes or "staff" not in role.scopes:
            return 403
        return right if seen or role.may("jobs.add_task") else 403

    return wanted


def _webhooks() -> Iterator[Line]:
    one, own = "webhooks/<uuidstr:endpoint_id>", "webhooks/{endpoint}"
    yield _v1("GET", "webhooks", "webhooks", api("tasks", 200, shared=True))
    yield _v1("POST", "webhooks", "webhooks", api("tasks", 201, shared=True), HOOK)
    yield _v1("GET", one, own, api("tasks", 200))
    yield _v1("DELETE", one, own, api("tasks", 204))
    yield _v1("GET", one + "/deliveries", own + "/deliveries", api("tasks", 200))
    for verb, right in (("test", 202), ("rotate", 200), ("enable", 200), ("disable", 200)):
        yield _v1("POST", f"{one}/{verb}", f"{own}/{verb}", api("tasks", right))


def _images() -> Iterator[Line]:
    drawn = api("invoke", 202, shared=True)
    yield _v1("POST", "image/generate-async", "image/generate-async", drawn, {"final_menu": MENU})
    yield _v1("POST", "image/generate-batch", "image/generate-batch", drawn, {"menus": [{"final_menu": MENU}]})
    yield _v1("GET", "image/status/<job_id>", "image/status/{job}", api("tasks", 200, see=SEE))
    yield _v1("GET", "image/history", "image/history", api("tasks", 200, shared=True))
    cancel = api("tasks", 200, see=SEE, act="jobs.cancel_task")
    yield _v1("DELETE", "image/jobs/<job_id>", "image/jobs/{job}", cancel)
    for method in ("GET", "HEAD"):
        yield Line(method, "uploads/<name>", "uploads/{picture}", api("tasks", 200, see=SEE))


def _weather() -> Iterator[Line]:
    yield _v1("GET", "weather/subscription", "weather/subscription", _has_subscription(200))
    yield _v1("PUT", "weather/subscription", "weather/subscription", api("weather", 200, shared=True), SUBSCRIPTION)
    yield _v1("DELETE", "weather/subscription", "weather/subscription", _has_subscription(204))
    yield _v1("GET", "weather/places", "weather/places", api("weather", 200, shared=True))
    yield _v1("GET", "weather/announcements", "weather/announcements", api("weather", 200, shared=True))


def _practice() -> Iterator[Line]:
    mine, all_of = api("practice", 200), api("practice", 200, shared=True)
    gone = api("practice", 204)
    # First: a recording that is deleted below is gone, although its row is given back.
    for method in ("GET", "HEAD"):
        yield _v1(method, RECORD + "/recording", "practice/records/{record}/recording", mine)
    yield _v1("POST", "practice/sessions", "practice/sessions", api("practice", 201, shared=True), {})
    yield _v1("GET", "practice/sessions", "practice/sessions", all_of)
    yield _v1("GET", SESSION, "practice/sessions/{practice}", mine)
    yield _v1("DELETE", SESSION, "practice/sessions/{practice}", gone)
    # Without a form: whose session it is was asked before.
    add = api("practice", 415)
    yield _v1("POST", SESSION + "/records", "practice/sessions/{practice}/records", add, {})
    yield _v1("GET", SESSION + "/records", "practice/sessions/{practice}/records", mine)
    both = SESSION + "/records/<uuidstr:record_id>"
    for pattern, path in (
        (RECORD, "practice/records/{record}"),
        (both, "practice/sessions/{practice}/records/{record}"),
    ):
        yield _v1("GET", pattern, path, mine)
        yield _v1("DELETE", pattern, path, gone)
    analysis, submit = "tasks/analysis/", api("practice", 202)
    for body in ({"practice_record_id": "{record}"}, {"practice_session_id": "{practice}"}):
        # The id stands in the body; the fragment names it for the table.
        named = next(iter(body.values()))
        yield _v1("POST", analysis + "submit", analysis + "submit#" + named, submit, body)
    session = analysis + "session/<uuidstr:session_id>/status"
    yield _v1("GET", session, analysis + "session/{practice}/status", mine)
    for word in ("status", "result"):
        yield _v1("GET", f"{analysis}{TASK}/{word}", f"{analysis}{{analysis}}/{word}", mine)


def _at_work() -> Iterator[Line]:
    one = "admin/tasks/" + TASK
    yield _v1("GET", "admin/tasks/stats", "admin/tasks/stats", api("staff", 200, staff="jobs.view_task", shared=True))
    cancel = api("staff", 200, staff="jobs.cancel_task", shared=True)
    yield _v1("DELETE", one, "admin/tasks/{open}", cancel)
    retry = api("staff", 202, staff="jobs.retry_task", shared=True)
    yield _v1("POST", one + "/retry", "admin/tasks/{done}/retry", retry)
    cleanup = api("staff", 202, staff="jobs.add_task", shared=True)
    yield _v1("POST", "admin/tasks/cleanup", "admin/tasks/cleanup", cleanup)
    say = api("staff", 202, staff="guilds.change_guild", shared=True)
    place = "discord/guilds/<int:guild_id>/announce"
    yield _v1("POST", place, "discord/guilds/{guild}/announce", say, {"text": "まもなく閉店です"})


def _others() -> Iterator[Line]:
    # An unknown voice, and no form: the door was passed, and nothing is spoken or heard.
    speech = {"model": "m", "voice": "bob", "input": "x"}
    yield Line("POST", "v1/audio/speech", "v1/audio/speech", api("invoke", 422, shared=True), speech)
    yield Line("POST", "v1/audio/transcriptions", "v1/audio/transcriptions", api("invoke", 415, shared=True), {})
    yield _v1("GET", "openapi.json", "openapi.json", everybody(200))
    yield _v1("GET", "docs", "docs", everybody(200))
    for front in ("api/v1/", "uploads/", "v1/"):
        yield Line("GET", front, front, everybody(404))
        for method in ("GET", "POST"):
            yield Line(method, rf"^{front}[\s\S]*\Z", front + "no/such", everybody(404), {})
    yield Line("POST", "telegram/webhook", "telegram/webhook", everybody(404), {"update_id": 1})
    yield Line("GET", "telegram/webhook", "telegram/webhook", everybody(405))
    # From this machine; from elsewhere: tests/metrics.
    yield Line("GET", "metrics", "metrics", everybody(200))
    yield Line("GET", "healthz", "healthz", everybody(200))
    yield Line("GET", "readyz", "readyz?for=web", everybody(200))


def api_lines() -> list[Line]:
    rooms = (_tasks, _functions, _webhooks, _images, _weather, _practice, _at_work, _others)
    return [line for room in rooms for line in room()]


# --- The pages -----------------------------------------------------------------


def _form(method: str, path: str, policy: Policy, pattern: str, **fields: Any) -> Line:
    return Line(method, pattern, path, policy, fields)


def _for_staff(role: Role, _things: Things, _there: bool) -> int:
    return 302 if not role.session else 200 if role.is_staff() else 404


def _account() -> Iterator[Line]:
    own = page(200, shared=True)
    yield _form("GET", "", everybody(200), "")
    yield _form("POST", "", page(302, shared=True), "", text="こんにちは", key="k")
    yield _form("GET", "recent", page(200, anonymous=404, shared=True), "recent")
    yield _form("GET", "login/", lambda role, _things, _there: 302 if role.session else 200, "login/")
    yield _form("GET", "logout/", page(200, shared=True), "logout/")
    yield _form("POST", "logout/", everybody(302), "logout/")
    yield _form("POST", "language/", everybody(302), "language/", language="en")
    yield _form("GET", "account/", own, "account/")
    yield _form("POST", "account/", own, "account/", name="n", days="30", scopes="tasks")
    yield _form("POST", "account/tokens/{token}/revoke", page(302), "account/tokens/<int:token_id>/revoke")
    yield _form("GET", "account/password/", own, "account/password/")
    yield _form("GET", "account/two-factor/", _for_staff, "account/two-factor/")
    # Without a password that was right a moment ago there is nothing to add a code to.
    yield _form("GET", "login/code/", everybody(302), "login/code/")
    yield _form("POST", "login/code/", everybody(302), "login/code/", code="000000")
    yield _form("GET", "account/webhooks/", own, "account/webhooks/")
    yield _form("POST", "account/webhooks/", own, "account/webhooks/", url="https://example.com/x")
    yield _form("POST", "account/webhooks/callback-secret", own, "account/webhooks/callback-secret")
    for verb in ("test", "rotate", "enable", "disable", "delete"):
        policy = page(200 if verb == "rotate" else 302)
        pattern = "account/webhooks/<uuid:endpoint_id>/<slug:verb>"
        yield _form("POST", f"account/webhooks/{{endpoint}}/{verb}", policy, pattern)


def _task_pages() -> Iterator[Line]:
    one = "tasks/<uuid:task_id>"
    yield _form("GET", "tasks/{done}", page(200, see=SEE), one)
    yield _form("GET", "tasks/{analysis}", page(200, see=SEE), one)
    yield _form("GET", "tasks/{job_task}", page(200, see=SEE), one)
    yield _form("GET", "tasks/{done}/card", page(200, see=SEE, anonymous=404), one + "/card")
    cancel, again = (page(302, act=f"jobs.{word}_task", anonymous=404) for word in ("cancel", "retry"))
    yield _form("POST", "tasks/{open}/cancel", cancel, one + "/cancel")
    yield _form("POST", "tasks/{done}/again", again, one + "/again")
    job, jobs = "images/{job}", "images/<slug:job_id>"
    yield _form("GET", "images/", everybody(302), "images/")
    yield _form("POST", "images/", page(302, shared=True), "images/", menu="前菜\n豆腐", key="k")
    fragment = page(200, see=SEE, anonymous=404)
    yield _form("GET", job, page(200, see=SEE), jobs)
    yield _form("GET", job + "/card", fragment, jobs + "/card")
    yield _form("GET", job + "/all.zip", fragment, jobs + "/all.zip")
    yield _form("GET", job + "/1", page(200, see=SEE), jobs + "/<int:number>")
    yield _form("GET", job + "/1/small", fragment, jobs + "/<int:number>/small")
    yield _form("POST", job + "/cancel", cancel, jobs + "/cancel")
    yield _form("POST", job + "/again", again, jobs + "/again")


def _practice_pages() -> Iterator[Line]:
    own, session = page(200, shared=True), "practice/<uuid:session_id>"
    yield _form("GET", "practice/", own, "practice/")
    yield _form("POST", "practice/", page(302, shared=True), "practice/", title="t")
    yield _form("GET", "practice/{practice}", page(200), session)
    yield _form("POST", "practice/{practice}", page(422), session, sentence="")
    yield _form("GET", "practice/{practice}/list", page(200, anonymous=404), session + "/list")
    yield _form("POST", "practice/{practice}/analyse", page(302), session + "/analyse")
    yield _form("POST", "practice/{practice}/delete", page(302), session + "/delete")
    one, here = "practice/<uuid:session_id>/records/<uuid:record_id>", "practice/{practice}/records/{analysed}"
    look = ("practice.view_practicerecord",)
    yield _form("GET", here, page(200, see=look), one)
    yield _form("GET", here + "/card", page(200, see=look, anonymous=404), one + "/card")
    for verb in ("analyse", "cancel", "delete"):
        yield _form("POST", f"{here}/{verb}", page(302), f"{one}/{verb}")
    yield _form("POST", here + "/reference", page(302, see=look), one + "/reference")


def _weather_pages() -> Iterator[Line]:
    yield _form("GET", "weather/", page(200, shared=True), "weather/")
    fields = {
        "announcement_time": "08:00",
        "time_zone": "Asia/Tokyo",
        "place": "横浜市",
        "voice": "mei_normal",
        "days": "mon",
    }
    yield _form("POST", "weather/", page(302, shared=True), "weather/", **fields)
    yield _form("POST", "weather/stop", page(302, shared=True), "weather/stop")
    yield _form("POST", "weather/now", page(302, shared=True), "weather/now")


def page_lines() -> list[Line]:
    return [line for room in (_account, _task_pages, _practice_pages, _weather_pages) for line in room()]
