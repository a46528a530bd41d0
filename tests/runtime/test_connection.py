"""Each form of REDIS_URL against real servers, and what happens when the master is another one."""

import asyncio
import threading
import time
from contextlib import suppress
from functools import partial

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer

from core import doctor, env
from core.health import Failed
from jobs.runtime import clock, redis_url, rights, stats, sweep
from jobs.runtime.cancel import cancel
from jobs.runtime.connection import client, subscription, waiting_client
from tests.runtime.servers import SentinelServer, Server, certificate, server_with_tls

# How long a house may be without its queue after its master was killed; a second or two where nothing else runs.
FOLLOW_SECONDS = 60


@pytest.fixture
def servers(tmp_path):
    started = []

    def start(kind=Server, *words, **options):
        started.append(kind(tmp_path, *words, **options))
        return started[-1]

    yield start
    for server in reversed(started):
        server.end()


@pytest.fixture
def use(settings):
    """Point the house to a URL for one test, and close its pool afterwards."""
    used = []

    def use(url):
        settings.REDIS_URL = url
        settings.REDIS_TIMEOUT_SECONDS = 6
        used.append(client())

    yield use
    for one in used:
        one.close()
        if manager := getattr(one.connection_pool, "sentinel_manager", None):
            manager.close()


def eventually(act, *, seconds=FOLLOW_SECONDS):
    """Return what `act` returns once it succeeds and is true; fail with its last error."""
    until, error = time.monotonic() + seconds, None
    while time.monotonic() < until:
        try:
            if answer := act():
                return answer
        except (redis.RedisError, OSError) as failure:
            error = failure
        # Another process decides when; there is no event to wait for.
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s; the last error was {error!r}")


def set_and_get(name):
    return client().set(name, "1") and client().get(name) == b"1"


def waits(name):
    async def ask():
        async with waiting_client() as one:
            return await one.set(name, "1") and await one.get(name) == b"1"

    return asyncio.run(ask())


def hears(word):
    with subscription("koebako:control") as heard:
        # Another line could be quicker with its word than this one with its wish to hear it.
        told = heard.get_message(timeout=15)
        client().publish("koebako:control", word)
        return bool(told) and next_message(heard) == word.encode()


def next_message(heard, *, seconds=15.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if message := heard.get_message(ignore_subscribe_messages=True, timeout=0.2):
            return message["data"]
    return None


def live(url):
    """Whether a message for a group of pages arrives, as settings.py would set the layer up."""

    async def send():
        layer = RedisPubSubChannelLayer(hosts=redis_url.channel_hosts(url, timeout_seconds=2), prefix="koebako:live")
        channel = await layer.new_channel()
        await layer.group_add("task", channel)
        await layer.group_send("task", {"type": "task.event"})
        message = await asyncio.wait_for(layer.receive(channel), 15)
        await layer.flush()
        return message == {"type": "task.event"}

    return asyncio.run(send())


def reaches(url):
    return set_and_get("koebako:t") and waits("koebako:t") and hears("word") and live(url)


# --- What can be said --------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("redis://", {"host": "localhost", "port": 6379, "db": 0}),
        ("redis://h:1/2", {"host": "h", "port": 1, "db": 2}),
        ("redis://[::1]:7", {"host": "::1", "port": 7, "db": 0}),
        ("rediss://u:p%40%23@h", {"host": "h", "port": 6379, "db": 0, "username": "u", "password": "p@#"}),
        ("redis://:p@h?protocol=2", {"host": "h", "port": 6379, "db": 0, "password": "p", "protocol": 2}),
        ("unix:///run/a%20b.sock?db=3&password=p", {"path": "/run/a b.sock", "db": 3, "password": "p"}),
        ("unix:///run/redis.sock", {"path": "/run/redis.sock", "db": 0}),
    ],
)
def test_a_server_is_read_from_its_url(url, options):
    place = redis_url.read(url)

    assert (place.options, place.tls, place.sentinels) == (options, url.startswith("rediss"), ())


def test_sentinels_are_read_with_both_their_passwords():
    place = redis_url.read("redis+sentinel://u:p@h1:26380,h2,[::1]:5/mymaster/4?sentinel_password=s&socket_timeout=3")

    assert place.sentinels == (("h1", 26380), ("h2", 26379), ("::1", 5))
    assert place.master == "mymaster"
    assert place.options == {"db": 4, "username": "u", "password": "p", "socket_timeout": 3.0}
    assert place.sentinel_options == {"password": "s"}
    assert (place.tls, place.sentinel_tls) == (False, False)


