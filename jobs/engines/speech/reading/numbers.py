"""Write out what stands around digits: signs, dates, times, ranges, currencies, units.

The digits themselves stay: OpenJTalk reads numbers well, with the sound changes of counters,
and reads telephone numbers digit by digit when their hyphens are left alone.

Every pattern starts only where a number starts, so a long run of digits is looked at once.
Called by reading/__init__.py.
"""

import re
from collections.abc import Callable

from jobs.engines.speech.reading.tables import read_table

Replacement = str | Callable[[re.Match[str]], str]

_UNITS = read_table("units")
_CURRENCIES = {"¥": "円", "$": "ドル", "€": "ユーロ", "£": "ポンド", "₩": "ウォン"}

# With one of these after it, 10-20 is a range and not an address or a score.
_RANGE_WORDS = (*"人名個本台枚匹頭冊回度階歳円分秒時日月年週泊点位倍割章話巻件", "ページ", *_UNITS.values())
_PHONE = re.compile(r"0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}|[0-9]{3}-[0-9]{4}")

_NUMBER = r"[0-9]++(?:\.[0-9]++)?+"
_ALONE = r"(?<![0-9./-])"  # no number before it
_ENDS = r"(?![0-9./-])"


def read_numbers(text: str) -> str:
    """Return `text` with the signs around its numbers in words. It is in Unicode form NFKC."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _date(found: re.Match[str]) -> str:
    year, month, day = found["year"], int(found["month"]), int(found["day"])
    return f"{year}年{month}月{day}日" if _is_day(month, day) else found.group()


def _month_and_day(found: re.Match[str]) -> str:
    """Read 11/21 as a date; five pairs are fractions far more often: 1/2, 1/3, 2/3, 1/4, 3/4."""
    first, second = int(found[1]), int(found[2])
    if (first, second) in ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4)):
        return f"{second}分の{first}"
    return f"{first}月{second}日" if _is_day(first, second) else found.group()


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found["hour"]), int(found["minute"]), found["second"]
    spoken = f"{hour}時" + (f"{minute}分" if minute or second else "")
    return spoken + (f"{int(second)}秒" if second else "")


def _hyphens(found: re.Match[str]) -> str:
    """Leave telephone numbers and postcodes, read a range as one, and say の in addresses and the like."""
    chain = found.group()
    if _PHONE.fullmatch(chain):
        return chain
    is_range = chain.count("-") == 1 and found.string.startswith(_RANGE_WORDS, found.end())
    return chain.replace("-", "から" if is_range else "の")


def _currency(found: re.Match[str]) -> str:
    return found["amount"] + _CURRENCIES[found["sign"]]


def _unit(found: re.Match[str]) -> str:
    return found["amount"] + _UNITS[found["unit"]]


def _rules() -> list[tuple[re.Pattern[str], Replacement]]:
    units = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
    date = r"(?P<year>[0-9]{4})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})"
    time = r"(?P<hour>[01]?[0-9]|2[0-9]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
    rules: list[tuple[str, Replacement]] = [
        # 1,234,567
        (r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})++(?![0-9,])", lambda found: found.group().replace(",", "")),
        (r"(?<![0-9])([0-9]++)⁄([0-9]++)", r"\2分の\1"),
        (_ALONE + date + _ENDS, _date),
        (_ALONE + r"((?:19|20)[0-9]{2})/(0?[1-9]|1[0-2])" + _ENDS, r"\1年\2月"),
        (r"(?<![0-9:.])" + time + r"(?![0-9:])", _time),
        (_ALONE + r"([0-9]{1,2})/([0-9]{1,2})" + _ENDS, _month_and_day),
        (r"(?<=日)[(]([月火水木金土日])[)]", r"\1曜日"),
        # Three and more numbers with dots are a version or an address, not a decimal.
        (r"(?<![0-9.])[0-9]++(?:\.[0-9]++){2,}+(?![0-9.])", lambda found: found.group().replace(".", "テン")),
        (r"(?<=[0-9人時分日月年円度%])[〜~](?=[0-9])", "から"),
        (r"(?<=[0-9][人個時分日月年円度回本枚歳%])-(?=[0-9])", "から"),
        (r"(?<![0-9A-Za-z.)\]-])-(?=(?:\.|[¥$€£₩])?[0-9])|[▲△](?=[0-9])", "マイナス"),
        (r"(?<![0-9A-Za-z.-])(?:US)?(?P<sign>[¥$€£₩])(?P<amount>" + _NUMBER + "[万億兆千]?)", _currency),
        (r"(?<=[0-9]) - (?=[0-9])", "引く"),
        (r"(?<=[0-9]) ?[×*] ?(?=[0-9])", "かける"),
        (r"(?<=[0-9]) ?\+ ?(?=[0-9])", "足す"),
        (r"±(?=[0-9])", "プラスマイナス"),
        (rf"(?<![0-9.,])(?P<amount>{_NUMBER}[十百千万億兆]*+) ?(?P<unit>{units})(?![A-Za-z])", _unit),
        (r"(?<![0-9.-])[0-9]++(?:-[0-9]++)++(?!-)", _hyphens),
        (r"(?<![A-Za-z])[Nn]o\. ?(?=[0-9])|(?<![A-Za-z0-9])#(?=[0-9])", "ナンバー"),
    ]
    return [(re.compile(pattern), replacement) for pattern, replacement in rules]


_RULES = _rules()
