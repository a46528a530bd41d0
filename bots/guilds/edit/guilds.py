"""A guild's settings and its automatic joins."""

import math
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from bots.guilds import changes, clean
from bots.guilds.clean import Refused
from bots.guilds.models import AutoJoin, Guild
from jobs.runtime import clock

# Voice channels that draw the bot in. A guild has 500 channels at most; nobody watches over more than this.
MAX_AUTO_JOINS = 50
MAX_GUILD_NAME_CHARACTERS: int = Guild._meta.get_field("name").max_length or 0

SETTINGS = (
    "language",
    "reads_names",
    "reads_bots",
    "reads_arrivals",
    "max_characters",
    "max_waiting",
    "voice",
    "speed",
    "pitch",
    "dictionary_channel_id",
    "dictionary_is_open",
    "settings_role_id",
    "leaves_alone",
)


def guild(guild_id: int, *, name: str = "") -> Guild:
    """Return the guild's row, made now if there is none; a `name` other than the known one is kept."""
    found, made = Guild.objects.get_or_create(
        guild_id=clean.identity("guild_id", guild_id), defaults={"name": _guild_name(name), "joined_at": clock.now()}
    )
    if name and not made and found.name != _guild_name(name):
        found.name = _guild_name(name)
        Guild.objects.filter(pk=guild_id).update(name=found.name)
    return found


@transaction.atomic
def change_settings(guild_id: int, **values: Any) -> Guild:
    """Set fields of the guild by their names, all or none. Raises Refused for the first that does not fit."""
    cleaned = {field: setting(field, value) for field, value in values.items()}
    found = held(guild_id)
    if cleaned:
        Guild.objects.filter(pk=guild_id).update(**cleaned)
        for field, value in cleaned.items():
            setattr(found, field, value)
        changes.guild_changed(guild_id)
    return found


def setting(field: str, value: Any) -> Any:
    """Return `value` as the guild's field `field` may hold it."""
    if field not in SETTINGS:
        raise Refused(field, "unknown_setting", _("There is no setting of this name."))
    cleaned = by_model(Guild, field, value)
    if field == "voice":
        return clean.voice(cleaned)
    if field.endswith("_id") and cleaned is not None:
        return clean.identity(field, cleaned)
    return cleaned


@transaction.atomic
def set_auto_join(guild_id: int, *, voice_channel_id: int, text_channel_id: int | None) -> None:
    """Come into the voice channel when somebody does, and read the text channel; None: no longer."""
    clean.identity("voice_channel_id", voice_channel_id)
    found = held(guild_id)
    there = AutoJoin.objects.filter(guild=found, voice_channel_id=voice_channel_id)
    if text_channel_id is None:
        there.delete()
    elif not there.update(text_channel_id=clean.identity("text_channel_id", text_channel_id)):
        if found.auto_joins.count() >= MAX_AUTO_JOINS:
            words = _("There are %(most)d automatic joins already. Take one out first.")
            raise Refused("voice_channel_id", "too_many", words, most=MAX_AUTO_JOINS)
        AutoJoin.objects.create(guild=found, voice_channel_id=voice_channel_id, text_channel_id=text_channel_id)
    changes.guild_changed(guild_id)


def held(guild_id: int) -> Guild:
    """Return the guild's row, made if needed, held against other changes until the end of the transaction."""
    defaults = {"joined_at": clock.now()}
    clean.identity("guild_id", guild_id)
    return Guild.objects.select_for_update().get_or_create(guild_id=guild_id, defaults=defaults)[0]


def by_model(model: type[models.Model], field: str, value: Any) -> Any:
    """Return what the model's own validators make of `value`."""
    try:
        cleaned = model._meta.get_field(field).clean(value, None)  # type: ignore[union-attr]
    except ValidationError as error:
        raise Refused.by_model(field, error) from error
    except FieldDoesNotExist as error:  # only a programmer can get here
        raise Refused(field, "unknown_setting", _("There is no setting of this name.")) from error
    except OverflowError as error:
        raise Refused(field, "no_number", _("This is no number.")) from error
    if isinstance(cleaned, float) and not math.isfinite(cleaned):
        # Compared with any limit, a NaN is within it.
        raise Refused(field, "no_number", _("This is no number."))
    return cleaned


def _guild_name(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:MAX_GUILD_NAME_CHARACTERS]
