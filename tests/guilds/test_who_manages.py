"""Who manages a guild is asked of Discord again at the moment something of theirs is said there."""

from collections.abc import Iterator
from datetime import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.contrib.auth.models import User

from bots.guilds import weather, who_manages
from bots.guilds.models import Guild, Utterance, VoiceSession
from jobs.access.models import ChatAccount, Platform
from jobs.announcements.models import WeatherSubscription
from jobs.delivery import errors
from jobs.delivery.models import Delivery
from jobs.runtime import clock
from jobs.runtime.models import Result, Status, Task
from tests.discord_service.client import Discord
from tests.discord_service.client import Guild as Server
from tests.discord_service.service import DiscordService

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def service() -> Iterator[Discord]:
    with DiscordService(dave=0) as discord:
        yield discord


@pytest.fixture
def server(service: Discord, settings: Any) -> Server:
    """A server with the bot on it, and a row of ours that says the bot speaks there."""
    settings.DISCORD_TOKEN = service.token
    settings.DISCORD_API_BASE = f"{service.url}/api/v10"
    made = service.add_guild("テスト")
    guild = Guild.objects.create(guild_id=made.id, name="テスト", joined_at=clock.now())
    VoiceSession.objects.create(guild=guild, voice_channel_id=1, text_channel_ids=[2], since=clock.now())
    return made


@pytest.fixture
def member(service: Discord, server: Server, owner: User) -> str:
    """The id on Discord of a plain member, who is `owner` here."""
    somebody = service.add_user("花子")
    service.add_member(server, somebody)
    ChatAccount.objects.create(
        platform=Platform.DISCORD, external_id=str(somebody.id), user=owner, created_at=clock.now()
    )
    return str(somebody.id)


@pytest.fixture
def delivery(server: Server, owner: User) -> Delivery:
    """This morning's announcement, which `owner` once chose to have said on the server."""
    now = clock.now()
    WeatherSubscription.objects.create(
        user=owner, announcement_time=time(7, 30), time_zone="Asia/Tokyo", place="横浜市", latitude=35, longitude=139,
        voice="mei_normal", days=["mon"], created_at=now, updated_at=now,
        deliver_to=[{"kind": "telegram", "id": "5"}, {"kind": "discord", "id": str(server.id)}],
    )  # fmt: skip
    task = Task.objects.create(
        function="weather_announcement", owner=owner, source="schedule", order_key="x", queue="bulk", inputs={},
        created_at=now, updated_at=now, status=Status.SUCCESS, completed_at=now,
    )  # fmt: skip
    Result.objects.create(task=task, output={"text": "横浜市は晴れでしょう。"}, processing_seconds=1, created_at=now)
    return Delivery(id=uuid4(), kind="discord", owner=owner, task=task, target={"guild": str(server.id)})


@pytest.mark.parametrize("power", ["manage_guild", "administrator"])
def test_a_role_makes_a_manager_and_its_loss_ends_it(service, server, member, power):
    chiefs, others = service.add_role(server, "chiefs", permissions=[power]), service.add_role(server, "others")

    service.add_member(server, int(member), roles=[others])
    assert not who_manages.manages(server.id, member)
    service.add_member(server, int(member), roles=[others, chiefs])
    assert who_manages.manages(server.id, member)
    service.add_member(server, int(member), roles=[others])
    assert not who_manages.manages(server.id, member)


def test_the_role_that_the_guild_chose_for_its_settings_counts(service, server, member):
    role = service.add_role(server, "radio")
    service.add_member(server, int(member), roles=[role])
    assert not who_manages.manages(server.id, member)

    Guild.objects.filter(pk=server.id).update(settings_role_id=role.id)

    assert who_manages.manages(server.id, member)


def test_who_is_on_the_server_no_more_manages_nothing(server):
    assert not who_manages.manages(server.id, "123456789")


def test_a_manager_is_heard(service, server, member, delivery):
    service.add_member(server, int(member), roles=[service.add_role(server, "chiefs", permissions=["manage_guild"])])

    assert weather.send(delivery) == {"answer": "said"}
    assert Utterance.objects.get().text == "横浜市は晴れでしょう。"


def test_who_manages_the_server_no_more_is_not_heard_and_the_choice_is_taken_back(member, delivery):
    with pytest.raises(errors.Refused, match="manages it no more"):
        weather.send(delivery)

    assert not Utterance.objects.exists()
    assert WeatherSubscription.objects.get().deliver_to == [{"kind": "telegram", "id": "5"}]


def test_who_may_not_log_in_any_more_is_not_heard(service, server, member, delivery):
    service.add_member(server, int(member), roles=[service.add_role(server, "chiefs", permissions=["manage_guild"])])
    delivery.owner.is_active = False

    with pytest.raises(errors.Refused, match="manages it no more"):
        weather.send(delivery)


def test_a_server_that_the_bot_has_left_ends_the_delivery_and_leaves_the_choice(service, server, member, delivery):
    service.remove_guild(server)

    with pytest.raises(errors.Gone):
        weather.send(delivery)

    assert len(WeatherSubscription.objects.get().deliver_to) == 2


def test_without_a_token_nobody_is_taken_for_a_manager(server, member, delivery, settings):
    settings.DISCORD_TOKEN = ""

    with pytest.raises(errors.Refused, match="DISCORD_TOKEN"):
        weather.send(delivery)

    assert not Utterance.objects.exists()
    assert len(WeatherSubscription.objects.get().deliver_to) == 2


def test_a_token_that_discord_does_not_know_is_said(server, member, settings):
    settings.DISCORD_TOKEN = "of.nobody"

    with pytest.raises(errors.Refused, match="does not know"):
        who_manages.manages(server.id, member)


def test_a_discord_that_asks_to_wait_is_asked_again_after_that(service, server, member):
    service.limit("GET", f"/guilds/{server.id}", retry_after=7)

    with pytest.raises(errors.RetryLater) as asked:
        who_manages.manages(server.id, member)

    assert asked.value.wait_seconds == pytest.approx(7, abs=1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503), errors.Failed),
        (httpx.Response(200, content=b"<html>"), errors.Failed),
        (httpx.Response(200, json=[]), errors.Failed),
        (httpx.Response(200, json={"owner_id": None, "roles": [{"id": "x"}]}), errors.Failed),
        (httpx.Response(200, content=b"[" * 100_000), errors.Failed),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), errors.Failed),
        (httpx.Response(200, content=b" " * (who_manages.MAX_ANSWER_BYTES + 1)), errors.Failed),
        (httpx.ReadTimeout("slow"), errors.Unreachable),
        (httpx.ConnectError("away"), errors.Unreachable),
    ],
    ids=str,
)
def test_nonsense_makes_nobody_a_manager(settings, monkeypatch, answer, error):
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    whole = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **how: whole(**how, transport=httpx.MockTransport(handle)))
    settings.DISCORD_TOKEN = "a token"

    with pytest.raises(error):
        who_manages.manages(77, "5")
