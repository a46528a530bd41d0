"""S3: whatever address somebody gives us, no connection goes to where only this machine can go."""

import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs.access import tokens
from jobs.api import callback
from jobs.delivery.models import Delivery, Endpoint, Wish
from jobs.delivery.webhook import address, endpoints, request
from jobs.runtime.models import Task
from tests.receivers import Receiver, answers
from tests.security.conftest import without_limits
from tests.security.table import Table

PUBLIC = "93.184.216.34"
NAMES = {
    # What a name server of somebody's may answer.
    "inside.test": ["127.0.0.1"],
    "mixed.test": [PUBLIC, "127.0.0.1"],
    "mixed6.test": [PUBLIC, "::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "lan.test": ["10.0.0.5"],
    "lan6.test": ["fd00::5"],
    "link.test": ["fe80::1%lo"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "six.test": ["2002:7f00:1::"],
    "zero.test": ["0.0.0.0"],
    "public.test": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
}
# 127.0.0.1 by other names; {port} is a server's on this machine.
LOOPBACK = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1",
    "0x7f.1", "0177.0.0.1", "017700000001", "0177.0x0.0.1", "00000177.1", "127.0.0.01", "[::1]", "[::]",
    "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]",
    "[2001:0:7f00:1::80ff:fffe]", "[::1%25lo]", "[fe80::1%25lo]", "0", "0.0.0.0", "00", "0x0", "localhost",
    "LOCALHOST", "LocalHost.", "localhost.localdomain", "ip6-localhost", "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1",
    "127．0．0．1", "127｡0｡0｡1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00adalhost", "inside.test", "INSIDE.test.", "mixed.test",
    "mixed6.test", "mapped.test", "nat64.test", "six.test", "zero.test", "127.0.0.1%00", "127.0.0.1%2e",
    "%31%32%37.0.0.1",
    "127.0.0.1%0d%0a", "[::ffff:0:127.0.0.1]", "[::0001]", "[0000::1]", "1.0.0.127.in-addr.arpa", "127.0.0.1.nip.io",
]  # fmt: skip
# Places that are private, and no loopback.
PRIVATE = [
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "2852039166",
    "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "metadata.google.internal",
    "168.63.129.16", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "192.0.2.1", "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "[fc00::1]", "[fd00::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
    "[100::1]", "lan.test", "lan6.test", "link.test", "[2002:a00:1::]", "[64:ff9b::a9fe:a9fe]",
]  # fmt: skip
# Whole addresses: another scheme, a host that hides behind another, what a reader may take apart differently.
WHOLE = [
    "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_", "dict://127.0.0.1:6379/", "ldap://127.0.0.1",
    "unix:///var/run/docker.sock", "data:text/plain,x", "javascript:alert(1)", "jar:http://127.0.0.1!/",
    "ws://127.0.0.1",
    "//127.0.0.1/", "127.0.0.1", "http:127.0.0.1:{port}", "http:/127.0.0.1:{port}/", "http:///127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\", "https://public.test@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@public.test/",
    "https://127.0.0.1:{port}\\@public.test/", "https://public.test:x@127.0.0.1:{port}/", "https://:@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}%2f@public.test/", "ht\ntp://127.0.0.1:{port}/", "http://127.0.0.1:{port}\t/", "http://",
    "http://[::1", "http://[127.0.0.1]:{port}/", "http://a b.test/", "http://public.test:0/",
    "http://public.test:99999/",
    "http://public.test:-1/", "http://public.test:22/", "http://public.test:25/", "https://public.test:631/",
    "http://public.test:23/", "http://[::1]:{port}@public.test/", "http://public.test\r\nHost: 127.0.0.1/",
    "http://xn--/", "http://.test/", "http://" + "a" * 2100 + ".test/", "http://public.test?@127.0.0.1:{port}/ ", "",
    " ",
]  # fmt: skip


@pytest.fixture
def sentinel() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine that must never be asked; yields its port and who came."""
    came: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                line, place = server.accept()
            except OSError:
                return
            came.append(str(place))
            line.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield server.getsockname()[1], came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(timeout=60)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each address that a connection was tried to; those of this machine are really tried."""
    found: list[str] = []
    connect = httpcore.SyncBackend.connect_tcp

    def tried(self: Any, host: str, port: int, *rest: Any, **options: Any) -> Any:
        found.append(host)
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback or host.startswith("0"):
            return connect(self, host, port, *rest, **options)
        raise httpcore.ConnectError("nothing of the tests leaves this machine")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", tried)
    return found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], list[str]]]:
    """The name service: what each name means, asked anew each time."""
    known = {name: (lambda found=found: found) for name, found in NAMES.items()}

    def ask(host: Any, port: Any, *_rest: Any, **_options: Any) -> list[Any]:
        name = str(host).rstrip(".").lower()
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known[name]()]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return known


# Odd, and yet nobody's inside: a name with a query behind it, and one that no name service knows.
HARMLESS = ("http://public.test?@", "http://.test/")


def urls(port: int) -> list[str]:
    made = [f"{scheme}://{host}:{port}/x" for host in LOOPBACK for scheme in ("http", "https")]
    made += [f"http://{host}/latest/meta-data" for host in PRIVATE]
    return [*made, *(each.replace("{port}", str(port)) for each in WHOLE)]


def sent(url: str) -> str:
    """Try to send there as a delivery would; return what kept it from going."""
    try:
        request.post(url, headers={}, body=b"{}", within_seconds=2)
    except address.BadAddress as error:
        return error.code
    except request.Unanswered:
        return "unanswered"
    return "answered"


