"""/weather: the morning weather, as a voice note each day: place and time, on and off, and right now.

/weather 横浜市 07:30      /weather off      /weather on      /weather now
"""

import re
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.guilds import weather as shared
from bots.telegram import words
from bots.telegram.commands.asked import Answer, Asked, Pressed
from bots.telegram.delivery import KIND
from bots.telegram.weather_carrier import target_of
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.announcements import edit
from jobs.announcements.models import WeatherSubscription
from jobs.delivery import outbox
from jobs.runtime.errors import InvalidInput
from jobs.runtime.models import Source

_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}", re.ASCII)
_SWITCHES = {"on": True, "オン": True, "off": False, "オフ": False, "stop": False}
_NOW = ("now", "今", "いま")


async def weather(asked: Asked) -> Answer:
    rest = asked.rest.replace("：", ":").split()
    return await in_thread(_weather, asked.user_id, rest, asked.language)


async def press_weather(pressed: Pressed) -> Answer | None:
    if pressed.value not in ("now", "on", "off"):
        return None
    return await in_thread(_weather, str(pressed.user.id), [pressed.value], await pressed.language())


def _weather(user_id: str, rest: list[str], language: str) -> Answer:
    with words.speaking(language):
        try:
            return _answer(user_id, rest)
        except InvalidInput as error:
            return Answer("⚠️ " + shared.why(error) + "\n" + _guide())


def _answer(user_id: str, rest: list[str]) -> Answer:
    user = first_contact(Platform.TELEGRAM, user_id).user
    known = edit.find(user)
    lowered = [word.lower() for word in rest]
    if known is not None and any(word in _NOW for word in lowered):
        _tell_now(known, user_id)
        return Answer("🎧 " + _("The forecast comes in a moment."))
    wishes = _wishes(rest)
    if not wishes or (known is None and "place" not in wishes):
        return Answer("\n".join(part for part in (shared.described(known), _guide()) if part), _buttons(known))
    if wishes.keys() == {"is_on"}:
        return _shown(shared.arrange(user, **wishes))
    return _shown(shared.arrange(user, bring_to=(KIND, user_id), **{"is_on": True, **wishes}))


def _wishes(rest: list[str]) -> dict[str, Any]:
    """Return what the words behind the command wish for: a time, on or off, and all others are the place."""
    wishes: dict[str, Any] = {}
    place: list[str] = []
    for word in rest:
        if _TIME.fullmatch(word):
            wishes["announcement_time"] = word
        elif word.lower() in _SWITCHES:
            wishes["is_on"] = _SWITCHES[word.lower()]
        elif word.lower() not in _NOW:
            place.append(word)
    if place:
        wishes["place"] = " ".join(place)
    return wishes


def _tell_now(row: WeatherSubscription, user_id: str) -> None:
    there = target_of(user_id)
    with transaction.atomic():
        task = shared.tell_now(row, source=Source.TELEGRAM, order_key=f"telegram:{user_id}")
        outbox.on_end(task, KIND, target=there.target, receiver=there.receiver)


def _shown(row: WeatherSubscription) -> Answer:
    return Answer(shared.described(row), _buttons(row))


def _buttons(row: WeatherSubscription | None) -> list[tuple[str, str]]:
    if row is None:
        return []
    switch = (_("Switch off"), "weather:off") if row.is_on else (_("Switch on"), "weather:on")
    return [(_("Hear it now"), "weather:now"), switch]


def _guide() -> str:
    return _("Place and time: /weather 横浜市 07:30 – also: /weather now, /weather off")
