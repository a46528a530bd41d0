"""Long texts are cut where it hurts least, and nothing of them is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.split import MAX_MESSAGE_UNITS, messages, pieces, units


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("短い文。", 10, ["短い文。"]),
        ("一つ目の文。二つ目の文。三つ目。", 8, ["一つ目の文。", "二つ目の文。", "三つ目。"]),
        ("一つ。二つ。三つ。四つ。", 6, ["一つ。二つ。", "三つ。四つ。"]),
        ("Hello there. This is e.g. a test! Yes?", 20, ["Hello there.", "This is e.g. a test!", "Yes?"]),
        ("前半、後半の長い文", 5, ["前半、", "後半の長い", "文"]),
        ("段落一。\n\n段落二。", 6, ["段落一。", "段落二。"]),
        ("あああああああ", 3, ["あああ", "あああ", "あ"]),
        ("  \n ", 5, []),
    ],
)
def test_a_text_is_cut_at_the_best_place_in_reach(text, most, expected):
    assert pieces(text, most) == expected


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40))
def test_no_piece_is_too_long_and_no_letter_is_lost(text, most):
    found = pieces(text, most, measure=units)

    assert all(0 < units(piece) <= most for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_an_answer_of_emoji_is_measured_as_telegram_does():
    found = messages("😀" * 5000)

    assert [units(one) for one in found] == [MAX_MESSAGE_UNITS, MAX_MESSAGE_UNITS, 10_000 - 2 * MAX_MESSAGE_UNITS]
