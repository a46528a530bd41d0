"""Erase what the house knows of a chat user, or of a guild.

Of a person everything goes: nicknames, voice, what guilds' staff noted about them, what they
wrote and had read, texts and sounds of their tasks, their id in dictionaries, and the account;
their user becomes nobody. One thing stays: their own wish not to be read (`/optout`). Without it
the next message they write would be read aloud, which is what they asked not to happen; it is kept
with their id there and nothing else. Once they take it back, another `forget` erases that too.

Of a guild everything goes. What runs is cancelled. Safe to repeat, and to begin again after it died
half-way: each step is a short transaction.

Called by `manage.py forget`, and for a guild by its bot when it is left.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from bots.guilds import changes, clean
from bots.guilds.models import DictionaryEntry, Guild, Nickname, Silence, Utterance, VoicePreference, VoiceSession
from jobs.access import accounts, audit
from jobs.access.models import Action, ChatAccount, Platform
from jobs.delivery import retention as deliveries
from jobs.practice import retention as practice
from jobs.runtime import cancel, clock, retention
from jobs.runtime.errors import TooLate
from jobs.runtime.models import Source, Status, Task
from jobs.runtime.models.task import OPEN

# Rows in one transaction: some milliseconds, so that nobody's message waits for it.
BATCH = 500
# A run that was cancelled may write a file until the guard has ended it; the clean-up comes by once more.
ONCE_MORE = timedelta(minutes=2)
# The door through which a platform's users come; users of another system use the API like anybody.
SOURCES = {Platform.DISCORD: Source.DISCORD, Platform.TELEGRAM: Source.TELEGRAM}


# What rooms above keep of a chat user, beside what goes with the account's row.
_erasers: list[Callable[[ChatAccount], int]] = []


def register_eraser(erase: Callable[[ChatAccount], int]) -> None:
    """Have `erase` called, within the transaction, for each chat user who is forgotten; it returns how many rows."""
    if erase not in _erasers:
        _erasers.append(erase)


def forget_member(platform: Platform, external_id: str, *, by: AbstractBaseUser | None = None) -> int:
    """Erase a chat user; return how many rows were erased or blanked, 0: nothing known. by: None at a terminal."""
    erased = _leave_dictionaries(platform, external_id)
    account = ChatAccount.objects.select_related("user").filter(platform=platform, external_id=external_id).first()
    if account is None:
        return erased
    erased += _delete(Utterance.objects.filter(author=account))
    erased += _erase_tasks(_tasks_of(account))
    with transaction.atomic():
        erased += _delete_notes(account)
        erased += sum(erase(account) for erase in _erasers)
        if not accounts.is_more_than_chat(account.user, beside=account):
            erased += deliveries.erase_of(account.user)
            erased += practice.erase_of(account.user)
        keeps_wish = Silence.objects.filter(account=account, guild=None).exists()
        if keeps_wish and not erased and not Task.objects.filter(owner=account.user_id).exists():
            return 0
        erased += not keeps_wish
        accounts.forget(account, keep=keeps_wish)
        audit.record(Action.FORGOTTEN, actor=by, about=account.user, rows=erased, wish_kept=keeps_wish)
        changes.member_changed(platform, external_id)
    return erased


def forget_guild(guild_id: int, *, by: AbstractBaseUser | None = None) -> int:
    """Erase a guild; return how many rows were erased or blanked, 0 when it was unknown. by: None: the house itself."""
    guild = Guild.objects.filter(pk=guild_id).first()
    if guild is None:
        return 0
    said = Utterance.objects.filter(guild=guild)
    erased = _erase_tasks(Task.objects.filter(pk__in=said.values("task")))
    erased += _delete(said)
    with transaction.atomic():
        erased += Guild.objects.filter(pk=guild_id).delete()[0]
        audit.record(Action.FORGOTTEN, actor=by, about=guild, rows=erased)
        changes.guild_changed(guild_id)
        changes.left(guild_id)
    return erased


def _leave_dictionaries(platform: Platform, external_id: str) -> int:
    """Take the id out of what belongs to guilds: who added a word, who called the bot in."""
    blanked = DictionaryEntry.objects.filter(added_by=f"{platform}:{external_id}").update(added_by="")
    if platform == Platform.DISCORD and external_id.isascii() and external_id.isdecimal():
        blanked += VoiceSession.objects.filter(invited_by=min(int(external_id), clean.MAX_ID)).update(invited_by=None)
    return blanked


def _tasks_of(account: ChatAccount) -> QuerySet[Task]:
    tasks = Task.objects.filter(owner=account.user_id)
    if accounts.is_more_than_chat(account.user, beside=account):
        # Somebody with a login as well: only what came through this chat.
        tasks = tasks.filter(source=SOURCES.get(Platform(account.platform), ""))
    return tasks


def _erase_tasks(tasks: QuerySet[Task]) -> int:
    """Cancel what is open and blank what is not yet blank; return how many tasks were blanked."""
    running = []
    for task in tasks.filter(status__in=OPEN):
        with suppress(TooLate):
            cancel.cancel(task)
        if task.status == Status.PROCESSING:
            running.append(task.pk)
    erased = 0
    # The inner order is nobody's: the newest first would sort them all for each batch.
    told = tasks.exclude(inputs=retention.ERASED).order_by()
    while due := list(told.values_list("pk", flat=True)[:BATCH]):
        retention.erase(due)
        erased += len(due)
    Task.objects.filter(pk__in=running).update(content_until=clock.now() + ONCE_MORE)
    return erased


def _delete_notes(account: ChatAccount) -> int:
    """Delete names, voice, and what guilds' staff noted; the wish not to be read anywhere stays."""
    erased = VoicePreference.objects.filter(account=account).delete()[0]
    for notes in (
        Nickname.objects.filter(account=account),
        Silence.objects.filter(account=account).exclude(guild=None),
    ):
        for guild_id in notes.exclude(guild=None).values_list("guild_id", flat=True):
            changes.guild_changed(guild_id)
        erased += notes.delete()[0]
    return erased


def _delete(rows: QuerySet[Any]) -> int:
    erased = 0
    while due := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        erased += rows.model._default_manager.filter(pk__in=due).delete()[0]
    return erased
