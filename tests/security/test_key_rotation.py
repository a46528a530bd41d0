"""Changing SECRET_KEY: what the old one signed and sealed opens while it is a fallback; nothing new is made with it."""

import base64
import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP

from jobs.access import links, two_factor
from jobs.delivery.models import Endpoint, OwnerSecret
from jobs.delivery.webhook import endpoints, signing
from jobs.practice import keys, sealing
from jobs.runtime import clock
from jobs.runtime.identity import new_task_id

ROOT = Path(__file__).resolve().parents[2]
NEW = "the key that comes after it, long and random: 7f3kQ9vLmX2pRt8w"
PICTURE = "menu_image_tea_20261122_120000.png"

pytestmark = pytest.mark.django_db


@pytest.fixture
def task():
    """An id is all that a link needs."""
    return new_task_id()


@pytest.fixture
def rotate(settings):
    """Put NEW in the place of the key, with the old one behind it; `rotate.forget()` takes the old one away."""
    old = settings.SECRET_KEY

    def rotate():
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [old]

    def only_old():
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = old, []

    def forget():
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, []

    rotate.only_old, rotate.forget = only_old, forget
    return rotate


def sealed_recording(plain: bytes) -> bytes:
    return b"".join(sealing.seal([plain], key=keys.newest(), subject=b"record"))


def opened(sealed: bytes) -> bytes:
    return sealing.Opened(io.BytesIO(sealed), subject=b"record").read()


def is_logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_what_the_old_key_made_opens_after_the_change(rotate, owner, task):
    client = Client()
    client.force_login(owner)
    page, picture = links.page_link(task), links.picture_link(PICTURE)
    endpoint, secret = endpoints.create(owner, url="https://example.com/hook")
    voice = sealed_recording(b"a voice")
    tied = endpoints.secret_of(owner.pk)

    rotate()

    assert is_logged_in(client)
    assert links.opens_page(page, task)
    assert links.opens_picture(picture, PICTURE)
    assert endpoints.signing_secrets(endpoint, owner_id=owner.pk) == [secret]
    assert endpoints.signing_secrets(None, owner_id=owner.pk) == [signing.unseal(tied.sealed)]
    assert opened(voice) == b"a voice"


def test_what_is_made_after_the_change_is_made_with_the_new_key_alone(rotate, owner, task):
    rotate()
    client = Client()
    client.force_login(owner)
    assert is_logged_in(client)
    page = links.page_link(task)
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    voice = sealed_recording(b"a voice")

    rotate.only_old()
    assert not is_logged_in(client)
    assert not links.opens_page(page, task)
    with pytest.raises(signing.Unreadable):
        endpoints.signing_secrets(endpoint, owner_id=owner.pk)
    with pytest.raises(keys.KeyMissing):
        opened(voice)


def test_a_login_that_comes_back_is_brought_to_the_new_key(rotate, owner):
    client = Client()
    client.force_login(owner)
    rotate()
    assert is_logged_in(client)

    rotate.forget()

    assert is_logged_in(client)


def test_after_reseal_secrets_the_old_key_can_go(rotate, owner, staff):
    endpoint, first = endpoints.create(owner, url="https://example.com/hook")
    second = endpoints.rotate(endpoint, actor=owner)
    theirs = signing.unseal(endpoints.secret_of(owner.pk).sealed)
    app = base64.b32decode(two_factor.begun(staff))
    assert two_factor.confirm(staff, code(app))

    rotate()
    said = io.StringIO()
    call_command("reseal_secrets", stdout=said)
    again = io.StringIO()
    call_command("reseal_secrets", stdout=again)

    # Two of the endpoint, one of the owner, one of the app.
    assert (said.getvalue().split()[1], again.getvalue().split()[1]) == ("4", "0")
    rotate.forget()
    endpoint.refresh_from_db()
    assert endpoints.signing_secrets(endpoint, owner_id=owner.pk) == [second, first]
    assert endpoints.signing_secrets(None, owner_id=owner.pk) == [theirs]
    assert two_factor.take(staff, code(app, steps=1)) == "app"


def code(secret: bytes, *, steps: int = 0) -> str:
    totp = TOTP(secret)
    totp.time = clock.now().timestamp() + 30 * steps
    return f"{totp.token():06d}"


def test_a_secret_that_no_key_opens_is_told_and_one_that_has_ended_is_not(rotate, owner):
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    endpoints.rotate(endpoint, actor=owner)
    endpoints.secret_of(owner.pk)
    rotate.forget()
    # The one before the rotation signs no more.
    Endpoint.objects.update(previous_until=clock.now() - timedelta(seconds=1))

    with pytest.raises(CommandError, match="2 cannot be read"):
        call_command("reseal_secrets")

    OwnerSecret.objects.all().delete()
    Endpoint.objects.update(sealed=signing.seal("whsec_new"))
    call_command("reseal_secrets", stdout=io.StringIO())


def test_a_secret_that_is_rotated_meanwhile_stays_the_rotated_one(rotate, owner, monkeypatch):
    endpoint, _secret = endpoints.create(owner, url="https://example.com/hook")
    rotate()
    seal, newest = signing.seal, signing.seal("whsec_newest")

    def slowly(secret):
        Endpoint.objects.update(sealed=newest)
        return seal(secret)

    monkeypatch.setattr(signing, "seal", slowly)
    call_command("reseal_secrets", stdout=io.StringIO())

    endpoint.refresh_from_db()
    assert endpoint.sealed == newest


READ = "import json; from core import settings; print(json.dumps(settings.SECRET_KEY_FALLBACKS))"


@pytest.mark.parametrize("form", ["value", "file"])
def test_the_fallbacks_come_from_the_environment(tmp_path, form):
    old = ["o" * 60, "p" * 60]
    (tmp_path / "old").write_text(", ".join(old) + "\n")
    given = (
        {"SECRET_KEY_FALLBACKS": ",".join(old)} if form == "value" else {"SECRET_KEY_FALLBACKS_FILE": f"{tmp_path}/old"}
    )
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=ROOT, env={**os.environ, "KOEBAKO_HOME": str(tmp_path), **given},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert json.loads(done.stdout) == old
