"""Users of another system, known by the JWTs that it signs."""

import base64
import json
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from jobs.access import accounts, bearer, jwks
from jobs.access.errors import KeysUnreachable
from jobs.access.models import Action, AuditEntry, ChatAccount, Platform
from jobs.live.viewers import TokenHolder
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Source, Task

pytestmark = pytest.mark.django_db

SECRET = "only the tests know it, and the other system"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(autouse=True)
def _accepted(settings):
    settings.JWT_SECRET = SECRET
    settings.JWT_ISSUER, settings.JWT_AUDIENCE, settings.JWT_LEEWAY_SECONDS = "https://there.test", "koebako", 10


def claims(**changes):
    now = timezone.now()
    told = {"sub": "user-1", "iss": "https://there.test", "aud": "koebako", "exp": now + timedelta(minutes=5)} | changes
    return {name: value for name, value in told.items() if value is not None}


def token(*, key=SECRET, algorithm="HS256", headers=None, **changes):
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def with_another_signature(encoded):
    said, _, signature = encoded.rpartition(".")
    # The first sign: all of its bits count.
    return f"{said}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def jwk(key, kid, algorithm):
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


class KeyService:
    """Another system's list of keys, over HTTP. asked: how often."""

    def __init__(self):
        self.asked = 0
        self.status = 200
        rsa_, ec_ = jwt.algorithms.RSAAlgorithm, jwt.algorithms.ECAlgorithm
        self.keys = [jwk(RSA, "rsa-1", rsa_), jwk(EC, "ec-1", ec_), {"kty": "odd", "kid": "odd"}]
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked += 1
                body = json.dumps({"keys": service.keys}).encode()
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def key_service(settings, monkeypatch):
    service = KeyService()
    settings.JWT_JWKS_URL = service.url
    monkeypatch.setattr(jwks, "_known", jwks._Known())
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def later(monkeypatch):
    """Let time pass for the keys that are kept."""
    passed = [1000.0]
    monkeypatch.setattr(jwks.time, "monotonic", lambda: passed[0])

    def later(seconds):
        passed[0] += seconds

    return later


def test_a_subject_gets_an_account_at_first_use_and_keeps_it():
    first, again = bearer.verify(token()), bearer.verify(token())

    assert first.user == again.user
    account = ChatAccount.objects.get()
    assert (account.platform, account.external_id, account.user) == (Platform.JWT, "user-1", first.user)
    assert not first.user.has_usable_password()
    assert first.scopes == {"invoke", "tasks", "practice", "weather"}
    assert AuditEntry.objects.get(action=Action.ACCOUNT_MADE).details == {"platform": "jwt"}


def test_a_subject_is_no_key_of_ours(owner):
    assert bearer.verify(token(sub=str(owner.pk))).user != owner
    assert bearer.verify(token(sub=owner.username)).user != owner


@pytest.mark.parametrize(
    ("named", "scopes"),
    [
        ({"scope": "tasks practice"}, {"tasks", "practice"}),
        ({"scopes": ["tasks"]}, {"tasks"}),
        ({"scope": "staff tasks"}, {"tasks"}),
        ({"scope": ""}, set()),
        ({"scopes": 7}, set()),
        ({"scopes": [["tasks"], None]}, set()),
    ],
)
def test_a_token_may_what_it_says_and_is_never_staff(named, scopes):
    User.objects.filter(pk=bearer.verify(token()).user.pk).update(is_staff=True, is_superuser=True)

    assert bearer.verify(token(**named)).scopes == scopes
    assert not bearer.verify(token()).is_staff()


