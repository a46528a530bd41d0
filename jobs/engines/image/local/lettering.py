"""Set the name of a dish: clean it, break it as Japanese is broken, and draw it on its card.

Whatever was typed comes out readable: signs without a glyph are left out, long names get smaller type,
then a second line, then an ellipsis. Called by renderer.py.
"""

import math
import unicodedata
from collections.abc import Callable
from functools import cached_property

import noto_cjk_sans_jp_bold
import noto_cjk_sans_jp_regular
from PIL import Image, ImageDraw, ImageFont

LABEL = "イメージ画像（自動生成）"
INK, DIM, PAPER = "#1d2430", "#5c6675", "#fbfaf7"
MARGIN_PIXELS = 56
MAX_CHARACTERS = 160  # more than two lines of the smallest type hold; the rest is not even measured
_NOT_FIRST = set(
    "、。，．・：；？！!?,.:;)）」』】〕｝〉》］]ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ…‥％%℃〜～ｰ’”>＞/"
)
_NOT_LAST = set("(（「『【〔｛〈《［[‘“¥￥$#<＜")
ELLIPSIS = "…"
_RULER_PIXELS = 200

Measure = Callable[[str], float]


def cleaned(text: str) -> str:
    """Return a text on one line without controls, marks of direction, invisible signs and stray accents."""
    text = unicodedata.normalize("NFC", text[: MAX_CHARACTERS * 4])
    kept = []
    for sign in text:
        kind = unicodedata.category(sign)
        if kind in {"Zs", "Zl", "Zp"} or sign in "\t\n\r":
            kept.append(" ")
        elif kind[0] != "C" and kind[0] != "M" and sign not in "\u115f\u1160\u3164\uffa0\u2800\ufffc\ufffd":
            kept.append(sign)
    return " ".join("".join(kept).split())


def _kind(sign: str) -> str:
    """Return the script of a sign, as far as breaking a line cares."""
    if "ぁ" <= sign <= "ゖ":
        return "hiragana"
    if "ァ" <= sign <= "ヿ":
        return "katakana"
    if "一" <= sign <= "鿿" or sign in "々〆":
        return "kanji"
    return "latin" if sign.isalnum() else "sign"


def breaks(text: str) -> list[int]:
    """Return the places before which a line may begin: none before 、 or a small kana, none within a Latin word."""
    places = []
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        if after in _NOT_FIRST or before in _NOT_LAST or after == " ":
            continue
        if before != " " and _kind(before) == _kind(after) == "latin":
            continue
        places.append(place)
    return places


def two_lines(text: str, width: float, measure: Measure) -> tuple[str, str] | None:
    """Return the text in two lines of at most `width` pixels, about equally long; None when it does not fit."""
    best: tuple[float, str, str] | None = None
    for place in breaks(text):
        first, second = text[:place].rstrip(), text[place:].lstrip()
        long, short = measure(first), measure(second)
        if max(long, short) > width or not second:
            continue
        before, after = _kind(text[place - 1]), _kind(text[place])
        is_within = after in {before, "hiragana"}  # a word, or what is said after it
        cost = abs(long - short) + (width * 0.25 if is_within else 0) + (width * 0.1 if short > long else 0)
        if best is None or cost < best[0]:
            best = (cost, first, second)
    return None if best is None else (best[1], best[2])


def cut(text: str, width: float, measure: Measure) -> list[str]:
    """Return at most two lines of `width` pixels, the last ended by an ellipsis when the text is longer."""
    first = _longest(text, width, measure)
    places = [place for place in breaks(text) if len(first) * 0.5 < place <= len(first)]
    place = len(first) if len(first) == len(text) else max(places, default=len(first))
    rest = text[place:].lstrip()
    if not rest:
        return [text]
    if measure(rest) <= width:
        return [text[:place].rstrip(), rest]
    kept = _longest(rest, width - measure(ELLIPSIS), measure).rstrip()
    while kept and kept[-1] in _NOT_LAST | {" "}:
        kept = kept[:-1]
    return [text[:place].rstrip(), kept + ELLIPSIS]


