"""What the bot says, in the language of the person: under `speaking`, through gettext.

🎧 taken in, with its place    🔧 worked on    ✅ done    ⚠️ failed, and why
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# Why a message could not be answered; the codes are the functions' and this room's.
_REASONS = {
    "too_many_messages": gettext_noop("You have many messages waiting. Try again when some are answered."),
    "file_too_large": gettext_noop("The file is too large for me."),
    "no_room_for_file": gettext_noop("I keep too many of your recordings already. Try again later."),
    "too_many_files": gettext_noop("I keep too many of your recordings already. Try again later."),
    "file_gone": gettext_noop("Telegram does not have the file any more. Send it again."),
    "not_audio": gettext_noop("I cannot hear anything in this: it is no sound I know."),
    "no_sound": gettext_noop("I cannot hear anything in this: it is no sound I know."),
    "codec_not_taken": gettext_noop("I cannot hear anything in this: it is no sound I know."),
    "empty_file": gettext_noop("The file is empty."),
    "too_long": gettext_noop("The recording is too long for me."),
    "text_too_long": gettext_noop("The text is too long for me."),
    "empty_speech": gettext_noop("There is nothing in it that can be read aloud."),
    "cancelled": gettext_noop("It was cancelled."),
    "not_delivered": gettext_noop("I could not bring you the answer in time."),
}
# What the same message sent again would meet again.
_FINAL = frozenset(
    {
        "file_too_large",
        "not_audio",
        "no_sound",
        "codec_not_taken",
        "empty_file",
        "too_long",
        "text_too_long",
        "empty_speech",
    }
)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything gettext says within is in this language; other tasks keep theirs."""
    with translation.override(language):
        yield


def pending(position: int | None) -> str:
    """position: tasks before this one; None while unknown."""
    if not position:
        return "🎧 " + _("Got it. One moment …")
    return "🎧 " + _("Got it. %(count)d before you …") % {"count": position}


def processing() -> str:
    return "🔧 " + _("Working on it …")


def done(credit: str = "") -> str:
    """credit: whose voice is heard; its licence asks for it."""
    if credit:
        return "✅ " + _("Done. Voice: %(credit)s") % {"credit": credit}
    return "✅ " + _("Done.")


def heard(text: str) -> str:
    return f"📝 {text}" if text.strip() else "🔇 " + _("I heard no words in it.")


def failed(code: str) -> str:
    return "⚠️ " + _(_REASONS.get(code, gettext_noop("That did not work.")))


def buttons(message_pk: int, code: str) -> list[tuple[str, str]]:
    """Return the buttons under a failure: to try again, where that can help."""
    return [] if code in _FINAL else [("🔄 " + _("Try again"), f"again:{message_pk}")]
