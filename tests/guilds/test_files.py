"""A dictionary comes out of a file and goes into one: generous in reading, strict in limits, harmless when opened."""

import csv
import io
import json
import time
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from bots.guilds import dictionary_files, edit, files
from bots.guilds.dictionary_files import Preview, compare, read_file, take_over, write_csv, write_json
from bots.guilds.edit import Put, Refused

GUILD = 777
TWO = [("w", "わら"), ("草", "くさ")]


def pairs_of(data: bytes | str, name: str) -> list[tuple[str, str]]:
    preview = read_file(data.encode() if isinstance(data, str) else data, name)
    assert preview.refused == ()
    return preview.pairs


def refused_lines(data: bytes | str, name: str = "words.csv") -> list[tuple[int, str]]:
    preview = read_file(data.encode() if isinstance(data, str) else data, name)
    with translation.override("en"):
        assert all(one.reason and "%(" not in one.reason for one in preview.refused)
    return [(one.line, one.refusal.code) for one in preview.refused]


def refusal_of(data: bytes | str, name: str) -> str:
    with pytest.raises(Refused) as caught:
        read_file(data.encode() if isinstance(data, str) else data, name)
    assert caught.value.field == "file"
    with translation.override("en"):
        assert caught.value.message
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w.csv", "word,reading\nw,わら\n草,くさ\n"),
        ("w.csv", "reading,note,word\nわら,x,w\nくさ,y,草\n"),
        ("w.csv", "単語,読み\r\nw,わら\r\n草,くさ\r\n"),
        ("w.csv", "w,わら\r\r草,くさ"),
        ("w.csv", '"w","わら"\n\n , \n"草", "くさ"'),
        ("w.tsv", "w\tわら\n草\tくさ"),
        ("w.txt", "w;わら\n草;くさ"),
        ("w.txt", "w わら\n草\u3000くさ"),
        ("ReplaceWord.dic", "10\tN\tw\tわら\n5\tN\t草\tくさ"),
        ("w.json", '{"w": "わら", "草": "くさ"}'),
        ("w.json", '[{"word": "w", "reading": "わら"}, {"before": "草", "after": "くさ"}]'),
        ("w.json", '[["w", "わら"], ["草", "くさ"]]'),
        ("w.json", '[{"w": "わら"}, {"草": "くさ"}]'),
        ("w.json", '{"w": {"reading": "わら"}, "草": {"to": "くさ", "priority": 5}}'),
        ("w.json", '{"version": 1, "entries": [{"word": "w", "yomi": "わら"}, {"from": "草", "to": "くさ"}]}'),
        ("w.json", '{"data": {"dict": {"w": "わら", "草": "くさ"}}}'),
        (
            "user_dict.json",
            json.dumps(
                {
                    "a-1": {"surface": "ｗ", "pronunciation": "わら", "accent_type": 1, "context_id": 1348},
                    "a-2": {"surface": "草", "pronunciation": "くさ", "accent_type": 1, "context_id": 1348},
                }
            ),
        ),
        ("words.txt", '\n {"w": "わら", "草": "くさ"}'),
        ("without", '[["w", "わら"], ["草", "くさ"]]'),
    ],
)
def test_the_same_words_come_out_of_many_shapes(name: str, text: str) -> None:
    assert [(word.replace("ｗ", "w"), reading) for word, reading in pairs_of(text, name)] == TWO


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "shift_jis"])
@pytest.mark.parametrize("name", ["w.csv", "w.json"])
def test_the_same_words_come_out_of_many_encodings(encoding: str, name: str) -> None:
    text = "w,わら\r\n草,くさ\r\n" if name == "w.csv" else '{"w": "わら", "草": "くさ"}'

    assert pairs_of(text.encode(encoding), name) == TWO


