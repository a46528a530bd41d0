"""The addresses of the pages. The sockets' are in routing.py."""

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.i18n import set_language

from jobs.live import (
    account,
    back_pressure,
    images,
    login,
    pages,
    practice,
    practice_records,
    two_factor,
    weather,
    webhooks,
)

back_pressure.install()

# A practice record, under its session.
RECORD = "practice/<uuid:session_id>/records/<uuid:record_id>"

urlpatterns = [
    path("", pages.home, name="home"),
    path("recent", pages.recent, name="recent"),
    path("login/", login.login, name="login"),
    path("login/code/", login.code, name="login-code"),
    path("logout/", login.logout, name="logout"),
    path("account/", account.account, name="account"),
    path("account/password/", login_required(login.password), name="password"),
    path("account/two-factor/", two_factor.two_factor_page, name="two-factor"),
    path("account/tokens/<int:token_id>/revoke", account.revoke_token, name="revoke-token"),
    path("account/webhooks/", webhooks.webhooks, name="webhooks"),
    path("account/webhooks/callback-secret", webhooks.callback_secret, name="callback-secret"),
    path("account/webhooks/<uuid:endpoint_id>/<slug:verb>", webhooks.act, name="webhook-act"),
    path("tasks/<uuid:task_id>", pages.task_page, name="task"),
    path("tasks/<uuid:task_id>/card", pages.task_card, name="task-card"),
    path("tasks/<uuid:task_id>/cancel", pages.cancel_task, name="cancel-task"),
    path("tasks/<uuid:task_id>/again", pages.repeat_task, name="repeat-task"),
    path("images/", images.ask, name="images-ask"),
    path("images/<slug:job_id>", images.images, name="images"),
    path("images/<slug:job_id>/card", images.images_card, name="images-card"),
    path("images/<slug:job_id>/all.zip", images.images_zip, name="images-zip"),
    path("images/<slug:job_id>/cancel", images.cancel_images, name="cancel-images"),
    path("images/<slug:job_id>/again", images.repeat_images, name="repeat-images"),
    path("images/<slug:job_id>/<int:number>", images.picture, name="image-picture"),
    path("images/<slug:job_id>/<int:number>/small", images.small, name="image-small"),
    path("weather/", weather.weather, name="weather"),
    path("weather/stop", weather.stop, name="weather-stop"),
    path("weather/now", weather.now, name="weather-now"),
    path("practice/", practice.practice, name="practice"),
    path("practice/<uuid:session_id>", practice.session_page, name="practice-session"),
    path("practice/<uuid:session_id>/list", practice.session_list, name="practice-list"),
    path("practice/<uuid:session_id>/analyse", practice.analyse_all, name="practice-analyse-all"),
    path("practice/<uuid:session_id>/delete", practice.delete_session, name="practice-delete-session"),
    path(RECORD, practice_records.record_page, name="practice-record"),
    path(f"{RECORD}/card", practice_records.record_card, name="practice-card"),
    path(f"{RECORD}/analyse", practice_records.analyse_record, name="practice-analyse"),
    path(f"{RECORD}/cancel", practice_records.cancel_record, name="practice-cancel"),
    path(f"{RECORD}/delete", practice_records.delete_record, name="practice-delete"),
    path(f"{RECORD}/reference", practice_records.reference, name="practice-reference"),
    path("language/", set_language, name="set_language"),
]
