"""Make everything ready but the processes: locks, folders, database, first login; say each in one line.

Runs with Django, in the command, before it turns into the supervisor.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import OperationalError, connection, connections

from core import env, home, unsafe, valkey, web
from core.health import unapplied_migrations
from core.up import preflight
from core.up.console import Console
from core.up.first_sentence import House, herald
from core.up.pids import write_pids
from core.up.plan import ASKING, MARKER, QUEUE, WORKING, ChildPlan, Plan
from core.up.preflight import CannotStart

BOTS = {"discord": "DISCORD_TOKEN", "telegram": "TELEGRAM_TOKEN"}
# Pages that listen to events are cut off after this; they connect again.
WEB_GRACE_SECONDS = 5
BOT_GRACE_SECONDS = 10
# rq ends a delivery after 30 s at the latest.
DELIVERY_GRACE_SECONDS = 35
# What a cluster needs after its own grace to hand its tasks back.
HAND_BACK_SECONDS = 5
VALKEY_GRACE_SECONDS = 10
# An orphaned Valkey writes its file out in this.
LEFTOVER_SECONDS = 5


@dataclass(frozen=True)
class Wishes:
    """What the operator asked for on the command line."""

    port: int
    bots: bool
    demo: bool
    pids_file: Path | None


def prepare(console: Console, wishes: Wishes, *, started_at: float) -> Plan:
    """
    Return what is to run, with everything ready for it. Raises CannotStart.

    started_at: of the command, by time.monotonic().
    """
    folder = settings.HOME.resolve()
    refuse_unsafe_settings()
    lock = preflight.take_lock(folder)
    if wishes.pids_file:
        clear_pids_file(wishes.pids_file)
    host, reason = bind_address()
    listener = preflight.take_port(host, wishes.port)
    if left := preflight.end_leftovers(folder, grace_seconds=LEFTOVER_SECONDS):
        console.say(f"ended {left} processes that a killed `up` had left behind")
    embedded = prepare_queue(console, folder)
    prepare_database(console)
    share_environment(folder, wishes.port)
    console.say(f"web: listens on {host}:{wishes.port}{reason}")
    children = children_to_run(console, wishes, folder, embedded=embedded, listener=listener.fileno())
    connections.close_all()
    # Held back until the supervisor listens to them: a Ctrl-C in between must not be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    return Plan(
        home=str(folder),
        children=children,
        lock=lock,
        listener=listener.fileno(),
        herald=herald(
            House("127.0.0.1", wishes.port, own_name(wishes.port)),
            url=settings.PUBLIC_URL or f"http://localhost:{wishes.port}",
            speak=wishes.demo,
            started_at=started_at,
            let_go=[lock, listener.detach()],
        ),
        valkey_socket=str(home.valkey_socket(folder)) if embedded else None,
        pids_file=str(wishes.pids_file) if wishes.pids_file else None,
    )


def refuse_unsafe_settings() -> None:
    if broken := unsafe.broken_rules(settings):
        raise CannotStart("\n".join(f"{rule.name} is unsafe: {rule.reason}" for rule in broken))


def clear_pids_file(place: Path) -> None:
    """Leave no ids of an earlier run behind; the supervisor writes the new ones."""
    try:
        write_pids(place, {})
    except OSError as error:
        raise CannotStart(f"--pids: {place} cannot be written ({error.strerror})") from None


def bind_address() -> tuple[str, str]:
    """Return where to listen and why: this machine alone, until somebody names another host."""
    named = [*env.words("ALLOWED_HOSTS"), urlsplit(settings.PUBLIC_URL).hostname or "localhost"]
    outside = [name for name in named if not unsafe.is_loopback(name)]
    if not outside:
        return "127.0.0.1", ""
    return "0.0.0.0", f", because ALLOWED_HOSTS or PUBLIC_URL names {outside[0]}"  # noqa: S104


def own_name(port: int) -> str:
    """Return the Host header that this house accepts from itself."""
    if settings.PUBLIC_URL:
        return urlsplit(settings.PUBLIC_URL).netloc
    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
    return f"{names[0] if names and '*' not in names and 'localhost' not in names else 'localhost'}:{port}"


def prepare_queue(console: Console, folder: Path) -> bool:
    """Return True when Valkey is ours to start, False when REDIS_URL names a server, which must answer."""
    # Left by an `up` that was killed: nobody listens there any more.
    home.take_redis_url_away(folder)
    if not env.text("REDIS_URL"):
        try:
            valkey.prepare(folder)
        except OSError as error:
            raise CannotStart(f"the folders of Valkey cannot be used ({error})") from None
        return True
    from jobs.runtime.checks import evicting_policy
    from jobs.runtime.connection import client

    try:
        client().ping()
    except (redis.RedisError, OSError) as error:
        # The URL may hold a password.
        raise CannotStart(f"REDIS_URL is set, but nothing answers there ({type(error).__name__})") from None
    if policy := evicting_policy():
        raise CannotStart(
            f"REDIS_URL is unsafe: maxmemory-policy is {policy}, so the queue could be evicted; set it to noeviction"
        )
    console.say("redis: REDIS_URL answers; nothing embedded is started")
    return False


def prepare_database(console: Console) -> None:
    began = time.monotonic()
    try:
        missing = unapplied_migrations()
        if missing:
            call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise CannotStart(f"the database did not answer: {str(error).strip().splitlines()[0]}") from None
    done = f"{len(missing)} migrations applied in {time.monotonic() - began:.1f} s" if missing else "up to date"
    console.say(f"database: {done} ({connection.vendor})")


def share_environment(folder: Path, port: int) -> None:
    """Set what every child needs to see the same house, wherever this command was started."""
    os.chdir(settings.BASE_DIR)
    os.environ |= {MARKER: str(folder), "KOEBAKO_HOME": str(folder), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    if env.text("DATABASE_URL") and connection.vendor == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{Path(settings.DATABASES['default']['NAME']).absolute()}"
        os.environ.pop("DATABASE_URL_FILE", None)


def children_to_run(
    console: Console, wishes: Wishes, folder: Path, *, embedded: bool, listener: int
) -> list[ChildPlan]:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    children = [
        ChildPlan("web", web.command("--fd", str(listener)), ASKING, WEB_GRACE_SECONDS, keep_open=[listener]),
        ChildPlan(
            # The checks it would repeat have been made here.
            "qcluster",
            [*manage, "qcluster", "--skip-checks"],
            WORKING,
            settings.STOP_GRACE_SECONDS + HAND_BACK_SECONDS,
        ),
    ]
    commands = get_commands()
    if "rqworker" in commands:
        children.append(ChildPlan("rqworker", [*manage, "rqworker", "--skip-checks"], WORKING, DELIVERY_GRACE_SECONDS))
    for bot, variable in BOTS.items() if wishes.bots else ():
        if not env.text(variable):
            console.say(f"{bot} bot: {variable} is not set, not started")
        elif "runbot" not in commands:
            console.warn(f"{bot} bot: {variable} is set, but this version has no `runbot` command, not started")
        else:
            children.append(ChildPlan(bot, [*manage, "runbot", bot], ASKING, BOT_GRACE_SECONDS))
    if embedded:
        command = valkey.command(folder)
        children.append(ChildPlan("valkey", command, QUEUE, VALKEY_GRACE_SECONDS, gentle_death=True))
    return children
