"""/settings and /announce: for the staff of a server, asked by people."""

import pytest

from bots.guilds import edit, facts
from bots.guilds.models import Guild, Utterance, VoiceSession
from jobs.access.models import ChatAccount, Platform
from jobs.runtime import clock
from jobs.runtime.models import Priority


def test_strangers_are_refused_whatever_discord_let_through(discord, guild, chat, hana, taro):
    asked = [
        ("settings show", {}),
        ("settings reading", {"bots": True}),
        ("settings voice", {"speed": 2.0}),
        ("settings access", {"remove_role": True}),
        ("settings mute", {"member": taro}),
    ]
    for command, options in asked:
        answer = discord.slash(hana, command, channel=chat, locale="en-US", **options)
        assert answer.text.startswith("Only who manages this server"), command
    assert "サーバーの管理者" in discord.slash(taro, "settings show", channel=chat).text
    for command, options in [
        ("settings unmute", {"member": hana}),
        ("settings dictionary-channel", {}),
        ("settings autojoin-add", {"voice": guild["lounge"]}),
        ("settings autojoin-remove", {"voice": "1"}),
        ("announce", {"text": "閉店です"}),
    ]:
        answer = discord.slash(taro, command, channel=chat, locale="en-US", **options)
        assert answer.text.startswith("Only who manages this server"), command
    assert not Guild.objects.exists()


def test_show_lists_every_setting(discord, chat, boss):
    english = discord.slash(boss, "settings show", channel=chat, locale="en-US").text.splitlines()
    japanese = discord.slash(boss, "settings show", channel=chat).text.splitlines()

    assert "Say who speaks: yes" in english
    assert "Characters of a message: 140" in english
    assert "Dictionary channel: none" in english
    assert "名前を読む: はい" in japanese
    assert len(english) == len(japanese) == 13


def test_what_is_given_is_changed_and_the_rest_stays(discord, guild, chat, boss):
    answer = discord.slash(
        boss, "settings reading", channel=chat, locale="en-US",
        language="en", names=False, bots=True, arrivals=False, characters=80, waiting=5, leave_alone=False,
    )  # fmt: skip

    known = facts.of_guild(guild.id)
    assert (known.language, known.reads_names, known.reads_bots, known.reads_arrivals) == ("en", False, True, False)
    assert (known.max_characters, known.max_waiting, known.leaves_alone) == (80, 5, False)
    assert "Language of what I add: English" in answer.text

    discord.slash(boss, "settings reading", channel=chat, characters=90)
    known = facts.of_guild(guild.id)
    assert (known.max_characters, known.max_waiting) == (90, 5)
    assert Guild.objects.get().name == "テスト"


def test_the_servers_voice(discord, guild, chat, boss):
    assert discord.autocomplete(boss, "settings voice", "voice", "mei", channel=chat) == [
        ("mei_normal (日本語)", "mei_normal")
    ]

    discord.slash(boss, "settings voice", channel=chat, voice="hibari_heart", speed=1.25, pitch=0)
    assert facts.of_guild(guild.id).voice == facts.Voice("hibari_heart", 1.25, 0.0)

    refused = discord.slash(boss, "settings voice", channel=chat, locale="en-US", voice="nobody")
    assert refused.text == "There is no such voice. There are: mei_normal, hibari_heart"
    assert facts.of_guild(guild.id).voice.name == "hibari_heart"


def test_the_settings_role_makes_staff_and_its_loss_unmakes_it(discord, guild, chat, boss, taro):
    role = discord.add_role(guild, "係")
    discord.slash(boss, "settings access", channel=chat, role=role, open_dictionary=False)
    assert facts.of_guild(guild.id).settings_role_id == role.id
    assert not facts.of_guild(guild.id).dictionary_is_open
    assert discord.slash(taro, "settings show", channel=chat, locale="en-US").text.startswith("Only who")

    discord.add_member(guild, taro, roles=[role])
    allowed = discord.slash(taro, "settings show", channel=chat, locale="en-US")
    assert f"Role that may change settings: <@&{role.id}>" in allowed.text
    assert allowed.message.form["allowed_mentions"] == {"parse": []}

    discord.slash(boss, "settings access", channel=chat, remove_role=True)
    assert facts.of_guild(guild.id).settings_role_id is None
    assert discord.slash(taro, "settings show", channel=chat, locale="en-US").text.startswith("Only who")


def test_an_administrator_is_staff(discord, guild, chat, taro):
    role = discord.add_role(guild, "全権", permissions=["administrator"])
    discord.add_member(guild, taro, roles=[role])

    assert "Say who speaks" in discord.slash(taro, "settings show", channel=chat, locale="en-US").text


