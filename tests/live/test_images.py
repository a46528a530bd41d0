"""The pages of a job of pictures as a browser gets them: who sees them, what they say, what changes while one looks."""

import io
import tracemalloc
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from jobs.access import links
from jobs.access.models import Action, AuditEntry
from jobs.images.models import ImageJob, MenuImage, Mode
from jobs.live import archive
from jobs.runtime import clock
from jobs.runtime.cancel import cancel
from jobs.runtime.models import Source, Status, Task
from jobs.runtime.providers import Served, Skipped
from tests.images.conftest import MENU
from tests.live.test_pages import keeps_the_policy, text_of

pytestmark = pytest.mark.usefixtures("valkey", "db")


def page(job: ImageJob, rest: str = "") -> str:
    return f"/images/{job.job_id}{rest}"


def finish(job: ImageJob, status: Status = Status.SUCCESS, **values) -> None:
    ended = {"completed_at": job.created_at + timedelta(seconds=12), "kept_until": clock.now() + timedelta(days=30)}
    Task.objects.filter(pk=job.pk).update(status=status, progress=100, **ended, **values)


# Who sees them


@pytest.mark.parametrize("path", ["", "/card", "/1", "/1/small", "/all.zip"])
def test_the_owner_staff_and_a_link_open_a_job_and_nobody_else(make_job, draw, browser, owner, stranger, staff, path):
    job, other = make_job(), make_job()
    draw(job, 0)
    good = f"?link={links.page_link(job.pk)}"
    foreign = f"?link={links.page_link(other.pk)}"
    ended = f"?link={links.page_link(job.pk, issued_at=datetime.now(UTC) - timedelta(days=1))}"

    answers = {
        "owner": browser(owner).get(page(job, path)).status_code,
        "staff": browser(staff).get(page(job, path)).status_code,
        "link": browser().get(page(job, path) + good).status_code,
        "stranger": browser(stranger).get(page(job, path)).status_code,
        "another job's link": browser().get(page(job, path) + foreign).status_code,
        "ended link": browser().get(page(job, path) + ended).status_code,
        "unknown job": browser(owner).get(f"/images/img_20260101_000000_000000{path}").status_code,
    }

    assert list(answers.values()) == [200, 200, 200, 404, 404, 404, 404], answers


def test_nobody_is_asked_to_log_in_whatever_the_job(make_job, browser):
    for path in (page(make_job()), "/images/img_20260101_000000_000000", "/images/x/1"):
        assert browser().get(path)["Location"] == f"/login/?next={path}"


def test_a_link_shows_and_changes_nothing(make_job, draw, browser):
    job = make_job()
    draw(job, 0)
    link = f"?link={links.page_link(job.pk)}"

    answer = browser().get(page(job) + link)
    refused = browser().post(page(job, "/cancel") + link)

    assert "取り消す" not in text_of(answer)
    # The pictures open for whoever the page opens for.
    assert f"{page(job)}/1/small{link}" in answer.content.decode()
    assert refused.status_code == 404
    assert Task.objects.get(pk=job.pk).status == Status.PENDING


# What they say


def test_the_page_keeps_a_place_for_every_dish(make_job, draw, browser, owner):
    job = make_job()
    draw(job, 1)
    draw(job, 3, failed="engine_refused")

    answer = browser(owner).get(page(job))

    assert keeps_the_policy(answer)
    assert [answer.content.decode().count(f'data-state="{state}"') for state in ("pending", "done", "failed")] == [
        3,
        1,
        1,
    ]
    words = text_of(answer)
    assert [name for name in MENU if name in words] == list(MENU)
    assert "処理中" in words
    assert "2 / 5" in words
    assert 'aria-valuenow="40"' in answer.content.decode()
    assert 'alt="' in answer.content.decode()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_names_full_of_markup_stay_names(make_job, draw, browser, owner, language):
    name = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    job = make_job({name: [{"japanese_name": name, "english_name": name, "description": name}]})
    draw(job, 0)

    for path in ("", "/1", "/card"):
        answer = browser(owner, language=language).get(page(job, path))
        assert keeps_the_policy(answer)
        assert "<img src=x" not in answer.content.decode()


