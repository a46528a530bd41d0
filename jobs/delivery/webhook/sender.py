"""One attempt to send a webhook, and what its answer means.

2xx: it has arrived. 410: the endpoint is switched off, nothing more is sent there. 429 and 503
with Retry-After: all that is for this receiver waits so long. Anything else is tried again; a
redirect is no exception, since whoever changes the address must say so here.
"""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

from django.conf import settings

from jobs.delivery.errors import Broken, Failed, Gone, Refused, RetryLater, Unreachable
from jobs.delivery.kinds import Outcome
from jobs.delivery.models import Delivery, Endpoint
from jobs.delivery.webhook import endpoints, signing
from jobs.delivery.webhook.address import BadAddress
from jobs.delivery.webhook.payload import body_of
from jobs.delivery.webhook.request import Answer, Unanswered, post
from jobs.runtime import clock

USER_AGENT = "Koebako-Webhooks/1"
EXCERPT_CHARACTERS = 500


def send(delivery: Delivery) -> Outcome:
    """Send it once; raise what errors.py knows when it did not arrive."""
    endpoint = _endpoint(delivery)
    url = delivery.target["url"] if endpoint is None else endpoint.url
    body = body_of(delivery)
    try:
        signed_by = endpoints.signing_secrets(endpoint, owner_id=delivery.owner_id)
    except signing.Unreadable:
        raise Refused("the signing secret belongs to another SECRET_KEY") from None
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        **signing.headers(endpoints.message_id(delivery), int(time.time()), body, signed_by),
    }
    try:
        answer = post(url, headers=headers, body=body, within_seconds=settings.DELIVERY_TIMEOUT_SECONDS)
    except BadAddress as error:
        raise Refused(f"the address is refused: {error}") from error
    except Unanswered as error:
        raise Unreachable(str(error)) from error
    if answer.status == 410 and endpoint is not None:
        endpoints.disable(endpoint, because="gone", actor=None)
    return _meaning(answer)


def _endpoint(delivery: Delivery) -> Endpoint | None:
    if "endpoint_id" not in delivery.target:
        return None
    endpoint = Endpoint.objects.filter(pk=delivery.target["endpoint_id"], owner_id=delivery.owner_id).first()
    if endpoint is None:
        raise Gone("the endpoint was deleted")
    if endpoint.disabled_at is not None:
        raise Gone("the endpoint is switched off")
    return endpoint


def _meaning(answer: Answer) -> Outcome:
    status, excerpt = answer.status, _excerpt(answer.body)
    if 200 <= status < 300:
        return {"status": status, "answer": excerpt}
    if status == 410:
        raise Gone("the receiver wants nothing any more", status=status, answer=excerpt)
    if status in (429, 503):
        wait = _wait_seconds(answer.retry_after)
        raise RetryLater(wait, whole_receiver=wait is not None, status=status, answer=excerpt)
    error = Broken if status >= 500 else Failed
    raise error(f"the receiver answered {status}", status=status, answer=excerpt)


def _wait_seconds(header: str) -> float | None:
    """Return what Retry-After asks for, by seconds or by a date; None when it says nothing we understand."""
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - clock.now()).total_seconds())


def _excerpt(body: bytes) -> str:
    text = body[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in text)[:EXCERPT_CHARACTERS]