PAST = timezone.now() - timedelta(minutes=5)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: token(exp=PAST), id="ended"),
        pytest.param(lambda: token(exp=None), id="without an end"),
        pytest.param(lambda: token(iss="https://elsewhere.test"), id="another issuer"),
        pytest.param(lambda: token(iss=None), id="without an issuer"),
        pytest.param(lambda: token(aud="another"), id="for another"),
        pytest.param(lambda: token(aud=None), id="for nobody"),
        pytest.param(lambda: token(sub=None), id="of nobody"),
        pytest.param(lambda: token(sub=""), id="of an empty subject"),
        pytest.param(lambda: token(sub="x" * 256), id="of a long subject"),
        pytest.param(lambda: token(sub="a\0b"), id="of an unstorable subject"),
        pytest.param(lambda: token(nbf=timezone.now() + timedelta(minutes=5)), id="not yet"),
        pytest.param(lambda: token(key="another secret that is as long as that"), id="another secret"),
        pytest.param(lambda: token(key="", algorithm="none"), id="none"),
        pytest.param(lambda: token(algorithm="HS512"), id="another algorithm"),
        pytest.param(lambda: token(key=RSA, algorithm="RS256"), id="keys that were not asked for"),
        pytest.param(lambda: token(headers={"crit": ["b64"]}), id="something critical"),
        pytest.param(lambda: with_another_signature(token()), id="another signature"),
        pytest.param(lambda: token().rpartition(".")[0] + ".", id="no signature"),
        pytest.param(lambda: "a.b.c", id="no JSON"),
        pytest.param(lambda: "a.b.c.d.e", id="encrypted"),
        pytest.param(lambda: token(more="x" * 9000), id="too long"),
        pytest.param(lambda: "", id="empty"),
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key")
def test_what_is_not_valid_is_nobody(bad):
    assert bearer.verify(bad()) is None
    assert not ChatAccount.objects.exists()


def test_clocks_may_differ_by_the_leeway():
    assert bearer.verify(token(exp=timezone.now() - timedelta(seconds=5))) is not None


def test_without_a_secret_none_counts(settings):
    settings.JWT_SECRET = ""

    assert bearer.verify(token()) is None
    assert bearer.verify(token(key="", algorithm="none")) is None


def test_a_user_who_was_locked_out_stays_out():
    User.objects.filter(pk=bearer.verify(token()).user.pk).update(is_active=False)

    assert bearer.verify(token()) is None


def test_who_is_forgotten_is_somebody_new():
    user = bearer.verify(token()).user
    accounts.forget(ChatAccount.objects.get(), keep=False)

    assert bearer.verify(token()).user != user


# By keys


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa-1"), (EC, "ES256", "ec-1")])
def test_keys_at_an_address_count(key_service, key, algorithm, kid):
    for _time in range(3):
        assert bearer.verify(token(key=key, algorithm=algorithm, headers={"kid": kid})) is not None
        # The only one of its kind need not be named.
        assert bearer.verify(token(key=key, algorithm=algorithm)) is not None

    assert key_service.asked == 1


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: token(key=OTHER_RSA, algorithm="RS256", headers={"kid": "rsa-1"}), id="another key"),
        pytest.param(lambda: token(key=RSA, algorithm="RS256", headers={"kid": "ec-1"}), id="a key of another kind"),
        pytest.param(lambda: token(key=RSA, algorithm="PS256", headers={"kid": "rsa-1"}), id="another algorithm"),
    ],
)
def test_what_other_keys_signed_is_nobody(key_service, bad):
    assert bearer.verify(bad()) is None


def test_a_public_key_is_no_secret(key_service, settings):
    for secret in (SECRET, "", PUBLIC_PEM.decode()):
        settings.JWT_SECRET = secret
        assert bearer.verify(forged_with_the_public_key()) is None


def forged_with_the_public_key():
    """What a confused reader takes: HS256 by the text of a public key. PyJWT would not make it."""

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    told = claims()
    told["exp"] = int(told["exp"].timestamp())
    head = part(b'{"alg":"HS256","kid":"rsa-1"}') + b"." + part(json.dumps(told).encode())
    return (
        head + b"." + part(jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head, PUBLIC_PEM))
    ).decode()


