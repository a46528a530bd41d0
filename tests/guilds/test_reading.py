"""What is written in a channel, and what is said of it."""

import pytest

from bots.guilds.dictionary import Dictionary
from bots.guilds.reading import Attachment, Message, Reading, arrival, join, left_out, read

USERS = {1: "花子", 2: "けんた君", 3: "★𝓣𝓪𝓻𝓸★🌸", 4: "☆*:.｡.(^o^)"}
ROLES = {7: "運営チーム"}
CHANNELS = {8: "雑談_部屋"}


def said(content: str = "", *, language: str = "ja", **other: object) -> str:
    return reading(content, language=language, **other).text


def reading(content: str = "", *, language: str = "ja", **other: object) -> Reading:
    readings = other.pop("dictionary", {})
    name, limit = other.pop("name", None), other.pop("max_characters", 140)
    message = Message(content, users=USERS, roles=ROLES, channels=CHANNELS, **other)  # type: ignore[arg-type]
    return read(message, language=language, max_characters=limit, dictionary=Dictionary(readings), name=name)  # type: ignore[arg-type]


def table(text: str) -> list[tuple[str, str]]:
    """One case a line: what is typed -> what is said; \\n is a new line, and nothing after the arrow silence."""
    rows = (line.strip().replace("\\n", "\n").partition(" ->") for line in text.strip().splitlines())
    return [(typed, spoken.strip(" ")) for typed, _, spoken in rows]


MENTIONS = table(r"""
    <@1> ありがとう！ -> 花子さん ありがとう!
    <@1>どのゲームやる -> 花子さんどのゲームやる
    <@1>さん、<@!2> -> 花子さん、けんた君
    <@3>と<@4>と<@99> -> Taroさんとだれかとだれか
    <@&7> 集合、<@&99>も -> 運営チーム 集合、ロールも
    <#8> に書いて、<#99>にも -> 雑談 部屋 に書いて、チャンネルにも
    @everyone 今日21時から -> みなさん 今日21時から
    @here いる？ -> ここにいるみなさん いる?
    post@here.example.com -> メールアドレス
    </dict add:123> を使って -> dict add を使って
    <id:customize> を見て -> サーバーガイド を見て
    締め切りは<t:1763796600:F>です -> 締め切りは2025年11月22日 16時30分です
    <t:1763796600:t>から -> 16時30分から
    <t:1763796600:D>まで -> 2025年11月22日まで
    <t:99999999999999:R> -> 日時
""")

NOTATION = table(r"""
    ```py\nprint(1)\n``` これ見て -> コード省略 これ見て
    ```閉じてない -> 閉じてない
    `main.py` を直した -> main.py を直した
    `for i in range(100): print(i ** 2)` とか -> コード省略 とか
    犯人は||ヤス||です -> 犯人は伏せ字です
    ||```py\nx```|| と ||b|| -> 伏せ字 と 伏せ字
    ||閉じてない -> 閉じてない
    # 見出し\n本文 -> 見出し\n本文
    - りんご\n- みかん -> りんご\nみかん
    1. 一番 -> 1. 一番
    > 引用です\nそうですね -> 引用です\nそうですね
    > # **||a||** -> 伏せ字
    -3℃ -> -3°C
    -# 小さい字 -> 小さい字
    **太字**と*斜体*と__下線__と~~取消~~ -> 太字と斜体と下線と取消
    ***全*部** -> 全部
    snake_case_name -> snake_case_name
    2*3*4=24 -> 2×3×4=24
    \*そのまま\* -> そのまま
    いいね~~ -> いいね~~
    *_~`| ->
""")

EMOJI = table(r"""
    それな<:kusa:123> -> それな kusa
    <:pien:1><:pien:1> <a:party_blob:2> -> pien party blob
    <:emoji_12:5> ->
    楽しい😂😂😂です -> 楽しい、なきわらい、です
    いいね👍🏽👍🏿 -> いいね、いいね
    👨‍👩‍👧‍👦と行く -> かぞく、と行く
    🇯🇵対🇧🇹 -> にほんの旗、対、ブータンの旗
    🏴󠁧󠁢󠁥󠁮󠁧󠁿 -> イングランドの旗
    🫠🦷 -> 溶けている顔、は
    3️⃣番 -> 3番
    ‼️やば⁉️ -> !!やば!?
    I love it 😂 -> I love it, laughing
    了解🙇‍♂️👩‍💻 -> 了解、おじぎ、プログラマー
    I love it 😂 わかる😂 -> I love it, laughing, わかる、なきわらい
""")

LINKS = table(r"""
    https://example.com/a?b=1 見て -> URL省略 見て
    これ https://a.jp https://b.jp\nhttps://c.jp -> これ URL3件省略
    **https://a.jp/**と<https://b.jp> -> URL省略 と URL省略
    [公式サイト](https://example.com/a_(b))で -> 公式サイトで
    [https://a.jp](https://a.jp) -> URL省略
    discord.gg/abc に来て -> URL省略 に来て
    hana@example.com まで -> メールアドレス まで
    node.js と socket.io -> node.js と socket.io
""")

