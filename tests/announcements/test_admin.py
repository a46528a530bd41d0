"""Staff see who wants the weather and what was made, and change a wish by the same rules as everybody."""

import pytest

from jobs.announcements import due
from jobs.announcements.models import WeatherSubscription
from tests.announcements.test_due import DUE_AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ROWS = "/admin/announcements/weathersubscription/"


@pytest.fixture
def boss(client, staff):
    client.force_login(staff)
    return client


def test_the_lists_show_what_there_is(boss, subscribe, at):
    subscribe()
    at(DUE_AT)
    due.announce_due()

    assert "横浜市（神奈川県）" in boss.get(ROWS).content.decode()
    assert "pill-pending" in boss.get("/admin/announcements/announcement/").content.decode()


def test_a_wish_is_changed_by_the_rules_of_everybody(boss, subscribe):
    row = subscribe()
    form = {"announcement_time": "08:15", "time_zone": "Asia/Tokyo", "place": "札幌市", "voice": "mei_normal",
            "days": ["sun"], "is_on": "on"}  # fmt: skip

    refused = boss.post(f"{ROWS}{row.pk}/change/", {**form, "place": "府中市"})
    changed = boss.post(f"{ROWS}{row.pk}/change/", form)

    assert refused.status_code == 200
    assert "府中市（東京都）" in refused.content.decode()
    assert changed.status_code == 302
    row = WeatherSubscription.objects.get()
    assert (row.place, row.days, f"{row.announcement_time:%H:%M}") == ("札幌市（北海道）", ["sun"], "08:15")
