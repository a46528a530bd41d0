"""Slow down whoever tries passwords, without ever shutting out the one who has the right one.

Failures of one name from one address: the first FREE cost nothing, each further one doubles the wait, up to a quarter
of an hour; an hour of peace forgets them. Where a name fails from many addresses at once, a new address has fewer free
ones, but it always has some: so nobody can keep somebody else out from elsewhere. Names that belong to nobody are
treated alike. A try is counted before the password is looked at, so that a hundred at once are not a hundred tries.

Redis holds hashes of names and addresses, for an hour. While it is away nobody is slowed down (throttle.py).
Called by login_form.py, and by two_factor.py for the codes of a second step.
"""

import hashlib
import unicodedata
from dataclasses import dataclass

from jobs.access import throttle

# A person mistypes a password three or four times; a program needs thousands.
FREE = 5
# Of an address that is new, once a name failed ATTACKED times within the hour.
FREE_IN_ATTACK, ATTACKED = 2, 50
FIRST_WAIT_SECONDS = 2
LONGEST_WAIT_SECONDS = 900
FORGET_SECONDS = 3600

# KEYS: name and address; name. ARGV: the figures above. Returns the milliseconds to wait before this try may be made
# (0: make it), how many were made, and 1 when the next one has to wait for the first time.
BEGIN = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local free, in_attack, attacked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first, longest, forget = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local known = redis.call('HMGET', KEYS[1], 'tries', 'open_at')
local tries, open_at = tonumber(known[1] or '0'), tonumber(known[2] or '0')
if open_at > now then return {math.min(open_at - now, longest), tries, 0} end
if tonumber(redis.call('GET', KEYS[2]) or '0') >= attacked then free = in_attack end
tries = tries + 1
local wait = 0
if tries >= free then wait = math.min(first * 2 ^ math.min(tries - free, 30), longest) end
redis.call('HSET', KEYS[1], 'tries', tries, 'open_at', string.format('%.0f', now + wait))
redis.call('PEXPIRE', KEYS[1], wait + forget)
if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], forget) end
return {0, tries, (tries == free) and 1 or 0}
"""
# KEYS: as above. The right password: what was counted for this try and before it is forgotten.
SUCCEED = """
redis.call('DEL', KEYS[1])
if tonumber(redis.call('GET', KEYS[2]) or '0') > 0 then redis.call('DECRBY', KEYS[2], 1) end
return {}
"""


@dataclass(frozen=True)
class Try:
    """wait_seconds: before it may be made, 0 for now; holds_back: it was the last one that cost nothing."""

    wait_seconds: float = 0.0
    holds_back: bool = False


def begin(name: str, *, address: str) -> Try:
    """Count a try, unless one before it has to be waited for."""
    figures = (FREE, FREE_IN_ATTACK, ATTACKED, FIRST_WAIT_SECONDS * 1000, LONGEST_WAIT_SECONDS * 1000)
    answer = throttle.ask(BEGIN, keys=_keys(name, address), args=[*figures, FORGET_SECONDS * 1000])
    if answer is None:
        return Try()
    return Try(int(answer[0]) / 1000, bool(int(answer[2])))


def succeeded(name: str, *, address: str) -> None:
    """Forget the tries of a name from an address: the right password came."""
    throttle.ask(SUCCEED, keys=_keys(name, address), args=[])


def _keys(name: str, address: str) -> list[str]:
    # As a person would take two names for the same, also where the database tells them apart.
    same = unicodedata.normalize("NFKC", name).strip().casefold()
    return [f"{throttle.PREFIX}:login:{_hash(f'{address} {same}')}", f"{throttle.PREFIX}:login_name:{_hash(same)}"]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]
