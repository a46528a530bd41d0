"""What members are called, how they sound, and whether they are read at all."""

from django.db import transaction

from bots.guilds import changes, clean
from bots.guilds.edit.guilds import by_model, guild
from bots.guilds.models import Guild, Nickname, Silence, VoicePreference
from jobs.access.accounts import first_contact
from jobs.access.models import ChatAccount, Platform
from jobs.runtime import clock


@transaction.atomic
def set_nickname(platform: Platform, external_id: str, reading: str, *, guild_id: int | None) -> None:
    """Have a member's name read as `reading` in the guild, or (None) wherever they have no other; "": as written."""
    said = clean.nickname(reading)
    where = None if guild_id is None else guild(guild_id)
    account = first_contact(platform, external_id)
    if said:
        Nickname.objects.update_or_create(guild=where, account=account, defaults={"reading": said})
    else:
        Nickname.objects.filter(guild=where, account=account).delete()
    _tell(account, guild_id)


@transaction.atomic
def set_voice(
    platform: Platform, external_id: str, *, voice: str | None, speed: float | None, pitch: float | None
) -> VoicePreference:
    """Have a chat user's messages read like this; None keeps what was. speed: times normal; pitch: semitones."""
    given = {"voice": voice, "speed": speed, "pitch": pitch}
    wanted = {field: by_model(VoicePreference, field, value) for field, value in given.items() if value is not None}
    if "voice" in wanted:
        clean.voice(wanted["voice"])
    account = first_contact(platform, external_id)
    defaults = {"voice": Guild._meta.get_field("voice").get_default()}
    preference, _made = VoicePreference.objects.update_or_create(
        account=account, defaults=wanted, create_defaults={**defaults, **wanted}
    )
    _tell(account, None)
    return preference


@transaction.atomic
def forget_voice(platform: Platform, external_id: str) -> None:
    """Have a chat user's messages read with the guild's voice again."""
    account = _known(platform, external_id)
    if account is not None:
        VoicePreference.objects.filter(account=account).delete()
        _tell(account, None)


@transaction.atomic
def set_silence(platform: Platform, external_id: str, silent: bool, *, guild_id: int | None) -> None:
    """Leave a member's messages unread, in the guild (its staff's word) or (None) everywhere (their own wish)."""
    where = None if guild_id is None else guild(guild_id)
    account = first_contact(platform, external_id)
    if silent:
        Silence.objects.get_or_create(guild=where, account=account, defaults={"created_at": clock.now()})
    else:
        Silence.objects.filter(guild=where, account=account).delete()
    _tell(account, guild_id)


def _known(platform: Platform, external_id: str) -> ChatAccount | None:
    return ChatAccount.objects.filter(platform=platform, external_id=external_id).first()


def _tell(account: ChatAccount, guild_id: int | None) -> None:
    if guild_id is None:
        changes.member_changed(account.platform, account.external_id)
    else:
        changes.guild_changed(guild_id)