def test_sentinels_share_the_certificates_unless_their_tls_is_parted(tmp_path):
    authority = certificate(tmp_path)

    both = redis_url.read(f"rediss+sentinel://h/m?ssl_ca_certs={authority}")
    servers_alone = redis_url.read(f"rediss+sentinel://h/m?ssl_ca_certs={authority}&sentinel_ssl=false")

    assert both.options["ssl_ca_certs"] == both.sentinel_options["ssl_ca_certs"] == str(authority)
    assert (both.tls, both.sentinel_tls) == (True, True)
    assert (servers_alone.tls, servers_alone.sentinel_tls, servers_alone.sentinel_options) == (True, False, {})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("hunter2", "a URL that starts with redis:// or rediss:// or unix://"),
        ("http://:hunter2@h", "a URL that starts with redis://"),
        ("redis://:hunter2@h:port/0", "host:port"),
        ("redis://:hunter2@h:99999/0", "host:port"),
        ("redis://:hunter2@h:0/0", "host:port"),
        ("redis://:hunter2@[::1/0", "a URL"),
        ("redis://:hunter2@h/zero", "the number of a database"),
        ("redis://:hunter2@h1,h2/0", "redis\\+sentinel:// for several"),
        ("redis://:hunter#2@h/0", "written as %23"),
        ("redis://h?pasword=hunter2", "options among client_name, db,"),
        ("redis://h?db=hunter2", "its option db to be a whole number"),
        ("redis://h?socket_timeout=hunter2", "its option socket_timeout to be a number of seconds"),
        ("redis://h?ssl_ca_certs=hunter2", "rediss:// for certificates"),
        ("rediss://h?ssl_ca_certs=/nowhere/hunter2", "its option ssl_ca_certs to be a file that can be read"),
        ("rediss://h?ssl_cert_reqs=hunter2", "required, optional or none"),
        ("unix://hunter2", "three slashes"),
        ("unix://run/hunter2", "three slashes"),
        ("redis+sentinel://h1,h2", "the name of a master"),
        ("redis+sentinel:///hunter2/0", "Sentinels and the name of a master"),
        ("redis+sentinel://h1,:3/hunter2/0", "host:port"),
        ("redis+sentinel://h/hunter2/zero", "the number of a database"),
        ("redis+sentinel://h/hunter2?ssl_cert_reqs=none", "rediss\\+sentinel:// for certificates"),
    ],
)
def test_a_bad_url_stops_the_start_by_name_without_its_value(url, expected, monkeypatch):
    monkeypatch.setenv("REDIS_URL", url)

    with pytest.raises(env.BadValue, match=f"^REDIS_URL cannot be used: expected .*{expected}") as refusal:
        env.redis_url("REDIS_URL", default="")

    assert "hunter2" not in str(refusal.value)


# --- Servers -----------------------------------------------------------------


def test_a_server_with_a_password_is_reached_by_tcp_and_by_its_socket(servers, use, tmp_path):
    socket = tmp_path / "r.sock"
    one = servers(Server, "--requirepass", "p@ss#", "--unixsocket", str(socket), password="p@ss#")

    for url in (f"redis://:p%40ss%23@127.0.0.1:{one.port}/1", f"unix://{socket}?db=1&password=p%40ss%23"):
        use(url)
        assert eventually(partial(reaches, url))


needs_tls = pytest.mark.skipif(server_with_tls() is None, reason="no redis-server with TLS on this machine")


@needs_tls
def test_a_server_with_tls_and_users_is_reached(servers, use, tmp_path):
    authority = certificate(tmp_path)
    one = servers(certificate=authority)
    one.client.acl_setuser("hana", enabled=True, passwords=["+p@ss"], keys=["*"], channels=["*"], categories=["+@all"])
    url = f"rediss://hana:p%40ss@127.0.0.1:{one.port}/0?ssl_ca_certs={authority}"
    use(url)

    assert eventually(lambda: reaches(url))
    assert client().acl_whoami() == "hana"


@needs_tls
def test_a_server_whose_certificate_nobody_vouches_for_is_refused(servers, use, tmp_path):
    one = servers(certificate=certificate(tmp_path))
    use(f"rediss://127.0.0.1:{one.port}/0")

    with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        client().ping()


# --- A user of its own ---------------------------------------------------------


@pytest.fixture
def as_user(valkey, valkey_server, use):
    """Work as an ACL user with these rules."""

    def become(*rules):
        valkey.execute_command("ACL", "SETUSER", "koebako", "reset", "on", ">p@ss", *rules)
        use(valkey_server.replace("unix://", "unix://koebako:p%40ss@"))

    yield become
    valkey.execute_command("ACL", "DELUSER", "koebako")


def test_the_rights_in_the_readme_are_all_that_is_needed(as_user, valkey, accept, worker, settings):
    as_user(*rights.acl_rules())
    valkey.execute_command("ACL", "LOG", "RESET")

    done, gone = accept("toy_echo", word="a").task, accept("toy_quick").task
    cancel(gone)
    assert [task.pk for task in worker.work()] == [done.pk]
    sweep.sweep(now=clock.now())
    stats.beat({"here:0:1:1": {}})
    assert [facts["name"] for facts in stats.live_workers()] == ["here:0:1:1"]
    assert eventually(lambda: reaches(settings.REDIS_URL))
    assert rights.missing() == []

    refused = {entry["object"] for entry in valkey.acl_log()}
    assert refused <= {"client|maint_notifications"}


def test_doctor_names_what_a_user_may_not_do(as_user):
    as_user(*[rule for rule in rights.acl_rules() if rule not in {"+blpop", "+xadd", "+info"}])

    with pytest.raises(Failed, match=r"may not: blpop, xadd;"):
        doctor.redis_rights()
    assert doctor.redis_server() == "answers; its user may not INFO, so its version is unknown"
    assert "see yourself that maxmemory-policy is noeviction" in doctor.redis_keeps_everything()