def _longest(text: str, width: float, measure: Measure) -> str:
    """Return as much of the start of a text as fits; one sign at least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= width else (low, middle - 1)
    return text[:low]


class Lettering:
    """Fonts of one picture. Not shared between threads: FreeType's faces keep a size."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[bool, int], ImageFont.FreeTypeFont] = {}
        self._widths: dict[bool, dict[str, float]] = {True: {}, False: {}}

    def font(self, size: int, *, is_bold: bool) -> ImageFont.FreeTypeFont:
        """Return a font; `size` in pixels."""
        key = (is_bold, size)
        if key not in self._fonts:
            path = noto_cjk_sans_jp_bold.FONT_PATH if is_bold else noto_cjk_sans_jp_regular.FONT_PATH
            self._fonts[key] = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
        return self._fonts[key]

    @cached_property
    def _missing(self) -> bytes:
        return bytes(self.font(20, is_bold=True).getmask("\U0010fffd"))

    def drawable(self, text: str) -> str:
        """Return the text, cleaned, without signs that the font would draw as an empty box."""
        font = self.font(20, is_bold=True)
        text = cleaned(text)[: MAX_CHARACTERS * 2]
        known = {sign for sign in set(text) if sign == " " or bytes(font.getmask(sign)) != self._missing}
        whole = " ".join("".join(sign for sign in text if sign in known).split())
        return whole[:MAX_CHARACTERS].strip(" ・-–—,、") if any(_kind(sign) != "sign" for sign in whole) else ""

    def measure(self, size: int, *, is_bold: bool) -> Measure:
        """Return what tells a text's width in pixels at a type size; each sign is measured once, at a large size."""
        ruler, known = self.font(_RULER_PIXELS, is_bold=is_bold), self._widths[is_bold]

        def width(text: str) -> float:
            for sign in text:
                if sign not in known:
                    known[sign] = ruler.getlength(sign)
            # Hinting rounds each advance to a whole pixel: rounded up, the sum is never less than what is drawn.
            return float(sum(math.ceil(known[sign] * size / _RULER_PIXELS - 1e-6) for sign in text))

        return width

    def lines(
        self, text: str, width: float, sizes: tuple[tuple[int, int], ...], *, is_bold: bool
    ) -> tuple[list[str], int]:
        """Return the lines of a text and their type size; `sizes`: (pixels, lines it may take), the best first."""
        for size, count in sizes:
            measure = self.measure(size, is_bold=is_bold)
            whole = measure(text)
            if whole <= width:
                return [text], size
            if count > 1 and whole <= width * 2 and (pair := two_lines(text, width, measure)):
                return list(pair), size
        size = sizes[-1][0]
        return cut(text, width, self.measure(size, is_bold=is_bold)), size


TITLE_SIZES = ((64, 1), (58, 1), (52, 1), (48, 2), (42, 2), (36, 2), (32, 2))
SUBTITLE_SIZES = ((29, 1), (26, 1), (25, 2), (22, 2))


def draw_card(picture: Image.Image, top: int, title: str, subtitle: str, accent: str) -> None:
    """Draw the card below the photograph, from `top` down to the picture's edge."""
    lettering, pen = Lettering(), ImageDraw.Draw(picture)
    width, bottom = picture.width, picture.height
    pen.rectangle((0, top, width, bottom), fill=PAPER)
    pen.rectangle((0, top, width, top + 5), fill=accent)
    title, subtitle = lettering.drawable(title), lettering.drawable(subtitle)
    if not title:
        title, subtitle = subtitle, ""
    title = title or "お料理"
    if subtitle.casefold() == title.casefold():
        subtitle = ""
    room = width - 2 * MARGIN_PIXELS
    names, size = lettering.lines(title, room, TITLE_SIZES, is_bold=True)
    words, small = lettering.lines(subtitle, room, SUBTITLE_SIZES, is_bold=False) if subtitle else ([], 0)
    lead, small_lead = round(size * 1.22), round(small * 1.32)
    label = lettering.font(20, is_bold=False)
    space = bottom - top - 6 - 44
    y = top + 10 + (space - lead * len(names) - small_lead * len(words) - (10 if words else 0)) // 2
    for line in names:
        pen.text((MARGIN_PIXELS, y + lead // 2), line, font=lettering.font(size, is_bold=True), fill=INK, anchor="lm")
        y += lead
    y += 10
    for line in words:
        pen.text(
            (MARGIN_PIXELS, y + small_lead // 2), line, font=lettering.font(small, is_bold=False), fill=DIM, anchor="lm"
        )
        y += small_lead
    pen.text((width - MARGIN_PIXELS, bottom - 30), LABEL, font=label, fill=DIM, anchor="rm")
