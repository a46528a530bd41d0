"""/voice and /nickname: how somebody is read, the same in every chat of the house.

/voice                      /voice hibari_heart 1.2 -3       /voice speed=0.9      /voice reset
"""

from django.utils.translation import gettext as _

from bots.database import in_thread
from bots.guilds import clean, edit
from bots.guilds.models import VoicePreference
from bots.telegram import words
from bots.telegram.commands.asked import Answer, Asked, Pressed
from bots.telegram.naming import nickname_of
from jobs.access.models import Platform
from jobs.functions.speech import DEFAULT_VOICE, ENGINE

# As the function takes them; the model checks once more.
SPEED, PITCH = "speed", "pitch"


async def voice(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        if asked.rest:
            try:
                await in_thread(_set, asked.user_id, _read(asked.rest))
            except clean.Refused as refused:
                return Answer("⚠️ " + refused.message)
            except ValueError:
                example = _("For example: /voice %(voice)s 1.2 -3 (speed, pitch)") % {"voice": DEFAULT_VOICE}
                return Answer("⚠️ " + example)
        return await _shown(asked.user_id)


async def press_voice(pressed: Pressed) -> Answer:
    with words.speaking(await pressed.language()):
        try:
            await in_thread(_set, str(pressed.user.id), {"voice": pressed.value})
        except clean.Refused as refused:
            return Answer("⚠️ " + refused.message)
        return await _shown(str(pressed.user.id))


async def nickname(asked: Asked) -> Answer:
    with words.speaking(asked.language):
        if asked.rest:
            reading = "" if asked.rest.lower() == "reset" else asked.rest
            try:
                await in_thread(edit.set_nickname, Platform.TELEGRAM, asked.user_id, reading, guild_id=None)
            except clean.Refused as refused:
                return Answer("⚠️ " + refused.message)
        said = await in_thread(nickname_of, asked.user_id)
        if said:
            return Answer(_("Your name is read %(name)s.") % {"name": said})
        return Answer(_("Your name is read as it is written. /nickname NAME changes that."))


def _read(rest: str) -> dict[str, str | float] | None:
    """Return what is wished; None: the default again. Raises ValueError."""
    if rest.lower() == "reset":
        return None
    wished: dict[str, str | float] = {}
    for word in rest.replace(",", " ").split():
        name, equals, value = word.partition("=")
        if equals and name.lower() in (SPEED, PITCH):
            wished[name.lower()] = float(value)
        elif _is_number(word):
            wished[PITCH if SPEED in wished else SPEED] = float(word)
        elif "voice" not in wished:
            wished["voice"] = word
        else:
            raise ValueError(word)
    return wished


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _set(user_id: str, wished: dict[str, str | float] | None) -> None:
    if wished is None:
        edit.forget_voice(Platform.TELEGRAM, user_id)
        return
    if _preference(user_id) is None:
        # The rows' own defaults are a guild's.
        wished = {"voice": DEFAULT_VOICE, SPEED: 1.0, PITCH: 0.0, **wished}
    edit.set_voice(
        Platform.TELEGRAM,
        user_id,
        voice=str(wished["voice"]) if "voice" in wished else None,
        speed=_number(wished.get(SPEED)),
        pitch=_number(wished.get(PITCH)),
    )


def _number(value: str | float | None) -> float | None:
    return None if value is None else float(value)


def _preference(user_id: str) -> VoicePreference | None:
    return VoicePreference.objects.filter(account__platform=Platform.TELEGRAM, account__external_id=user_id).first()


async def _shown(user_id: str) -> Answer:
    wanted = await in_thread(_preference, user_id)
    name, speed, pitch = (wanted.voice, wanted.speed, wanted.pitch) if wanted else (DEFAULT_VOICE, 1.0, 0.0)
    text = _("I read to you as %(voice)s, speed %(speed)s, pitch %(pitch)s.") % {
        "voice": name,
        "speed": f"{speed:g}",
        "pitch": f"{pitch:+g}",
    }
    named = {"ja": _("Japanese"), "en": _("English")}
    buttons = [
        (f"{'✅ ' if voice.name == name else ''}{voice.name} ({named.get(voice.language, voice.language)})",
         f"voice:{voice.name}")
        for voice in ENGINE.voices()
    ]  # fmt: skip
    return Answer(text + "\n" + _("Speed and pitch: /voice speed=1.2 pitch=-3"), buttons)
