"""S20: with the product's own user of Redis nothing can be done that would harm others, and all that it needs."""

import pytest
import redis

from jobs.runtime import clock, parts, queue, rights, stats, sweep
from jobs.runtime.cancel import cancel
from jobs.runtime.connection import client
from jobs.runtime.models import Status, Task
from tests.runtime.servers import Server, certificate, server_with_tls

# What somebody with the product's password would try first, and what a fault of ours could do.
FORBIDDEN = (
    ("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("CONFIG", "SET", "dir", "/tmp"), ("KEYS", "*"), ("DEBUG",
    "SLEEP", "0"),
    ("EVAL", "return 1", "0"), ("SCRIPT", "FLUSH"), ("FUNCTION", "LIST"), ("SHUTDOWN", "NOSAVE"), ("SAVE",), ("BGSAVE",
    ), ("SLAVEOF", "NO", "ONE"),
    ("REPLICAOF", "127.0.0.1", "1"), ("MODULE", "LIST"), ("ACL", "LIST"), ("ACL", "SETUSER", "x", "on", "nopass",
    "+@all"), ("MONITOR",),
    ("CLIENT", "LIST"), ("CLIENT", "KILL", "ID", "1"), ("CLIENT", "PAUSE", "1"), ("MIGRATE", "127.0.0.1", "1", "k",
    "0", "1"), ("SWAPDB", "0", "1"),
    ("DUMP", "koebako:x"), ("RESTORE", "koebako:x", "0", "x"), ("SORT", "koebako:x"), ("OBJECT", "HELP"), ("LATENCY",
    "RESET"), ("FAILOVER",),
    # Of others' keys and channels.
    ("GET", "other:x"), ("SET", "other:x", "1"), ("DEL", "other:x"), ("LPUSH", "celery", "1"), ("HGETALL",
    "session:1"), ("PUBLISH", "other", "x"),
    ("RENAME", "koebako:x", "other:x"), ("ZADD", "celery", "1", "x"), ("XADD", "other", "*", "a", "b"), ("SUBSCRIBE",
    "__keyspace@0__:*"),
)  # fmt: skip


def become(server, settings, *rules):
    server.execute_command("ACL", "SETUSER", "koebako", "reset", "on", ">p@ss", *rules)
    return server


def refused(mine, command):
    """Ask as it is, past what a client makes of an answer."""
    line = mine.connection_pool.get_connection()
    try:
        line.send_command(*command)
        line.read_response()
    except redis.exceptions.NoPermissionError:
        return True
    except redis.RedisError as error:
        # One that is switched off for everybody, or that this server does not know.
        return any(word in str(error) for word in ("not allowed", "unknown command", "unknown subcommand"))
    finally:
        line.disconnect()
        mine.connection_pool.release(line)
    return False


@pytest.fixture
def as_user(valkey, valkey_server, settings):
    become(valkey, settings, *rights.acl_rules())
    settings.REDIS_URL = valkey_server.replace("unix://", "unix://koebako:p%40ss@")
    mine = client()
    yield mine
    mine.close()
    valkey.execute_command("ACL", "DELUSER", "koebako")


def test_nothing_of_others_can_be_touched(as_user, valkey):
    valkey.set("other:x", "theirs")
    line = as_user
    wrong = [" ".join(command) for command in FORBIDDEN if not refused(line, command)]

    assert wrong == []
    assert len(FORBIDDEN) >= 35
    assert valkey.get("other:x") == b"theirs"


@pytest.mark.django_db(transaction=True)
def test_the_house_works_with_these_rights_alone(as_user, valkey, accept, worker):
    """A task from its acceptance to its end: parts, progress, retry, cancel, limits, sweep."""
    valkey.execute_command("ACL", "LOG", "RESET")

    done = [accept("toy_echo", word="a").task, accept("toy_few", seconds=0.0).task, accept("toy_rare").task]
    flaky, gone = accept("toy_flaky", times=1).task, accept("toy_quick").task
    again = accept("toy_echo", word="a", idempotency_key="one").task
    assert accept("toy_echo", word="a", idempotency_key="one").task == again
    cancel(gone)
    worker.work()
    sweep.send_due(now=clock.now())
    worker.work()
    sweep.sweep(now=clock.now())
    stats.beat({"here:0:1:1": {}})
    queue.position_or_none(flaky)
    parts.send(done[0].pk, 0, b"sound")
    parts.send_end(done[0].pk, Status.SUCCESS, count=1)

    ends = dict(Task.objects.values_list("function", "status"))
    assert (ends["toy_echo"], ends["toy_few"], ends["toy_rare"], ends["toy_quick"]) == ("success",) * 3 + ("cancelled",)
    assert rights.missing() == []
    refusals = {(entry["reason"], entry["object"]) for entry in valkey.acl_log()}
    assert {what for _why, what in refusals} <= {"client|maint_notifications"}


needs_tls = pytest.mark.skipif(server_with_tls() is None, reason="no redis-server with TLS on this machine")


@needs_tls
def test_the_same_over_tls(tmp_path, settings):
    authority = certificate(tmp_path)
    server = Server(tmp_path, certificate=authority)
    try:
        # Debian's server is older than 7.2, which brought this one; redis-py bears its refusal.
        become(server.client, settings, *[rule for rule in rights.acl_rules() if rule != "+client|setinfo"])
        settings.REDIS_URL = f"rediss://koebako:p%40ss@127.0.0.1:{server.port}/0?ssl_ca_certs={authority}"
        mine = client()
        assert rights.missing() == []
        wrong = [command for command in FORBIDDEN[:15] if not refused(mine, command)]
        assert wrong == []
        mine.close()
    finally:
        server.end()