CHAT = table(r"""
    うけるwwwww -> うけるワラ
    ｗｗｗｗ -> ワラ
    大草原WWww不可避 -> 大草原ワラ、不可避
    それなw -> それなw
    lol that's crazy ww -> lol that's crazy haha
    草草草草生える -> ワラ、生える
    awww wwdc 5ww -> awww wwdc 5ww
    8888888 -> パチパチ
    88888円 -> 88888円
    えええええええええ -> えええ
    やったああああ！！！！！！ -> やったあああ!!!
    すごーーーーーーい -> すごーーーい
    ハハハハハハハ -> ハハハ
    やばいやばいやばいやばいやばい -> やばいやばい
    おめでとうおめでとうおめでとうおめでとう -> おめでとうおめでとう
    no no no no no -> no no no
    10000000円、1212121212 -> 10000000円、1212121212
""")

FACES = table(r"""
    ^^ ->
    ^^; ->
    (^^)やった -> やった
    (*´ω`*) ->
    (っ´ω`c) ->
    (๑•̀ㅂ•́)و✧ ->
    m(_ _)m すみません -> すみません
    ¯\_(ツ)_/¯ ->
    (╯°□°)╯︵ ┻━┻ ->
    ┬─┬ノ( º _ ºノ) ->
    :) ->
    (月・水) -> (月・水)
    ！？ ->
    ... ->
    ー ->
    Привет ->
    ; 読まないで ->
    ；これも ->
""")

CHARACTERS = table(r"""
    ﾊﾝｶｸ第１２回ＡＢＣ -> ハンカク第12回ABC
    Ⅲと½と5m²と℡ -> Ⅲと½と5m²と℡
    おはよう　 ございます -> おはよう ございます
    一行目\n\n \n二行目 -> 一行目\n二行目
    1,234円 -> 1,234円
""")


@pytest.mark.parametrize(
    ("typed", "spoken"),
    MENTIONS + NOTATION + EMOJI + LINKS + CHAT + FACES + CHARACTERS,
    ids=lambda text: ascii(text)[:40],
)
def test_a_message_is_said_as_people_would_say_it(typed, spoken):
    assert said(typed) == spoken


ENGLISH = table(r"""
    <@1> thanks! -> 花子 thanks!
    <@99> and <@&99> in <#99> -> somebody and role in channel
    @everyone meeting at <t:1763796600:t> -> everyone meeting at 07:30 UTC
    due <t:1763796600:F> -> due November 22, 2025 07:30 UTC
    see https://a.jp https://b.jp -> see 2 links
    ||Snape|| did it in ```x``` -> spoiler did it in code left out
    😂🫠🇯🇵 -> laughing, melting face, flag of Japan
    this is fun ww -> this is fun haha
    やばいww -> やばいワラ
    it's 5 o'clock, isn't it? -> it's 5 o'clock, isn't it?
""")


@pytest.mark.parametrize(("typed", "spoken"), ENGLISH)
def test_an_english_guild_hears_english_words(typed, spoken):
    assert said(typed, language="en") == spoken


# --- Characters -------------------------------------------------------------------------


def test_marks_heaped_on_letters_are_taken_off_and_dakuten_stay():
    assert said("や\u0300" + "\u0301" * 500 + "か\u3099あ\u3099ﾊﾟe\u0301") == "やがあパé"


def test_nothing_invisible_and_no_writing_direction_is_passed_on():
    assert said("a\u202eb\u200bc\u2066d\x00\ud800\ue000e\u00ad\ufeff") == "abcde"


# --- What may be said -------------------------------------------------------------------


def test_a_long_message_is_cut_and_says_so():
    assert said("春夏秋冬東西南北上下左右", max_characters=10) == "春夏秋冬東西南北上下、以下略"
    assert said("one two three four", max_characters=11, language="en") == "one two, and so on"


def test_the_limit_is_on_what_was_typed_and_not_on_the_readings():
    assert (
        said("鯖の話", max_characters=10, dictionary={"鯖": "サーバーコンピューター"}) == "サーバーコンピューターの話"
    )


def test_readings_cannot_blow_up_a_message():
    kanji = [chr(0x4E00 + number) for number in range(400)]

    text = said("".join(kanji), max_characters=400, dictionary=dict.fromkeys(kanji, "よみ" * 50))

    assert text == "よみ" * 400 + "、以下略"


def test_a_message_of_three_hundred_mentions_pings_nobody_and_ends():
    text = said("<@1>" * 300 + "@everyone")

    assert "@" not in text
    assert len(text) <= 150


