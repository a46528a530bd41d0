"""All settings of a server, one a line, as its staff reads them.

Called by settings.py.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.discord import words
from bots.discord.commands import voices
from bots.guilds.facts import GuildFacts

# So many automatic joins and muted members are named; the answer must fit one message.
MAX_NAMED = 10


def lines(known: GuildFacts) -> list[str]:
    language = _("Japanese") if known.language == "ja" else _("English")
    channel = known.dictionary_channel_id
    role = known.settings_role_id
    shown = [
        (_("Language of what I add"), language),
        (_("Say who speaks"), _yes(known.reads_names)),
        (_("Read bots and webhooks"), _yes(known.reads_bots)),
        (_("Say who comes and goes"), _yes(known.reads_arrivals)),
        (_("Characters of a message"), str(known.max_characters)),
        (_("Messages that may wait"), str(known.max_waiting)),
        (_("Leave when nobody listens"), _yes(known.leaves_alone)),
        (_("Voice"), voices.described(known.voice.name, known.voice.speed, known.voice.pitch)),
        (_("Everybody may change the dictionary"), _yes(known.dictionary_is_open)),
        (_("Dictionary channel"), words.channel(channel) if channel is not None else _("none")),
        (_("Role that may change settings"), f"<@&{role}>" if role is not None else _("none")),
        (_("I come by myself"), _named([f"{_pair(*pair)}" for pair in known.auto_joins.items()])),
        (_("Not read on this server"), _named([words.member(int(one)) for one in sorted(known.silenced)])),
    ]
    return [_("%(setting)s: %(value)s") % {"setting": setting, "value": value} for setting, value in shown]


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _pair(voice_channel_id: int, text_channel_id: int) -> str:
    return f"{words.channel(voice_channel_id)} → {words.channel(text_channel_id)}"


def _named(names: Sequence[str]) -> str:
    if not names:
        return _("none")
    more = len(names) - MAX_NAMED
    shown = ", ".join(names[:MAX_NAMED])
    return (
        shown
        if more <= 0
        else f"{shown} " + ngettext("… and %(count)d more", "… and %(count)d more", more) % {"count": more}
    )
