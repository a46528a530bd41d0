"""The morning weather, and pictures of dishes: /weather and /image.

Called by the registry (__init__.py).
"""

import re
from typing import Any, Literal

import discord
from discord import app_commands
from django.conf import settings
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.discord import words
from bots.discord.commands import rights
from bots.discord.commands.exchange import Declined, answering
from bots.discord.commands.slash import MAX_CHOICES, AnyCommand, option, slash
from bots.discord.room import Rooms
from bots.guilds import weather as shared
from jobs.access import links
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.announcements import edit
from jobs.engines.weather import places
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Source, Task

# A picture takes seconds of a worker, and money of a service.
USES, USES_SECONDS = 3, 60.0
MAX_WORDS_CHARACTERS = 400
# So many dishes in one go; a menu is sent by the page or the API.
MAX_DISHES = 12
_BETWEEN_DISHES = re.compile(r"[,、，\n]+")

Switch = Literal["on", "off", "now"]


def commands(rooms: Rooms) -> list[AnyCommand]:
    its = Weather(rooms)
    return [
        slash(
            its.weather,
            ("weather", "天気"),
            ("Have the morning weather announced: place, time, on or off", "朝の天気のお知らせ（場所・時刻・入/切）"),
        ),
        slash(
            its.image,
            ("image", "画像"),
            ("Draw dishes of a menu", "メニューの料理の絵を描きます"),
            uses=USES,
            uses_seconds=USES_SECONDS,
        ),
    ]


async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer places by the beginning of their names; a table in memory, no database."""
    found = places.suggest(typed.strip(), MAX_CHOICES) if typed.strip() else []
    return [app_commands.Choice(name=each.label, value=each.label) for each in found]


class Weather:
    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @option("place", "場所", ("A town or prefecture of Japan", "市区町村や都道府県"))
    @option("time", "時刻", ("When, such as 07:30", "お知らせの時刻（例 07:30）"))
    @option("switch", "切り替え", ("On, off, or tell it right now", "入、切、または今すぐ聞く"))
    @option("here", "ここで", ("Speak it on this server too (for its staff)", "このサーバーでも読み上げる（管理者用）"))
    @app_commands.autocomplete(place=suggest)
    async def weather(
        self,
        interaction: discord.Interaction,
        place: app_commands.Range[str, 1, 80] | None = None,
        time: app_commands.Range[str, 4, 5] | None = None,
        switch: Switch | None = None,
        here: bool = False,
    ) -> None:
        async with answering(interaction) as exchange:
            if here:
                await rights.staff_only(self.rooms, exchange)
            wishes: dict[str, Any] = {}
            if place is not None:
                wishes["place"] = place
            if time is not None:
                wishes["announcement_time"] = time
            if switch in ("on", "off"):
                wishes["is_on"] = switch == "on"
            guild = str(exchange.guild.id) if here else ""
            await exchange.say(await in_thread(_weather, str(exchange.member.id), wishes, guild, switch == "now"))

    @option("dishes", "料理", ("Their names, with commas between them", "料理の名前（読点で区切る）"))
    async def image(
        self, interaction: discord.Interaction, dishes: app_commands.Range[str, 1, MAX_WORDS_CHARACTERS]
    ) -> None:
        async with answering(interaction) as exchange:
            await exchange.say(await in_thread(_image, str(exchange.member.id), dishes))


def _weather(who: str, wishes: dict[str, Any], guild: str, is_now: bool) -> str:
    user = first_contact(Platform.DISCORD, who).user
    known = edit.find(user)
    try:
        if known is None and "place" not in wishes:
            return shared.described(None) + "\n" + _("Name a place: /weather place:Yokohama time:07:30")
        if wishes or guild:
            bring_to = (shared.KIND, guild) if guild else None
            known = shared.arrange(user, bring_to=bring_to, **{"is_on": True, **wishes})
        lines = [words.shown(shared.described(known), MAX_WORDS_CHARACTERS)]
        if is_now and known is not None:
            task = shared.tell_now(known, source=Source.DISCORD, order_key=f"user:{user.pk}")
            lines.append(_("Hear it here in a moment: %(link)s") % {"link": _page_of(task)})
        return "\n".join(lines)
    except InvalidInput as error:
        raise Declined(words.shown(shared.why(error), MAX_WORDS_CHARACTERS)) from error


def _image(who: str, dishes: str) -> str:
    names = [name.strip() for name in _BETWEEN_DISHES.split(dishes) if name.strip()]
    if not names:
        raise Declined(_("Name at least one dish."))
    if len(names) > MAX_DISHES:
        raise Declined(_("At most %(count)d dishes in one go.") % {"count": MAX_DISHES})
    menu = {_("Menu"): [{"japanese_name": name} for name in names]}
    user = first_contact(Platform.DISCORD, who).user
    try:
        task = invoke("image", {"final_menu": menu}, owner=user, source=Source.DISCORD).task
    except InvalidInput as error:
        raise Declined(words.shown(shared.why(error), MAX_WORDS_CHARACTERS)) from error
    return _("The pictures appear here: %(link)s") % {"link": _page_of(task)}


def _page_of(task: Task) -> str:
    return f"<{links.page_url(task, settings.BASE_URL)}>"
