"""The morning weather for people in chats: what /weather does on any platform, and announcements spoken in a guild.

A guild is somebody's to choose when they are its staff at the moment they ask: only Discord knows who manages it, and
tells it with each command. It is asked again before each announcement is said there (who_manages.py): who is its staff
no more is not heard there any more. Staff of the house may choose any guild. Called by the bots and, as a carrier, by
jobs/announcements.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, User
from django.utils.translation import gettext as _

from bots.guilds import who_manages
from bots.guilds.announce import NotThere, announce
from bots.guilds.clean import Refused
from bots.guilds.models import Guild
from bots.guilds.models.guild import MAX_CHARACTERS
from bots.guilds.staff import guilds_of, looks_after
from jobs.access.models import ChatAccount, Platform
from jobs.announcements import cleanup, edit
from jobs.announcements.carriers import Carrier, Choice, Destination
from jobs.announcements.made import by_task
from jobs.announcements.models import Announcement, WeatherSubscription
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Priority, Source, Task

KIND = "discord"
DEFAULT_TIME = "07:30"
# Of the guilds that staff of the house may choose from on a page.
MAX_CHOICES = 50
# Until some of what waits in a guild has been said.
WAIT_SECONDS = 20.0


def arrange(user: AbstractBaseUser, *, bring_to: tuple[str, str] | None = None, **wishes: Any) -> WeatherSubscription:
    """
    Change what `user` wishes: the parts of edit.Wish that are given, the rest stays. Return the row.

    bring_to: (kind, id) where it is brought too, which the caller knows to be theirs. Raises InvalidInput.
    """
    known = edit.find(user)
    wish = edit.wish_of(known) if known is not None else edit.Wish(announcement_time=DEFAULT_TIME)
    if "place" in wishes:
        # A name takes the place of coordinates.
        wishes = {**wishes, "latitude": None, "longitude": None}
    wish = replace(wish, **wishes)
    if bring_to is not None:
        here = {"kind": bring_to[0], "id": bring_to[1]}
        wish = replace(wish, deliver_to=[*(each for each in wish.deliver_to if dict(each) != here), here])
    return edit.save(user, wish, vouched=[bring_to] if bring_to else [])


def described(row: WeatherSubscription | None) -> str:
    """Return in words what somebody has chosen, in the language of the moment."""
    if row is None:
        return _("The weather is not announced to you yet.")
    what = _("%(place)s, %(time)s (%(zone)s)") % {
        "place": row.place,
        "time": f"{row.announcement_time:%H:%M}",
        "zone": row.time_zone,
    }
    at = edit.announced_at(row)
    if at is None:
        return "⏸ " + what + "\n" + _("It is switched off.")
    moment = at.astimezone(ZoneInfo(row.time_zone)).strftime("%m/%d %H:%M")
    return "🌤 " + what + "\n" + _("Next announcement: %(moment)s") % {"moment": moment}


def why(error: InvalidInput) -> str:
    """Return what was wrong with a wish."""
    return "\n".join(each.message for each in error.errors)


def tell_now(row: WeatherSubscription, *, source: Source, order_key: str) -> Task:
    """Have today's weather told at a subscriber's place. Raises InvalidInput."""
    where = {"latitude": row.latitude, "longitude": row.longitude} if row.is_by_coordinates else {}
    inputs = {"place": row.place, **where, "time_zone": row.time_zone, "voice": row.voice}
    # A second ask while the first is being made finds it.
    key = f"weather-now:{row.pk}"
    return invoke("weather", inputs, owner=row.user, source=source, order_key=order_key, unique_key=key).task


def choices(user: AbstractBaseUser) -> list[Choice]:
    if not _is_staff_of_the_house(user):
        return []
    mine = guilds_of(user)
    guilds = Guild.objects.all() if mine is None else Guild.objects.filter(pk__in=mine)
    return [Choice(KIND, str(guild.pk), str(guild)) for guild in guilds.order_by("pk")[:MAX_CHOICES]]


def destination(announcement: Announcement, guild_id: str) -> Destination | None:
    if not guild_id.isascii() or not guild_id.isdigit() or not Guild.objects.filter(pk=int(guild_id)).exists():
        return None
    return Destination(KIND, {"guild": guild_id}, guild_id)


def is_theirs(user: AbstractBaseUser, guild_id: int) -> bool:
    """Tell whether a guild is this user's to speak in at this moment. Raises what who_manages.manages() raises."""
    if not user.is_active:
        return False
    if _is_staff_of_the_house(user) and looks_after(user, guild_id):
        return True
    accounts = ChatAccount.objects.filter(user_id=user.pk, platform=Platform.DISCORD).order_by("pk")
    return any(who_manages.manages(guild_id, account.external_id) for account in accounts)


def _is_staff_of_the_house(user: AbstractBaseUser) -> bool:
    return isinstance(user, User) and user.is_staff and user.has_perm("guilds.change_guild")


def send(delivery: Delivery) -> Mapping[str, Any]:
    """Say an announcement where the bot is in voice. Raises Refused, Failed or RetryLater of jobs/delivery."""
    pieces = _pieces(by_task(delivery.task_id).text)
    if not pieces:
        raise delivery_errors.Refused("the announcement is gone")
    guild_id = int(delivery.target["guild"])
    # Months may lie between the choice and this morning.
    if not is_theirs(delivery.owner, guild_id):
        edit.withdraw(delivery.owner, KIND, str(guild_id))
        raise delivery_errors.Refused("who chose that server manages it no more; the choice is taken back")
    try:
        for piece in pieces:
            announce(guild_id, piece, priority=Priority.NORMAL, by=delivery.owner)
    except NotThere as error:
        raise delivery_errors.Refused("skipped: the bot is in no voice channel there") from error
    except Refused as error:
        if error.code == "too_many":
            raise delivery_errors.RetryLater(WAIT_SECONDS, "many announcements wait there already") from error
        raise delivery_errors.Refused(f"it cannot be said there: {error.code}") from error
    return {"answer": f"said in {len(pieces)} utterances" if len(pieces) > 1 else "said"}


def _pieces(text: str) -> list[str]:
    """Cut a text after sentences, so that each piece fits an utterance."""
    pieces = [""]
    for sentence in text.replace("。", "。\n").replace(". ", ".\n").splitlines():
        if pieces[-1] and len(pieces[-1]) + len(sentence) > MAX_CHARACTERS:
            pieces.append("")
        pieces[-1] += sentence[:MAX_CHARACTERS]
    return [piece for piece in pieces if piece]


def forget(account: ChatAccount) -> int:
    """Erase the subscription of a chat user who is forgotten, with what was made for it."""
    return cleanup.forget(account.user)


CARRIER = Carrier(KIND, choices, destination)
