"""The addresses of the pages. The sockets' are in routing.py."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.i18n import set_language

from jobs.live import account, pages, webhooks

login = never_cache(LoginView.as_view(template_name="login.html", redirect_authenticated_user=True))

urlpatterns = [
    path("", pages.home, name="home"),
    path("recent", pages.recent, name="recent"),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<int:token_id>/revoke", account.revoke_token, name="revoke-token"),
    path("account/webhooks/", webhooks.webhooks, name="webhooks"),
    path("account/webhooks/callback-secret", webhooks.callback_secret, name="callback-secret"),
    path("account/webhooks/<uuid:endpoint_id>/<slug:verb>", webhooks.act, name="webhook-act"),
    path("tasks/<uuid:task_id>", pages.task_page, name="task"),
    path("tasks/<uuid:task_id>/card", pages.task_card, name="task-card"),
    path("tasks/<uuid:task_id>/cancel", pages.cancel_task, name="cancel-task"),
    path("tasks/<uuid:task_id>/again", pages.repeat_task, name="repeat-task"),
    path("language/", set_language, name="set_language"),
]
