"""/join /leave /skip /clear /queue /status, asked by people."""

from bots.discord.room import CannotConnect, CannotSpeak, Waiting


def test_join_reads_the_channel_it_was_called_in(discord, guild, chat, hana, rooms):
    answer = discord.slash(hana, "join", channel=chat)

    assert rooms.asked == [("join", guild.id, guild["lounge"].id, chat.id, hana.id)]
    assert answer.was_deferred
    assert answer.is_ephemeral
    assert f"<#{chat.id}>" in answer.text
    assert "読み上げます" in answer.text


def test_answers_are_english_for_everybody_but_the_japanese(discord, guild, chat, hana):
    english = discord.slash(hana, "join", channel=chat, locale="en-US")
    french = discord.slash(hana, "leave", channel=chat, locale="fr")

    assert english.text.startswith("I now read ")
    assert french.text == "I have left."


def test_join_in_the_voice_channels_own_chat_names_it_once(discord, guild, hana, rooms):
    lounge = guild["lounge"]

    answer = discord.slash(hana, "join", channel=lounge, locale="en-GB")

    assert rooms.asked == [("join", guild.id, lounge.id, lounge.id, hana.id)]
    assert answer.text == f"I now read the chat of <#{lounge.id}> aloud there."


def test_join_without_a_voice_channel_says_so(discord, chat, taro, rooms):
    english = discord.slash(taro, "join", channel=chat, locale="en-US")
    japanese = discord.slash(taro, "join", channel=chat)

    assert english.text == "You are in no voice channel. Enter one first, then ask me again."
    assert "ボイスチャンネル" in japanese.text
    assert rooms.asked == []


def test_a_missing_permission_is_named_as_discord_calls_it(discord, guild, chat, hana, rooms):
    for name, english, japanese in (
        ("speak", "Speak", "発言"),
        ("connect", "Connect", "接続"),
        ("view_channel", "View Channel", "チャンネルを見る"),
    ):
        discord.forbid(guild["lounge"], name)
        assert f"“{english}”" in discord.slash(hana, "join", channel=chat, locale="en-US").text
        assert f"「{japanese}」" in discord.slash(hana, "join", channel=chat).text
    assert rooms.asked == []


def test_on_a_stage_the_bot_must_be_allowed_to_ask_for_a_word(discord, guild, chat, hana, rooms):
    stage = discord.add_channel(guild, "stage", kind="stage")
    discord.enter(hana, stage)
    discord.forbid(stage, "request_to_speak")

    answer = discord.slash(hana, "join", channel=chat, locale="en-US")

    assert "“Request to Speak”" in answer.text
    assert rooms.asked == []


def test_a_text_channel_that_cannot_be_read_is_refused(discord, guild, chat, hana, rooms):
    discord.forbid(chat, "view_channel")

    answer = discord.slash(hana, "join", channel=chat, locale="en-US")

    assert "in this channel" in answer.text
    assert rooms.asked == []


def test_what_discord_refuses_later_is_said_too(discord, chat, hana, rooms):
    rooms.fails["join"] = CannotSpeak("speak")
    assert "“Speak”" in discord.slash(hana, "join", channel=chat, locale="en-US").text

    rooms.fails["join"] = CannotConnect()
    assert "Discord did not let me in" in discord.slash(hana, "join", channel=chat, locale="en-US").text


def test_the_bot_is_not_taken_away_from_those_who_listen(discord, guild, chat, hana, boss, rooms):
    jiro = discord.add_user("次郎")
    discord.enter(jiro, guild["games"])
    rooms.places[guild.id] = guild["lounge"].id

    refused = discord.slash(jiro, "join", channel=chat, locale="en-US")
    discord.enter(boss, guild["games"])
    allowed = discord.slash(boss, "join", channel=chat, locale="en-US")

    assert "I am reading for others" in refused.text
    assert allowed.text.startswith("I now read ")
    assert [asked[0] for asked in rooms.asked] == ["join"]


def test_leave(discord, guild, chat, hana, rooms):
    rooms.places[guild.id] = guild["lounge"].id

    left = discord.slash(hana, "leave", channel=chat)
    nowhere = discord.slash(hana, "leave", channel=chat)

    assert left.text == "退出しました。"
    assert nowhere.text == "どのボイスチャンネルにもいません。"


def test_only_listeners_and_staff_silence_the_bot_while_somebody_listens(discord, guild, chat, hana, taro, boss, rooms):
    rooms.places[guild.id] = guild["lounge"].id
    rooms.waiting[guild.id] = [Waiting(hana.id, "こんにちは", is_playing=True)]

    for command in ("leave", "skip", "clear"):
        assert f"<#{guild['lounge'].id}>" in discord.slash(taro, command, channel=chat, locale="en-US").text
    assert rooms.asked == []

    assert discord.slash(boss, "skip", channel=chat, locale="en-US").text == "Skipped."
    discord.leave(hana, guild)
    assert discord.slash(taro, "leave", channel=chat, locale="en-US").text == "I have left."


def test_skip_and_clear(discord, guild, chat, hana, rooms):
    assert discord.slash(hana, "skip", channel=chat, locale="en-US").text == "Nothing is being read just now."
    assert discord.slash(hana, "clear", channel=chat, locale="en-US").text == "Nothing was waiting."

    rooms.waiting[guild.id] = [Waiting(hana.id, "一", is_playing=True), Waiting(hana.id, "二", is_playing=False)]

    assert discord.slash(hana, "skip", channel=chat).text == "飛ばしました。"
    assert discord.slash(hana, "clear", channel=chat, locale="en-US").text == "2 messages will not be read."


def test_the_queue_names_authors_without_calling_them(discord, guild, chat, hana, taro, rooms):
    rooms.waiting[guild.id] = [
        Waiting(hana.id, "@everyone **大声** <@1> ||秘密||\nhttps://example.com", is_playing=True),
        Waiting(None, "まもなく閉店です", is_playing=False),
        *(Waiting(taro.id, f"{number} " + "あ" * 4_000, is_playing=False) for number in range(30)),
    ]

    answer = discord.slash(hana, "queue", channel=chat, locale="en-US")

    lines = answer.text.splitlines()
    assert lines[0].startswith(f"▶ <@{hana.id}> ")
    assert "@everyone" not in lines[0]
    assert "<@1>" not in lines[0]
    assert "**大声**" not in lines[0]
    assert lines[1].startswith("1) (announcement) まもなく")
    assert lines[-1] == "… and 17 more"
    assert len(answer.text) <= 2_000
    assert answer.message.form["allowed_mentions"] == {"parse": []}
    assert answer.is_ephemeral


def test_an_empty_queue(discord, chat, hana):
    assert discord.slash(hana, "queue", channel=chat).text == "読んでいるものも、待っているものもありません。"
    assert discord.slash(hana, "queue", channel=chat, locale="en-US").text == "Nothing is being read and nothing waits."


def test_the_status_tells_place_waiting_latency_and_engine(discord, guild, chat, hana, rooms):
    assert "I am in no voice channel." in discord.slash(hana, "status", channel=chat, locale="en-US").text

    rooms.places[guild.id] = guild["lounge"].id
    rooms.reads[guild.id] = [chat.id, guild["words"].id]
    rooms.latency_ms = 123.4
    answer = discord.slash(hana, "status", channel=chat, locale="en-US")

    assert f"<#{guild['lounge'].id}>" in answer.text
    assert f"<#{chat.id}> <#{guild['words'].id}>" in answer.text
    assert "0.12 s" in answer.text
    assert "openjtalk" in answer.text
    assert "最初の音まで" in discord.slash(hana, "status", channel=chat).text
