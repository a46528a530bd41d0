"""The page that switches the second step of one's login on and off: `/account/two-factor/`.

For staff who are logged in, and for staff who gave the right password and may do nothing else yet (`required`).
Backup codes are in the answer to the form that made them, and nowhere else, ever.
"""

from dataclasses import dataclass, field

import segno
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from jobs.access import two_factor
from jobs.access.login_form import held_back
from jobs.live import second_step
from jobs.live.login import MAX_CODE_CHARACTERS, said_of


@dataclass
class Shown:
    """What the page says."""

    codes: list[str] = field(default_factory=list)
    onward: str = ""
    error: str = ""
    status: int = 200


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def two_factor_page(request: HttpRequest) -> HttpResponseBase:
    user = request.user if isinstance(request.user, User) else second_step.waiting(request)
    if user is None:
        return redirect_to_login(request.get_full_path())
    if isinstance(request.user, User):
        if not two_factor.is_offered(user) and not two_factor.is_on(user):
            raise Http404
    elif not two_factor.is_missing(user):
        # Who has a second step must do it, and cannot take it away without.
        return redirect("login")
    shown = Shown()
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        answer = act(request, user, shown)
        if answer is not None:
            return answer
    return _render(request, user, shown)


def _confirm(request: HttpRequest, user: User, shown: Shown) -> None:
    try:
        shown.codes = two_factor.confirm(user, _code(request))
    except two_factor.MustWait as wait:
        shown.error, shown.status = str(held_back(wait.seconds).message), 429
        return
    if not shown.codes:
        shown.error, shown.status = (
            _("This code does not fit. Does the app have the key that stands here, and the phone the right time?"),
            422,
        )
    elif isinstance(request.user, User):
        second_step.note_done(request)
        shown.onward = "/account/"
    else:
        shown.onward = second_step.enter(request, user)


def _make_codes(request: HttpRequest, user: User, shown: Shown) -> None:
    shown.error, shown.status = said_of(user, _code(request))
    if not shown.error:
        shown.codes, shown.onward = two_factor.new_backup_codes(user), "/account/"


def _switch_off(request: HttpRequest, user: User, shown: Shown) -> HttpResponse | None:
    if not two_factor.may_switch_off(user):
        raise Http404
    shown.error, shown.status = said_of(user, _code(request))
    if shown.error:
        return None
    two_factor.switch_off(user, actor=user)
    messages.success(request, _("You log in with your password alone now."))
    return redirect("account")


ACTS = {"confirm": _confirm, "codes": _make_codes, "off": _switch_off}


def _code(request: HttpRequest) -> str:
    return request.POST.get("code", "")[:MAX_CODE_CHARACTERS]


def _render(request: HttpRequest, user: User, shown: Shown) -> HttpResponse:
    is_on = two_factor.is_on(user)
    facts = {
        "shown": shown,
        "is_on": is_on,
        "left": two_factor.backup_codes_left(user) if is_on else 0,
        "may_switch_off": two_factor.may_switch_off(user),
        "is_required": not two_factor.may_switch_off(user),
    }
    if not is_on:
        secret = two_factor.begun(user)
        facts |= {"secret": _in_fours(secret), "picture": _drawn(two_factor.address_for_app(user, secret))}
    return render(request, "two_factor.html", facts, status=shown.status)


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _drawn(address: str) -> SafeString:
    """Return the QR code as SVG: squares drawn by us out of the address, none of which is text in it."""
    code = segno.make(address, error="m", micro=False)
    # White whatever the page's colours: a camera wants a light ground.
    drawn = code.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308 - see above
