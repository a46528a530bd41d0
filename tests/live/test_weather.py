"""The page of the weather, as a browser without scripts uses it."""

import re

import pytest
from django.urls import reverse

from jobs.announcements import edit
from jobs.announcements.models import WeatherSubscription
from jobs.runtime.models import Source, Task

pytestmark = pytest.mark.django_db
FORM = {
    "announcement_time": "07:30",
    "place": "横浜市",
    "time_zone": "Asia/Tokyo",
    "voice": "mei_normal",
    "days": ["mon"],
}


@pytest.fixture
def hana(client, owner, valkey):
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    return client


def test_somebody_unknown_is_asked_to_log_in(client):
    assert client.get("/weather/").status_code == 302


def test_what_is_sent_is_saved_and_shown(hana, owner):
    answer = hana.post("/weather/", FORM, follow=True)

    page = answer.content.decode()
    row = WeatherSubscription.objects.get(user=owner)
    assert (row.place, row.days) == ("横浜市（神奈川県）", ["mon"])
    assert answer.redirect_chain == [("/weather/", 302)]
    assert '<p class="notice notice-success" role="status">Saved.</p>' in page
    assert "横浜市（神奈川県） · Asia/Tokyo" in page
    assert re.search(r"\d{4}-\d\d-\d\d 07:30</strong>", page)
    assert 'value="mon" checked' in page
    assert 'value="tue" checked' not in page


def test_a_field_that_does_not_fit_says_why_beside_itself_and_keeps_what_was_typed(hana):
    answer = hana.post("/weather/", {**FORM, "place": "府中市", "latitude": "north", "announcement_time": "07:31"})
    page = answer.content.decode()

    assert answer.status_code == 422
    assert "Please enter a number." in page
    assert 'value="07:31"' in page
    assert not WeatherSubscription.objects.exists()
    told = hana.post("/weather/", {**FORM, "place": "府中市"}).content.decode()
    assert "府中市（東京都）" in told


def test_a_place_called_like_markup_is_a_word(hana):
    name = "<script>alert(1)</script>"
    page = hana.post("/weather/", {**FORM, "place": name, "latitude": "35", "longitude": "139"}, follow=True)

    assert page.status_code == 200
    assert name not in page.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.content.decode()


def test_no_day_at_all_is_no_wish(hana):
    answer = hana.post("/weather/", {**FORM, "days": []})

    assert answer.status_code == 422
    assert "Choose at least one day." in answer.content.decode()


def test_it_is_heard_now_on_the_page_of_its_task(hana, owner):
    hana.post("/weather/", FORM)

    first, second = (hana.post("/weather/now", {"key": "abc"}) for _ in range(2))

    task = Task.objects.get(function="weather")
    assert (task.source, task.inputs["place"]) == (Source.PAGE, "横浜市（神奈川県）")
    assert first["Location"] == second["Location"] == reverse("task", args=[task.pk])


def test_it_is_stopped(hana, owner):
    hana.post("/weather/", FORM)

    hana.post("/weather/stop")

    assert edit.find(owner) is None
    assert hana.get("/weather/now").status_code == 405