def test_a_member_is_muted_here_and_unmuted(discord, guild, chat, boss, hana):
    muted = discord.slash(boss, "settings mute", channel=chat, locale="en-US", member=hana)
    assert muted.text == f"Messages of <@{hana.id}> are not read on this server."
    assert facts.of_guild(guild.id).silenced == {str(hana.id)}
    assert f"<@{hana.id}>" in discord.slash(boss, "settings show", channel=chat).text

    discord.slash(boss, "settings unmute", channel=chat, member=hana)
    assert facts.of_guild(guild.id).silenced == frozenset()


def test_a_dictionary_channel_is_set_and_taken_away(discord, guild, chat, boss):
    words = guild["words"]
    answer = discord.slash(boss, "settings dictionary-channel", channel=chat, place=words)

    assert f"<#{words.id}>" in answer.text
    assert facts.of_guild(guild.id).dictionary_channel_id == words.id
    discord.slash(boss, "settings dictionary-channel", channel=chat)
    assert facts.of_guild(guild.id).dictionary_channel_id is None


def test_automatic_joins_are_added_suggested_and_removed(discord, guild, chat, boss):
    lounge = guild["lounge"]
    added = discord.slash(boss, "settings autojoin-add", channel=chat, locale="en-US", voice=lounge)
    assert added.text == f"When somebody enters <#{lounge.id}>, I come and read <#{chat.id}>."
    discord.slash(boss, "settings autojoin-add", channel=chat, voice=guild["games"], text=guild["words"])
    assert facts.of_guild(guild.id).auto_joins == {lounge.id: chat.id, guild["games"].id: guild["words"].id}

    offered = discord.autocomplete(boss, "settings autojoin-remove", "voice", "lou", channel=chat)
    assert offered == [("lounge", str(lounge.id))]
    discord.slash(boss, "settings autojoin-remove", channel=chat, voice=str(lounge.id))
    assert list(facts.of_guild(guild.id).auto_joins) == [guild["games"].id]
    unknown = discord.slash(boss, "settings autojoin-remove", channel=chat, locale="en-US", voice="９" * 4_000)
    assert unknown.text == "I do not come there by myself. Choose one of the list."


def test_a_pair_of_a_deleted_channel_can_be_removed(discord, guild, chat, boss):
    gone = discord.add_channel(guild, "gone", kind="voice")
    edit.set_auto_join(guild.id, voice_channel_id=gone.id, text_channel_id=chat.id)
    discord.remove_channel(gone)

    offered = discord.autocomplete(boss, "settings autojoin-remove", "voice", "", channel=chat)

    assert offered == [(str(gone.id), str(gone.id))]


def test_no_automatic_join_where_the_bot_may_not_speak(discord, guild, chat, boss):
    discord.forbid(guild["lounge"], "speak")

    answer = discord.slash(boss, "settings autojoin-add", channel=chat, voice=guild["lounge"])

    assert "「発言」" in answer.text
    assert facts.of_guild(guild.id).auto_joins == {}


@pytest.mark.parametrize("locale", ["ja", "en-US"])
def test_the_answer_fits_a_message_however_much_is_set(discord, guild, chat, boss, locale):
    for number in range(1, 41):
        edit.set_silence(Platform.DISCORD, str(10**18 + number), True, guild_id=guild.id)
        edit.set_auto_join(guild.id, voice_channel_id=10**18 + number, text_channel_id=10**18)

    answer = discord.slash(boss, "settings show", channel=chat, locale=locale)

    assert len(answer.text) < 1_900
    assert "30" in answer.text


def test_an_announcement_goes_before_the_others_in_the_callers_name(discord, guild, chat, boss):
    row = edit.guild(guild.id)
    VoiceSession.objects.create(guild=row, voice_channel_id=guild["lounge"].id, since=clock.now())

    answer = discord.slash(boss, "announce", channel=chat, text="まもなく閉店です")

    assert answer.text == "次に読み上げます。"
    said = Utterance.objects.get()
    assert (said.text, said.priority) == ("まもなく閉店です", Priority.URGENT)
    assert ChatAccount.objects.get().external_id == str(boss.id)


def test_an_announcement_needs_a_place_and_something_to_say(discord, guild, chat, boss):
    nowhere = discord.slash(boss, "announce", channel=chat, locale="en-US", text="Hello")
    assert nowhere.text == "I am in no voice channel. Call me with /join first."

    row = edit.guild(guild.id)
    VoiceSession.objects.create(guild=row, voice_channel_id=guild["lounge"].id, since=clock.now())
    assert discord.slash(boss, "announce", channel=chat, text="…").text
    assert not Utterance.objects.exists()
