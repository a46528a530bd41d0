"""Japan's places by name: found in every spelling, told apart, lying where they should, and read right."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.errors import InputRejected
from jobs.engines.speech.reading import normalise
from jobs.engines.weather import places
from jobs.engines.weather.place_names import romaji
from jobs.engines.weather.places import CREDIT, MAX_NAME_CHARACTERS, find, suggest

# The offices whose forecasts the agency publishes, by its own list.
HOKKAIDO = {"011000", "012000", "013000", "014100", "015000", "016000", "017000"}
OKINAWA = {"471000", "472000", "473000", "474000"}
OFFICES = HOKKAIDO | OKINAWA | {"460100"} | {f"{prefecture:02d}0000" for prefecture in range(2, 46)}


def test_the_table_holds_all_of_japan_once():
    every = places.every()

    wards = [place for place in every if re.fullmatch(".+市.+区", place.name) and place.prefecture]
    prefectures = [place for place in every if not place.prefecture]
    assert (len(prefectures), len(wards), len(every)) == (47, 171, 47 + 171 + 1741)
    assert len({place.label for place in every}) == len(every)
    assert "CC BY 4.0" in CREDIT


def test_every_place_lies_in_japan_and_in_reach_of_an_office():
    for place in places.every():
        assert 24 < place.latitude < 45.6, place
        assert 122.9 < place.longitude < 146, place
        assert place.jma_office in OFFICES, place
        assert re.fullmatch(r"\d{6}", place.jma_area), place
        assert place.jma_area[:2] == place.jma_office[:2], place
    assert {place.jma_office for place in places.every()} == OFFICES


# Bounding boxes of some prefectures in whole tenths of degrees: south, north, west, east.
@pytest.mark.parametrize(
    ("prefecture", "box", "codes"),
    [
        ("北海道", (41.3, 45.6, 139.3, 145.9), 179 + 10),
        ("東京都", (24, 35.9, 136, 154), 62),
        ("神奈川県", (35.1, 35.7, 138.9, 139.8), 33 + 28),
        ("大阪府", (34.2, 35.1, 135.0, 135.8), 43 + 24 + 7),
        ("長野県", (35.1, 37.1, 137.3, 138.8), 77),
        ("香川県", (34.0, 34.6, 133.4, 134.5), 17),
        ("沖縄県", (24, 27.2, 122.9, 131.4), 41),
    ],
)
def test_a_prefectures_places_lie_in_it(prefecture, box, codes):
    inside = [place for place in places.every() if place.prefecture == prefecture]

    south, north, west, east = box
    assert len(inside) == codes
    assert all(south < place.latitude < north and west < place.longitude < east for place in inside)


# Thirty towns from all over, with their halls' coordinates to a tenth of a degree as any atlas has them.
@pytest.mark.parametrize(
    ("name", "latitude", "longitude", "area"),
    [
        ("稚内市", 45.4, 141.7, "011000"), ("札幌市", 43.1, 141.4, "016010"), ("根室市", 43.3, 145.6, "014010"),
        ("帯広市", 42.9, 143.2, "014030"), ("函館市", 41.8, 140.7, "017010"), ("青森市", 40.8, 140.7, "020010"),
        ("八戸市", 40.5, 141.5, "020030"), ("仙台市", 38.3, 140.9, "040010"), ("会津若松市", 37.5, 139.9, "070030"),
        ("佐渡市", 38.0, 138.4, "150040"), ("新潟市", 37.9, 139.0, "150010"), ("千代田区", 35.7, 139.8, "130010"),
        ("大島町", 34.7, 139.4, "130020"), ("八丈町", 33.1, 139.8, "130030"), ("小笠原村", 27.1, 142.2, "130040"),
        ("小田原市", 35.3, 139.2, "140020"), ("大磯町", 35.3, 139.3, "140010"), ("松本市", 36.2, 138.0, "200020"),
        ("高山市", 36.1, 137.3, "210020"), ("名古屋市", 35.2, 136.9, "230010"), ("大阪市", 34.7, 135.5, "270000"),
        ("豊岡市", 35.5, 134.8, "280020"), ("松江市", 35.5, 133.0, "320010"), ("尾道市", 34.4, 133.2, "340010"),
        ("宇和島市", 33.2, 132.6, "380030"), ("福岡市", 33.6, 130.4, "400010"), ("対馬市", 34.2, 129.3, "420030"),
        ("奄美市", 28.4, 129.5, "460040"), ("那覇市", 26.2, 127.7, "471010"), ("与那国町", 24.5, 123.0, "474020"),
    ],
)  # fmt: skip
def test_towns_lie_where_an_atlas_has_them(name, latitude, longitude, area):
    place = find(name)

    assert abs(place.latitude - latitude) < 0.1
    assert abs(place.longitude - longitude) < 0.1
    assert place.jma_area == area


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("横浜市", "横浜市（神奈川県）"),
        ("横浜", "横浜市（神奈川県）"),
        (" 横 浜 市 ", "横浜市（神奈川県）"),
        ("よこはま", "横浜市（神奈川県）"),
        ("ヨコハマシ", "横浜市（神奈川県）"),
        ("ﾖｺﾊﾏ", "横浜市（神奈川県）"),
        ("Yokohama", "横浜市（神奈川県）"),
        ("yokohama-shi", "横浜市（神奈川県）"),
        ("ＹＯＫＯＨＡＭＡ　City", "横浜市（神奈川県）"),
        ("神奈川県横浜市", "横浜市（神奈川県）"),
        ("横濱市", "横浜市（神奈川県）"),
        ("Yokohama, Japan", "横浜市（神奈川県）"),
        ("横浜町", "横浜町（青森県）"),
        ("府中市（東京都）", "府中市（東京都）"),
        ("府中市(広島)", "府中市（広島県）"),
        ("広島県府中市", "府中市（広島県）"),
        ("Fuchu, Tokyo", "府中市（東京都）"),
        ("横浜市中区", "横浜市中区（神奈川県）"),
        ("中区（横浜市）", "横浜市中区（神奈川県）"),
        ("Naka Ward, Yokohama", "横浜市中区（神奈川県）"),
        ("naka-ku, yokohama", "横浜市中区（神奈川県）"),
        ("大阪", "大阪市（大阪府）"),
        ("Ōsaka", "大阪市（大阪府）"),
        ("Oosaka", "大阪市（大阪府）"),
        ("大阪府", "大阪府"),
        ("東京", "東京都"),
        ("沖縄", "沖縄県"),
        ("北海道", "北海道"),
        ("Gumma Prefecture", "群馬県"),
        ("Kouchi", "高知市（高知県）"),
        ("渋谷", "渋谷区（東京都）"),
        ("金沢", "金沢市（石川県）"),
        ("鎌ヶ谷", "鎌ケ谷市（千葉県）"),
        ("三重郡川越町", "川越町（三重県）"),
        ("四日市", "四日市市（三重県）"),
        ("津", "津市（三重県）"),
        ("Tsu", "津市（三重県）"),
        ("南アルプス", "南アルプス市（山梨県）"),
        ("浜松市浜名区", "浜松市浜名区（静岡県）"),
    ],
)
def test_a_place_is_found_however_it_is_written(typed, label):
    assert find(typed).label == label


def test_every_place_is_found_by_its_label_its_reading_and_its_full_name():
    for place in places.every():
        assert find(place.label) is place
        assert find(place.prefecture + place.name) is place


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("府中市", ["府中市（東京都）", "府中市（広島県）"]),
        ("府中", ["府中市（東京都）", "府中市（広島県）", "府中町（広島県）"]),
        ("Date", ["伊達市（北海道）", "伊達市（福島県）"]),
        ("川越", ["川越市（埼玉県）", "川越町（三重県）"]),
        ("中区", ["横浜市中区（神奈川県）", "広島市中区（広島県）"]),
        ("北区", ["札幌市北区（北海道）", "北区（東京都）", "and 3 more"]),
    ],
)
def test_a_name_of_several_places_lists_what_may_be_said_instead(typed, candidates):
    with pytest.raises(InputRejected) as raised:
        find(typed)

    assert (raised.value.field, raised.value.code) == ("place", "ambiguous_place")
    assert all(candidate in raised.value.message for candidate in candidates)


@pytest.mark.parametrize(("typed", "close"), [("よこはむ", "横浜市"), ("Yokohma", "横浜市"), ("八日市", "四日市市")])
def test_an_unknown_name_is_answered_with_the_closest(typed, close):
    with pytest.raises(InputRejected) as raised:
        find(typed)

    assert (raised.value.field, raised.value.code) == ("place", "unknown_place")
    assert close in raised.value.message


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=MAX_NAME_CHARACTERS + 20))
def test_no_name_raises_what_has_no_name(typed):
    with suppress(InputRejected):
        assert find(typed).name
    assert len(suggest(typed, 3)) <= 3


def test_suggestions_begin_as_typed_and_put_the_large_first():
    def names(prefix: str, limit: int = 4) -> list[str]:
        return [place.name for place in suggest(prefix, limit)]

    assert names("横浜")[:2] == ["横浜市", "横浜町"]
    assert names("yoko")[0] == names("よこ")[0] == "横浜市"
    assert names("fuk", 1) == ["福岡市"]
    assert "横浜市港北区" in names("横浜市", 20)
    assert len(names("か", 5)) == len(set(names("か", 5))) == 5
    assert names("") == names("横浜", 0) == names("zzz") == []


@pytest.mark.parametrize(
    ("kana", "letters"), [("ちょうふ", "tyohu"), ("にっぽん", "nippon"), ("ぐんま", "gunma"), ("おおさか", "osaka")]
)
def test_kana_in_letters_as_typed_names_are_folded(kana, letters):
    assert romaji(kana) == letters


def test_our_voice_reads_the_names_of_the_table_right(openjtalk):
    """Every fourth that is respelt for it, and of the others one in twelve, in the sentence that they stand in."""
    rows = [line.split("\t") for line in places._FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    respelt = [row for row in rows if row[8]]
    others = [row for row in rows if not row[8]]
    words = openjtalk._loaded().words

    wrong = [
        (row[1], row[8])
        for row in respelt[::4] + others[::12]
        if _heard(words(normalise(f"11月21日、{row[8] or row[1]}の天気をお伝えします。"))) != _long(_katakana(row[3]))
    ]

    assert not wrong
    assert len(respelt) > 600
    assert _heard(words("11月21日、我孫子町の天気")) != "アビコチョー"  # it can tell


def _heard(words) -> str:
    name = [word["pron"] for word in words]
    start = [word["string"] for word in words].index("、") + 1
    end = [word["string"] for word in words].index("天気")
    return _long("".join(name[start : end - 1]))


def _katakana(hiragana: str) -> str:
    return "".join(chr(ord(sign) + 0x60) if "ぁ" <= sign <= "ゖ" else sign for sign in hiragana)


_ROWS = {
    "ア": "アカサタナハマヤラワガザダバパャ",
    "イ": "イキシチニヒミリギジビピ",
    "ウ": "ウクスツヌフムユルグズブプュ",
    "エ": "エケセテネヘメレゲゼデベペ",
    "オ": "オコソトノホモヨロゴゾドボポョ",
}
_VOWELS = {sign: vowel for vowel, row in _ROWS.items() for sign in row}


def _long(katakana: str) -> str:
    """Return it with every long vowel as ー, ヅ as ズ, and without the marks of vowels that are not voiced."""
    text = ""
    for sign in katakana.replace("’", "").replace("ヅ", "ズ").replace("ヂ", "ジ").replace("ヲ", "オ"):
        before = _VOWELS.get(text.rstrip("ー")[-1:])
        text += "ー" if before and (sign == before or (before, sign) in (("オ", "ウ"), ("エ", "イ"))) else sign
    return text
