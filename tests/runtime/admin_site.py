"""What the tests of the admin share: people with permissions, and a browser's requests."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

LIST = "/admin/jobs/task/"
# Every way out of HTML that a stored text could try.
PAYLOAD = """"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}</textarea></script>"""


def person(name: str, *permissions: str, **flags: bool) -> User:
    """Make a user with permissions such as `jobs.view_task`."""
    user = User.objects.create_user(name, **flags)
    for permission in permissions:
        app, _dot, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def client_of(user: User | None, **options: Any) -> Client:
    # English, so that the words of the tests are those of the code.
    client = Client(headers={"Accept-Language": "en"}, **options)
    if user is not None:
        client.force_login(user)
    return client


def page_of(task: Any) -> str:
    return f"{LIST}{task.pk}/change/"


# A role, and whether it may look, cancel, run again.
ROLES: dict[str, tuple[Callable[[], User | None], bool, bool, bool]] = {
    "anonymous": (lambda: None, False, False, False),
    "user": (lambda: person("user", "jobs.view_task", "jobs.cancel_task", "jobs.retry_task"), False, False, False),
    "staff": (lambda: person("staff", is_staff=True), False, False, False),
    "blind": (lambda: person("blind", "jobs.cancel_task", "jobs.retry_task", is_staff=True), False, False, False),
    "changer": (lambda: person("changer", "jobs.change_task", "jobs.delete_task", is_staff=True), False, False, False),
    "viewer": (lambda: person("viewer", "jobs.view_task", is_staff=True), True, False, False),
    "canceller": (
        lambda: person("canceller", "jobs.view_task", "jobs.cancel_task", is_staff=True), True, True, False,
    ),
    "repeater": (lambda: person("repeater", "jobs.view_task", "jobs.retry_task", is_staff=True), True, False, True),
    "superuser": (lambda: person("super", is_staff=True, is_superuser=True), True, True, True),
    "inactive": (
        lambda: person("gone", is_staff=True, is_superuser=True, is_active=False), False, False, False,
    ),
}  # fmt: skip
