"""/language and /settings: what somebody, and what a group, wants of the bot.

Of a group only its administrators decide.
"""

import telegram
from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.telegram import wire, words
from bots.telegram.commands.asked import Answer, Asked, Pressed
from bots.telegram.errors import TelegramFault
from bots.telegram.models import Chat, Preference
from jobs.access.accounts import first_contact
from jobs.access.models import Platform

LANGUAGES = {"ja": "日本語", "en": "English"}
_NAMES = {"japanese": "ja", "日本語": "ja", "english": "en", "英語": "en", "auto": "", "reset": ""}
_MANAGERS = (telegram.constants.ChatMemberStatus.ADMINISTRATOR, telegram.constants.ChatMemberStatus.OWNER)


async def language(asked: Asked) -> Answer:
    chosen = asked.language
    if asked.rest:
        word = asked.rest.lower()
        code = _NAMES.get(word, word)
        if code and code not in LANGUAGES:
            with words.speaking(asked.language):
                return Answer(_("I speak Japanese and English: /language ja, /language en"), _languages())
        await in_thread(_wish, asked.user_id, language=code)
        chosen = code or asked.language
    with words.speaking(chosen):
        return Answer(_("I speak English with you."), _languages())


async def press_language(pressed: Pressed) -> Answer | None:
    if pressed.value not in LANGUAGES:
        return None
    await in_thread(_wish, str(pressed.user.id), language=pressed.value)
    with words.speaking(pressed.value):
        return Answer(_("I speak English with you."), _languages())


async def settings(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        return await in_thread(_shown, asked.user_id, asked.message.chat)


async def press_back(pressed: Pressed) -> Answer:
    await in_thread(_wish, str(pressed.user.id), speaks_back=pressed.value == "1")
    with words.speaking(await pressed.language()):
        return await in_thread(_shown, str(pressed.user.id), pressed.chat)


async def press_all(pressed: Pressed) -> Answer | None:
    if pressed.chat.type == telegram.constants.ChatType.PRIVATE or not await _manages(pressed):
        return None
    defaults = {"answers_all": pressed.value == "1"}
    await in_thread(Chat.objects.update_or_create, pk=pressed.chat.id, defaults=defaults)
    with words.speaking(await pressed.language()):
        return await in_thread(_shown, str(pressed.user.id), pressed.chat)


async def _manages(pressed: Pressed) -> bool:
    try:
        with wire.translated():
            member = await pressed.bot.get_chat_member(pressed.chat.id, pressed.user.id)
    except TelegramFault:
        return False
    return member.status in _MANAGERS


def _languages() -> list[tuple[str, str]]:
    return [(words_, f"language:{code}") for code, words_ in LANGUAGES.items()]


def _wish(user_id: str, **values: str | bool) -> None:
    account = first_contact(Platform.TELEGRAM, user_id)
    Preference.objects.update_or_create(account=account, defaults=values)


def _shown(user_id: str, chat: telegram.Chat) -> Answer:
    speaks = Preference.objects.filter(
        account__platform=Platform.TELEGRAM, account__external_id=user_id, speaks_back=True
    ).exists()
    lines = [_("After a voice note of yours I also read its words aloud.") if speaks
             else _("After a voice note of yours I only write its words.")]  # fmt: skip
    buttons = [(_("Only write"), "back:0") if speaks else (_("Read aloud too"), "back:1")]
    if chat.type != telegram.constants.ChatType.PRIVATE:
        answers_all = Chat.objects.filter(pk=chat.id, answers_all=True).exists()
        lines.append(
            _("In this group I answer everything.") if answers_all
            else _("In this group I answer what names me or answers me.")
        )  # fmt: skip
        buttons.append((_("Answer only what is for me"), "all:0") if answers_all else (_("Answer everything"), "all:1"))
        lines.append(_("Only administrators change what concerns the group."))
    return Answer("\n".join(lines), buttons)