def test_an_unknown_key_is_asked_for_but_not_for_each_token(key_service, later):
    new = token(key=OTHER_RSA, algorithm="RS256", headers={"kid": "rsa-2"})
    assert bearer.verify(new) is None
    key_service.keys.append(jwk(OTHER_RSA, "rsa-2", jwt.algorithms.RSAAlgorithm))
    for number in range(20):
        assert bearer.verify(token(key=RSA, algorithm="RS256", headers={"kid": f"made up {number}"})) is None
    assert key_service.asked == 1

    later(jwks.ASK_AGAIN_SECONDS + 1)

    assert bearer.verify(new) is not None
    assert key_service.asked == 2


def test_a_key_that_was_taken_out_ends(key_service, later):
    signed = token(key=RSA, algorithm="RS256", headers={"kid": "rsa-1"})
    assert bearer.verify(signed) is not None
    key_service.keys = key_service.keys[1:]

    later(jwks.KEPT_SECONDS + 1)

    assert bearer.verify(signed) is None


def test_known_keys_go_on_when_nobody_answers_and_unknown_ones_wait(key_service, later):
    key_service.status = 500
    signed = token(key=RSA, algorithm="RS256", headers={"kid": "rsa-1"})
    with pytest.raises(KeysUnreachable):
        bearer.verify(signed)
    answer = Client(headers={"authorization": f"Bearer {signed}"}).get("/api/v1/tasks")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:koebako:problem:away")

    key_service.status = 200
    later(jwks.ASK_AGAIN_SECONDS + 1)
    assert bearer.verify(signed) is not None

    key_service.status = 500
    later(jwks.KEPT_SECONDS + 1)
    assert bearer.verify(signed) is not None


def test_nonsense_in_the_place_of_keys_is_no_answer(key_service):
    key_service.keys = "none"

    with pytest.raises(KeysUnreachable):
        bearer.verify(token(key=RSA, algorithm="RS256", headers={"kid": "rsa-1"}))


# At the doors


def test_the_api_takes_it_as_any_token(db):
    client = Client(headers={"authorization": f"Bearer {token()}"})

    assert client.get("/api/v1/practice/sessions").status_code == 200
    assert client.get("/api/v1/admin/tasks/stats").status_code == 403
    assert Client(headers={"authorization": f"Bearer {token(exp=PAST)}"}).get("/api/v1/tasks").status_code == 401


def test_a_socket_takes_it_and_shows_ones_own(owner):
    user = bearer.verify(token()).user
    values = {"function": "toy_echo", "source": Source.API, "order_key": "x", "queue": "bulk", "inputs": {}}
    now = timezone.now()
    mine, foreign = (
        Task.objects.create(id=new_task_id(), owner=each, created_at=now, updated_at=now, **values)
        for each in (user, owner)
    )

    holder = TokenHolder(token())

    assert holder.user_id(address="192.0.2.1") == mine.owner_id
    assert (holder.may_see(mine), holder.may_see(foreign)) == (True, False)
    assert TokenHolder(token(exp=PAST)).user_id(address="192.0.2.1") is None
    assert TokenHolder(token(scope="weather")).user_id(address="192.0.2.1") is None


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"JWT_SECRET": SECRET}, "JWT_ISSUER"),
        ({"JWT_SECRET": SECRET, "JWT_ISSUER": "x"}, "JWT_AUDIENCE"),
        ({"JWT_SECRET": "short", "JWT_ISSUER": "x", "JWT_AUDIENCE": "y"}, "JWT_SECRET"),
        ({"JWT_JWKS_URL": "ftp://x", "JWT_ISSUER": "x", "JWT_AUDIENCE": "y"}, "JWT_JWKS_URL"),
        ({"JWT_LEEWAY_SECONDS": "301"}, "JWT_LEEWAY_SECONDS"),
        ({"RECORDINGS_KEY": f"{SECRET},short"}, "RECORDINGS_KEY"),
    ],
)
def test_what_cannot_be_used_stops_the_start_by_its_name(tmp_path, environment, name):
    done = subprocess.run(
        [sys.executable, "-c", "import core.settings"],
        env={"KOEBAKO_HOME": str(tmp_path), "PATH": "/usr/bin", **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"{name} cannot be used" in last
    assert "short" not in last
