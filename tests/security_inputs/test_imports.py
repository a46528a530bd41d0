"""S17: 200 files that somebody brings as a dictionary: taken whole or not at all, and handed out without a formula."""

import csv
import io
import itertools
import json
import random

import pytest

from bots.guilds import edit, files
from bots.guilds.clean import Refused
from bots.guilds.dictionary_files import read_file, take_over, write_csv, write_json
from bots.guilds.models import DictionaryEntry

GUILD = 777
FORMULAS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A",
    '=HYPERLINK("http://a")', "'=1", "''=1",
    "=IMPORTXML(A1)", "-2+3+cmd|' /C calc'!A0", '="a"&"b"', " =1", "\u00a0=1", "\ufeff=1", "\n=1", "|calc", "%0A=1",
    ";=1", ",=1", '"=1"',
)  # fmt: skip
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "cp932",
    "euc-jp",
    "iso2022_jp",
    "latin-1",
    "utf-7",
    "cp037",
)
TABLE = "word,reading\nw,わら\n草,くさ\n"


def hostile_files():  # noqa: C901 - a list of lists
    """Yield a name for people, the file's name, and its bytes."""
    for formula in FORMULAS:
        for name, text in (
            ("csv", f'"{formula}","{formula}"\nok,よし\n'),
            ("json", json.dumps({formula: formula, "ok": "よし"})),
        ):
            yield f"{formula!r} as {name}", f"w.{name}", text.encode()
    for encoding in ENCODINGS:
        for name in ("w.csv", "w.json"):
            text = TABLE if name == "w.csv" else json.dumps(dict(csv.reader(io.StringIO(TABLE))), ensure_ascii=False)
            yield f"{encoding} {name}", name, text.encode(encoding, "replace")
    for first, second in itertools.permutations(("utf-8", "cp932", "utf-16-le", "euc-jp"), 2):
        yield f"{first} and then {second}", "w.csv", "w,わら\n".encode(first) * 20 + "草,くさ\n".encode(second) * 20
    for piece in (
        b"\x00",
        b"\x00" * 999,
        b"\x1a",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
    ):
        for place in (0, 20, len(TABLE.encode())):
            whole = TABLE.encode()
            yield f"{piece[:4]!r} at {place}", "w.csv", whole[:place] + piece + whole[place:]
    quoted = (
        '"a\nb","c\nd"\n',
        '"a',
        'a"b,c"d\n',
        '"a""b","c"\n',
        '"a"b,c\n',
        '""""""\n',
        "'a,b'\n",
        '"a\r\nb",c\r\n',
        '"' * 999,
        ',"\n' * 99,
    )
    for text in quoted:
        yield f"quoted {text[:10]!r}", "w.csv", (TABLE + text).encode()
    for count in (2, 3, 50, 1000):
        yield f"{count} columns", "w.csv", (",".join(["a"] * count) + "\n").encode() * 50
    for rows in (2_000, 10_001, 700_000, 1_000_000):
        yield f"{rows} rows", "w.csv", b"a,b\n" * min(rows, 1_000_000)
    for cell in (
        "x" * 200,
        "語" * 60,
        "a\u0301" * 40,
        "\u202e" * 9,
        "<script>",
        "\ud83d",
        "",
        " ",
        "\u3000",
        "@everyone",
        "||a||",
        "{{7}}",
    ):
        yield f"a cell {cell[:8]!r}", "w.json", json.dumps([[cell, cell], ["ok", "よし"]]).encode()
    for text in (
        "{",
        "[",
        "[]",
        "{}",
        "null",
        '"a"',
        "1",
        '[["a"',
        '{"a":',
        "[1,2",
        '{"a":{"b":{"c":{}}}}',
        "[[[]]]",
        '{"a":NaN}',
        "//a\n{}",
        "{'a':1}",
    ):
        yield f"JSON {text}", "w.json", text.encode()
    fate = random.Random(17)
    for number in range(40):
        data = bytearray(TABLE.encode() * 5)
        for _flip in range(fate.randint(1, 30)):
            data[fate.randrange(len(data))] = fate.randrange(256)
        yield f"bytes gone wrong {number}", fate.choice(["w.csv", "w.tsv", "w.txt", "w.dic", "w.json", ""]), bytes(data)


@pytest.mark.django_db
def test_a_file_is_taken_whole_or_not_at_all_and_comes_back_as_it_is():
    tried, taken, wrong = 0, 0, []
    for name, file_name, data in hostile_files():
        tried += 1
        DictionaryEntry.objects.all().delete()
        edit.put_entries(GUILD, [("before", "まえ")], by="")
        try:
            preview = read_file(data, file_name)
            changed = take_over(GUILD, preview, by="staff:boss")
        except Refused:
            if [entry.written for entry in edit.entries(GUILD)] != ["before"]:
                wrong.append((name, "refused, and yet taken in part"))
            continue
        taken += 1
        there = {(entry.written, entry.reading) for entry in edit.entries(GUILD)}
        # All that the preview promised; "before" stays unless the file has it.
        if changed > len(preview.rows) or len(there) > len(preview.rows) + 1 or not len(there) >= len(preview.rows):
            wrong.append((name, "another number than promised", changed, len(there), len(preview.rows)))
        wrong += [(name, *each) for each in round_trip(there)]
    assert wrong == []
    assert tried >= 200
    assert taken > 60


def round_trip(there):
    for data, file_name in ((write_csv(GUILD), "w.csv"), (write_json(GUILD), "w.json")):
        if file_name == "w.csv":
            cells = itertools.chain(*csv.reader(io.StringIO(data.decode("utf-8-sig"))))
            yield from (("a formula", cell) for cell in cells if cell.startswith(files.FORMULA_STARTS))
        back = read_file(data, file_name)
        if set(back.pairs) != there or back.refused:
            yield "does not come back", file_name, sorted(set(back.pairs) ^ there)[:3]


@pytest.mark.django_db
def test_what_would_be_too_many_changes_nothing(monkeypatch):
    monkeypatch.setattr(edit.dictionary, "MAX_ENTRIES", 3)
    edit.put_entries(GUILD, [("a", "1"), ("b", "2")], by="")

    for rows in (2, 3, 50):
        preview = read_file("".join(f"c{n},d\n" for n in range(rows)).encode(), "w.csv")
        with pytest.raises(Refused):
            take_over(GUILD, preview, by="")

    assert [(entry.written, entry.reading) for entry in edit.entries(GUILD)] == [("a", "1"), ("b", "2")]
