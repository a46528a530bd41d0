"""Pictures of dishes: GET /uploads/{name}, whole or in part.

For whoever holds a signed link, which opens one picture for an hour, and for those who may see its job. Unknown and
foreign names are 404 alike. Sent by serving.py.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.security.base import AuthBase

from jobs.access import links
from jobs.access.caller import TASKS
from jobs.api import serving, throttling
from jobs.api.doors import LinkHolder, refuse_link, token_or_login
from jobs.api.problem import documented
from jobs.api.serving import Stored
from jobs.api.sight import caller_of, link_of
from jobs.images.models import MenuImage
from jobs.images.models.picture import FOLDER

router = Router(tags=["images"])

PATH = "/{name}"


class PictureLink(AuthBase):
    """The query parameter `link` of an `image_url`."""

    openapi_type = "apiKey"
    openapi_in = "query"
    openapi_name = links.PARAMETER

    def __call__(self, request: HttpRequest) -> LinkHolder | None:
        link = links.of(request)
        named: dict[str, Any] = request.resolver_match.kwargs if request.resolver_match else {}
        if not link or not links.opens_picture(link, named["name"]):
            return None
        throttling.count(request, None)
        return LinkHolder(link)


AUTH = [PictureLink(), *token_or_login(TASKS), refuse_link]


@router.get(
    PATH,
    auth=AUTH,
    response={200: None, 206: None, 304: None, **documented(404, 416)},
    summary="One picture",
    openapi_extra=serving.DOCUMENTED,
)
def show_picture(request: HttpRequest, name: str) -> HttpResponseBase:
    """The picture's bytes, a PNG; with a Range header a part of them."""
    return serving.answer(request, _find(request, name))


@router.api_operation(["HEAD"], PATH, auth=AUTH, include_in_schema=False)
def show_picture_head(request: HttpRequest, name: str) -> HttpResponseBase:
    return serving.head(_find(request, name))


def _find(request: HttpRequest, name: str) -> Stored:
    if "\x00" in name:
        # PostgreSQL would not even look for it.
        raise Http404
    image = _visible(request).filter(file=f"{FOLDER}/{name}").first()
    if image is None:
        raise Http404
    return Stored(image.name, image.content_type, image.bytes, image.file, image.etag)


def _visible(request: HttpRequest) -> QuerySet[MenuImage]:
    if link_of(request) is not None:
        return MenuImage.objects.all()
    return MenuImage.objects.filter(job__task__in=links.tasks_visible_to(caller_of(request)))
