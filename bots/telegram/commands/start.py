"""/start and /help: what the bot can do."""

from django.utils.translation import gettext as _

from bots.telegram import words
from bots.telegram.commands.asked import Answer, Asked


async def start(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        return Answer("🎧 " + _("Hello! Send me a text and I read it to you.") + "\n\n" + _guide())


async def help_(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        return Answer(_guide())


async def unknown(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        return Answer(_("I do not know this command.") + "\n\n" + _guide())


def _guide() -> str:
    lines = [
        _("A text: I answer with a voice note."),
        _("A voice note, a sound or a video note: I write down what is said."),
        _("In a group: name me or answer one of my messages."),
        "",
        "/voice – " + _("show or choose the voice that reads to you"),
        "/nickname – " + _("how your name is read"),
        "/language – " + _("the language I speak with you"),
        "/settings – " + _("what I answer, and how"),
        "/status – " + _("how your messages are getting on"),
        "/history – " + _("what you sent lately"),
        "/weather – " + _("the morning weather as a voice note"),
    ]
    return "\n".join(lines)
