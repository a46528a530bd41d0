"""A person's own account: their API tokens and the chats that are linked to them.

A token's secret is in the answer to the form that made it, and nowhere else, ever.
"""

from dataclasses import dataclass, field

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jobs.access import tokens, two_factor
from jobs.access.caller import DEFAULT_SCOPES, SCOPES, STAFF
from jobs.access.errors import BadLifetime, StaffOnly, UnknownScope
from jobs.access.models import ApiToken
from jobs.runtime import clock

LIFETIMES_DAYS = (30, 90, 365)
MAX_NAME_CHARACTERS = 80

SCOPE_WORDS = {
    "invoke": gettext_lazy("run functions"),
    "tasks": gettext_lazy("see, cancel and repeat tasks"),
    "practice": gettext_lazy("practice recordings"),
    "weather": gettext_lazy("weather announcements"),
    "staff": gettext_lazy("what staff may do"),
}


@dataclass
class TokenForm:
    name: str = ""
    days: int = 90
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls, data: QueryDict) -> "TokenForm":
        raw_days = data.get("days", "")
        form = cls(
            name=data.get("name", "").strip(),
            days=int(raw_days) if raw_days.isascii() and raw_days.isdigit() and len(raw_days) < 6 else 0,
            scopes=tuple(data.getlist("scopes")),
        )
        if not form.name:
            form.errors["name"] = _("Please fill this in.")
        elif len(form.name) > MAX_NAME_CHARACTERS:
            form.errors["name"] = _("This is too long.")
        if not form.scopes:
            form.errors["scopes"] = _("Choose at least one thing that the token may do.")
        return form

    def issue(self, user: User) -> str:
        """Return the secret of a new token; an empty string, with `errors` filled, when there is none."""
        if self.errors:
            return ""
        try:
            _token, secret = tokens.issue(user, name=self.name, days=self.days, scopes=self.scopes, actor=user)
        except (UnknownScope, StaffOnly):
            self.errors["scopes"] = _("You cannot give this to a token.")
            return ""
        except BadLifetime:
            self.errors["days"] = _("Please choose one of the list.")
            return ""
        return secret

    @property
    def lifetimes(self) -> list[tuple[int, bool]]:
        return [(days, days == self.days) for days in LIFETIMES_DAYS]

    def choices(self, user: User) -> list[tuple[str, object, bool]]:
        offered = [scope for scope in SCOPES if scope != STAFF or user.is_staff]
        return [(scope, SCOPE_WORDS[scope], scope in self.scopes) for scope in offered]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    form, secret = TokenForm(), ""
    if request.method == "POST":
        form = TokenForm.sent(request.POST)
        secret = form.issue(user)
    now = clock.now()
    facts = {
        "form": TokenForm() if secret else form,
        "secret": secret,
        "scopes": form.choices(user),
        "tokens": [(token, token.is_valid(now=now)) for token in ApiToken.objects.filter(user=user)],
        "has_password": user.has_usable_password(),
        "second_step": {"offered": two_factor.is_offered(user), "on": two_factor.is_on(user)},
        "chats": user.chat_accounts.order_by("platform", "created_at"),
    }
    return render(request, "account.html", facts, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponseBase:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    token = ApiToken.objects.filter(pk=token_id, user=user).first()
    if token is None:
        raise Http404
    tokens.revoke(token, actor=user)
    return redirect("account")