def test_doctor_names_keys_that_a_user_may_not_touch(as_user):
    as_user(*["~other:*" if rule.startswith("~") else rule for rule in rights.acl_rules()])

    with pytest.raises(Failed, match=r"may not: .*zadd"):
        doctor.redis_rights()


def test_doctor_tells_a_wrong_password_from_silence(valkey, valkey_server, settings):
    settings.REDIS_URL = valkey_server.replace("unix://", "unix://nobody:hunter2@")

    with pytest.raises(Failed, match="refused the user or the password") as failure:
        doctor.redis_server()
    assert "hunter2" not in str(failure.value)


# --- Another master ----------------------------------------------------------


def watched(servers, *, authority=None, **sentinel):
    """Start a master, its replica and a Sentinel with a password of its own; return them when they know each other."""
    tls = {"certificate": authority} if authority else {}
    secret = ["--requirepass", "data", "--masterauth", "data", "--repl-diskless-sync-delay", "0"]
    master = servers(Server, *secret, password="data", **tls)
    replica = servers(Server, *secret, "--replicaof", "127.0.0.1", str(master.port), password="data", **tls)
    lines = ["sentinel auth-pass mymaster data", "requirepass watch"]
    sentinel = servers(
        lambda folder, **options: SentinelServer(folder, master, *lines, **options), password="watch", **tls
    )
    eventually(lambda: replica.client.info("replication")["master_link_status"] == "up")
    eventually(lambda: sentinel.client.sentinel_masters()["mymaster"]["num-slaves"] == 1)
    return master, replica, sentinel


def sentinel_url(sentinel, *, scheme="redis+sentinel", options=""):
    # The first of the Sentinels is away: the second one is asked.
    return f"{scheme}://:data@127.0.0.1:1,127.0.0.1:{sentinel.port}/mymaster/0?sentinel_password=watch{options}"


def test_everything_follows_when_the_master_is_killed(servers, use):
    master, replica, sentinel = watched(servers)
    url = sentinel_url(sentinel)
    use(url)
    assert eventually(lambda: reaches(url))

    with subscription("koebako:control") as heard:
        master.end()

        with pytest.raises(redis.RedisError):
            next_message(heard)
    eventually(lambda: set_and_get("koebako:after"))
    assert replica.client.get("koebako:after") == b"1"
    eventually(lambda: hears("again"))
    assert waits("koebako:waited")
    assert live(url)


def test_live_pages_that_are_open_follow_when_the_master_is_killed(servers, use):
    master, _replica, sentinel = watched(servers)
    url = sentinel_url(sentinel)

    async def watch():
        layer = RedisPubSubChannelLayer(hosts=redis_url.channel_hosts(url, timeout_seconds=2), prefix="koebako:live")
        channel = await layer.new_channel()
        await layer.group_add("task", channel)
        await asyncio.to_thread(master.end)
        receiving = asyncio.create_task(layer.receive(channel))
        until = time.monotonic() + FOLLOW_SECONDS
        while not receiving.done() and time.monotonic() < until:
            with suppress(redis.RedisError, OSError):
                await layer.group_send("task", {"type": "task.event"})
            await asyncio.wait({receiving}, timeout=0.2)
        await layer.flush()
        return receiving.done() and receiving.result()

    assert asyncio.run(watch()) == {"type": "task.event"}


def test_a_master_that_became_a_replica_is_left_at_once(servers, use):
    master, _replica, sentinel = watched(servers)
    use(sentinel_url(sentinel))
    assert set_and_get("koebako:before")

    sentinel.client.execute_command("SENTINEL", "FAILOVER", "mymaster")
    eventually(lambda: master.client.role()[0] in {"slave", b"slave"})

    assert eventually(lambda: client().set("koebako:after", "1"))
    assert client().role()[0] in {"master", b"master"}


def test_a_refusal_of_a_replica_is_waited_out_on_a_new_line(servers, use):
    """Without Sentinels: an address behind which the servers change."""
    one = servers()
    use(f"redis://127.0.0.1:{one.port}/0")
    assert set_and_get("koebako:before")
    lines = one.client.info("stats")["total_connections_received"]
    one.client.replicaof("127.0.0.1", "1")
    promotion = threading.Timer(0.3, one.client.replicaof, ("NO", "ONE"))
    promotion.start()

    assert client().set("koebako:after", "1")

    promotion.join()
    assert one.client.info("stats")["total_connections_received"] > lines


@needs_tls
def test_sentinels_and_servers_are_followed_over_tls(servers, use, tmp_path):
    authority = certificate(tmp_path)
    master, replica, sentinel = watched(servers, authority=authority)
    url = sentinel_url(sentinel, scheme="rediss+sentinel", options=f"&ssl_ca_certs={authority}")
    use(url)
    assert eventually(lambda: reaches(url))

    master.end()

    eventually(lambda: set_and_get("koebako:after"))
    assert replica.client.get("koebako:after") == b"1"
