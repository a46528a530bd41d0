"""The words: every one is translated, and what is compiled is what is written."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings

from jobs.live import words
from jobs.runtime import registry

LOCALES = [Path(place) for place in settings.LOCALE_PATHS]
# The names that mark a word, and which of their arguments it is.
MARKS = {"_": 0, "gettext": 0, "gettext_lazy": 0, "gettext_noop": 0, "ngettext": 0, "pgettext": 1, "pgettext_lazy": 1}
ENTRY = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$')


def read(path: Path) -> list[dict[str, str]]:
    """Return the entries of a catalogue, the header first."""
    entries = []
    for block in path.read_text().strip().split("\n\n"):
        entry: dict[str, str] = {}
        field = ""
        for line in block.splitlines():
            if line.startswith("#"):
                assert "fuzzy" not in line, f"{path}: a guess of msgmerge was not looked at: {block}"
                continue
            found = ENTRY.match(line)
            field = found[1] if found else field
            entry[field] = entry.get(field, "") + ast.literal_eval(found[2] if found else line)
        if entry:
            entries.append(entry)
    return entries


def key(entry: dict[str, str]) -> str:
    context = entry.get("msgctxt")
    return entry["msgid"] if context is None else f"{context}\x04{entry['msgid']}"


@pytest.mark.parametrize("locale", LOCALES, ids=lambda place: place.parent.name)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_compiled_catalogue_is_the_written_one(language, locale):
    folder = locale / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    written: dict[object, str] = {}
    for entry in read(folder / "django.po")[1:]:
        if "msgid_plural" in entry:
            forms = {int(name[7]): text for name, text in entry.items() if name.startswith("msgstr[")}
            written |= {(key(entry), index): text for index, text in forms.items() if text}
        elif entry["msgstr"]:
            written[key(entry)] = entry["msgstr"]

    assert {name: text for name, text in compiled._catalog.items() if name != ""} == written


def japanese() -> list[dict[str, str]]:
    """Return the entries of every room's Japanese catalogue."""
    return [entry for place in LOCALES for entry in read(place / "ja" / "LC_MESSAGES" / "django.po")[1:]]


def test_every_word_is_said_in_japanese():
    missing = [key(entry) for entry in japanese() if not entry.get("msgstr", entry.get("msgstr[0]"))]

    assert missing == []


def test_a_translation_keeps_the_places_for_values():
    for entry in japanese():
        # Japanese has one form for every number, so it stands for the plural.
        asked = entry.get("msgid_plural", entry["msgid"])
        said = entry.get("msgstr", entry.get("msgstr[0]", ""))
        assert set(re.findall(r"%\(\w+\)[sd]", asked)) == set(re.findall(r"%\(\w+\)[sd]", said)), entry


def test_every_word_of_the_sources_is_in_the_catalogue():
    """What is missing is added by `manage.py makemessages -l ja -l en` and translated by hand."""
    known = {entry["msgid"] for entry in japanese()}

    assert sorted((_words_of_python() | _words_of_templates()) - known) == []


def _words_of_python() -> set[str]:
    found = set()
    for room in ("core", "jobs", "bots"):
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                    word = node.args[MARKS[node.func.id]]
                    # An f-string or a variable could never be found in a catalogue.
                    if isinstance(word, ast.Constant):
                        found.add(word.value)
    return found


def _words_of_templates() -> set[str]:
    found = set()
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        source = path.read_text()
        found |= {word for _quote, word in re.findall(r"""\{% translate (["'])(.*?)\1""", source)}
        for block in re.findall(r"\{% blocktranslate.*?%\}(.*?)\{% (?:plural|endblocktranslate)", source, flags=re.S):
            found.add(re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", block))
    return found


def test_every_function_and_its_summary_is_said_in_japanese():
    from django.utils import translation

    with translation.override("ja"):
        for spec in registry.every():
            if spec.call.__module__.startswith("jobs."):
                assert re.search(r"[ぁ-んァ-ヶ一-龠]", str(spec.title)), spec.name
                assert re.search(r"[ぁ-んァ-ヶ一-龠]", words.summary(spec)), spec.name


def test_every_field_of_a_function_says_in_japanese_what_it_is():
    """The admin shows them; the API's reference keeps the English ones."""
    from django.utils import translation

    ours = [spec for spec in registry.every() if spec.call.__module__.startswith("jobs.")]
    said = {
        field.description
        for spec in ours
        for model in (spec.input_type, spec.output_type)
        for field in model.model_fields.values()
        if field.description
    }
    assert said

    with translation.override("ja"):
        assert sorted(words for words in said if translation.gettext(words) == words) == []
