"""What the pages say of something just done: in the colour of how it went, and with words that can be read on it."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.test import RequestFactory

SHEET = (Path(settings.BASE_DIR) / "templates/static/koebako.css").read_text()
# WCAG 2.2, 1.4.3: of text in a common size.
READABLE = 4.5


def tokens(block):
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = tokens(SHEET[: SHEET.index("@media")])
DARK = LIGHT | tokens(SHEET[SHEET.index("@media (prefers-color-scheme: dark)") : SHEET.index("/* Page */")])


def luminance(colour):
    """Source: WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_a_word_can_be_read_on_paper_and_card(scheme):
    colours = ("ink", "dim", "blue", "ok", "warn", "bad", "wait")

    faint = {
        (colour, ground): round(contrast(scheme[colour], scheme[ground]), 2)
        for colour in colours
        for ground in ("paper", "card")
        if contrast(scheme[colour], scheme[ground]) < READABLE
    }

    assert faint == {}


@pytest.mark.parametrize(
    ("level", "colour"),
    [(constants.SUCCESS, "ok"), (constants.INFO, "blue"), (constants.WARNING, "warn"), (constants.ERROR, "bad")],
)
def test_a_notice_has_the_colour_of_how_it_went(level, colour):
    request = RequestFactory().get("/")

    page = render_to_string("base.html", {"messages": [Message(level, "told")]}, request=request)

    [classes] = re.findall(r'<p class="([^"]+)" role="status">told</p>', page)
    assert of_classes(classes.split()) == colour


def of_classes(classes):
    """Return the token that the last fitting rule of the stylesheet takes for `--state`."""
    rules = re.findall(r"^\.([\w-]+) \{([^}]*)\}", SHEET, re.MULTILINE)
    [*_, colour] = [
        found[1]
        for name, body in rules
        if name in classes and (found := re.search(r"--state: var\(--(\w+)\)", body)) is not None
    ]
    return colour
