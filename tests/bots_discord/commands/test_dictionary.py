"""/dict add|remove|list|export, asked by people."""

import json

import pytest

from bots.guilds import edit
from bots.guilds.models import DictionaryEntry


def buttons(message) -> list[dict]:
    return [button for row in message.form["components"] for button in row["components"]]


def test_a_word_is_added_changed_and_left_as_it_is(discord, guild, chat, hana, taro):
    added = discord.slash(hana, "dict add", channel=chat, word="箱", reading="はこ")
    changed = discord.slash(taro, "dict add", channel=chat, locale="en-US", word="箱", reading="ばこ")
    same = discord.slash(taro, "dict add", channel=chat, locale="en-US", word="箱", reading="ばこ")

    assert added.text == "「箱」の読みを登録しました: はこ"
    assert changed.text == "“箱” was read: はこ\nIt is now read: ばこ"
    assert same.text == "“箱” was read like this already: ばこ"
    entry = DictionaryEntry.objects.get()
    assert (entry.guild_id, entry.reading, entry.added_by) == (guild.id, "ばこ", f"discord:{taro.id}")


def test_a_word_that_begins_like_another_is_not_taken_for_it(discord, guild, chat, hana):
    edit.add_entry(guild.id, "箱根", "はこね", by="staff")

    assert discord.slash(hana, "dict add", channel=chat, locale="en-US", word="箱", reading="はこ").text == (
        "“箱” is now read: はこ"
    )


def test_a_word_without_a_reading_is_not_read(discord, guild, chat, hana):
    answer = discord.slash(hana, "dict add", channel=chat, locale="en-US", word="（笑）")

    assert answer.text == "“（笑）” is now read: (not read)"
    assert edit.entries(guild.id)[0].reading == ""


@pytest.mark.parametrize("locale", ["ja", "en-US"])
def test_hostile_words_do_no_harm(discord, guild, chat, hana, locale):
    for word, reading in (
        ("@everyone", "**太字** <@123456789012345678> https://example.com"),
        ("\u200b", "見えない"),
        ("x" + "\u0301" * 40, "重ね"),
        ("\ud800", "半分"),
    ):
        answer = discord.slash(hana, "dict add", channel=chat, locale=locale, word=word, reading=reading)
        assert 0 < len(answer.text) <= 2_000
        assert "@everyone" not in answer.text
        assert "<@123456789012345678>" not in answer.text
        assert answer.message.form["allowed_mentions"] == {"parse": []}
    assert [entry.written for entry in edit.entries(guild.id)] == ["@everyone"]


def test_a_word_is_removed_and_what_was_not_there_is_said(discord, guild, chat, hana):
    edit.add_entry(guild.id, "箱", "はこ", by="staff")

    assert discord.slash(hana, "dict remove", channel=chat, word="箱").text == "「箱」を辞書から外しました。"
    gone = discord.slash(hana, "dict remove", channel=chat, locale="en-US", word="箱")

    assert gone.text == "There is no “箱” in the dictionary."
    assert edit.entries(guild.id) == []


def test_words_of_this_server_are_suggested(discord, guild, chat, hana):
    other = discord.add_guild("別", text=["chat"])
    edit.add_entry(other.id, "箱庭", "はこにわ", by="staff")
    edit.put_entries(guild.id, [(f"箱{number:02}", f"はこ{number}") for number in range(40)], by="staff")
    edit.add_entry(guild.id, "声", "こえ", by="staff")

    offered = discord.autocomplete(hana, "dict remove", "word", "箱", channel=chat)

    assert len(offered) == 25
    assert offered[0] == ("箱00 → はこ0", "箱00")
    assert discord.autocomplete(hana, "dict remove", "word", "声", channel=chat) == [("声 → こえ", "声")]
    assert discord.autocomplete(hana, "dict remove", "word", "無", channel=chat) == []


def test_a_closed_dictionary_is_changed_by_staff_only(discord, guild, chat, hana, boss):
    edit.change_settings(guild.id, dictionary_is_open=False)

    refused = discord.slash(hana, "dict add", channel=chat, locale="en-US", word="箱", reading="はこ")
    assert refused.text == "On this server only its staff may change the dictionary."
    assert "管理する人だけ" in discord.slash(hana, "dict remove", channel=chat, word="箱").text
    assert edit.entries(guild.id) == []

    discord.slash(boss, "dict add", channel=chat, word="箱", reading="はこ")
    assert len(edit.entries(guild.id)) == 1


def test_an_empty_list(discord, chat, hana):
    assert discord.slash(hana, "dict list", channel=chat, locale="en-US").text == (
        "No words yet. Add one with /dict add."
    )
    assert discord.slash(hana, "dict list", channel=chat, beginning="箱").text == "そのような単語はありません。"


def test_a_short_list_has_no_buttons(discord, guild, chat, hana):
    edit.put_entries(guild.id, [("箱", "はこ"), ("笑", "")], by="staff")

    answer = discord.slash(hana, "dict list", channel=chat)

    assert answer.text.splitlines() == ["単語 2 件", "笑 → （読まない）", "箱 → はこ"]
    assert buttons(answer.message) == []


def test_a_long_list_is_turned_page_by_page_by_whoever_asked(discord, guild, chat, hana, taro):
    edit.put_entries(guild.id, [(f"語{number:03}", "ご" * 40) for number in range(40)], by="staff")

    answer = discord.slash(hana, "dict list", channel=chat, locale="en-US")
    assert answer.text.startswith("40 words (1 / 3)\n語000 → ")
    back, forth = buttons(answer.message)
    assert back["disabled"]
    assert not forth.get("disabled", False)

    turned = discord.press(hana, answer.message, forth["custom_id"], locale="en-US")
    assert turned.text.startswith("40 words (2 / 3)\n語015 → ")

    strange = discord.press(taro, answer.message, forth["custom_id"])
    assert strange.text == "これはほかの人のボタンです。自分でコマンドを使ってください。"
    assert strange.is_ephemeral

    last = discord.press(hana, answer.message, forth["custom_id"])
    assert last.text.startswith("40 words (3 / 3)\n語030 → ")
    back, forth = buttons(discord.answers(answer)[0])
    assert forth["disabled"]
    assert not back.get("disabled", False)


def test_the_export_is_two_files_that_the_import_takes(discord, guild, chat, hana):
    edit.put_entries(guild.id, [("箱", "はこ"), ("=1+1", "しき")], by="staff")

    answer = discord.slash(hana, "dict export", channel=chat)

    csv, as_json = answer.files
    assert csv.filename == f"dictionary-{guild.id}.csv"
    assert "箱,はこ" in csv.data.decode("utf-8-sig")
    assert "'=1+1" in csv.data.decode("utf-8-sig")
    assert {"word": "箱", "reading": "はこ"} in json.loads(as_json.data)["entries"]
    assert answer.is_ephemeral
