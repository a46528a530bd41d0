"""Addresses that play one recording for a short time, given to one person.

`<user>-<end>-<signature>`: who it was given to, so that the audit book can say whose ears heard it, and its end in
seconds since 1970. It cannot be revoked, it ends; whoever hands it on hands on their own name.

Called by the API, the pages and the admin.
"""

import re
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from jobs.access.links import PARAMETER
from jobs.practice.models import PracticeRecord
from jobs.runtime import clock

SALT = "koebako.link.recording"
SHAPE = re.compile(r"([0-9]{1,18})-([0-9]{1,12})-([A-Za-z0-9_-]{43})", re.ASCII)
# To play it with pauses from a page that was just opened; a page that stays open asks for another.
LINK_SECONDS = 900
# The same address for so long, so that a page that is drawn again loads nothing again.
STEP_SECONDS = 300


def recording_url(record: PracticeRecord, user: AbstractBaseUser, base: str = "") -> str | None:
    """Return the address that plays a record to `user`; None when its recording is gone."""
    if not record.recording:
        return None
    path = reverse("api:play_recording", args=[record.pk])
    return f"{base}{path}?{PARAMETER}={_link(record.pk, int(user.pk))}"


def opens(link: str, record_id: UUID) -> int | None:
    """Return the key of the user whom the link was given to; None when it does not open this recording, or not now."""
    shape = SHAPE.fullmatch(link)
    if shape is None:
        return None
    user, end, signature = shape.groups()
    try:
        # Constant time, and true under an older SECRET_KEY that is still a fallback.
        Signer(salt=SALT).unsign(f"{record_id.hex}/{user}:{end}:{signature}")
    except BadSignature:
        return None
    return int(user) if clock.now().timestamp() < int(end) else None


def _link(record_id: UUID, user: int) -> str:
    end = (int(clock.now().timestamp()) // STEP_SECONDS + 1) * STEP_SECONDS + LINK_SECONDS
    return f"{user}-{end}-{Signer(salt=SALT).signature(f'{record_id.hex}/{user}:{end}')}"
