"""/weather and /image on Discord."""

import pytest

from jobs.announcements.models import WeatherSubscription
from jobs.runtime.models import Source, Task


def test_a_member_chooses_place_and_time_and_switches_it_off(discord, chat, hana):
    unknown = discord.slash(hana, "weather", channel=chat, locale="en-US")
    chosen = discord.slash(hana, "weather", channel=chat, locale="en-US", place="横浜市", time="06:45")

    assert unknown.text.startswith("The weather is not announced to you yet.")
    assert "横浜市（神奈川県）, 06:45" in chosen.text
    row = WeatherSubscription.objects.get()
    assert (row.user.chat_accounts.get().external_id, row.deliver_to) == (str(hana.id), [])
    discord.slash(hana, "weather", channel=chat, switch="off")
    row.refresh_from_db()
    assert row.next_due_at is None


def test_only_staff_of_the_server_have_it_spoken_there(discord, guild, chat, hana):
    refused = discord.slash(hana, "weather", channel=chat, locale="en-US", place="横浜市", here=True)

    assert refused.text.startswith("Only who manages this server")
    assert not WeatherSubscription.objects.exists()


def test_a_place_that_means_several_is_refused_with_what_may_be_meant(discord, chat, hana):
    answer = discord.slash(hana, "weather", channel=chat, place="府中市")

    assert "府中市（東京都）" in answer.text


def test_places_are_suggested(discord, chat, hana):
    assert discord.autocomplete(hana, "weather", "place", "よこはま", channel=chat)[0] == (
        "横浜市（神奈川県）", "横浜市（神奈川県）",
    )  # fmt: skip


def test_now_gives_a_link_to_the_sound(discord, chat, hana):
    answer = discord.slash(hana, "weather", channel=chat, locale="en-US", place="札幌市", switch="now")

    task = Task.objects.get(function="weather")
    assert task.source == Source.DISCORD
    assert f"/tasks/{task.pk}?link=" in answer.text


@pytest.mark.parametrize("dishes", ["味噌ラーメン、カレー", "味噌ラーメン, カレー"])
def test_dishes_are_drawn_and_shown_by_a_link(discord, chat, hana, dishes):
    answer = discord.slash(hana, "image", channel=chat, locale="en-US", dishes=dishes)

    task = Task.objects.get(function="image")
    assert f"/tasks/{task.pk}?link=" in answer.text
    assert [item["japanese_name"] for item in task.inputs["final_menu"][0][1]] == ["味噌ラーメン", "カレー"]
