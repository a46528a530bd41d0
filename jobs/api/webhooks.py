"""One's endpoints for webhooks: make, list, try, give a new secret, switch on and off, delete.

A secret is in the answer that makes it and nowhere else. Foreign and unknown ids: 404 alike.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from jobs.access.caller import TASKS
from jobs.api import callback
from jobs.api.body import refuse_any_body
from jobs.api.doors import token_or_login
from jobs.api.problem import Problem, documented
from jobs.api.sight import caller_of
from jobs.delivery.models import Delivery, Endpoint
from jobs.delivery.models.delivery import State
from jobs.delivery.webhook import address, endpoints

router = Router(tags=["webhooks"])

T = TypeVar("T")

# The newest of an endpoint; older ones say no more about whether it works.
MAX_DELIVERIES = 50


class NewEndpoint(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=address.MAX_URL_CHARACTERS, description="https, and no private address")
    name: str = Field(default="", max_length=80, description="what it is used for")
    every_task: bool = Field(
        default=True,
        strict=True,
        description="told of the end of each of your tasks; else only of those with its address as `callback_url`",
    )


class EndpointLine(BaseModel):
    id: UUID
    url: str
    name: str
    every_task: bool
    enabled: bool
    disabled_because: str = Field(description="empty, owner, staff, or gone: it answered 410")
    created_at: datetime
    previous_secret_until: datetime | None = Field(description="until then the secret before this one signs too")


class EndpointList(BaseModel):
    endpoints: list[EndpointLine] = Field(description="the newest first")


class EndpointWithSecret(EndpointLine):
    secret: str = Field(description="whsec_..., for any library of Standard Webhooks; shown this once")


class AttemptLine(BaseModel):
    model_config = ConfigDict(from_attributes=True, validate_by_name=True)

    attempt: int = Field(validation_alias="number")
    outcome: str
    status: int | None = Field(description="what the receiver answered")
    answer: str = Field(description="the beginning of what it said")
    error: str
    started_at: datetime
    ended_at: datetime


class DeliveryLine(BaseModel):
    id: str = Field(description="the header webhook-id")
    task_id: UUID | None
    state: State
    next_at: datetime | None = Field(description="when it is tried, null when it is over")
    created_at: datetime
    attempts: list[AttemptLine]


class DeliveryList(BaseModel):
    deliveries: list[DeliveryLine] = Field(description="the newest first, 50 at most")


@router.get("", auth=token_or_login(TASKS), response={200: EndpointList, **documented()}, summary="List endpoints")
def list_endpoints(request: HttpRequest) -> EndpointList:
    """The caller's own endpoints."""
    rows = Endpoint.objects.filter(owner_id=caller_of(request).user.pk)
    return EndpointList(endpoints=[EndpointLine(**_line(row)) for row in rows])


@router.post(
    "",
    auth=token_or_login(TASKS),
    response={201: EndpointWithSecret, **documented(400, 409, 413, 415, 422)},
    summary="Make an endpoint",
)
def make_endpoint(request: HttpRequest, body: NewEndpoint) -> Status[EndpointWithSecret]:
    """Have webhooks sent to an address. 409 when you have as many as one may have."""
    try:
        endpoint, secret = endpoints.create(
            caller_of(request).user, url=body.url, name=body.name, every_task=body.every_task
        )
    except address.BadAddress as error:
        raise callback.problem_of(error, "url") from None
    except endpoints.TooMany:
        detail = gettext("At most %(count)d endpoints.") % {"count": endpoints.MAX_ENDPOINTS}
        raise Problem(409, "no-more", detail) from None
    return Status(201, EndpointWithSecret(**_line(endpoint), secret=secret))


@router.get(
    "/{uuid:endpoint_id}",
    auth=token_or_login(TASKS),
    response={200: EndpointLine, **documented(404)},
    summary="One endpoint",
)
def show_endpoint(request: HttpRequest, endpoint_id: UUID) -> EndpointLine:
    """An endpoint, without its secret."""
    return EndpointLine(**_line(_own(request, endpoint_id)))


@router.get(
    "/{uuid:endpoint_id}/deliveries",
    auth=token_or_login(TASKS),
    response={200: DeliveryList, **documented(404)},
    summary="What was sent to an endpoint",
)
def list_endpoint_deliveries(request: HttpRequest, endpoint_id: UUID) -> DeliveryList:
    """The newest deliveries, with all their attempts."""
    endpoint = _own(request, endpoint_id)
    rows = endpoints.deliveries_of(endpoint).prefetch_related("attempts")[:MAX_DELIVERIES]
    return DeliveryList(deliveries=[_delivery(row) for row in rows])


