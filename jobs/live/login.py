"""Logging in: the password, and a code for whoever has a second step. The admin's login is the same view.

Called by urls.py and core/admin.py.
"""

from functools import cache
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import LogoutView as DjangoLogoutView
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from jobs.access import audit, two_factor
from jobs.access.login_form import HELD_BACK, Guarded, held_back
from jobs.access.models import Action
from jobs.live import second_step

MAX_CODE_CHARACTERS = 40
FEW_BACKUP_CODES = 3


@method_decorator(never_cache, name="dispatch")
class LoginView(DjangoLoginView):
    template_name = "login.html"
    authentication_form = Guarded

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)  # noqa: S101 - there is no other model of users
        return second_step.after_password(self.request, user, to=self.get_success_url())

    def form_invalid(self, form: Any) -> HttpResponse:
        is_held_back = form.has_error("__all__", HELD_BACK)
        facts = self.get_context_data(form=form, is_held_back=is_held_back)
        return self.render_to_response(facts, status=429 if is_held_back else 200)


@cache
def admin_form() -> type[Guarded]:
    """Return the form of the admin's login: for staff alone, and as guarded as the other."""
    # Apart from the page's: only a web process needs the admin's forms.
    from unfold.forms import AuthenticationForm as AdminForm

    class GuardedAdminForm(Guarded, AdminForm):  # type: ignore[misc]
        pass

    return GuardedAdminForm


login = LoginView.as_view(redirect_authenticated_user=True)


class LogoutView(DjangoLogoutView):
    """The button does it; whoever comes by the address alone is asked, for a foreign page can send anybody there."""

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest, *_args: Any, **_named: Any) -> HttpResponse:
        return render(request, "logout.html") if request.user.is_authenticated else redirect("home")


logout = LogoutView.as_view()


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the app, or a backup code."""
    user = second_step.waiting(request)
    if user is None:
        return redirect("login")
    if not two_factor.is_on(user):
        # Taken away since the password was given.
        return second_step.after_password(request, user, to=second_step.wanted(request))
    error, status = "", 200
    if request.method == "POST":
        error, status = said_of(user, request.POST.get("code", ""))
        if not error:
            answer = redirect(second_step.enter(request, user))
            _warn_of_few(request, user)
            return answer
    return render(request, "login_code.html", {"error": error}, status=status)


def said_of(user: User, typed: str) -> tuple[str, int]:
    """Use up a code; return what is wrong with it and the status of that answer, or an empty text."""
    try:
        took = two_factor.take(user, typed[:MAX_CODE_CHARACTERS])
    except two_factor.MustWait as wait:
        return str(held_back(wait.seconds).message), 429
    if took is None:
        return _("This code is not valid, or it was used before. Wait for the next one."), 422
    return "", 200


def _warn_of_few(request: HttpRequest, user: User) -> None:
    left = two_factor.backup_codes_left(user)
    if left < FEW_BACKUP_CODES:
        messages.warning(request, _("You have %(count)d backup codes left; make new ones.") % {"count": left})


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class PasswordView(PasswordChangeView):
    """A new password for whoever knows the old one; every other login of theirs ends."""

    template_name = "password.html"
    success_url = reverse_lazy("account")
    form_class = PasswordChangeForm

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        audit.record(Action.PASSWORD_CHANGED, actor=form.user, about=form.user)
        messages.success(self.request, _("Your password is changed. Other browsers are logged out."))
        return answer

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)
        answer.status_code = 422
        return answer


password = PasswordView.as_view()
