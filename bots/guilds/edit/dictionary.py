"""The entries of a guild's dictionary, one or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bots.guilds import changes, clean
from bots.guilds.clean import Refused
from bots.guilds.dictionary import fold
from bots.guilds.edit.guilds import held
from bots.guilds.models import DictionaryEntry, Guild
from jobs.runtime import clock

# Entries of one guild. The largest dictionaries that people carry over from other bots hold some
# hundreds; this many are still built in a few milliseconds, and a list of them is still a list.
MAX_ENTRIES = 5_000
MAX_AUTHOR_CHARACTERS: int = DictionaryEntry._meta.get_field("added_by").max_length or 0


@dataclass(frozen=True)
class Put:
    """What became of entries that were handed in. `kept`: they had been just so before."""

    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Plan:
    """What is to be done so that entries are as wanted: (written, reading) by the folded word."""

    new: Mapping[str, tuple[str, str]]
    other: Mapping[str, tuple[str, str]]
    known: Mapping[str, DictionaryEntry]
    gone: Sequence[int]
    put: Put


@transaction.atomic
def add_entry(guild_id: int, written: str, reading: str, *, by: str) -> DictionaryEntry:
    """Have `written` read as `reading` in the guild; again: that counts. by: "platform:id" or a staff name."""
    word = clean.word(written)
    put_entries(guild_id, [(written, reading)], by=by)
    return DictionaryEntry.objects.get(guild_id=guild_id, folded=word.folded)


def plan_entries(guild_id: int, pairs: Sequence[tuple[str, str]], *, replace: bool = False) -> Plan:
    """Return what `put_entries` would do. Raises Refused as it does."""
    return _plan(guild_id, _wanted(pairs), replace=replace)


def _wanted(pairs: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return word and reading by the folded word. Raises Refused for the first pair that does not fit."""
    return {word.folded: (word.written, reading) for word, reading in map(_checked, pairs)}


def _plan(guild_id: int, wanted: Mapping[str, tuple[str, str]], *, replace: bool) -> Plan:
    there = DictionaryEntry.objects.filter(guild_id=guild_id)
    known = {entry.folded: entry for entry in (there if replace else there.filter(folded__in=wanted))}
    new = {folded: pair for folded, pair in wanted.items() if folded not in known}
    other = {
        folded: wanted[folded]
        for folded, entry in known.items()
        if folded in wanted and wanted[folded] != (entry.written, entry.reading)
    }
    gone = [entry.pk for folded, entry in known.items() if folded not in wanted]
    if new and there.count() - len(gone) + len(new) > MAX_ENTRIES:
        words = _("A dictionary holds at most %(most)d words. Remove some first.")
        raise Refused("written", "too_many", words, most=MAX_ENTRIES)
    kept = len(wanted) - len(new) - len(other)
    return Plan(new, other, known, gone, Put(added=len(new), changed=len(other), kept=kept, removed=len(gone)))


def put_entries(guild_id: int, pairs: Sequence[tuple[str, str]], *, by: str, replace: bool = False) -> Put:
    """
    Add or change entries, all or none; of a word that comes twice the last reading counts.

    replace: entries of other words are taken out. Raises Refused for the first pair that does not
    fit, and when there would be more than MAX_ENTRIES.
    """
    # Thousands of words take a while to look at; nobody's message waits for that.
    wanted = _wanted(pairs)
    with transaction.atomic():
        here = held(guild_id)
        plan = _plan(guild_id, wanted, replace=replace)
        _store(here, plan, by[:MAX_AUTHOR_CHARACTERS])
        if plan.put.added or plan.put.changed or plan.put.removed:
            changes.guild_changed(guild_id)
    return plan.put


def _store(here: Guild, plan: Plan, author: str) -> None:
    here.dictionary.filter(pk__in=plan.gone).delete()
    for folded, (written, reading) in plan.other.items():
        entry = plan.known[folded]
        entry.written, entry.reading, entry.added_by = written, reading, author
    changed = [plan.known[folded] for folded in plan.other]
    DictionaryEntry.objects.bulk_update(changed, ["written", "reading", "added_by"], batch_size=500)
    DictionaryEntry.objects.bulk_create([_new(here, folded, *pair, author) for folded, pair in plan.new.items()], 500)


@transaction.atomic
def remove_entry(guild_id: int, written: str) -> bool:
    """Return True when the guild had an entry for this word."""
    folded = clean.word(written).folded
    # Held, or an entry could go while it is being changed.
    Guild.objects.select_for_update().filter(pk=guild_id).first()
    removed, _kinds = DictionaryEntry.objects.filter(guild_id=guild_id, folded=folded).delete()
    if removed:
        changes.guild_changed(guild_id)
    return removed > 0


def entries(guild_id: int, *, prefix: str = "", limit: int = 100) -> list[DictionaryEntry]:
    """Return at most `limit` entries of words that begin with `prefix`, sorted as words are compared."""
    found = DictionaryEntry.objects.filter(guild_id=guild_id)
    if prefix:
        sendable = fold(prefix).replace("\x00", "").encode(errors="ignore").decode()
        found = found.filter(folded__startswith=sendable)
    return list(found.order_by("folded")[: max(0, limit)])


def _checked(pair: tuple[str, str]) -> tuple[clean.Word, str]:
    return clean.word(pair[0]), clean.reading(pair[1])


def _new(guild: Guild, folded: str, written: str, reading: str, by: str) -> DictionaryEntry:
    return DictionaryEntry(
        guild=guild,
        written=written,
        folded=folded,
        reading=reading,
        added_by=by,
        created_at=clock.now(),
    )
