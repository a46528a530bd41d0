"""The admin site of the house, on django-unfold: who may look, the dashboard, and what its pages may load.

The pages of the house run no inline script and evaluate no text; unfold's run Alpine, which
evaluates the expressions in its templates' attributes. So the policy is loosened for answers
of this site and for no other.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from csp.decorators import csp_update
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    # unfold has no types; its site extends this.
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite

View = TypeVar("View", bound=Callable[..., Any])

RELAXED = {
    # Alpine turns the text of its attributes into functions. No text of a person ever
    # stands in such an attribute, and inline scripts stay forbidden.
    "script-src": ["'unsafe-eval'"],
    # Alpine and the scroll bars set style attributes; <style> elements stay forbidden.
    "style-src-attr": ["'unsafe-inline'"],
}
loosened = csp_update(RELAXED)

# Group, then each page: its words, its symbol, its address, the permission to look at it.
PAGES: tuple[tuple[Any, tuple[tuple[Any, str, str, str], ...]], ...] = (
    (
        _("Work"),
        (
            (_("Control room"), "dashboard", "admin:index", ""),
            (_("Tasks"), "checklist", "admin:jobs_task_changelist", "jobs.view_task"),
            (_("Functions"), "function", "admin:functions", "jobs.view_task"),
            (_("Run a function"), "play_circle", "admin:run", "jobs.add_task"),
            (_("Queues"), "stacks", "admin:queues", "jobs.view_task"),
            (_("Workers"), "memory", "admin:workers", "jobs.view_task"),
            (_("Schedules"), "schedule", "admin:jobs_schedule_changelist", "jobs.view_schedule"),
            (_("Providers"), "hub", "admin:breakers", "jobs.view_task"),
        ),
    ),
    (
        _("Deliveries"),
        (
            (_("Deliveries"), "outbox", "admin:delivery_delivery_changelist", "delivery.view_delivery"),
            (_("Webhook endpoints"), "webhook", "admin:delivery_endpoint_changelist", "delivery.view_endpoint"),
            (_("Receivers"), "move_to_inbox", "admin:delivery_receiver_changelist", "delivery.view_receiver"),
        ),
    ),
    (
        _("Menu pictures"),
        (
            (_("Picture jobs"), "restaurant_menu", "admin:images_imagejob_changelist", "images.view_imagejob"),
            (_("Pictures"), "image", "admin:images_menuimage_changelist", "images.view_menuimage"),
            (_("Statistics"), "bar_chart", "admin:images_statistics", "images.view_menuimage"),
        ),
    ),
    (
        _("Morning weather"),
        (
            (
                _("Subscriptions"),
                "partly_cloudy_day",
                "admin:announcements_weathersubscription_changelist",
                "announcements.view_weathersubscription",
            ),
            (
                _("Announcements"),
                "campaign",
                "admin:announcements_announcement_changelist",
                "announcements.view_announcement",
            ),
        ),
    ),
    (
        _("Practice"),
        (
            (_("Sessions"), "mic", "admin:practice_practicesession_changelist", "practice.view_practicesession"),
            (_("Records"), "graphic_eq", "admin:practice_practicerecord_changelist", "practice.view_practicerecord"),
            (_("Results"), "speed", "admin:practice_analysisresult_changelist", "practice.view_analysisresult"),
        ),
    ),
    (
        _("Guilds"),
        (
            (_("Guilds"), "groups", "admin:guilds_guild_changelist", "guilds.view_guild"),
            (_("Dictionary"), "dictionary", "admin:guilds_dictionaryentry_changelist", "guilds.view_dictionaryentry"),
            (_("Nicknames"), "badge", "admin:guilds_nickname_changelist", "guilds.view_nickname"),
            (_("Voices"), "graphic_eq", "admin:guilds_voicepreference_changelist", "guilds.view_voicepreference"),
            (_("Silences"), "voice_over_off", "admin:guilds_silence_changelist", "guilds.view_silence"),
            (_("Utterances"), "queue_music", "admin:guilds_utterance_changelist", "guilds.view_utterance"),
            (_("Voice sessions"), "headset_mic", "admin:guilds_voicesession_changelist", "guilds.view_voicesession"),
        ),
    ),
    (
        "Telegram",
        (
            (_("Messages"), "chat", "admin:telegram_message_changelist", "telegram.view_message"),
            (_("Chats"), "forum", "admin:telegram_chat_changelist", "telegram.view_chat"),
        ),
    ),
    (
        _("Who may"),
        (
            (_("People"), "person", "admin:auth_user_changelist", "auth.view_user"),
            (_("Groups"), "group", "admin:auth_group_changelist", "auth.view_group"),
            (_("API tokens"), "key", "admin:access_apitoken_changelist", "access.view_apitoken"),
            (_("Chat accounts"), "forum", "admin:access_chataccount_changelist", "access.view_chataccount"),
            (_("Audit book"), "menu_book", "admin:access_auditentry_changelist", "access.view_auditentry"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the side bar of the request's user: what they may look at."""
    groups = [
        {
            "title": title,
            "items": [
                {"title": words, "icon": icon, "link": reverse(name)}
                for words, icon, name, permission in pages
                if not permission or request.user.has_perm(permission)
            ],
        }
        for title, pages in PAGES
    ]
    return [group for group in groups if group["items"]]


