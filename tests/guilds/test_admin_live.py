"""The guilds' pages of the admin in a real browser: they fit a phone, and break no policy of the house."""

import pytest
from playwright.sync_api import expect

from tests.flows.house import Stack
from tests.runtime.admin_browser import Open

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}
GUILD = 123456789012345678
PAGES = (
    "guild/",
    f"guild/{GUILD}/change/",
    "dictionaryentry/",
    "dictionaryentry/add/",
    f"dictionaryentry/import/?guild={GUILD}",
    "dictionaryentry/export/",
    "nickname/",
    "nickname/add/",
    "voicepreference/",
    "voicepreference/add/",
    "silence/",
    "utterance/",
    "voicesession/",
)
FILL = f"""
from bots.guilds import edit
from bots.guilds.models import *
from jobs.access.accounts import first_contact
from jobs.access.models import Platform
from jobs.runtime import clock
guild = edit.guild({GUILD}, name="声箱の集い")
edit.put_entries({GUILD}, [(f"長い単語の見本その{{n}}", "ながいたんごのみほん" * 3) for n in range(60)], by="discord:5")
edit.put_entries({GUILD}, [("w", "わら"), ("www", "")], by="staff:boss")
for n in range(3):
    who = str(200000000000000000 + n)
    edit.set_nickname(Platform.DISCORD, who, "はなちゃん", guild_id={GUILD} if n else None)
    edit.set_silence(Platform.DISCORD, who, True, guild_id={GUILD} if n else None)
    edit.set_voice(Platform.DISCORD, who, voice="mei_normal", speed=1.2, pitch=-3)
edit.set_auto_join({GUILD}, voice_channel_id=300000000000000001, text_channel_id=300000000000000002)
VoiceSession.objects.get_or_create(guild=guild, defaults=dict(
    voice_channel_id=300000000000000001, text_channel_ids=[300000000000000002], since=clock.now()))
for state in State:
    over = state not in ("waiting", "playing")
    Utterance.objects.create(guild=guild, position=1, state=state, author=first_contact(Platform.DISCORD, "5"),
        text="" if over else "これから読まれる、少し長いメッセージです。", created_at=clock.now(),
        ended_at=clock.now() if over else None)
"""

# What is wider than the window, unless it scrolls by itself.
RUNS_OUT = """[...document.querySelectorAll('main *, #main *')].filter(part => {
    const scrolls = part.closest('.overflow-x-auto, [data-simplebar], .simplebar-wrapper');
    return !scrolls && part.getClientRects().length && part.getBoundingClientRect().right > innerWidth + 1;
}).map(part => part.outerHTML.slice(0, 160))"""


@pytest.fixture(scope="module")
def filled(house: Stack) -> Stack:
    house.manage("shell", "-c", FILL)
    return house


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_page_fits_its_window(filled: Stack, open_page: Open, width: dict[str, int]) -> None:
    page = open_page("/admin/", viewport=width)

    for path in PAGES:
        page.goto(f"/admin/guilds/{path}")
        expect(page.locator("body")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate(RUNS_OUT) == [], path


def test_a_file_is_looked_at_and_confirmed(filled: Stack, open_page: Open) -> None:
    page = open_page("/admin/", viewport=PHONE)
    page.goto(f"/admin/guilds/dictionaryentry/import/?guild={GUILD}")
    assert page.locator("select[name=guild]").input_value() == str(GUILD)
    data = "word,reading\nw,くさ\nnew,ニュー\n,none\n".encode()
    page.set_input_files("input[name=import_file]", {"name": "w.csv", "mimeType": "text/csv", "buffer": data})
    page.locator("form[enctype] button[type=submit]").click()

    expect(page.locator("#import-counts")).to_contain_text("1 new, 1 changed, 0 as they are, 0 taken out")
    expect(page.locator("#import-refused")).to_contain_text("Say which word is meant.")
    page.locator("form[action$=process_import\\/] button[type=submit]").click()

    page.wait_for_url("**/admin/guilds/dictionaryentry/")
    expect(page.get_by_text("Imported: 1 new, 1 changed, 0 taken out, 1 lines left out.")).to_be_visible()


def test_a_guild_is_found_while_its_name_is_typed(filled: Stack, open_page: Open) -> None:
    page = open_page("/admin/", viewport=WIDE)
    page.goto("/admin/guilds/dictionaryentry/add/")
    page.locator(".field-guild .select2-selection").click()
    page.locator(".select2-search__field").fill("声箱")
    page.locator(".select2-results__option", has_text="声箱の集い").click()
    page.fill("#id_written", "typed")
    page.fill("#id_reading", "タイプド")
    page.locator("[name=_save]").click()

    page.wait_for_url("**/admin/guilds/dictionaryentry/")
    expect(page.get_by_text("staff:").first).to_be_visible()