@router.post(
    "/{uuid:endpoint_id}/test",
    auth=token_or_login(TASKS),
    response={202: DeliveryLine, **documented(400, 404, 409, 413, 415, 422)},
    summary="Try an endpoint",
)
def try_endpoint(request: HttpRequest, endpoint_id: UUID) -> Status[DeliveryLine]:
    """Send a webhook of type `webhook.test`. 409 while the endpoint is switched off."""
    refuse_any_body(request)
    endpoint = _own(request, endpoint_id)
    if endpoint.disabled_at is not None:
        raise Problem(409, "switched-off")
    return Status(202, _delivery(endpoints.test(endpoint)))


@router.post(
    "/{uuid:endpoint_id}/rotate",
    auth=token_or_login(TASKS),
    response={200: EndpointWithSecret, **documented(400, 404, 413, 415, 422)},
    summary="Give an endpoint a new secret",
)
def rotate_endpoint_secret(request: HttpRequest, endpoint_id: UUID) -> EndpointWithSecret:
    """For a day both secrets sign: change the receiver within it."""
    endpoint, secret = _changed(request, endpoint_id, endpoints.rotate)
    return EndpointWithSecret(**_line(endpoint), secret=secret)


@router.post(
    "/{uuid:endpoint_id}/enable",
    auth=token_or_login(TASKS),
    response={200: EndpointLine, **documented(400, 404, 413, 415, 422)},
    summary="Switch an endpoint on",
)
def enable_endpoint(request: HttpRequest, endpoint_id: UUID) -> EndpointLine:
    """Send there again, after a 410 or a rest."""
    endpoint, _was_off = _changed(request, endpoint_id, endpoints.enable)
    return EndpointLine(**_line(endpoint))


@router.post(
    "/{uuid:endpoint_id}/disable",
    auth=token_or_login(TASKS),
    response={200: EndpointLine, **documented(400, 404, 413, 415, 422)},
    summary="Switch an endpoint off",
)
def disable_endpoint(request: HttpRequest, endpoint_id: UUID) -> EndpointLine:
    """Send nothing more there; what waits is dropped when its turn comes."""
    endpoint, _was_on = _changed(request, endpoint_id, partial(endpoints.disable, because="owner"))
    return EndpointLine(**_line(endpoint))


@router.delete(
    "/{uuid:endpoint_id}",
    auth=token_or_login(TASKS),
    response={204: None, **documented(400, 404, 413, 415, 422)},
    summary="Delete an endpoint",
)
def delete_endpoint(request: HttpRequest, endpoint_id: UUID) -> Status[None]:
    """Nothing more is sent there; what waits is dropped when its turn comes."""
    refuse_any_body(request)
    endpoints.delete(_own(request, endpoint_id), actor=caller_of(request).user)
    return Status(204, None)


def _own(request: HttpRequest, endpoint_id: UUID) -> Endpoint:
    endpoint = Endpoint.objects.filter(pk=endpoint_id, owner_id=caller_of(request).user.pk).first()
    if endpoint is None:
        raise Http404
    return endpoint


def _changed(request: HttpRequest, endpoint_id: UUID, change: Callable[..., T]) -> tuple[Endpoint, T]:
    """Change one of the caller's endpoints; return it as it is then, and what `change` returned."""
    refuse_any_body(request)
    endpoint = _own(request, endpoint_id)
    told = change(endpoint, actor=caller_of(request).user)
    endpoint.refresh_from_db()
    return endpoint, told


def _line(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "name": endpoint.name,
        "every_task": endpoint.every_task,
        "enabled": endpoint.disabled_at is None,
        "disabled_because": endpoint.disabled_because,
        "created_at": endpoint.created_at,
        "previous_secret_until": endpoint.previous_until,
    }


def _delivery(row: Delivery) -> DeliveryLine:
    return DeliveryLine(
        id=endpoints.message_id(row),
        task_id=row.task_id,
        state=State(row.state),
        next_at=None if row.ended_at else row.next_at,
        created_at=row.created_at,
        attempts=[AttemptLine.model_validate(each) for each in row.attempts.all()],
    )
