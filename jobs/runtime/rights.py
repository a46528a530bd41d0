"""What the house may do in Redis, and no more: the rights of an ACL user of its own.

    ACL SETUSER koebako reset on >PASSWORD ~koebako:* ~rq:* resetchannels &koebako:* &rq:* +ping ...

rq names its keys and channels itself (`rqworker`).

`acl_rules()` says the rest. tests/runtime/test_connection.py works under them, README.md
shows them, and `doctor` tries each of them.
"""

import redis

from jobs.runtime.connection import client, key

# Command -> what it is tried with; KEY is one of ours that is taken away again.
KEY = key("doctor", "rights")
_TRIALS: dict[str, tuple[str | float, ...]] = {
    "ping": (),
    "time": (),
    "scan": (0, "MATCH", key("held", "*"), "COUNT", 1),
    "exists": (KEY,),
    "expire": (KEY, 5),
    "pexpire": (KEY, 5000),
    "rename": (KEY, KEY + ":aside"),
    "type": (KEY,),
    "set": (KEY, 1),
    "get": (KEY,),
    "incr": (KEY,),
    "incrby": (KEY, 1),
    "decrby": (KEY, 1),
    "del": (KEY,),
    "hset": (KEY, "a", 1),
    "hget": (KEY, "a"),
    "hdel": (KEY, "a"),
    "hexists": (KEY, "a"),
    "hgetall": (KEY,),
    "hincrby": (KEY, "a", 1),
    "hlen": (KEY,),
    "hmget": (KEY, "a"),
    "lindex": (KEY, 0),
    "llen": (KEY,),
    "lpop": (KEY,),
    "lpush": (KEY, "a"),
    "lrange": (KEY, 0, 0),
    "ltrim": (KEY, 0, 0),
    "rpush": (KEY, "a"),
    "blpop": (KEY, 0.001),
    "sadd": (KEY, "a"),
    "scard": (KEY,),
    "sismember": (KEY, "a"),
    "smembers": (KEY,),
    "srem": (KEY, "a"),
    "zadd": (KEY, 1, "a"),
    "zcard": (KEY,),
    "zcount": (KEY, 0, 1),
    "zrange": (KEY, 0, 0),
    "zrangebyscore": (KEY, 0, 0),
    "zrank": (KEY, "a"),
    "zrem": (KEY, "a"),
    "zremrangebyscore": (KEY, 0, 0),
    "zscore": (KEY, "a"),
    "xadd": (KEY, "*", "a", 1),
    "xread": ("STREAMS", KEY, 0),
    "publish": (key("doctor", "rights"), "a"),
    # Cannot be tried within a pipeline: `up`, qcluster and the pages use them for news.
    "subscribe": (),
    "unsubscribe": (),
    "script|load": ("return 1",),
    "evalsha": ("0" * 40, 0),
    # Asked by `doctor` alone; without it only the version and the memory policy stay unknown.
    "info": ("server",),
    # rq's: it takes a job from one list to another, and registers its worker in transactions.
    "lmove": (KEY, KEY + ":aside", "LEFT", "RIGHT"),
    "blmove": (KEY, KEY + ":aside", "LEFT", "RIGHT", 0.001),
    "lrem": (KEY, 0, "a"),
    "multi": (),
    "exec": (),
    "client|setname": ("koebako",),
    "client|info": (),
    # Sent by redis-py when it greets a server, which bears a refusal.
    "client|setinfo": ("LIB-NAME", "redis-py"),
    "select": (),
}
_UNTRIED = {"subscribe", "unsubscribe", "select", "info", "client|setinfo"} | {
    "multi",
    "exec",
    "client|setname",
    "client|info",
}


def acl_rules() -> list[str]:
    """Return what `ACL SETUSER name` is told after the password."""
    return ["~koebako:*", "~rq:*", "resetchannels", "&koebako:*", "&rq:*", *(f"+{command}" for command in _TRIALS)]


def missing() -> list[str]:
    """Return the commands that Redis refuses to this user; empty when it may all that is needed."""
    pipeline = client().pipeline(transaction=False)
    tried = [command for command in _TRIALS if command not in _UNTRIED]
    for command in tried:
        # The answer to a command does not matter here, nor does the type of a key.
        pipeline.execute_command(*command.split("|"), *_TRIALS[command])  # type: ignore[no-untyped-call]
        pipeline.execute_command("DEL", KEY, KEY + ":aside")  # type: ignore[no-untyped-call]
    answers = pipeline.execute(raise_on_error=False)[::2]
    refused = (redis.exceptions.NoPermissionError, redis.exceptions.AuthorizationError)
    return [command for command, answer in zip(tried, answers, strict=True) if isinstance(answer, refused)]
