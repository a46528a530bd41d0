"""Play a recording: GET /practice/records/{id}/recording, whole or in part, decrypted piece by piece.

For whoever holds the signed address that was given to them for a quarter of an hour, and for its owner. Each playing
stands in the audit book. Sent by serving.py.
"""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.security.base import AuthBase

from jobs.access import links
from jobs.access.caller import PRACTICE
from jobs.api import serving, throttling
from jobs.api.doors import LinkHolder, refuse_link, token_or_login
from jobs.api.problem import documented
from jobs.api.serving import Stored
from jobs.engines.media.kinds import KINDS
from jobs.practice import links as recording_links
from jobs.practice import playing, sight
from jobs.practice.models import PracticeRecord

router = Router(tags=["practice"])


class RecordingLink(AuthBase):
    """The query parameter `link` of a `recording_url`."""

    openapi_type = "apiKey"
    openapi_in = "query"
    openapi_name = links.PARAMETER

    def __call__(self, request: HttpRequest) -> LinkHolder | None:
        named: dict[str, Any] = request.resolver_match.kwargs if request.resolver_match else {}
        link = links.of(request)
        # ninja hands on the text of an id, checked by its converter.
        opens = bool(link) and recording_links.opens(link, UUID(str(named["record_id"]))) is not None
        if not opens:
            return None
        throttling.count(request, None)
        return LinkHolder(link)


PLAY = "/records/{uuid:record_id}/recording"
PLAY_AUTH = [RecordingLink(), *token_or_login(PRACTICE), refuse_link]


@router.get(
    PLAY,
    auth=PLAY_AUTH,
    response={200: None, 206: None, 304: None, **documented(404, 416)},
    summary="Play a recording",
    openapi_extra=serving.DOCUMENTED,
)
def play_recording(request: HttpRequest, record_id: UUID) -> HttpResponseBase:
    """The recording as it was sent; with a Range header a part of it. Written into the audit book."""
    record, user_id = _heard(request, record_id)
    answer = serving.answer(request, _stored(record))
    if answer.status_code != 304:
        playing.note(record, user_id=user_id, part=request.headers.get("Range", ""))
    return answer


@router.api_operation(["HEAD"], PLAY, auth=PLAY_AUTH, include_in_schema=False)
def play_recording_head(request: HttpRequest, record_id: UUID) -> HttpResponseBase:
    return serving.head(_stored(_heard(request, record_id)[0]))


def _heard(request: HttpRequest, record_id: UUID) -> tuple[PracticeRecord, int]:
    """Return the record, and the key of the user who is to hear it. Raises Http404."""
    auth: Any = request.auth  # type: ignore[attr-defined]
    if isinstance(auth, LinkHolder):
        user_id = recording_links.opens(auth.link, record_id) or 0
        record = PracticeRecord.objects.select_related("session").filter(pk=record_id).first()
    else:
        user_id = auth.user.pk
        record = sight.records_of(auth.user).filter(pk=record_id).first()
    if record is None or not record.recording:
        raise Http404
    return record, user_id


def _stored(record: PracticeRecord) -> Stored:
    name = f"recording-{record.pk.hex[:12]}.{KINDS[record.content_type].extension}"
    return Stored(name, record.content_type, record.bytes, playing.Playable(record), record.etag)
