"""Look at the configuration and at each dependency, and say in a sentence what is wrong with it.

Every check is bounded in time; one that needs another which failed is not tried. Nothing is
changed, but for a file of a few bytes that is written to the storage and taken away again.

Called by the `doctor` command.
"""

import os
import resource
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from core import env, health, outside, unsafe
from core.health import Failed, Outcome
from jobs.runtime import clock, rights
from jobs.runtime.connection import client
from jobs.runtime.errors import QueueUnreachable

# An append-only file that is rewritten, a day of sound, and the database's log fit in it.
MIN_FREE_MEGABYTES = 500
# A socket a browser, three files a worker, and the pools; below this a busy evening ends in EMFILE.
MIN_FILE_DESCRIPTORS = 1024
# Leases, links and tokens are dated by different clocks; apart by more, they end early or late.
MAX_CLOCK_DIFFERENCE_SECONDS = 2.0
RENEWALS_PER_LEASE = 3
# What `check --deploy` says of HTTPS: the proxy in front redirects (W008); without an https PUBLIC_URL
# there is nothing that HSTS or secure cookies could protect (the others).
PROXY_DUTIES = {"security.W008"}
HTTPS_DUTIES = {"security.W004", "security.W005", "security.W012", "security.W016", "security.W021"}


@dataclass(frozen=True)
class Check:
    """
    One thing that is looked at. look: returns a sentence, or raises Failed with one.

    needs: names of the checks without which this one could only fail too.
    """

    name: str
    look: health.Check
    needs: tuple[str, ...] = ()
    timeout_seconds: float = 10.0


def examine() -> Iterator[tuple[str, Outcome]]:
    """Yield the name and the outcome of each check as it is done."""
    done: dict[str, Outcome] = {}
    for check in CHECKS:
        missing = [name for name in check.needs if not done[name].ok]
        if missing:
            outcome = Outcome(False, f"not tried, because of {missing[0]}", 0.0)
        else:
            outcome = health.look({check.name: check.look}, timeout_seconds=check.timeout_seconds)[check.name]
        done[check.name] = outcome
        yield check.name, outcome


# --- Configuration -----------------------------------------------------------


def safe_settings() -> str:
    if broken := unsafe.broken_rules(settings):
        raise Failed("; ".join(f"{rule.name} is unsafe: {rule.reason}" for rule in broken))
    return "safe for production" if settings.PRODUCTION else "safe for one machine; PUBLIC_URL is not set"


def django_checks() -> str:
    """Run Django's and the rooms' own checks, and those for deployment when this is one."""
    # Not those of the database: on SQLite they write, and call a busy one broken.
    found = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    accepted = PROXY_DUTIES if settings.SECURE else PROXY_DUTIES | HTTPS_DUTIES
    # safe_settings() has told of our own rules already.
    serious = [one for one in found if one.level >= checks.WARNING and one.id not in accepted | {unsafe.CHECK_ID}]
    if serious:
        raise Failed("; ".join(f"{one.id}: {one.msg}" for one in serious))
    return "`check --deploy` has nothing to say" if settings.PRODUCTION else "`check` has nothing to say"


def home_folder() -> str:
    home = settings.HOME
    probe = home / f".doctor.{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise Failed(f"{home} cannot be written: {error.strerror}") from None
    return f"{home} can be written"


def secret_key() -> str:
    if unsafe.is_weak_key(settings.SECRET_KEY):
        raise Failed("SECRET_KEY is too weak: links, tokens and queue entries could be forged")
    if name := env.source("SECRET_KEY"):
        return f"from {name}"
    place = settings.HOME / "secret_key"
    mode = stat.S_IMODE(place.stat().st_mode)
    if mode & 0o077:
        raise Failed(f"{place} can be read by others (mode {mode:o}): chmod 600 it")
    return f"{place}, for its owner alone"


def disk_space() -> str:
    free = shutil.disk_usage(settings.HOME).free // 1_000_000
    if free < MIN_FREE_MEGABYTES:
        raise Failed(f"{free} MB are free in {settings.HOME}; at least {MIN_FREE_MEGABYTES} are needed")
    return f"{free} MB are free"


def file_descriptors() -> str:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < MIN_FILE_DESCRIPTORS:
        raise Failed(f"a process may open {soft} files; raise `ulimit -n` to {MIN_FILE_DESCRIPTORS} at least")
    return f"a process may open {soft}"


# --- Dependencies ------------------------------------------------------------


def database() -> str:
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SHOW server_version")
                return f"PostgreSQL {cursor.fetchone()[0]}"
            cursor.execute("SELECT sqlite_version()")
            version = cursor.fetchone()[0]
            cursor.execute("PRAGMA journal_mode")
            journal = cursor.fetchone()[0]
    except Exception as error:
        raise Failed(f"did not answer: {str(error).strip().splitlines()[0]}") from None
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode", "DEFERRED")
    if journal != "wal" or mode != "IMMEDIATE":
        # Measured: up to 73 % of writes fail with any other pair when four processes write.
        raise Failed(f"SQLite runs with journal {journal} and {mode} transactions; it must be WAL and IMMEDIATE")
    return f"SQLite {version}, WAL, IMMEDIATE"


