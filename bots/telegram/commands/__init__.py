"""Slash commands and buttons, by name. A new one is a method in the file of its subject, and a line here.

    start.py    /start /help            settings.py  /language /settings
    voices.py   /voice /nickname        history.py   /status /history
    weather.py  /weather

Called by desk.py, under the lock of the chat; run.py tells Telegram their names (menu()).
"""

from collections.abc import Awaitable, Callable

import telegram
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from bots.telegram import wire, words
from bots.telegram.commands import history, settings, start, voices, weather
from bots.telegram.commands.asked import Answer, Asked, Pressed

__all__ = ["Asked", "Commands", "menu"]

MENU = {
    "voice": gettext_noop("show or choose the voice that reads to you"),
    "nickname": gettext_noop("how your name is read"),
    "language": gettext_noop("the language I speak with you"),
    "settings": gettext_noop("what I answer, and how"),
    "status": gettext_noop("how your messages are getting on"),
    "history": gettext_noop("what you sent lately"),
    "weather": gettext_noop("the morning weather as a voice note"),
    "help": gettext_noop("what I can do"),
}

ANSWERS: dict[str, Callable[[Asked], Awaitable[Answer]]] = {
    "start": start.start,
    "help": start.help_,
    "voice": voices.voice,
    "nickname": voices.nickname,
    "language": settings.language,
    "settings": settings.settings,
    "status": history.status,
    "history": history.history,
    "weather": weather.weather,
}
PRESSES: dict[str, Callable[[Pressed], Awaitable[Answer | None]]] = {
    "voice": voices.press_voice,
    "language": settings.press_language,
    "back": settings.press_back,
    "all": settings.press_all,
    "weather": weather.press_weather,
}


def menu(language: str) -> list[telegram.BotCommand]:
    with words.speaking(language):
        return [telegram.BotCommand(name, _(about)) for name, about in MENU.items()]


class Commands:
    def __init__(self, bot: telegram.Bot, me: telegram.User) -> None:
        self._bot, self._me = bot, me

    async def answer(self, asked: Asked) -> None:
        """Answer a command; one that is unknown is answered in private chats only, others may mean another bot."""
        answers = ANSWERS.get(asked.name)
        if answers is None:
            if asked.message.chat.type != telegram.constants.ChatType.PRIVATE:
                return
            answers = start.unknown
        answer = await answers(asked)
        await wire.send_text(
            self._bot, asked.message.chat.id, answer.text, reply_to=asked.message.message_id, buttons=answer.buttons
        )

    async def press(self, query: telegram.CallbackQuery, name: str, value: str) -> None:
        presses, message = PRESSES.get(name), query.message
        if presses is None or message is None:
            await wire.answer_press(self._bot, query.id)
            return
        answer = await presses(Pressed(query.from_user, message.chat, value, self._bot))
        await wire.answer_press(self._bot, query.id)
        if answer is not None:
            await wire.edit_text(self._bot, message.chat.id, message.message_id, answer.text, buttons=answer.buttons)
