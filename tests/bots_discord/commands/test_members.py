"""/voice /nickname /optout /help, asked by people."""

from bots.guilds import edit, facts
from bots.guilds.models import Nickname, Silence, VoicePreference
from jobs.access.models import Platform


def test_voice_without_options_shows_the_current_one(discord, guild, chat, hana):
    english = discord.slash(hana, "voice", channel=chat, locale="en-US")
    japanese = discord.slash(hana, "voice", channel=chat)

    # With its underscore escaped, as Discord wants it: mei_normal.
    told = "You have chosen no voice; you are read with this server's: mei\\_normal, speed 1, pitch -5"
    assert english.text == told
    assert japanese.text.startswith("声を選んでいないので")
    assert not VoicePreference.objects.exists()


def test_a_voice_is_chosen_kept_and_given_back(discord, guild, chat, hana):
    discord.slash(hana, "voice", channel=chat, voice="hibari_heart", speed=1.5)
    answer = discord.slash(hana, "voice", channel=chat, locale="en-US", pitch=3)

    assert answer.text == "You are read with: hibari\\_heart, speed 1.5, pitch +3"
    chosen = facts.of_member(Platform.DISCORD, str(hana.id)).voice
    assert (chosen.name, chosen.speed, chosen.pitch) == ("hibari_heart", 1.5, 3)

    given_back = discord.slash(hana, "voice", channel=chat, locale="en-US", reset=True)
    assert given_back.text.startswith("You have chosen no voice")
    assert facts.of_member(Platform.DISCORD, str(hana.id)).voice is None


def test_a_voice_that_does_not_exist_is_refused(discord, chat, hana):
    answer = discord.slash(hana, "voice", channel=chat, voice="@everyone " * 300)

    assert "@everyone" not in answer.text
    assert not VoicePreference.objects.exists()


def test_voices_are_suggested_from_the_engine(discord, chat, hana):
    everything = discord.autocomplete(hana, "voice", "voice", "", channel=chat)
    typed = discord.autocomplete(hana, "voice", "voice", "HIBARI", channel=chat, locale="en-US")

    assert ("mei_normal (日本語)", "mei_normal") in everything
    assert typed == [("hibari_heart (English)", "hibari_heart")]
    assert discord.autocomplete(hana, "voice", "voice", "あ" * 100, channel=chat) == []


def test_a_nickname_for_here_and_one_for_everywhere(discord, guild, chat, hana):
    discord.slash(hana, "nickname", channel=chat, reading="はなちゃん")
    answer = discord.slash(hana, "nickname", channel=chat, locale="en-US", reading="はな", everywhere=True)

    assert answer.text.splitlines() == [
        f"<@{hana.id}> on this server: はなちゃん",
        "Where there is none for the server: はな",
    ]
    assert facts.of_guild(guild.id).nicknames == {str(hana.id): "はなちゃん"}

    gone = discord.slash(hana, "nickname", channel=chat, reset=True)
    assert "（書いてあるとおり）" in gone.text
    assert facts.of_guild(guild.id).nicknames == {}


def test_only_staff_names_others_and_only_here(discord, guild, chat, hana, taro, boss):
    by_member = discord.slash(hana, "nickname", channel=chat, locale="en-US", reading="たろ", member=taro)
    elsewhere = discord.slash(
        boss, "nickname", channel=chat, locale="en-US", reading="たろ", member=taro, everywhere=True
    )
    by_staff = discord.slash(boss, "nickname", channel=chat, reading="たろ", member=taro)

    assert by_member.text.startswith("Only who manages this server")
    assert elsewhere.text == "How somebody is called on other servers is theirs to say."
    assert f"<@{taro.id}>" in by_staff.text
    assert [nickname.reading for nickname in Nickname.objects.all()] == ["たろ"]
    assert by_staff.message.form["allowed_mentions"] == {"parse": []}


def test_a_hostile_nickname_calls_nobody(discord, chat, hana):
    for reading in ("@everyone", "<@&123456789012345678>", "`" * 40, "\u202e\u200b逆", "e" + "\u0301" * 30):
        answer = discord.slash(hana, "nickname", channel=chat, reading=reading)
        assert "@everyone" not in answer.text
        assert "<@&" not in answer.text
        assert "\u202e" not in answer.text


def test_optout_and_back(discord, chat, hana):
    out = discord.slash(hana, "optout", channel=chat, locale="en-US")
    assert out.text.startswith("Your messages are not read any more")
    assert facts.of_member(Platform.DISCORD, str(hana.id)).is_silent

    back = discord.slash(hana, "optout", channel=chat)
    assert back.text == "またメッセージを読み上げます。"
    assert not Silence.objects.exists()


def test_help_names_every_command_in_the_members_language(discord, bot, chat, hana):
    english = discord.slash(hana, "help", channel=chat, locale="en-US")
    japanese = discord.slash(hana, "help", channel=chat)

    for command in bot.tree.get_commands():
        assert f"**/{command.name}**" in english.text
        assert f"(/{command.name})" in japanese.text
    assert "**/参加** (/join)" in japanese.text
    assert len(japanese.text) <= 2_000
    assert japanese.is_ephemeral


def test_a_voice_of_ones_own_is_shown_after_it_was_set_elsewhere(discord, chat, hana):
    edit.set_voice(Platform.DISCORD, str(hana.id), voice=None, speed=2.0, pitch=None)

    assert "speed 2" in discord.slash(hana, "voice", channel=chat, locale="en-US").text
