"""The dictionary channel: a line is an entry, a removal, a list, or refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.guilds import dictionary_lines as lines
from bots.guilds import edit
from bots.guilds.dictionary_lines import Act, Outcome

GUILD = 777


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("語 読み", (Act.ADD, "語", "読み")),
        ("語\u3000読み", (Act.ADD, "語", "読み")),
        ("語\t読み", (Act.ADD, "語", "読み")),
        ("  語   読み方 です ", (Act.ADD, "語", "読み方 です")),
        ("New York\tニューヨーク", (Act.ADD, "New York", "ニューヨーク")),
        ('"New York" ニューヨーク', (Act.ADD, "New York", "ニューヨーク")),
        ("「ニュー ヨーク」 ニューヨーク", (Act.ADD, "ニュー ヨーク", "ニューヨーク")),
        ('"remove" リムーブ', (Act.ADD, "remove", "リムーブ")),
        ("list リスト", (Act.ADD, "list", "リスト")),
        ("-5 マイナスご", (Act.ADD, "-5", "マイナスご")),
        ("削除 語", (Act.REMOVE, "語", "")),
        ("削除\u3000語", (Act.REMOVE, "語", "")),
        ("remove New York", (Act.REMOVE, "New York", "")),
        ("REMOVE web", (Act.REMOVE, "web", "")),
        ('delete "New York"', (Act.REMOVE, "New York", "")),
        ("-語", (Act.REMOVE, "語", "")),
        ("－語", (Act.REMOVE, "語", "")),
        ("- 語", (Act.REMOVE, "語", "")),
        ("- New York", (Act.REMOVE, "New York", "")),
        ("一覧", (Act.LIST, "", "")),
        ("List", (Act.LIST, "", "")),
        ("語", (Act.UNCLEAR, "", "")),
        ("削除", (Act.UNCLEAR, "", "")),
        ("-", (Act.UNCLEAR, "", "")),
    ],
)
def test_a_line_says_what_it_asks_for(line: str, expected: tuple[Act, str, str]) -> None:
    [request] = lines.parse(line)

    assert (request.act, request.written, request.reading) == expected


def test_empty_lines_and_fences_ask_for_nothing() -> None:
    assert lines.parse("\n \u3000\n```\n```txt\n") == []


@given(st.text())
def test_whatever_is_written_is_one_request_a_line_at_most(content: str) -> None:
    requests = lines.parse(content)

    assert len(requests) <= len(content.splitlines())
    for request in requests:
        assert (request.act is Act.ADD) == bool(request.reading)
        assert (request.act in {Act.ADD, Act.REMOVE}) == bool(request.written)


@pytest.mark.django_db
def test_a_message_of_several_lines_is_answered_line_by_line() -> None:
    edit.put_entries(GUILD, [("web", "ウェブ"), ("old", "オールド"), ("same", "セイム")], by="")

    answers = lines.apply(
        GUILD,
        "草 わら\nＷＥＢ うぇぶ\nsame セイム\n削除 old\n-none\nただの文\nx " + "y" * 101 + "\n一覧",
        by="discord:1",
    )

    assert [answer.outcome for answer in answers] == [
        Outcome.ADDED,
        Outcome.CHANGED,
        Outcome.KEPT,
        Outcome.REMOVED,
        Outcome.MISSING,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.LISTED,
    ]
    assert (answers[1].before, answers[1].reading) == ("ウェブ", "うぇぶ")
    assert [answer.refusal.code for answer in answers if answer.refusal] == ["unclear", "too_long"]
    assert answers[-1].total == 3
    assert set(answers[-1].entries) == {("ＷＥＢ", "うぇぶ"), ("same", "セイム"), ("草", "わら")}
    assert {entry.added_by for entry in edit.entries(GUILD)} == {"", "discord:1"}


@pytest.mark.django_db
def test_what_is_too_much_for_a_message_is_refused() -> None:
    answers = lines.apply(GUILD, "\n".join(f"w{number} x" for number in range(103)), by="")

    assert [answer.outcome for answer in answers] == [Outcome.ADDED] * 100 + [Outcome.REFUSED] * 3
    assert answers[-1].refusal is not None
    assert "100" in answers[-1].refusal.message


@pytest.mark.django_db
def test_a_full_dictionary_refuses_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 1)

    answers = lines.apply(GUILD, "a 1\nb 2\na 3", by="")

    assert [answer.outcome for answer in answers] == [Outcome.ADDED, Outcome.REFUSED, Outcome.CHANGED]
    assert [(entry.written, entry.reading) for entry in edit.entries(GUILD)] == [("a", "3")]
