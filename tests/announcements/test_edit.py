"""What somebody wishes is judged in one place, and each refusal names its field."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from jobs.access.models import ChatAccount, Platform
from jobs.announcements import edit
from jobs.announcements.models import Announcement, WeatherSubscription
from jobs.delivery.models import Endpoint
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput

pytestmark = pytest.mark.django_db

WISH = edit.Wish(announcement_time="07:30", place="横浜市")


def test_a_wish_is_stored_with_its_place_and_the_moment_it_is_due(subscribe):
    row = subscribe()

    assert (row.place, row.is_by_coordinates, row.latitude) == ("横浜市（神奈川県）", False, 35.444)
    assert (row.announcement_time, row.days[0], len(row.days)) == (time(7, 30), "mon", 7)
    assert (row.next_due_at, row.next_date) == (datetime(2026, 11, 22, 21, 30, tzinfo=UTC), date(2026, 11, 23))


def test_coordinates_count_before_the_name_which_is_what_the_place_is_called(subscribe):
    row = subscribe(place="わが家", latitude=51.5, longitude=-0.1, time_zone="Europe/London", voice="hibari_heart")

    assert (row.place, row.latitude, row.longitude, row.is_by_coordinates) == ("わが家", 51.5, -0.1, True)
    assert row.next_due_at == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "wishes"),
    [
        ("announcement_time", {"announcement_time": "24:00"}),
        ("announcement_time", {"announcement_time": "7時"}),
        ("announcement_time", {"announcement_time": "٠٧:٣٠"}),
        ("time_zone", {"time_zone": "Asia/Edo"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
        ("time_zone", {"time_zone": ""}),
        ("place", {"place": "どこでもない町"}),
        ("place", {"place": "府中市"}),
        ("place", {"place": "  "}),
        ("place", {"place": "あ" * 81}),
        ("longitude", {"latitude": 35.0}),
        ("latitude", {"latitude": 90.1, "longitude": 0.0}),
        ("longitude", {"latitude": 0.0, "longitude": -181.0}),
        ("latitude", {"latitude": float("nan"), "longitude": 0.0}),
        ("voice", {"voice": "nobody"}),
        ("days", {"days": ["mon", "someday"]}),
        ("deliver_to.0.kind", {"deliver_to": [{"kind": "post", "id": "1"}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "telegram", "id": "11"}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "webhook", "id": "no uuid"}]}),
        ("deliver_to.0.id", {"deliver_to": [{"kind": "discord", "id": "1"}]}),
        ("deliver_to", {"deliver_to": [{"kind": "telegram", "id": "11"}] * 11}),
    ],
)
def test_what_cannot_be_is_refused_with_the_name_of_its_field(owner, field, wishes):
    with pytest.raises(InvalidInput) as refused:
        edit.save(owner, replace(WISH, **wishes))

    assert [error.field for error in refused.value.errors] == [field]
    assert not WeatherSubscription.objects.exists()


def test_every_field_that_does_not_fit_is_named(owner):
    with pytest.raises(InvalidInput) as refused:
        edit.save(owner, edit.Wish(announcement_time="", place="?", voice="nobody"))

    assert {error.field for error in refused.value.errors} == {"announcement_time", "place", "voice"}


def test_it_is_brought_to_what_is_ones_own(owner, stranger, subscribe):
    ChatAccount.objects.create(platform=Platform.TELEGRAM, external_id="11", user=owner, created_at=clock.now())
    ChatAccount.objects.create(platform=Platform.TELEGRAM, external_id="22", user=stranger, created_at=clock.now())
    mine = Endpoint.objects.create(owner=owner, url="https://example.com/", created_at=clock.now())
    theirs = Endpoint.objects.create(owner=stranger, url="https://example.org/", created_at=clock.now())
    own = [{"kind": "telegram", "id": "11"}, {"kind": "webhook", "id": str(mine.pk)}]

    assert subscribe(deliver_to=own).deliver_to == own
    for foreign in ({"kind": "telegram", "id": "22"}, {"kind": "webhook", "id": str(theirs.pk)}):
        with pytest.raises(InvalidInput):
            subscribe(deliver_to=[foreign])


def test_a_guild_that_discord_vouched_for_stays_chosen(owner, subscribe):
    here = {"kind": "discord", "id": "123"}
    edit.save(owner, replace(WISH, deliver_to=[here]), vouched=[("discord", "123")])

    row = subscribe(announcement_time="08:00", deliver_to=[here])

    assert row.deliver_to == [here]


def test_a_deleted_endpoint_does_not_keep_the_time_from_being_changed(owner, subscribe):
    endpoint = Endpoint.objects.create(owner=owner, url="https://example.com/", created_at=clock.now())
    row = subscribe(deliver_to=[{"kind": "webhook", "id": str(endpoint.pk)}])
    endpoint.delete()

    row = edit.save(owner, replace(edit.wish_of(row), announcement_time="09:00"))

    assert (row.announcement_time, row.deliver_to) == (time(9, 0), [])


def test_a_time_within_the_hour_is_made_at_once_for_today(subscribe):
    row = subscribe(announcement_time="22:00")  # it is 21:30 there

    assert (row.next_due_at, row.next_date) == (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), date(2026, 11, 22))


def test_a_day_that_has_its_announcement_gets_no_second_by_a_changed_time(owner, subscribe):
    Announcement.objects.create(
        user=owner, date=date(2026, 11, 22), announcement_at=clock.now(), created_at=clock.now()
    )

    assert subscribe(announcement_time="23:00").next_date == date(2026, 11, 23)


def test_a_time_that_daylight_saving_leaves_out_is_spoken_when_the_gap_ends(owner, at):
    at(datetime(2026, 3, 8, 3, 0, tzinfo=UTC))  # 7 March, 22:00 in New York; at 02:00 clocks will show 03:00

    row = edit.save(owner, replace(WISH, announcement_time="02:30", time_zone="America/New_York"))

    assert (row.next_date, row.next_due_at) == (date(2026, 3, 8), datetime(2026, 3, 8, 6, 0, tzinfo=UTC))


def test_a_place_is_taken_back_and_the_rest_stays(owner, subscribe, stranger):
    here, there = {"kind": "discord", "id": "1"}, {"kind": "discord", "id": "2"}
    edit.save(owner, replace(WISH, deliver_to=[here, there]), vouched=[("discord", "1"), ("discord", "2")])
    edit.save(stranger, replace(WISH, deliver_to=[here]), vouched=[("discord", "1")])

    assert edit.withdraw(owner, "discord", "1")

    assert not edit.withdraw(owner, "discord", "1")
    assert WeatherSubscription.objects.get(user=owner).deliver_to == [there]
    assert WeatherSubscription.objects.get(user=stranger).deliver_to == [here]


def test_what_is_switched_off_is_not_due(owner, subscribe):
    row = edit.save(owner, replace(edit.wish_of(subscribe()), is_on=False))

    assert (row.next_due_at, row.next_date) == (None, None)
