"""Who tries, and what there is to be had: twelve roles, and the same things twice, of two owners."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import jwt
from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from bots.guilds.models import (
    DictionaryEntry,
    Guild,
    Nickname,
    Silence,
    Utterance,
    VoicePreference,
    VoiceSession,
)
from bots.telegram.models import Chat, Message
from jobs.access import accounts, tokens
from jobs.access.models import Action, AuditEntry, Platform
from jobs.announcements import edit
from jobs.announcements.models import Announcement, Condition
from jobs.delivery.models import Delivery, Receiver, State
from jobs.delivery.webhook import endpoints
from jobs.images import store
from jobs.images.models import ImageJob
from jobs.practice.models import AnalysisResult
from jobs.runtime import clock
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Artifact, Schedule, Source, Status, Task
from jobs.runtime.models.artifact import folder_of
from jobs.runtime.models.schedule import CRON, FUNC, Plan
from jobs.runtime.providers import Served
from tests.engines.recordings import sound, tone
from tests.images.conftest import Pen
from tests.live import practice_rows

JWT = {"JWT_SECRET": "only the tests know it, and the other system", "JWT_ISSUER": "https://there.test"}
SCOPES = ("invoke", "tasks", "practice", "weather")
TELEGRAM_ID = {"hana": 701, "taro": 702}


@dataclass(frozen=True)
class Role:
    """
    One who tries. scopes: what the API lets them do; session: whether the pages know them.
    """

    name: str
    user: User | None
    client: Client = field(repr=False)
    scopes: frozenset[str]
    session: bool = False

    def owns(self, things: "Things") -> bool:
        return self.user is not None and self.user.pk == things.owner.pk

    def may(self, *permissions: str) -> bool:
        """As staff at work, with each of these permissions."""
        return self.user is not None and self.user.is_staff and self.user.has_perms(permissions)

    def is_staff(self) -> bool:
        return self.session and self.user is not None and self.user.is_staff


@dataclass(frozen=True)
class Things:
    """The ids of one owner's things. For an id that is nobody's see `nothing()`."""

    owner: User
    ids: dict[str, Any]

    def path(self, pattern: str) -> str:
        return pattern.format(**self.ids)


def roles(owner: User, other: User) -> list[Role]:
    """Return everybody; `owner` also with four tokens of one scope each."""
    viewer = _staff("viewer", lambda permission: permission.codename.startswith("view_"))
    operator = _staff("operator", lambda permission: permission.content_type.app_label != "auth")
    bare = _staff("bare", lambda _permission: False)
    boss = User.objects.create_superuser("boss")
    foreign = accounts.first_contact(Platform.JWT, "somebody").user
    everything = frozenset(SCOPES)
    found = [
        Role("nobody", None, Client(), frozenset()),
        Role("other", other, _browser(other), everything, session=True),
        Role("owner", owner, _browser(owner), everything, session=True),
        Role("jwt", foreign, _bearer(_jwt("somebody")), everything),
        Role("bare staff", bare, _browser(bare), everything | {"staff"}, session=True),
        Role("viewer", viewer, _browser(viewer), everything | {"staff"}, session=True),
        Role("operator", operator, _browser(operator), everything | {"staff"}, session=True),
        Role("superuser", boss, _browser(boss), everything | {"staff"}, session=True),
        Role("staff token", boss, _bearer(tokens.issue(boss, name="s", scopes=["staff"])[1]), frozenset({"staff"})),
    ]
    for scope in SCOPES:
        secret = tokens.issue(owner, name=scope, scopes=[scope])[1]
        found.append(Role(f"{scope} token", owner, _bearer(secret), frozenset({scope})))
    return found


def _staff(name: str, wanted: Callable[[Permission], bool]) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(
        [permission for permission in Permission.objects.select_related("content_type") if wanted(permission)]
    )
    return user


def _browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def _bearer(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


def _jwt(subject: str) -> str:
    told = {"sub": subject, "iss": JWT["JWT_ISSUER"], "aud": "koebako", "exp": clock.now() + timedelta(hours=1)}
    return jwt.encode(told, JWT["JWT_SECRET"], algorithm="HS256")


@cache
def _recording() -> bytes:
    return sound(tone(0.5), "wav")


def things_of(owner: User) -> Things:
    """Make one of each kind for an owner."""
    now = clock.now()
    account = accounts.first_contact(Platform.TELEGRAM, str(TELEGRAM_ID[owner.username]))
    account.user = owner
    account.save()
    done = _task(owner, Status.SUCCESS, completed_at=now)
    artifact = _artifact(done)
    open_task = _task(owner, Status.PENDING)
    job = _pictures(owner)
    session = practice_rows.session(owner)
    record = practice_rows.record(session, data=_recording())
    analysed = practice_rows.record(session, data=_recording())
    result = practice_rows.result(analysed)
    analysis = _task(
        owner, Status.SUCCESS, function="analysis", completed_at=now, inputs={"practice_record_id": str(analysed.pk)}
    )
    AnalysisResult.objects.filter(pk=result.pk).update(task_id=analysis.pk)
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    token, _secret = tokens.issue(owner, name="own")
    delivery = Delivery.objects.create(
        kind="webhook", owner=owner, task=done, key=f"k{owner.pk}", target={"endpoint_id": str(endpoint.pk)},
        payload={}, receiver=f"webhook:{owner.pk}", state=State.DEAD, next_at=now, created_at=now, ended_at=now,
    )  # fmt: skip
    edit.save(owner, edit.Wish(announcement_time="07:30", place="横浜市"))
    announcement = Announcement.objects.create(
        user=owner, date=now.date(), announcement_at=now, status=Condition.FAILED, error="x", created_at=now,
        ended_at=now,
    )  # fmt: skip
    return Things(
        owner,
        {
            "done": done.pk, "open": open_task.pk, "artifact": artifact.name, "job": job.job_id, "job_task": job.pk,
            "picture": job.images.get(position=0).name, "practice": session.pk, "record": record.pk,
            "analysed": analysed.pk, "result": result.pk, "analysis": analysis.pk, "endpoint": endpoint.pk,
            "token": token.pk, "delivery": delivery.pk, "announcement": announcement.pk, "account": account.pk,
            "subscription": edit.find(owner).pk, "user": owner.pk, "image": job.images.get(position=0).pk,
        },
    )  # fmt: skip


def nothing(like: Things) -> Things:
    """Return ids of the same shapes that are nobody's."""

    def other(value: Any) -> Any:
        if isinstance(value, UUID):
            return uuid4()
        return 987_654 if isinstance(value, int) else "unknown" if "." not in value else "unknown.png"

    return Things(User(pk=0, username="nobody"), {name: other(value) for name, value in like.ids.items()})