def test_a_cancelled_job_says_so_at_each_dish(make_job, draw, browser, owner):
    job = make_job()
    draw(job, 0)

    answer = browser(owner).post(page(job, "/cancel"), follow=True)

    assert answer.redirect_chain == [(page(job), 302)]
    assert AuditEntry.objects.get().action == Action.TASK_CANCELLED
    assert answer.content.decode().count('data-state="failed"') == 4
    assert "取り消し" in text_of(answer)
    assert "all.zip" in answer.content.decode(), "what was drawn stays"
    assert browser(owner).post(page(job, "/cancel")).status_code == 302, "a second press does no harm"


def test_a_job_is_drawn_once_more_on_a_page_of_its_own(make_job, browser, owner):
    job = make_job()
    cancel(job.task)

    answer = browser(owner).post(page(job, "/again"))

    again = ImageJob.objects.exclude(pk=job.pk).get()
    assert answer["Location"] == page(again)
    assert again.categories == list(MENU)


def test_a_service_that_did_not_answer_is_said(make_job, draw, browser, owner):
    job = make_job()
    draw(job, 0, served=Served(provider="local", skipped=(Skipped(provider="gemini", why="unavailable"),)))
    ImageJob.objects.filter(pk=job.pk).update(mode=Mode.SYNC)

    words = text_of(browser(owner, language="en").get(page(job)))

    assert "The picture service Gemini did not answer." in words
    assert "illustrations made by this house" in words
    assert "the web process draws this menu itself" in words


def test_a_job_without_any_picture_says_what_happened(make_job, draw, browser, owner):
    job = make_job({"主菜": [{"japanese_name": "うなぎ"}]})
    draw(job, 0, failed="unexpected")
    finish(job, Status.FAILURE, error_type="ai_service_error")

    answer = browser(owner, language="en").get(page(job))

    assert "Not one dish could be drawn" in text_of(answer)
    assert job.job_id in text_of(answer)
    assert "all.zip" not in answer.content.decode()


def test_a_picture_has_a_page_with_its_neighbours(make_job, draw, browser, owner):
    job = make_job()
    draw(job, 1)

    answer = browser(owner, language="en").get(page(job, "/2"))

    assert keeps_the_policy(answer)
    body = answer.content.decode()
    assert all(part in body for part in (page(job, "/1"), page(job, "/3"), "Illustration of 肉じゃが", "/uploads/"))
    assert browser(owner).get(page(job, "/6")).status_code == 404
    assert browser(owner).get(page(job, "/0")).status_code == 404


def test_the_page_of_the_task_leads_to_the_pictures(make_job, draw, browser, owner):
    job = make_job()
    draw(job, 0)

    answer = browser(owner).get(f"/tasks/{job.pk}")

    assert f'href="{page(job)}"' in answer.content.decode()
    assert page(job, "/1/small") in answer.content.decode()


# What changes


def test_the_card_brings_only_the_tiles_that_a_page_has_not(make_job, draw, browser, owner):
    job = make_job()
    for position in (0, 2):
        draw(job, position)
    draw(job, 4, failed="timed_out")

    def brought(have: str) -> list[int]:
        body = browser(owner).get(page(job, f"/card?have={have}")).content.decode()
        return [number for number in range(1, 6) if f'id="dish-{number}"' in body]

    assert brought("") == [1, 3, 5]
    assert brought("1") == [3, 5]
    assert brought("15") == []
    assert brought("zz") == [1, 3, 5]
    assert brought("f" * 30_000) == [1, 3, 5]


# Pictures and the archive


def stored_png(side: int) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(file, "PNG")
    return file.getvalue()


def test_the_grid_gets_a_small_picture_that_the_browser_keeps(make_job, draw, browser, owner):
    job = make_job()
    image = draw(job, 0)
    MenuImage.objects.filter(pk=image.pk).update(
        file=default_storage.save("pictures/large.png", ContentFile(stored_png(1024)))
    )

    answer = browser(owner).get(page(job, "/1/small"))
    again = browser(owner).get(page(job, "/1/small"), headers={"if-none-match": answer["ETag"]})

    with Image.open(io.BytesIO(answer.content)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 480))
    assert answer["Cache-Control"].startswith("private, max-age=")
    assert (again.status_code, again.content) == (304, b"")
    assert browser(owner).get(page(job, "/2/small")).status_code == 404, "not drawn yet"


async def _read(stream) -> bytes:
    return b"".join([piece async for piece in stream])