def stylesheet(_request: HttpRequest) -> str:
    return static("admin.css")


def favicon(_request: HttpRequest) -> str:
    return static("koebako.svg")


def _overview(request: HttpRequest) -> Any:
    # The admins of the rooms register themselves on this site while they are imported.
    from jobs.runtime.admin import measured, overview

    return overview.read(may=request.user.has_perm, span=measured.span_of(request.GET.get("span", "")))


class Site(AdminSite):
    site_title = site_header = "声箱 Koebako"
    index_title = _("Control room")
    site_url = "/"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        return cast("View", loosened(super().admin_view(view, cacheable)))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # As the class above has it, but with the house's own view, which knows of tries and of a second step.
        from jobs.live.login import LoginView, admin_form

        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = {
            **self.each_context(request),
            "title": _("Log in"),
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in {*request.GET, *request.POST}:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index", current_app=self.name)
        view = LoginView.as_view(
            extra_context=context,
            authentication_form=admin_form(),
            template_name="admin/login.html",
            next_page="admin:index",
        )
        request.current_app = self.name
        answer: HttpResponse = loosened(view)(request)
        return answer

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Change one's own password, and write down that it was."""
        # The apps are not loaded yet when this module is.
        from django.contrib.auth.models import User

        from jobs.access.audit import record
        from jobs.access.models import Action

        passwords = User.objects.filter(pk=cast("User", request.user).pk).values_list("password", flat=True)
        before = passwords.first()
        answer = super().password_change(request, extra_context)
        if before is not None and passwords.all().first() != before:
            record(Action.PASSWORD_CHANGED, actor=cast("User", request.user), about=cast("User", request.user))
        return answer

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        # unfold writes its colours into a <style> element of each page; ours stand in admin.css.
        return {**super().each_context(request), "colors": None}

    def extra_urls(self) -> list[URLPattern]:
        # Known by then: urls.py lets every room register its admin before it asks for addresses.
        from jobs.runtime.admin import breakers, functions_page, queues, run_form, workers_page

        own = path("overview/", self.admin_view(self.overview), name="overview")
        pages = (run_form, breakers, functions_page, queues, workers_page)
        return [own, *(url for page in pages for url in page.urls(self))]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        # What runs here names tasks; who may not see them gets the page without.
        shown = _overview(request) if request.user.has_perm("jobs.view_task") else None
        return super().index(request, {"overview": shown, **(extra_context or {})})

    def overview(self, request: HttpRequest) -> HttpResponse:
        """Answer with the figures of the dashboard alone, for its script."""
        if not request.user.has_perm("jobs.view_task"):
            raise PermissionDenied
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/overview.html", {"overview": _overview(request)}, headers=headers)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            answer: HttpResponse = super().search(request, extra_context)  # type: ignore[misc]
        except (ValueError, InvalidPage):
            # unfold takes the page's number as it comes.
            raise Http404 from None
        return answer