def clocks() -> str:
    before = datetime.now(UTC)
    theirs = clock.now()
    here = before + (datetime.now(UTC) - before) / 2
    apart = {"the database": abs((theirs - here).total_seconds())}
    try:
        seconds, microseconds = client().time()
        apart["Redis"] = abs(datetime.now(UTC).timestamp() - (seconds + microseconds / 1e6))
    except (redis.RedisError, QueueUnreachable, OSError):
        apart["Redis"] = 0.0  # its own check tells
    name, worst = max(apart.items(), key=lambda pair: pair[1])
    if worst > MAX_CLOCK_DIFFERENCE_SECONDS:
        raise Failed(f"this machine and {name} are {worst:.1f} s apart: let both follow a time server")
    return f"at most {worst:.3f} s apart"


def redis_server() -> str:
    try:
        facts = client().info("server")
    except QueueUnreachable:
        raise Failed("REDIS_URL is not set and no `up` runs on this home") from None
    except redis.exceptions.NoPermissionError:
        client().ping()
        return "answers; its user may not INFO, so its version is unknown"
    except redis.AuthenticationError:
        raise Failed("refused the user or the password in REDIS_URL") from None
    except (redis.RedisError, OSError) as error:
        raise Failed(f"did not answer ({type(error).__name__})") from None
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"


def redis_rights() -> str:
    if refused := rights.missing():
        raise Failed(f"the user in REDIS_URL may not: {', '.join(refused)}; README.md names what it needs")
    return "may do what is needed"


def redis_keeps_everything() -> str:
    try:
        policy = client().info("memory").get("maxmemory_policy")
        kept = client().info("persistence")
    except redis.exceptions.NoPermissionError:
        return "unknown: its user may not INFO; see yourself that maxmemory-policy is noeviction"
    if policy != "noeviction":
        raise Failed(f"maxmemory-policy is {policy}: the queue could be evicted; set it to noeviction")
    if kept.get("aof_enabled"):
        return "noeviction, append-only file on"
    try:
        snapshots = client().config_get("save").get("save")
    except redis.ResponseError:
        snapshots = "unknown"  # hosted servers do not tell
    if not snapshots:
        raise Failed("nothing is kept on disk: set appendonly to yes")
    return f"noeviction, snapshots ({snapshots})"


def lease() -> str:
    """A lease is renewed three times; a renewal must not take as long as the time between two."""
    between = settings.LEASE_SECONDS / RENEWALS_PER_LEASE
    began = time.perf_counter()
    health.database()
    client().ping()
    took = time.perf_counter() - began
    if took >= between:
        raise Failed(f"LEASE_SECONDS={settings.LEASE_SECONDS} is too short: one renewal takes {took:.1f} s here")
    return f"{settings.LEASE_SECONDS} s, renewed every {between:.1f} s, which takes {took:.3f} s"


def storage() -> str:
    content = secrets.token_bytes(32)
    try:
        name = default_storage.save(f"doctor-{secrets.token_hex(8)}", ContentFile(content))
        try:
            with default_storage.open(name) as file:
                read = file.read()
        finally:
            default_storage.delete(name)
    except Exception as error:
        raise Failed(f"writing, reading or deleting failed ({type(error).__name__})") from None
    if read != content:
        raise Failed("what was read is not what had been written")
    if default_storage.exists(name):
        raise Failed("a deleted file is still there")
    return f"{settings.STORAGE_URL.partition('://')[0]}: written, read, deleted"


def speech() -> str:
    from jobs.engines.speech.port import SAMPLE_RATE_HZ
    from jobs.functions.speech import DEFAULT_VOICE, ENGINE

    samples = sum(map(len, ENGINE.synthesize(ENGINE.plan("こんにちは", voice=DEFAULT_VOICE))))
    if not samples:
        raise Failed(f"{ENGINE.version} made no sound")
    return f"{ENGINE.version} made {samples / SAMPLE_RATE_HZ:.1f} s of sound"


def workers() -> str:
    try:
        return health.worker()
    except Failed as failure:
        raise Failed(f"{failure}: start `manage.py up` or `manage.py qcluster`") from None


CHECKS = (
    Check("settings", safe_settings),
    Check("django", django_checks, timeout_seconds=30),
    Check("home", home_folder),
    Check("secret_key", secret_key),
    Check("disk", disk_space),
    Check("files", file_descriptors),
    Check("database", database),
    Check("migrations", health.migrations, needs=("database",)),
    Check("redis", redis_server),
    Check("redis_rights", redis_rights, needs=("redis",)),
    Check("redis_memory", redis_keeps_everything, needs=("redis",)),
    Check("clocks", clocks, needs=("database",)),
    Check("lease", lease, needs=("database", "redis")),
    Check("storage", storage, timeout_seconds=20),
    Check("speech", speech, timeout_seconds=30),
    Check("delivery_hosts", outside.allowed_hosts),
    Check("services", outside.services, timeout_seconds=25),
    Check("workers", workers, needs=("redis",)),
)
