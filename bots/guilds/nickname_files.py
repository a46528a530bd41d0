"""The nicknames of a guild, or of everywhere, as a file: CSV or JSON with the columns platform, id, reading.

Only staff carry them in and out: the ids say who is a member of what.
"""

import json
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots.guilds import changes, clean, edit, files
from bots.guilds.clean import Refused
from bots.guilds.dictionary_files import Line, Preview, RefusedLine, refused_line
from bots.guilds.files import Row, Shape
from bots.guilds.models import Nickname
from jobs.access.accounts import first_contact
from jobs.access.models import ChatAccount, Platform

PLATFORM, ID, READING = "platform", "id", "reading"
SHAPE = Shape(
    columns={
        PLATFORM: ("プラットフォーム",),
        ID: ("user_id", "userid", "member_id", "external_id", "user", "member", "ユーザーid"),
        READING: ("nickname", "name", "yomi", "read", "pronunciation", "to", "読み", "よみ", "読み方", "名前"),
    },
    pair=(ID, READING),
)
# Each one new to the house costs an account of its own; these are made within a request.
MAX_NICKNAMES = 2_000
MAX_ID_CHARACTERS: int = ChatAccount._meta.get_field("external_id").max_length or 0


def preview_of(rows: Sequence[Row]) -> Preview:
    """Return what of the rows fits and what does not; a line's `written` is "platform:id"."""
    if len(rows) > MAX_NICKNAMES:
        raise Refused("file", "too_many_rows", _("More than %(most)d rows are not read."), most=MAX_NICKNAMES)
    kept: dict[str, Line] = {}
    refused: list[RefusedLine] = []
    for row in rows:
        try:
            line = _checked(row)
        except Refused as refusal:
            refused.append(refused_line(row, refusal))
            continue
        first = kept.setdefault(line.written, line)
        if first is not line:
            words = _("The same member stands in line %(line)d already.")
            refused.append(refused_line(row, Refused("id", "doubled", words, line=first.line)))
    return Preview(tuple(kept.values()), tuple(refused))


def before(guild_id: int | None, preview: Preview) -> dict[str, str]:
    """Return the readings there are now, by "platform:id"."""
    found = Nickname.objects.filter(guild=guild_id).select_related("account")
    return {str(nickname.account): nickname.reading for nickname in found}


def compare(guild_id: int | None, preview: Preview, *, replace: bool = False) -> edit.Put:
    """Return what `take_over` would do. replace: nicknames of others would be taken out."""
    known = before(guild_id, preview)
    wanted = dict(preview.pairs)
    kept = sum(known.get(who) == reading for who, reading in wanted.items())
    changed = sum(who in known for who in wanted) - kept
    removed = len(known.keys() - wanted.keys()) if replace else 0
    return edit.Put(added=len(wanted) - changed - kept, changed=changed, kept=kept, removed=removed)


@transaction.atomic
def take_over(guild_id: int | None, preview: Preview, *, by: str, replace: bool = False) -> int:
    """Put the nicknames of a file in, all or none; return how many are new or other than before."""
    put = compare(guild_id, preview, replace=replace)
    wanted, known = dict(preview.pairs), before(guild_id, preview)
    where = None if guild_id is None else edit.guild(guild_id)
    gone = known.keys() - wanted.keys() if replace else set()
    touched = [*gone, *(who for who, reading in wanted.items() if known.get(who) != reading)]
    accounts = {who: first_contact(*_who(who)) for who in touched}
    Nickname.objects.filter(guild=where, account__in=accounts.values()).delete()
    rows = [Nickname(guild=where, account=accounts[who], reading=wanted[who]) for who in touched if who in wanted]
    Nickname.objects.bulk_create(rows, batch_size=500)
    if guild_id is not None and touched:
        changes.guild_changed(guild_id)
    for account in accounts.values() if guild_id is None else ():
        changes.member_changed(account.platform, account.external_id)
    return put.added + put.changed


def write_csv(guild_id: int | None) -> bytes:
    return files.write_csv((PLATFORM, ID, READING), _nicknames(guild_id))


def write_json(guild_id: int | None) -> bytes:
    nicknames = [dict(zip((PLATFORM, ID, READING), one, strict=True)) for one in _nicknames(guild_id)]
    guild = None if guild_id is None else str(guild_id)
    document = {"format": "koebako-nicknames", "version": 1, "guild_id": guild, "nicknames": nicknames}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _nicknames(guild_id: int | None) -> list[tuple[str, str, str]]:
    found = Nickname.objects.filter(guild=guild_id).order_by("account__platform", "account__external_id")
    return list(found.values_list("account__platform", "account__external_id", "reading"))


def _checked(row: Row) -> Line:
    platform = row.cells.get(PLATFORM, Platform.DISCORD.value)
    external_id, reading = row.cells.get(ID), row.cells.get(READING)
    if platform not in Platform.values:
        known = ", ".join(Platform.values)
        raise Refused("platform", "unknown_platform", _("There is no such platform. There are: %(known)s"), known=known)
    external_id = clean.line("id", external_id or "").replace(" ", "")
    if not external_id or len(external_id) > MAX_ID_CHARACTERS:
        raise Refused("id", "no_id", _("The member's id is missing, or is none."))
    if platform != Platform.JWT and not (external_id.isascii() and external_id.isdecimal()):
        raise Refused("id", "no_id", _("The member's id is missing, or is none."))
    said = clean.nickname(reading or "")
    if not said:
        raise Refused("reading", "no_reading", _("Its reading is missing."))
    return Line(row.line, f"{platform}:{external_id}", said)


def _who(written: str) -> tuple[Platform, str]:
    platform, _colon, external_id = written.partition(":")
    return Platform(platform), external_id
