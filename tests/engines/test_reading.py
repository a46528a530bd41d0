"""What people type, and what is read aloud instead."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.speech.reading import normalise
from jobs.engines.speech.reading.tables import read_table


def table(text: str) -> list[tuple[str, str]]:
    """One case a line: what is typed -> what is read."""
    return [tuple(side.strip() for side in line.split(" -> ")) for line in text.strip().splitlines()]  # type: ignore[misc]


NUMBERS = table("""
    -3℃ -> マイナス3度
    気温は−3度、明日は‐5°C -> 気温はマイナス3度、明日はマイナス5度
    10-20人 -> 10から20人
    10〜20個 -> 10から20個
    5人-10人 -> 5人から10人
    東京1-2-3 -> 東京1の2の3
    電話は03-1234-5678 -> 電話は03-1234-5678
    〒100-0001 -> 郵便番号100-0001
    2026-11-21に -> 2026年11月21日に
    2026/11/21 -> 2026年11月21日
    3/15(金)です -> 3月15日金曜日です
    11/21の12:30 -> 11月21日の12時30分
    9:05に -> 9時5分に
    1/2の確率 -> 2分の1の確率
    ½カップ -> 2分の1カップ
    1,234,567円 -> 1234567円
    ¥1,980と$5.5と€20 -> 1980円と5.5ドルと20ユーロ
    $3万 -> 3万ドル
    3m²、50㎡、60km/h、5㎏、1.5L -> 3平方メートル、50平方メートル、60キロメートル毎時、5キログラム、1.5リットル
    16GBで100Mbps、50% -> 16ギガバイトで100メガビーピーエス、50パーセント
    90°曲がる -> 90度曲がる
    3+4=7、3×4 -> 3足す4イコール7、3かける4
    v1.2.3と3.14 -> ブイ1テン2テン3と3.14
    第Ⅲ章の① -> 第3章の1
    No.1 -> ナンバー1
    ﾊﾝｶｸ２０個 -> ハンカク20個
""")

LATIN = table("""
    Discordで話そう -> ディスコードで話そう
    APIとCPU -> エーピーアイとシーピーユー
    APIs -> エーピーアイズ
    YouTubeのMyChannel -> ユーチューブのマイチャンネル
    iPhone15 -> アイフォン15
    C++、C#、Wi-Fi、AT&T -> シープラプラ、シーシャープ、ワイファイ、エーティーアンドティー
    IT業界 -> アイティー業界
    Tシャツ -> ティーシャツ
    W杯 -> ワールドカップ
    sushi -> スシ
    arigatou -> アリガトー
    gakkouのsensei -> ガッコーのセンセイ
    Tanakaさん -> タナカさん
    Hello World! -> ハロー ワールド！
    I don't know -> アイ ドント ノウ
    café -> カフェ
    stream -> ストリーム
    robotとshopping -> ロボットとショッピング
    main.py -> メインドットパイ
    ＡＢＣ -> エービーシー
    LGTM -> エルジーティーエム
""")

CHAT = table("""
    やばいwww -> やばいワラ
    そうなのw -> そうなのワラ
    それなw今日は -> それなワラ、今日は
    wwwww -> ワラ
    楽しい(笑) -> 楽しいワラ
    それは草 -> それはくさ
    草 -> くさ
    煙草 -> 煙草
    いいね〜！！！！ -> いいねー！
    すごーーーーーい -> すごーーーい
    えええええええええ -> えええ
    東京〜大阪 -> 東京から大阪
    スーパ−とコ―ヒ― -> スーパーとコーヒー
    (^o^)やった -> やった
    (´・ω・｀)しょぼん -> しょぼん
    すみません m(_ _)m -> すみません
    （月・水）と(A・B) -> 月、水、と、エー、ビー
    https://example.com/a?b=1を見て -> リンク を見て
    https://a.jp と www.b.com -> リンク と
    詳しくは example.com/a へ。google.com. -> 詳しくは リンク へ。
    foo@example.com まで -> メールアドレス まで
    「いいね」と言った -> いいねと言った
    ジョン・スミス -> ジョンスミス
    一行目\\n二行目 -> 一行目。二行目
    えっと……そう -> えっと、そう
""")

EMOJI = table("""
    楽しい😂 -> 楽しい、なきわらい
    👍🏽 -> いいね
    😂😂😂 -> なきわらい
    👨‍👩‍👧‍👦 -> かぞく
    🙇‍♂️ -> おじぎ
    🇯🇵 -> にほんのはた
    1️⃣番 -> 1番
    ❤️ -> ハート
    🫠です -> です
    😂👍🎉🔥🙏です -> なきわらい、いいね、おめでとう、です
""")

MISREAD = table("""
    何ですか -> なんですか
    何の話 -> なんの話
    何を食べる -> なにを食べる
    何これ -> なにこれ
    何人 -> 何人
    幾何の問題 -> 幾何の問題
    そんな風に -> そんなふうに
    風が強い -> 風が強い
    お腹が空いた -> おなかがすいた
    クァルテット -> クワルテット
""")


@pytest.mark.parametrize(("typed", "read"), NUMBERS + LATIN + CHAT + EMOJI + MISREAD)
def test_text_is_read_as_people_say_it(typed, read):
    assert normalise(typed.replace("\\n", "\n")) == read


@pytest.mark.parametrize(
    "name", ["words", "compounds", "units", "emoji", "flags", "misreadings", "english", "emoji_english"]
)
def test_each_table_can_be_read_and_says_nothing_twice(name):
    assert read_table(name)


def test_words_of_the_tables_are_written_in_kana():
    for name in ("words", "compounds", "emoji", "flags"):
        for written, spoken in read_table(name).items():
            assert re.fullmatch("[ぁ-ゖァ-ヺー]+", spoken), written


def test_what_has_no_sound_is_not_passed_on():
    assert normalise("か\u3099と\u200bゼロ\u202eと\x00\ud800は") == "がとゼロとは"


def test_marks_heaped_on_a_letter_are_taken_off():
    assert normalise("や\u0300" + "\u0301" * 500 + "あ") == "やあ"


TRICKY = st.sampled_from(
    [typed[start : start + 3] for typed, _ in NUMBERS + LATIN + CHAT + EMOJI + MISREAD for start in range(len(typed))]
    + list("\n\u200d\ufe0f\u3099\u0301\u200b\u202e\ud800草笑w-〜ーﷺ한何空゛")
)


@settings(max_examples=250, deadline=None)
@given(st.lists(TRICKY | st.characters(), max_size=14).map("".join))
def test_reading_twice_changes_nothing_and_only_speakable_signs_are_left(text):
    once = normalise(text)

    assert normalise(once) == once
    assert not re.search("[A-Za-z\n]", once)
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Mn") for character in once)


PATHOLOGICAL = [
    "a ", "a@", "a.", "a'", "ab1", "1 ", "-1", "1/", "1:", "1,", "1kg", "1 - ", "¥1", "½1", "²", "ﷺ", "𝒜", "(",
    "(^", ":)",
    "http://", "^_", "w〜", "あ〜", "草w", "何で", "😂👍", "🇯", "👨\u200d", "e\u0301", "\u3099", "\n", "、 ", "- ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PATHOLOGICAL)
def test_no_text_grows_out_of_hand(piece):
    text = (piece * 5_000)[:5_000]

    assert len(normalise(text)) <= 20 * len(text)


@pytest.mark.parametrize("character", "あー！?w😂（。漢\u0301\n ")
def test_a_hundred_thousand_of_one_character_are_read_like_a_few(character):
    assert len(normalise(character * 100_000)) <= 10
