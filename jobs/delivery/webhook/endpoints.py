"""An owner's endpoints and secrets: make, try, rotate, switch off, delete.

Each change is in the audit book. Called by the API, the page and the admin, and by sender.py.
"""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from jobs.access import audit
from jobs.access.models import Action
from jobs.delivery.models import Delivery, Endpoint, OwnerSecret, Wish
from jobs.delivery.models.endpoint import Signing
from jobs.delivery.outbox import deliver, on_end
from jobs.delivery.webhook import address, payload, signing
from jobs.delivery.wishes import receiver_of
from jobs.runtime import clock
from jobs.runtime.models import Task

KIND = "webhook"
# A house that tells fifty others of each task is a house that floods.
MAX_ENDPOINTS = 20
# How long the old secret signs beside the new one: receivers need not change at the same moment.
ROTATION = timedelta(days=1)
OWNERS_ROW = "SELECT * FROM delivery_ownersecret WHERE owner_id = %s"


class TooMany(Exception):
    """The owner has as many endpoints as one may have."""


@transaction.atomic
def create(owner: AbstractBaseUser, *, url: str, name: str = "", every_task: bool = True) -> tuple[Endpoint, str]:
    """Return a new endpoint and its secret, which is shown this once. Raises BadAddress, TooMany."""
    url, secret = address.normal(url), signing.new_secret()
    if Endpoint.objects.filter(owner_id=owner.pk).count() >= MAX_ENDPOINTS:
        raise TooMany
    endpoint = Endpoint.objects.create(
        owner_id=owner.pk,
        url=url,
        name=name,
        every_task=every_task,
        sealed=signing.seal(secret),
        created_at=clock.now(),
    )
    audit.record(Action.ENDPOINT_MADE, actor=owner, about=endpoint)
    return endpoint, secret


@transaction.atomic
def delete(endpoint: Endpoint, *, actor: AbstractBaseUser) -> None:
    """Delete it; what still waits for it is not delivered any more."""
    audit.record(Action.ENDPOINT_DELETED, actor=actor, about=endpoint)
    endpoint.delete()


def call_back(task: Task, url: str) -> Wish | None:
    """When `task` ends, tell `url`. Call it in the transaction that accepts the task. Raises BadAddress."""
    url = address.normal(url)
    known = Endpoint.objects.filter(owner_id=task.owner_id, url=url, disabled_at__isnull=True).first()
    # Told once, by the endpoint's own secret, although there are two reasons to tell it.
    target = {"url": url} if known is None else {"endpoint_id": str(known.pk)}
    if known is None:
        secret_of(task.owner_id)
    return on_end(task, KIND, target=target, receiver=receiver_of(task.owner_id, url))


def deliveries_of(endpoint: Endpoint) -> QuerySet[Delivery]:
    """Return what was made for an endpoint, the newest first."""
    # By the receiver, which an index knows; an owner's other endpoints on the same host are sorted out of it.
    mine = Delivery.objects.filter(receiver=f"{KIND}:{receiver_of(endpoint.owner_id, endpoint.url)}")
    return mine.filter(target__endpoint_id=str(endpoint.pk)).order_by("-id")


def message_id(delivery: Delivery) -> str:
    """Return the header webhook-id: the same for every attempt."""
    return f"msg_{delivery.pk.hex}"


def test(endpoint: Endpoint) -> Delivery:
    """Send a webhook of type `webhook.test`; return the delivery, to be followed."""
    return deliver(
        KIND,
        task=None,
        owner=endpoint.owner,
        target={"endpoint_id": str(endpoint.pk)},
        payload=payload.test_payload(clock.now()),
        key=f"test:{uuid4().hex}",
        receiver=receiver_of(endpoint.owner_id, endpoint.url),
    )


@transaction.atomic
def rotate(signed: Signing, *, actor: AbstractBaseUser) -> str:
    """Return a new secret; the old one signs beside it for a day."""
    secret, now = signing.new_secret(), clock.now()
    row = type(signed)._default_manager.select_for_update().get(pk=signed.pk)
    row.previous_sealed, row.previous_until = row.sealed, now + ROTATION
    row.sealed = signing.seal(secret)
    row.save(update_fields=["sealed", "previous_sealed", "previous_until"])
    audit.record(Action.SECRET_ROTATED, actor=actor, about=row)
    return secret


@transaction.atomic
def disable(endpoint: Endpoint, *, because: str, actor: AbstractBaseUser | None) -> bool:
    """Send nothing more there; False when that was so before. because: "gone", "owner" or "staff"."""
    rows = Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True)
    changed = bool(rows.update(disabled_at=clock.now(), disabled_because=because))
    if changed:
        audit.record(Action.ENDPOINT_CHANGED, actor=actor, about=endpoint, enabled=False, because=because)
    return changed


@transaction.atomic
def enable(endpoint: Endpoint, *, actor: AbstractBaseUser) -> bool:
    """Send there again; False when that was so before."""
    rows = Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=False)
    changed = bool(rows.update(disabled_at=None, disabled_because=""))
    if changed:
        audit.record(Action.ENDPOINT_CHANGED, actor=actor, about=endpoint, enabled=True)
    return changed


def secret_of(owner_id: int) -> OwnerSecret:
    """Return the secret that signs an owner's webhooks to no endpoint of theirs; made when it is missing."""
    # Raw, as in claim.py: building this question anew took a quarter of all that a webhook costs.
    if known := list(OwnerSecret.objects.raw(OWNERS_ROW, [owner_id])):
        return known[0]
    row, _made = OwnerSecret.objects.get_or_create(
        owner_id=owner_id, defaults={"sealed": signing.seal(signing.new_secret()), "created_at": clock.now()}
    )
    return row


def signing_secrets(endpoint: Endpoint | None, *, owner_id: int) -> list[str]:
    """Return what signs a webhook now, the newest first. Raises Unreadable."""
    signed: Signing = endpoint if endpoint is not None else secret_of(owner_id)
    newest, *older = signed.sealed_secrets(now=clock.now())
    secrets = [signing.unseal(newest)]
    for each in older:
        try:
            secrets.append(signing.unseal(each))
        except signing.Unreadable:
            continue  # the new one signs alone
    return secrets
