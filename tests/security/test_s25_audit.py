"""S25: each act by which somebody changes or sees what is another's, or their own keys, is one line of the audit book.

That the database refuses to change or take out a line: tests/access/test_audit.py.
"""

import json
from typing import Any

from jobs.access.models import AuditEntry
from tests.security.conftest import World
from tests.security.table import Table, undone

BY_HAND = "application/json"
# Who, how, where, with what (a text for JSON, fields for a form), the line, and its kind of thing.
ACTS: list[tuple[str, str, str, Any, str, str]] = [
    ("owner", "POST", "/api/v1/tasks/{open}/cancel", "", "task_cancelled", "task"),
    ("owner", "POST", "/api/v1/tasks/{done}/retry", "", "task_retried", "task"),
    ("owner", "POST", "/tasks/{open}/cancel", {}, "task_cancelled", "task"),
    ("owner", "POST", "/tasks/{done}/again", {}, "task_retried", "task"),
    ("operator", "POST", "/admin/jobs/task/{open}/cancel/", {}, "task_cancelled", "task"),
    ("operator", "POST", "/admin/jobs/task/{done}/again/", {}, "task_retried", "task"),
    ("operator", "POST", "/admin/run/toy_echo", "run", "task_invoked", "task"),
    ("operator", "DELETE", "/api/v1/admin/tasks/{open}", "", "task_cancelled", "task"),
    ("operator", "POST", "/api/v1/admin/tasks/{done}/retry", "", "task_retried", "task"),
    ("operator", "POST", "/api/v1/admin/tasks/cleanup", "", "cleaned_up", "task"),
    ("operator", "POST", "/admin/queues/bulk/pause/", {}, "queue_paused", "queue"),
    ("operator", "POST", "/admin/jobs/schedule/{schedule}/run/", {}, "task_invoked", "task"),
    ("operator", "POST", "/admin/delivery/delivery/{delivery}/again/", {}, "delivery_sent_again", "delivery"),
    ("operator", "POST", "/api/v1/discord/guilds/777/announce", '{"text": "x"}', "announced", "utterance"),
    ("owner", "POST", "/account/", {"name": "n", "days": "30", "scopes": "tasks"}, "token_issued", "apitoken"),
    ("owner", "POST", "/account/tokens/{token}/revoke", {}, "token_revoked", "apitoken"),
    ("owner", "POST", "/api/v1/webhooks", '{"url": "https://example.com/new"}', "endpoint_made", "endpoint"),
    ("owner", "POST", "/api/v1/webhooks/{endpoint}/rotate", "", "secret_rotated", "endpoint"),
    ("owner", "POST", "/api/v1/webhooks/{endpoint}/disable", "", "endpoint_changed", "endpoint"),
    ("owner", "DELETE", "/api/v1/webhooks/{endpoint}", "", "endpoint_deleted", "endpoint"),
    ("owner", "POST", "/account/webhooks/callback-secret", {"replace": "1"}, "secret_rotated", "ownersecret"),
    ("owner", "GET", "/api/v1/practice/records/{record}/recording", "", "recording_played", "practicerecord"),
    ("viewer", "GET", "/practice/{practice}/records/{analysed}", "", "practice_viewed", "practicerecord"),
    ("viewer", "GET", "/practice/{practice}/records/{analysed}/card", "", "practice_viewed", "practicerecord"),
    ("viewer", "GET", "/tasks/{analysis}", "", "practice_viewed", "practicerecord"),
    ("viewer", "GET", "/admin/practice/practicerecord/{record}/change/", "", "practice_viewed", "practicerecord"),
    ("owner", "DELETE", "/api/v1/practice/records/{record}", "", "recording_deleted", "practicerecord"),
    ("owner", "POST", "/practice/{practice}/delete", {}, "recording_deleted", "practicesession"),
    ("superuser", "POST", "/admin/auth/group/add/", {"name": "new"}, "group_made", "group"),
    ("superuser", "POST", "/admin/auth/group/{group}/delete/", {"post": "yes"}, "group_deleted", "group"),
]


def test_each_act_is_one_line_that_says_who_and_what(world: World) -> None:
    table = Table()
    for who, method, path, body, action, kind in ACTS:
        role, where = world.role(who), world.hers.path(path)
        with undone():
            last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
            answer = _do(role.client, method, where, body)
            lines = [
                (entry.action, entry.actor_id, entry.object_type) for entry in AuditEntry.objects.filter(pk__gt=last)
            ]
            told = json.dumps([entry.details for entry in AuditEntry.objects.filter(pk__gt=last)])
        name = f"{who} {method} {path} ({answer.status_code})"
        assert role.user is not None
        table.cell(name, lines, [(action, role.user.pk, kind)])
        for text in ("こんにちは", "hello", "きょう", "hana", "example.com", "whsec_", "koe_"):
            table.cell(f"{name} tells {text!r}", text in told, False)
    table.check(at_least=220)


def _do(client: Any, method: str, path: str, body: Any) -> Any:
    if body == "run":
        page = client.get(path).context["form"]
        body = {
            "input_word": "x",
            "input_seconds": "0",
            "input_times": "1",
            "priority": "1",
            "token": page["token"].value(),
        }
    if isinstance(body, dict):
        return client.post(path, body)
    return client.generic(method, path, body, content_type=BY_HAND if body else "")


def test_what_was_refused_leaves_no_line_of_an_act(world: World) -> None:
    table = Table()
    for _who, method, path, body, *_rest in ACTS:
        for name in ("nobody", "other", "bare staff"):
            role, where = world.role(name), world.hers.path(path)
            if role.session and (path.startswith(("/account/", "/api/v1/webhooks")) and "{" not in path):
                continue
            with undone():
                last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
                _do(role.client, method, where, {"input_word": "x"} if body == "run" else body)
                lines = list(AuditEntry.objects.filter(pk__gt=last).values_list("action", flat=True))
            table.cell(f"{name} {method} {path}", lines, [])
    table.check(at_least=75)
