"""The admin of pictures: who may look, what it shows, and the statistics of a day."""

import re

import pytest

from jobs.engines.errors import EngineRefused
from tests.images.conftest import job_of
from tests.runtime.admin_site import PAYLOAD, client_of, person

JOBS, PICTURES = "/admin/images/imagejob/", "/admin/images/menuimage/"
STATISTICS = f"{PICTURES}statistics/"


@pytest.fixture
def drawn(ask, worker, service_first):
    """A job of three dishes: one by a service, one refused there, one whose names are a payload."""

    def act(dish):
        if dish.name == "うなぎ":
            raise EngineRefused("gemini", "safety")

    service_first.act = act
    accepted = ask({"主菜": [{"japanese_name": name} for name in ("鯖", "うなぎ", PAYLOAD)]})
    worker.work()
    return job_of(accepted)


def text_of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_a_job_shows_its_dishes_as_small_pictures(drawn, staff):
    client = client_of(staff)

    page = text_of(client, f"{JOBS}{drawn.pk}/change/")

    assert drawn.job_id in text_of(client, JOBS)
    assert "3 / 3" in text_of(client, JOBS)
    assert page.count("/uploads/menu_image_") == 6  # each as a picture and as a link to it
    assert "<script>alert(1)" not in page


def test_pictures_are_listed_and_filtered(drawn, staff):
    client = client_of(staff)

    everything, by_the_house = text_of(client, PICTURES), text_of(client, f"{PICTURES}?provider=local")

    assert everything.count('<img src="/uploads/') == 3
    assert by_the_house.count('<img src="/uploads/') == 1
    assert "<script>alert(1)" not in everything
    assert drawn.job_id in text_of(client, f"{PICTURES}?q={drawn.job_id}")
    assert "gemini (refused)" in text_of(client, f"{PICTURES}{drawn.images.get(position=1).pk}/change/")


def test_the_statistics_tell_a_day_by_provider(drawn, staff):
    text = text_of(client_of(staff), STATISTICS)

    rows = [row.split("</tr>")[0] for row in text.split("<tbody>")[1].split("<tr>")[1:]]
    cells = [re.findall(r'<td class="figure" data-word="([^"]+)">([^<]+)</td>', row) for row in rows]
    figures = [[figure for _word, figure in row] for row in cells]
    assert ["gemini" in rows[0], "local" in rows[1]] == [True, True]
    assert [each[:3] for each in figures] == [["2", "1", "0 %"], ["1", "0", "100 %"], ["3", "1", "33 %"]]
    assert [each[4] for each in figures] == ["$ 0.080", "–", "$ 0.080"]
    # On a phone, where six columns do not fit, each figure stands with its word.
    assert [word for word, _figure in cells[0]] == [
        "pictures", "failures", "illustrations", "seconds a picture", "cost",
    ]  # fmt: skip


def test_without_pictures_the_statistics_say_so(db, staff):
    assert "No picture was asked for in these days." in text_of(client_of(staff), STATISTICS)


def test_only_those_who_may_look_do(drawn):
    blind, viewer = person("blind", is_staff=True), person("v", "images.view_menuimage", is_staff=True)

    assert [client_of(blind).get(url).status_code for url in (JOBS, PICTURES, STATISTICS)] == [403] * 3
    assert [client_of(viewer).get(url).status_code for url in (JOBS, PICTURES, STATISTICS)] == [403, 200, 200]
    assert client_of(None).get(STATISTICS).status_code == 302
