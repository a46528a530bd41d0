"""How the name of a dish is cleaned, broken into lines and set."""

from itertools import pairwise

import pytest

from jobs.engines.image.local.lettering import SUBTITLE_SIZES, TITLE_SIZES, Lettering, breaks, cleaned, cut, two_lines

WIDTH_PIXELS = 912


def ten_a_sign(text):
    return 10.0 * len(text)


def parts(text):
    places = [0, *breaks(text), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  特製\u3000ラーメン\n大盛 ", "特製 ラーメン 大盛"),
        ("\u202e逆\u200b\u200f\x00\x1b", "逆"),
        ("か\u3099き氷", "がき氷"),
        ("Z\u0338\u0321\u031ba", "Za"),
        ("<b>丼</b>", "<b>丼</b>"),
        ("\ufe0f\u200d", ""),
    ],
)
def test_cleaned_keeps_what_is_read_and_drops_what_is_not_seen(text, expected):
    assert cleaned(text) == expected


def test_no_line_begins_with_a_closing_sign_or_a_small_kana():
    for text in ("カレー、ライス。", "（大盛）ラーメン", "チャーハンとギョーザ", "ッッッャャ", "Tea（アイス）・ミルク"):
        for part in parts(text)[1:]:
            assert part[0] not in "、。）ーャッョ・"
        for part in parts(text)[:-1]:
            assert part[-1] not in "（「"


def test_a_latin_word_stays_whole():
    assert parts("Beef Stew 温泉卵") == ["Beef ", "Stew ", "温", "泉", "卵"]


def test_two_lines_are_about_equal_and_break_where_the_script_changes():
    first, second = two_lines("北海道産ホタテのバター焼き", 100, ten_a_sign)

    assert first + second == "北海道産ホタテのバター焼き"
    assert max(len(first), len(second)) <= 10
    assert second.startswith("バター") or first.endswith("の")


def test_what_does_not_fit_on_two_lines_ends_in_an_ellipsis():
    lines = cut("あ" * 100, 200, ten_a_sign)

    assert [len(line) for line in lines] == [20, 20]
    assert lines[1].endswith("…")
    assert cut("短い", 200, ten_a_sign) == ["短い"]


def test_signs_without_a_glyph_leave_no_box():
    lettering = Lettering()

    assert lettering.drawable("寿司🍣セット🎉") == "寿司セット"
    assert lettering.drawable("🍣🍜") == ""
    assert lettering.drawable("مرحبا 丼") == "丼"
    assert lettering.drawable("「」、。") == ""


@pytest.mark.parametrize(
    "text",
    [
        "丼",
        "特製味噌ラーメン",
        "北海道産エゾ鹿肉のロースト赤ワインソース季節の温野菜添え",
        "W" * 160,
        "鹿" * 160,
        "Roast beef " * 14,
    ],
)
@pytest.mark.parametrize(("sizes", "is_bold"), [(TITLE_SIZES, True), (SUBTITLE_SIZES, False)])
def test_no_line_is_wider_than_its_card(text, sizes, is_bold):
    lettering = Lettering()

    lines, size = lettering.lines(text, WIDTH_PIXELS, sizes, is_bold=is_bold)

    assert 1 <= len(lines) <= 2
    assert all(lettering.font(size, is_bold=is_bold).getlength(line) <= WIDTH_PIXELS for line in lines)


def test_short_names_are_large_and_long_ones_smaller():
    lettering = Lettering()

    assert lettering.lines("丼", WIDTH_PIXELS, TITLE_SIZES, is_bold=True) == (["丼"], 64)
    assert lettering.lines("鹿" * 30, WIDTH_PIXELS, TITLE_SIZES, is_bold=True)[1] < 58
