"""/dict import: a look first, then one decision, by whoever asked."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bots.discord.commands import views
from bots.guilds import edit
from tests.bots_discord.commands.test_dictionary import buttons
from tests.discord_service.client import Discord, File
from tests.flows.house import eventually

WORDS = File("words.csv", "word,reading\n箱,はこ\n声,こえ\n,なし\n".encode(), "text/csv")


@pytest.fixture
def words_before(guild) -> None:
    edit.put_entries(guild.id, [("箱", "ばこ"), ("空", "そら")], by="staff")


def readings(guild) -> dict[str, str]:
    return {entry.written: entry.reading for entry in edit.entries(guild.id)}


def confirm(answer) -> str:
    return buttons(answer.message)[0]["custom_id"]


def cancel(answer) -> str:
    return buttons(answer.message)[1]["custom_id"]


def test_nothing_is_changed_before_the_confirmation(discord, guild, chat, boss, words_before):
    english = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=WORDS)
    japanese = discord.slash(boss, "dict import", channel=chat, file=WORDS)

    assert english.text.splitlines()[0] == "New: 1, changed: 1, as before: 0, left out: 1"
    assert "Line 4" in english.text
    assert japanese.text.splitlines()[0] == "新しい: 1、変わる: 1、同じ: 0、取り込まない: 1"
    assert [button["label"] for button in buttons(japanese.message)] == ["取り込む", "やめる"]
    assert readings(guild) == {"箱": "ばこ", "空": "そら"}


def test_confirmed_it_is_taken_over_once(discord, guild, chat, boss, words_before):
    answer = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=WORDS)

    done = discord.press(boss, answer.message, confirm(answer), locale="en-US")

    assert done.text == "Taken over: 2 words are new or changed."
    assert readings(guild) == {"箱": "はこ", "声": "こえ", "空": "そら"}
    assert edit.entries(guild.id, prefix="声")[0].added_by == f"discord:{boss.id}"
    assert buttons(discord.answers(answer)[0]) == []


def test_two_presses_at_once_take_it_over_once(discord, guild, chat, boss, monkeypatch):
    begun, may_end, put_entries = threading.Event(), threading.Event(), edit.put_entries

    def slow(*given, **named):
        assert not begun.is_set()
        begun.set()
        assert may_end.wait(60)
        return put_entries(*given, **named)

    monkeypatch.setattr(edit, "put_entries", slow)
    answer = discord.slash(boss, "dict import", channel=chat, file=WORDS)
    # A line to the stand-in waits for its answer, so the first press has a line of its own.
    other_line = Discord(discord.url, token=discord.token, certificate=discord.certificate)
    with ThreadPoolExecutor(1) as hand:
        first = hand.submit(other_line.press, boss, answer.message, confirm(answer))
        assert begun.wait(60)
        second = discord.press(boss, answer.message, confirm(answer), locale="en-US")
        may_end.set()

    assert second.messages[-1].text == "That is decided already."
    assert first.result().text == "取り込みました。新しい・変わった単語は 2 件です。"
    assert readings(guild) == {"箱": "はこ", "声": "こえ"}


def test_cancelled_nothing_is_changed(discord, guild, chat, boss, words_before):
    answer = discord.slash(boss, "dict import", channel=chat, file=WORDS)

    done = discord.press(boss, answer.message, cancel(answer))

    assert done.text == "何も変更していません。"
    assert readings(guild) == {"箱": "ばこ", "空": "そら"}


def test_a_stranger_cannot_decide(discord, guild, chat, boss, hana, words_before):
    answer = discord.slash(boss, "dict import", channel=chat, file=WORDS)

    told = discord.press(hana, answer.message, confirm(answer), locale="en-US")

    assert told.text == "These buttons belong to somebody else. Ask for your own."
    assert readings(guild) == {"箱": "ばこ", "空": "そら"}


def test_who_is_no_staff_any_more_cannot_confirm(discord, guild, chat, boss, words_before):
    answer = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=WORDS)
    discord.add_member(guild, boss, roles=[])

    told = discord.press(boss, answer.message, confirm(answer), locale="en-US")

    assert told.text.startswith("Only who manages this server")
    assert readings(guild) == {"箱": "ばこ", "空": "そら"}


def test_undecided_for_too_long_nothing_is_changed(discord, guild, chat, boss, words_before, monkeypatch):
    monkeypatch.setattr(views, "OPEN_SECONDS", 0.05)
    answer = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=WORDS)

    eventually(
        lambda: discord.answers(answer)[0].text == "Nobody decided, so nothing was changed.",
        what="the question is withdrawn",
    )
    assert buttons(discord.answers(answer)[0]) == []
    assert readings(guild) == {"箱": "ばこ", "空": "そら"}


def test_replacing_says_how_many_words_go(discord, guild, chat, boss, words_before):
    answer = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=WORDS, replace=True)

    assert "1 word that is not in the file is taken out." in answer.text
    discord.press(boss, answer.message, confirm(answer))
    assert readings(guild) == {"箱": "はこ", "声": "こえ"}


def test_a_file_that_says_nothing_new_asks_nothing(discord, guild, chat, boss):
    edit.put_entries(guild.id, [("箱", "はこ"), ("声", "こえ")], by="staff")

    answer = discord.slash(boss, "dict import", channel=chat, file=WORDS)

    assert "取り込むものはありません。" in answer.text
    assert buttons(answer.message) == []


def test_only_staff_imports(discord, guild, chat, hana):
    answer = discord.slash(hana, "dict import", channel=chat, locale="en-US", file=WORDS)

    assert answer.text.startswith("Only who manages this server")
    assert readings(guild) == {}


@pytest.mark.parametrize(
    "file",
    [
        File("a.csv", b"\x00\xff\xfe\x80" * 500),
        File("a.json", b'{"a": ' * 5_000),
        File("a.json", b"[" * 100_000),
        File("a.json", json.dumps({"@everyone **x**" * 500: "y" * 4_000}).encode()),
        File("a.csv", b'"' * 10_000),
        File("a.xlsx", b"PK\x03\x04" + b"\0" * 1_000),
        File("a.csv", b""),
        File("../../etc/passwd", b"word,reading\n" + b"\n".join(b"w%d," % n for n in range(12_000))),
        File("a.csv", ("word,reading\n" + "\n".join(f"@everyone{'あ' * 60}{n},い" for n in range(200))).encode()),
    ],
    ids=["noise", "deep", "nested", "huge words", "quotes", "workbook", "empty", "rows", "refused"],
)
@pytest.mark.parametrize("locale", ["ja", "en-US"])
def test_hostile_files_change_nothing_and_are_answered(discord, guild, chat, boss, file, locale):
    answer = discord.slash(boss, "dict import", channel=chat, locale=locale, file=file)

    assert 0 < len(answer.text) <= 2_000
    assert "`" not in answer.text  # the number of an error nobody foresaw
    assert "@everyone" not in answer.text
    assert buttons(answer.message) == []
    assert readings(guild) == {}


def test_a_file_that_is_too_large_is_not_fetched(discord, guild, chat, boss):
    answer = discord.slash(boss, "dict import", channel=chat, locale="en-US", file=File("a.csv", b"a,b\n" * 800_000))

    assert answer.text == "The file has 3200000 bytes; at most 3000000 are read."
