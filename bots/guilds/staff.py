"""Which guilds a member of the staff looks after: all of them, or those whose groups they are in.

Whoever is in the group `Guild staff` may see and do what their permissions say in the guilds `guild:ID`
alone, for each group of that name that they are in; in none of them nowhere. So a superuser gives and
takes a guild as any other power, and the audit book has it. Everybody else is limited by their
permissions only.

Called by the admin, the API and the carrier of weather announcements.
"""

from typing import Any

from jobs.access.roles import GUILD_PREFIX, GUILD_STAFF


def guilds_of(user: Any) -> frozenset[int] | None:
    """Return the ids of the guilds that a user may look after; None for all of them."""
    known: frozenset[int] | None = getattr(user, "_guilds_looked_after", None)
    if known is not None or user.is_superuser:
        return known
    names = set(user.groups.values_list("name", flat=True))
    if GUILD_STAFF not in names:
        return None
    ids = (name.removeprefix(GUILD_PREFIX) for name in names if name.startswith(GUILD_PREFIX))
    found = frozenset(int(text) for text in ids if text.isascii() and text.isdecimal())
    # For the rest of the request, whose user this object is.
    user._guilds_looked_after = found
    return found


def looks_after(user: Any, guild_id: int | None) -> bool:
    """Return True when the guild is one of theirs; what is of no guild is everybody's, and so none of theirs."""
    mine = guilds_of(user)
    return mine is None or guild_id in mine