def test_the_archive_holds_every_picture_under_a_name_of_ours(make_job, draw, browser, owner):
    job = make_job({"../甘味": [{"japanese_name": "../../わらび餅", "english_name": "../../etc/Mochi"}] * 2})
    for position in (0, 1):
        draw(job, position)

    answer = browser(owner).get(page(job, "/all.zip"))

    assert answer["Content-Disposition"] == f'attachment; filename="{job.job_id}.zip"'
    with ZipFile(io.BytesIO(async_to_sync(_read)(answer.streaming_content))) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert names == [archive.name_in_archive(image) for image in job.images.order_by("position")]
        assert all(name.startswith(("001_menu_image_etcmochi_", "002_menu_image_etcmochi_")) for name in names)
        assert found.read(names[0])[:4] == b"\x89PNG"


def test_the_archive_names_what_is_gone_and_holds_the_rest(make_job, draw):
    job = make_job()
    for position in (0, 1):
        draw(job, position)
    gone = job.images.get(position=0)
    default_storage.delete(gone.file.name)

    body = b"".join(archive.pieces(list(job.images.filter(status="done").order_by("position"))))

    with ZipFile(io.BytesIO(body)) as found:
        assert len(found.namelist()) == 2
        assert found.read(archive.MISSING).decode() == archive.name_in_archive(gone)


def test_an_archive_takes_the_memory_of_a_piece(make_job, draw):
    job = make_job()
    large = default_storage.save("pictures/large.png", ContentFile(bytes(20_000_000)))
    image = draw(job, 0)
    image.refresh_from_db()
    image.file.name = large
    three = [MenuImage(position=position, file=image.file, ended_at=image.ended_at) for position in range(3)]

    tracemalloc.start()
    total = sum(len(piece) for piece in archive.pieces(three))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert total > 60_000_000
    assert most < 5_000_000


# The form of the start page


def test_a_menu_is_typed_one_dish_a_line(browser, owner):
    menu = "前菜: トマトのカプレーゼ / Caprese | 水牛\r\n\r\n生ハム\n甘味：わらび餅／Warabi mochi｜黒蜜\n前菜: 枝豆"

    answer = browser(owner).post("/images/", {"menu": menu})

    job = ImageJob.objects.get()
    assert answer["Location"] == page(job)
    assert (job.task.source, job.categories) == (Source.PAGE, ["前菜", "甘味"])
    fields = ("japanese_name", "english_name", "description")
    assert list(job.images.values_list(*fields)) == [
        ("トマトのカプレーゼ", "Caprese", "水牛"),
        ("生ハム", "", ""),
        ("枝豆", "", ""),
        ("わらび餅", "Warabi mochi", "黒蜜"),
    ]


def test_a_second_press_finds_the_job_of_the_first(browser, owner):
    visitor, form = browser(owner), {"menu": "うなぎ", "key": "abc123"}

    first, second = visitor.post("/images/", form), visitor.post("/images/", form)
    other = visitor.post("/images/", form | {"menu": "そば"})

    assert first["Location"] == second["Location"] != other["Location"]


@pytest.mark.parametrize(
    ("menu", "said"),
    [
        ("枝豆\n\n甘味: / Mochi", "Line 3: Please fill this in."),
        ("甘味: うなぎ\n" + "長" * 201, "Line 2: This is too long."),
        ("長" * 201 + ": うなぎ", "Line 1: This is too long."),
        ("甘.味: うなぎ\n甘.味.0: / Eel", "Line 2: Please fill this in."),
        ("うなぎ\nそば\x00", "Line 2:"),
        ("  \n", "There is no dish in this menu."),
        ("\n".join(["うなぎ"] * 501), "These are too many dishes for one menu."),
        ("長" * 100_001, "This is too long."),
    ],
)
def test_an_error_names_its_line(browser, owner, menu, said):
    answer = browser(owner, language="en").post("/images/", {"menu": menu})

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert keeps_the_policy(answer)
    assert not ImageJob.objects.exists()


def test_who_is_not_logged_in_is_asked_to(browser):
    assert browser().post("/images/", {"menu": "うなぎ"})["Location"] == "/login/?next=/"


def test_whoever_looks_where_menus_are_sent_is_led_to_the_form(db, browser, owner):
    # A refused menu is shown under this address, and the browser's reload button asks for it.
    for visitor in (browser(), browser(owner)):
        assert visitor.get("/images/")["Location"] == "/"