# --- The guild's own words --------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "written", "spoken"),
    [
        ("うける😂", "😂", "うける、大爆笑"),
        ("👍🏽", "👍", "大爆笑"),
        ("👨‍👩‍👧です", "👨‍👩‍👧", "大爆笑、です"),
        ("<:kusa:1>", "kusa", "大爆笑"),
        ("<:kusa:1>", "<:kusa:1>", "大爆笑"),
        ("<:kusa:1>", ":kusa:", "大爆笑"),
        ("うけるwwwwww", "www", "うける大爆笑"),
        ("うけるwwwwww", "w", "うける大爆笑"),
        ("草草草", "草", "大爆笑"),
        ("https://a.jp", "URL省略", "大爆笑"),
    ],
)
def test_the_guild_decides_how_its_emoji_and_laughter_sound(typed, written, spoken):
    assert said(typed, dictionary={written: "大爆笑"}) == spoken


def test_how_a_member_is_called_is_no_word_of_the_dictionary():
    result = reading("<@1>、<@2>、花見の花子", dictionary={"花": "ハナ", "けん": "ケン"})

    assert result.text == "花子さん、けんた君、ハナ見のハナ子"
    assert result.entries == (("花", "ハナ"), ("花", "ハナ"))


def test_a_guild_can_silence_a_word():
    assert said("うるさい", dictionary={"うるさい": ""}) == ""


# --- Who speaks, and what came with it --------------------------------------------------


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("花子", "花子さん、やあ"),
        ("花子ちゃん", "花子ちゃん、やあ"),
        ("田中先生", "田中先生、やあ"),
        ("ボタン", "ボタンさん、やあ"),
        ("君", "君さん、やあ"),
        ("**||x||**\u202e", "xさん、やあ"),
        ("(^o^)", "だれか、やあ"),
        ("長" * 32 + "い" * 32, "長長長いいいさん、やあ"),
    ],
)
def test_who_speaks_is_said_before_the_text(name, spoken):
    assert said("やあ", name=name) == spoken


def test_who_speaks_and_whom_they_answer_come_first():
    assert said("やあ", name="太郎", replies_to="花子") == "太郎さん、花子さんへ返信、やあ"
    assert said("hi", name="Taro", replies_to="Hana", language="en") == "Taro: reply to Hana: hi"


def test_nobody_is_named_for_silence():
    assert said("(^^)", name="太郎", replies_to="花子") == ""


@pytest.mark.parametrize(
    ("files", "japanese", "english"),
    [
        (["a.png"], "画像", "a picture"),
        (["a.png", "b.JPG", "SPOILER_c.webp"], "画像3枚", "3 pictures"),
        (["a.mp4", "voice-message.ogg", "b.ogg"], "動画、音声2件", "a video, 2 recordings"),
        (["report.pdf", "noending", "a.png"], "画像、ファイル2個", "a picture, 2 files"),
    ],
)
def test_files_are_told_by_kind_and_number(files, japanese, english):
    attachments = [Attachment(name, "") for name in files]

    assert said("見て", attachments=attachments) == f"見て、{japanese}"
    assert said(attachments=attachments, language="en") == english


def test_the_kind_of_a_file_is_what_discord_says_it_is():
    assert said(attachments=[Attachment("a.txt", "image/png; charset=x"), Attachment("b.png", "")]) == "画像2枚"
    assert said(attachments=[Attachment("a.png", "application/pdf")]) == "ファイル"
    assert said(attachments=[Attachment("a.png", "application/octet-stream")]) == "画像"


def test_stickers_are_told_by_name():
    assert said("おは", stickers=["おはよう_ねこ", "^^"]) == "おは、スタンプ おはよう ねこ、スタンプ"


def test_what_was_passed_on_is_read_by_the_same_rules():
    assert said(forwarded="**やばい**wwww <@99>") == "転送、やばいワラ だれか"
    assert said("見て", forwarded="", attachments=[Attachment("a.png", "")]) == "見て、転送、画像"
    assert said(forwarded="長" * 3 + "い話です", max_characters=10) == "転送、長長長い話です"


def test_a_poll_is_told_by_its_question():
    assert said(poll="昼ごはんは **何** ?") == "投票、昼ごはんは 何 ?"


# --- The bot itself ---------------------------------------------------------------------


def test_who_comes_and_goes_is_told():
    assert arrival("花子", language="ja", came=True) == "花子さんが来ました"
    assert arrival("花子", language="ja", came=False) == "花子さんが退出しました"
    assert arrival("Hana", language="en", came=True) == "Hana joined"


def test_what_was_left_out_is_told_in_one_word():
    assert left_out("ja") == "省略"


def test_two_messages_of_one_author_become_one():
    assert join("やあ", "元気?") == "やあ\n元気?"
    assert join("", "元気?") == "元気?"


def test_the_steps_tell_each_rule_that_changed_something():
    steps = reading("**やばい**www", dictionary={"やばい": "すごい"}, name="太郎").steps

    assert [(step.rule, step.text) for step in steps] == [
        ("markdown", "やばいwww"),
        ("laughter", "やばいワラ"),
        ("dictionary", "すごいワラ"),
        ("name", "太郎さん、すごいワラ"),
    ]