def house(owner: User) -> dict[str, Any]:
    """Make what belongs to no single person; return its ids."""
    now = clock.now()
    guild = Guild.objects.create(guild_id=777, name="テスト", joined_at=now)
    account = accounts.first_contact(Platform.DISCORD, "801")
    entry = DictionaryEntry.objects.create(guild=guild, written="w", folded="w", reading="ダブル", created_at=now)
    plan = Plan(function="toy_echo", inputs={"word": "hello"}, time_zone="Asia/Tokyo").model_dump_json()
    schedule = Schedule.objects.create(
        name="mine", func=FUNC, kwargs=plan, schedule_type=CRON, cron="30 7 * * *", next_run=now + timedelta(days=1)
    )
    message = Message.objects.create(
        chat_id=5, message_id=6, user_id=7, account=account, kind="text", language="ja", created_at=now, updated_at=now
    )
    return {
        "guild": guild.pk,
        "dictionaryentry": entry.pk,
        "nickname": Nickname.objects.create(account=account, guild=guild, reading="はな").pk,
        "voicepreference": VoicePreference.objects.create(account=account, voice="mei_normal").pk,
        "silence": Silence.objects.create(account=account, guild=guild, created_at=now).pk,
        "utterance": Utterance.objects.create(guild=guild, position=1, text="x", created_at=now).pk,
        "voicesession": VoiceSession.objects.create(guild=guild, voice_channel_id=1, since=now).pk,
        "chat": Chat.objects.create(chat_id=5).pk,
        "message": message.pk,
        "schedule": schedule.pk,
        "receiver": Receiver.objects.create(name="webhook:x", used_at=now).pk,
        "group": Group.objects.create(name="operators").pk,
        "auditentry": AuditEntry.objects.create(
            action=Action.CLEANED_UP, actor=owner, object_type="task", object_id="1", created_at=now
        ).pk,
    }


def _task(owner: User, status: Status, **values: Any) -> Task:
    now = clock.now()
    facts: dict[str, Any] = {
        "function": "toy_echo", "owner": owner, "source": Source.API, "order_key": f"user:{owner.pk}",
        "queue": "bulk", "inputs": {"word": "hello", "seconds": 0.0, "times": 1}, "status": status,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    return Task.objects.create(**{**facts, **values})


def _artifact(task: Task) -> Artifact:
    name = default_storage.save(f"{folder_of(task.pk)}/1-speech.ogg", ContentFile(b"OggS0123456789"))
    return Artifact.objects.create(
        task=task, name="speech.ogg", content_type="audio/ogg", bytes=14, file=name, created_at=clock.now()
    )


def _pictures(owner: User) -> ImageJob:
    menu = {"前菜": [{"japanese_name": "豆腐", "english_name": "Tofu", "description": ""}] * 2}
    task = invoke("image", {"final_menu": menu}, owner=owner, source=Source.API).task
    job = ImageJob.objects.select_related("task").get(pk=task.pk)
    image = job.images.get(position=0)
    dish = store.dish_of(image, job.categories[image.category])
    assert store.keep(image, dish, Pen(is_placeholder=True).draw(dish), Served(provider="local"), seconds=0.1)
    return job
