"""What the HTTP API can do in a guild: speak into it. Mounted by core/urls.py under /api/v1/discord."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from bots.guilds.announce import NotThere, announce
from bots.guilds.clean import Refused
from bots.guilds.models.guild import MAX_CHARACTERS
from bots.guilds.staff import looks_after
from jobs.access import throttle
from jobs.access.caller import STAFF
from jobs.api.doors import token_or_login
from jobs.api.problem import Problem, documented, field_problem
from jobs.api.sight import caller_of, require_permission
from jobs.api.throttling import too_fast
from jobs.runtime.models import Priority

router = Router(tags=["discord"])

# A waiting announcement is said within seconds; sooner than this there is hardly one place more.
RETRY_SECONDS = 5
WAIT: dict[str, Any] = {"description": "in seconds", "schema": {"type": "integer", "minimum": 1}}


class Announcement(BaseModel):
    """Something to be said in a guild's voice channel."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=MAX_CHARACTERS, description="read with the guild's dictionary and voice")
    priority: StrictInt = Field(
        default=Priority.NORMAL, ge=0, le=3, description="0 before all that waits, 1 in its turn, 2 and 3 after it"
    )


class Announced(BaseModel):
    utterance_id: UUID
    status: str = Field(description="always waiting: the bot says it when its turn comes")


@router.post(
    "/guilds/{int:guild_id}/announce",
    auth=token_or_login(STAFF),
    response={202: Announced, **documented(400, 404, 409, 413, 415, 422, 429)},
    summary="Speak into a guild",
    openapi_extra={"responses": {429: {"headers": {"Retry-After": WAIT}}}},
)
def announce_in_guild(request: HttpRequest, guild_id: int, body: Announcement) -> Status[Announced]:
    """
    Have a text said where the bot is. 404 for a guild it is not in, 409 when it is in no voice channel there.

    429 when many announcements wait there already.
    """
    # Before it counts against the guild: who may not speak must not use up what others may say.
    require_permission(request, "guilds.change_guild")
    if not looks_after(caller_of(request).user, guild_id):
        raise Http404  # as for a guild that is not there
    verdict = throttle.allow("guild_announcements", str(guild_id))
    if not verdict.allowed:
        raise too_fast(verdict)
    try:
        utterance = announce(guild_id, body.text, priority=Priority(body.priority), by=caller_of(request).user)
    except NotThere as error:
        if not error.is_known:
            raise Http404 from error
        raise Problem(409, "not-in-voice", gettext("Call it into a voice channel first, with /join.")) from error
    except Refused as refusal:
        if refusal.code == "too_many":
            raise Problem(429, "too-many", refusal.message, headers={"Retry-After": str(RETRY_SECONDS)}) from refusal
        raise field_problem(refusal.field, refusal.code, refusal.message) from refusal
    return Status(202, Announced(utterance_id=utterance.pk, status=utterance.state))