@pytest.mark.parametrize("production", [False, True])
def test_no_form_of_an_address_leads_inside_neither_when_given_nor_when_sent(
    production: bool, sentinel: tuple[int, list[str]], reached: list[str], names: Any, settings: Any
) -> None:
    settings.PRODUCTION, settings.DELIVERY_ALLOW_HOSTS = production, []
    table, (port, came) = Table(), sentinel
    for url in urls(port):
        del reached[:]
        try:
            kept: str = address.normal(url)
        except address.BadAddress:
            # Refused when it was given; sent all the same, as if a row held it from an older day.
            kept = url
        try:
            told = sent(kept)
        except (ValueError, TypeError, httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, UnicodeError):
            told = "unusable"
        table.cell(url, told, {"not_public", "no_address", "https_needed", "bad_port", "unanswered", "unusable"})
        table.cell(f"{url} reaches", [each for each in reached if each != PUBLIC], [])
    table.cell("the server inside was asked", came, [])
    table.check(at_least=380)


def test_no_place_that_takes_an_address_takes_one_that_leads_inside(
    db: None, valkey: Any, owner: User, sentinel: tuple[int, list[str]], reached: list[str], names: Any, settings: Any
) -> None:
    settings.PRODUCTION, settings.DELIVERY_ALLOW_HOSTS = False, []
    without_limits(settings)
    table, (port, came) = Table(), sentinel
    api = Client(headers={"authorization": f"Bearer {tokens.issue(owner, name='n')[1]}"})
    browser = Client()
    browser.force_login(owner)
    literal = [host for host in [*LOOPBACK, *PRIVATE] if _is_literal(host)]
    given = [f"https://{host}:{port}/x" for host in literal] + [each.replace("{port}", str(port)) for each in WHOLE]
    given = [url for url in given if not url.startswith(HARMLESS)]
    for url in given:
        body = {"input": {"word": "x"}, "callback_url": url}
        asked = api.post("/api/v1/functions/toy_echo/invoke", json.dumps(body), content_type="application/json")
        made = api.post("/api/v1/webhooks", json.dumps({"url": url}), content_type="application/json")
        page = browser.post("/account/webhooks/", {"url": url})
        table.cell(f"callback_url {url!r}", asked.status_code, 422)
        table.cell(f"webhooks {url!r}", made.status_code, 422)
        table.cell(f"page {url!r}", page.status_code, 422)
    # A place of the weather is an id of one's own, never an address.
    for each in (f"http://127.0.0.1:{port}/", "https://inside.test/", "127.0.0.1", "../x"):
        wish = {"announcement_time": "07:30", "place": "横浜市", "deliver_to": [{"kind": "webhook", "id": each}]}
        answer = api.put("/api/v1/weather/subscription", json.dumps(wish), content_type="application/json")
        table.cell(f"deliver_to {each!r}", answer.status_code, 422)
    table.cell(
        "rows",
        (Endpoint.objects.count(), Wish.objects.count(), Task.objects.count(), Delivery.objects.count()),
        (0,) * 4,
    )
    table.cell("reached", (reached, came), ([], []))
    table.check(at_least=280)


def _is_literal(host: str) -> bool:
    """Whether the host is a number in some form: names are judged when they are looked up."""
    try:
        address.normal(f"https://{host}/")
    except address.BadAddress:
        return True
    return False


def test_a_name_that_means_another_place_by_the_time_of_sending_gains_nothing(
    db: None, owner: User, sentinel: tuple[int, list[str]], reached: list[str], names: Any, settings: Any
) -> None:
    settings.PRODUCTION, settings.DELIVERY_ALLOW_HOSTS = False, []
    port, came = sentinel
    answers = iter([[PUBLIC], ["127.0.0.1"], [PUBLIC, "127.0.0.1"], [PUBLIC]])
    names["rebinds.test"] = lambda: next(answers)
    endpoint, _secret = endpoints.create(owner, url=f"http://rebinds.test:{port}/x")

    told = [sent(endpoint.url) for _ in range(4)]

    # Each sending asks once, and goes where that answer says: there is no second look in between.
    assert told == ["unanswered", "not_public", "not_public", "unanswered"]
    assert (reached, came) == ([PUBLIC, PUBLIC], [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, sentinel: tuple[int, list[str]], settings: Any, owner: User) -> None:
    port, came = sentinel

    there = Receiver(answers(status, b"", location=f"http://127.0.0.1:{port}/x"))
    settings.PRODUCTION, settings.DELIVERY_ALLOW_HOSTS = False, [there.host]
    try:
        answer = request.post(there.url, headers={}, body=b"{}", within_seconds=5)
    finally:
        there.close()

    assert (answer.status, came) == (status, [])


def test_an_operators_address_opens_one_port_of_one_host_and_no_more(settings: Any, names: Any) -> None:
    settings.PRODUCTION, settings.DELIVERY_ALLOW_HOSTS = True, ["127.0.0.1:9000", "inside.test:443", "[::1]:9000"]
    table = Table()
    cases = {
        "http://127.0.0.1:9000/": True, "http://[::1]:9000/": True, "https://inside.test/": True,
        "http://127.0.0.1:9001/": False, "http://127.0.0.1/": False, "http://127.0.0.2:9000/": False,
        "https://inside.test:444/": False, "https://sub.inside.test/": False,
        "http://127.0.0.1.inside.test:9000/": False,
        "http://localhost:9000/": False, "http://127.0.0.1:90000/": False, "https://lan.test/": False,
    }  # fmt: skip
    for url, right in cases.items():
        try:
            found = bool(address.look_up(address.place(address.normal(url))))
        except (address.BadAddress, OSError):
            found = False
        table.cell(url, found, right)
    table.check(at_least=12)


def test_every_code_of_a_refusal_has_words() -> None:
    assert callback.WORDS.keys() >= {"no_address", "bad_port", "not_public", "https_needed", "too_long"}
