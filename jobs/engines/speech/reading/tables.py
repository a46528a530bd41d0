"""Read the tables of this folder: one entry a line, `written<TAB>spoken`, `#` starts a comment line.

Several spellings with one reading stand together, divided by spaces.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent / "tables"


def read_rows(name: str) -> list[tuple[str, str]]:
    """
    Return the entries of tables/{name}.tsv in order.

    Raises ValueError with the line when an entry has not two columns, so that a slip is found at import.
    """
    rows = []
    for number, line in enumerate((_FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("# "):
            continue
        written, tab, spoken = line.partition("\t")
        if not tab or not written:
            raise ValueError(f"{name}.tsv, line {number}: expected two columns divided by a tab, got {line!r}")
        rows.append((written, spoken.strip()))
    return rows


def read_table(name: str) -> dict[str, str]:
    """
    Return tables/{name}.tsv as a dictionary; the spellings of a row each become a key.

    Raises ValueError as read_rows() does, and when a spelling stands in the table twice.
    """
    table: dict[str, str] = {}
    for written, spoken in read_rows(name):
        for spelling in written.split(" "):
            if spelling in table:
                raise ValueError(f"{name}.tsv has {spelling!r} twice")
            table[spelling] = spoken
    return table