def test_each_line_that_does_not_fit_is_named_with_its_reason() -> None:
    data = (
        "word,reading\n"
        "w,わら\n"
        ",なし\n"
        f"{'x' * 51},長い\n"
        f"長い,{'x' * 101}\n"
        "alone\n"
        '"two\nlines",ok\n'
        "Ｗ,くさ\n"
        "\u200b,x\n"
        f"z{chr(0x301) * 30},x\n"
    )

    assert refused_lines(data) == [
        (2, "doubled"),
        (3, "empty"),
        (4, "too_long"),
        (5, "too_long"),
        (6, "no_reading"),
        (10, "empty"),
        (11, "too_many_marks"),
    ]
    assert read_file(data.encode(), "w.csv").pairs == [("two lines", "ok"), ("Ｗ", "くさ")]


def test_each_entry_of_json_that_does_not_fit_is_named_by_its_number() -> None:
    data = json.dumps(
        [
            ["w", "わら"],
            ["草", ["くさ"]],
            [1, 2.5],
            {},
            {"word": True, "reading": "x"},
            {"word": "x"},
            "word",
            None,
            {"word": "nothing", "reading": None},
            {"word": "\ud800", "reading": "x"},
        ]
    )

    assert refused_lines(data, "w.json") == [
        (2, "no_text"),
        (4, "no_word"),
        (5, "no_text"),
        (6, "no_reading"),
        (7, "no_word"),
        (8, "no_word"),
        (10, "unstorable_text"),
    ]
    assert read_file(data.encode(), "w.json").pairs == [("w", "わら"), ("1", "2.5"), ("nothing", "")]


def test_patterns_of_bouyomichan_are_no_words() -> None:
    assert refused_lines("1\tN\tw\tわら\n1\tR\t^w+$\tわら", "ReplaceWord.dic") == [(2, "no_word")]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "w.csv", "empty"),
        (b" \n\t\n", "w.csv", "empty"),
        (b"\x00" * 1000, "w.csv", "empty"),
        (b"x" * 10_000_000, "w.csv", "too_large"),
        (b"[" * 10_000_000, "w.json", "too_large"),
        (b"[" * 100_000, "w.json", "too_many_rows"),
        (b"[" * 15_000, "w.json", "no_json"),
        (b'{"a":' * 15_000, "w.json", "no_json"),
        (b"[" + b"1," * 250_000 + b"1]", "w.json", "too_many_rows"),
        (b"[" + b"9" * 100_000 + b"]", "w.json", "no_json"),
        (b"a,b\n" * 500_000, "w.csv", "too_many_rows"),
        (b"\n" * 1_000_000 + b"a\n" * 500_000, "w.txt", "too_many_rows"),
        (b'a,"' + b"x" * 500_000, "w.csv", "no_csv"),
        (b"{", "w.json", "no_json"),
        (b"null", "w.json", "no_rows"),
        (b'"word"', "w.json", "no_rows"),
        (b"w,reading", "w.json", "no_json"),
        (b"PK\x03\x04rest", "w.csv", "a_workbook"),
        (b"\x89PNG\r\n\x1a\n\x82\xff\x85", "w.csv", "unknown_encoding"),
        (b"\xff\xfe\x00", "w.csv", "unknown_encoding"),
    ],
)
def test_a_hostile_file_is_refused_in_a_moment(data: bytes, name: str, code: str) -> None:
    before = time.process_time()

    assert refusal_of(data, name) == code
    # A generous bound on work, not a measure of speed.
    assert time.process_time() - before < 5


def test_nul_bytes_are_left_out() -> None:
    assert pairs_of("word,reading\nw\x00x,わ\x00ら\n", "w.csv") == [("wx", "わら")]


def preview_or_refusal(data: bytes, name: str) -> Preview | Refused:
    try:
        return read_file(data, name)
    except Refused as refusal:
        return refusal


