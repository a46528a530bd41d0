"""The groups that every house has: who only looks, who keeps the work going, who reads what people wrote.

    Viewers           look at everything but what is personal, and change nothing
    Operators         look, and cancel, run, run again, pause, empty, send again, schedule
    Content readers   read what people sent and were given; beside one of the others
    Guild staff       settings, dictionaries and nicknames of the guilds whose groups they are in: `guild:ID`
    Auditors          the audit book, and who may what

They belong to the code: each `migrate` gives them exactly the permissions that stand here, so that a new
table is seen at once and none has to be remembered. For other wishes make a group of another name.
After `migrate` and not in a migration, because Django makes the permissions only then; in one statement
for all of them, because the tests empty the database after each.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps

VIEWERS, OPERATORS, READERS = "Viewers", "Operators", "Content readers"
GUILD_STAFF, AUDITORS = "Guild staff", "Auditors"
# A group of somebody who may look after one guild, by its id.
GUILD_PREFIX = "guild:"

# Tables of which every row is what a person wrote, said, likes or where they live.
PERSONAL = {
    *("announcements.announcement", "announcements.weathersubscription", "guilds.utterance", "images.imagejob"),
    *("images.menuimage", "practice.analysisresult", "practice.practicerecord", "practice.practicesession"),
    "telegram.message",
}
# Tables of the house's work.
WORK = {"announcements", "delivery", "guilds", "images", "jobs", "practice", "telegram"}
ACTS = {
    *("jobs.add_task", "jobs.cancel_task", "jobs.retry_task", "jobs.change_pause", "jobs.purge_queue"),
    *("jobs.stop_worker", "jobs.run_schedule", "jobs.add_schedule", "jobs.change_schedule", "jobs.delete_schedule"),
    *("delivery.send_again", "delivery.change_endpoint", "delivery.change_receiver"),
}
OF_GUILDS = {
    *("guilds.view_guild", "guilds.change_guild", "guilds.view_voicesession"),
    *(f"guilds.{act}_{table}" for act in ("view", "add", "change", "delete") for table in ("autojoin",)),
    *(f"guilds.{act}_{table}" for act in ("view", "add", "change", "delete") for table in ("dictionaryentry",)),
    *(f"guilds.{act}_{table}" for act in ("view", "add", "change", "delete") for table in ("nickname",)),
    *(f"guilds.{act}_silence" for act in ("view", "add", "delete")),
}
OF_AUDITORS = {
    *("access.view_auditentry", "access.view_apitoken", "access.view_chataccount", "auth.view_user", "auth.view_group")
}


def _is_looking(app: str, codename: str, table: str) -> bool:
    return app in WORK and codename == f"view_{table}"


# Role -> whether it has a permission, by app, codename and table.
ROLES: dict[str, Callable[[str, str, str], bool]] = {
    VIEWERS: lambda app, codename, table: _is_looking(app, codename, table) and f"{app}.{table}" not in PERSONAL,
    OPERATORS: lambda app, codename, table: ROLES[VIEWERS](app, codename, table) or f"{app}.{codename}" in ACTS,
    READERS: lambda app, codename, table: (
        f"{app}.{codename}" == "jobs.view_content"
        or (_is_looking(app, codename, table) and f"{app}.{table}" in PERSONAL | {"jobs.task"})
    ),
    GUILD_STAFF: lambda app, codename, _table: f"{app}.{codename}" in OF_GUILDS,
    AUDITORS: lambda app, codename, _table: f"{app}.{codename}" in OF_AUDITORS,
}


def make(sender: Any, *, using: str, **_more: Any) -> None:
    """Give the roles their permissions, once all apps have theirs. Safe at any time, any number of times."""
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    if sender is not last:
        return
    from django.contrib.auth.models import Group, Permission

    groups, permissions = Group.objects.using(using), Permission.objects.using(using)
    known = {group.name: group.pk for group in groups.filter(name__in=ROLES)}
    if len(known) < len(ROLES):
        groups.bulk_create([Group(name=name) for name in ROLES], ignore_conflicts=True)
        known = {group.name: group.pk for group in groups.filter(name__in=ROLES)}
    every = list(permissions.values_list("pk", "content_type__app_label", "codename", "content_type__model"))
    wanted = {
        (known[role], pk)
        for role, has in ROLES.items()
        for pk, app, codename, table in every
        if has(app, codename, table)
    }
    through: Any = Group.permissions.through
    rows = through.objects.using(using)
    held = set(rows.filter(group__in=known.values()).values_list("group_id", "permission_id"))
    for group_id, permission_id in held - wanted:
        rows.filter(group_id=group_id, permission_id=permission_id).delete()
    missing = [through(group_id=group_id, permission_id=pk) for group_id, pk in sorted(wanted - held)]
    rows.bulk_create(missing, ignore_conflicts=True)