@given(st.binary(max_size=300), st.sampled_from(["w.csv", "w.json", "w.txt", "w.tsv", "w.dic", ""]))
def test_any_bytes_end_in_rows_or_a_refusal(data: bytes, name: str) -> None:
    preview = preview_or_refusal(data, name)

    if isinstance(preview, Refused):
        assert preview.field == "file"
    else:
        assert all(one.text.isprintable() for one in preview.refused)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["word", "reading", "data"]), inside, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_ends_in_rows_or_a_refusal(data: Any) -> None:
    preview = preview_or_refusal(json.dumps(data).encode(), "w.json")

    assert isinstance(preview, Preview) or preview.code == "no_rows"


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", "'=1", "'quoted'", "''", "=cmd|' /C calc'!A0"]


@pytest.mark.django_db
def test_what_is_handed_out_holds_no_formula_and_comes_back_unharmed() -> None:
    edit.put_entries(GUILD, [(word, f"{word}読み") for word in FORMULAS] + [("www", ""), ('a"b,c', "x\u3000y")], by="")
    before = {(entry.written, entry.reading) for entry in edit.entries(GUILD)}

    table, document = write_csv(GUILD), write_json(GUILD)

    for row in csv.reader(io.StringIO(table.decode("utf-8-sig"))):
        assert not any(cell.startswith(files.FORMULA_STARTS) for cell in row)
    for data, name in ((table, "w.csv"), (document, "w.json")):
        assert set(pairs_of(data, name)) == before


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=20)), max_size=5))
def test_any_cell_comes_back_out_of_a_csv(rows: list[tuple[str, str]]) -> None:
    for row in rows:
        for cell in row:
            assert files.unescaped(files.escaped(cell)) == cell
            assert not files.escaped(cell).startswith(files.FORMULA_STARTS)


@pytest.mark.django_db
def test_a_preview_tells_what_taking_over_then_does() -> None:
    edit.put_entries(GUILD, [("w", "ダブリュー"), ("草", "くさ"), ("old", "オールド")], by="")
    preview = read_file("w,わら\n草,くさ\nnew,ニュー\n".encode(), "w.csv")

    assert compare(GUILD, preview) == Put(added=1, changed=1, kept=1)
    assert compare(GUILD, preview, replace=True) == Put(added=1, changed=1, kept=1, removed=1)
    assert take_over(GUILD, preview, by="discord:1") == 2
    assert compare(GUILD, preview) == Put(kept=3)
    assert len(edit.entries(GUILD)) == 4
    assert take_over(GUILD, preview, by="discord:1", replace=True) == 0
    assert [entry.written for entry in edit.entries(GUILD)] == ["new", "w", "草"]


@pytest.mark.django_db
def test_a_file_may_come_before_the_guild() -> None:
    preview = read_file("w,わら".encode(), "w.csv")

    assert compare(GUILD, preview) == Put(added=1)
    assert take_over(GUILD, preview, by="") == 1


@pytest.mark.django_db
def test_more_than_a_dictionary_holds_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 2)
    edit.add_entry(GUILD, "a", "1", by="")
    preview = read_file(b"b,2\nc,3\na,4", "w.csv")

    for call in (lambda: compare(GUILD, preview), lambda: take_over(GUILD, preview, by="")):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.code == "too_many"
    assert [(entry.written, entry.reading) for entry in edit.entries(GUILD)] == [("a", "1")]


def test_entries_that_go_round_in_circles_are_only_entries() -> None:
    assert pairs_of("a,b\nb,c\nc,a\nd,d", "w.csv") == [("a", "b"), ("b", "c"), ("c", "a"), ("d", "d")]


@pytest.mark.django_db
def test_the_fullest_dictionary_fits_into_a_file() -> None:
    full = [(f"{number:04}" + "語" * 46, "よ" * 100) for number in range(edit.MAX_ENTRIES)]
    edit.put_entries(GUILD, full, by="")

    for data, name in ((write_csv(GUILD), "w.csv"), (write_json(GUILD), "w.json")):
        assert len(read_file(data, name).rows) == edit.MAX_ENTRIES


def test_a_refused_line_is_shown_short_and_in_one_line() -> None:
    [one] = read_file(f"w,{'あ' * 500}\n".encode(), "w.csv").refused

    assert len(one.text) == dictionary_files.MAX_SHOWN_CHARACTERS
