"""Bring Discord's own notation to words: mentions, timestamps, custom emoji, code, spoilers, links, markdown.

Every pattern is linear in the text: a start scans to the next sign of its own kind and no further, or a
bounded number of characters. Called by rules.py, in the order given there.
"""

import re
from collections.abc import Container
from datetime import UTC, datetime, timedelta, timezone

from bots.guilds.reading.message import Message
from bots.guilds.reading.words import JAPANESE, Words
from jobs.engines.speech.reading.chat import drop_faces, read_links

# Longer inline code is no word in a sentence any more.
MAX_INLINE_CODE_CHARACTERS = 30
# Names of custom emoji that are said of a row, as the speech engine does with others.
MAX_NAMES_IN_A_ROW = 3

_MENTION = re.compile(r"<(?:@!?(?P<user>[0-9]{1,20})|@&(?P<role>[0-9]{1,20})|#(?P<channel>[0-9]{1,20}))>")
_EVERYBODY = re.compile(r"(?<![A-Za-z0-9._-])@(?P<who>everyone|here)(?![A-Za-z0-9])")
_COMMAND = re.compile(r"</(?P<command>[^:<>\n]{1,100}):[0-9]{1,20}>")
_GUIDE = re.compile(r"<id:[a-z-]{1,30}(?::[0-9]{1,20})?>")
_TIMESTAMP = re.compile(r"<t:(?P<seconds>-?[0-9]{1,14})(?::(?P<style>[A-Za-z]))?>")

_CUSTOM = r"<a?:(?:\w{1,64}):[0-9]{1,20}>"
_CUSTOM_EMOJI = re.compile(r"<a?:(\w{1,64}):[0-9]{1,20}>")
_CUSTOM_ROW = re.compile(rf"{_CUSTOM}(?:\s*{_CUSTOM})*+")
# What Discord calls an emoji whose uploader gave it no name.
_NAMELESS = re.compile(r"emoji_?[0-9]*")

_BLOCK = re.compile(r"```.+?```", re.DOTALL)
_SPOILER = re.compile(r"\|\|.+?\|\|", re.DOTALL)
_INLINE_CODE = re.compile(r"`{1,2}([^`\n]++)`{1,2}")

_MASKED_LINK = re.compile(
    r"\[([^\[\]\n]{1,200})\]\("
    r"<?https?://[^\s()<>]{0,2000}+(?:\([^\s()<>]{0,200}+\)[^\s()<>]{0,200}+)?>?"
    r'(?: "[^"\n]{0,200}")?\)'
)
_URL = r"<?(?<![A-Za-z0-9])(?:https?|ftp|discord|steam)://[!-;=?-~]*[#-&*+/-9=@-Z\\^-z|~-]>?"
_URL_ROW = re.compile(rf"{_URL}(?:[\s、,]*+{_URL})*+", re.IGNORECASE)
_ONE_URL = re.compile(_URL, re.IGNORECASE)

# /shrug and /unflip of Discord itself.
_SHRUG = re.compile(r"¯?\\{0,3}_?[(（]ツ[)）]\\{0,3}_?/?¯?|┬─+┬[ 　]?ノ?")
# The speech engine knows most faces; these have cheeks and paws of letters: (っ´ω`c), (๑•̀ㅂ•́)و✧.
_BRACKETS = re.compile(r"[(（]([^()（）\n]{1,14})[)）](?:و?✧)?")
_FACE_SIGN = re.compile("[´｀`∀ДωﾟㅂㅅㅁЖ•˘｡๑ฅ◍]")
_LETTER = re.compile("[0-9A-Za-zぁ-ゖァ-ヺ一-鿿]")
_MAX_PAWS = 2

_LINE_MARKS = re.compile(r"^[ \t]*(?:(?:>>>|>|#{1,3}|-#|[-*])[ \t]+)+", re.MULTILINE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TIMES = re.compile(r"(?<=[0-9]) ?\* ?(?=[0-9])")
_STARS = re.compile(r"\*{1,3}(?=\S)([^*\n]++)(?<=\S)\*{1,3}")
_UNDERLINES = re.compile(r"(?<![A-Za-z0-9_])_{1,3}(?=\S)([^_\n]++)(?<=\S)_{1,3}(?![A-Za-z0-9_])")
_STRUCK = re.compile(r"~~([^~\n]++)~~")
_LEFT_OVER = re.compile(r"\*{2,}|_{2,}|`+|\|+")

# Of the house, where nobody's clock is known: Japan has one time and no summer time.
_JAPAN = timezone(timedelta(hours=9))


def read_mentions(text: str, message: Message, words: Words) -> str:
    """Return `text` with the names of whom and what it mentions. Nobody is pinged by being read."""

    def name(found: re.Match[str]) -> str:
        kind = found.lastgroup
        number = int(found.group(kind or 0))
        if kind == "user":
            following = found.string[found.end() : found.end() + 4]
            return words.call(message.users.get(number, ""), following=following)
        known, otherwise = (
            (message.roles, words.some_role) if kind == "role" else (message.channels, words.some_channel)
        )
        return words.title(known.get(number, "")) or otherwise

    text = _MENTION.sub(name, text)
    text = _EVERYBODY.sub(lambda found: words.everyone if found["who"] == "everyone" else words.here, text)
    text = _COMMAND.sub(lambda found: found["command"], text)
    return _GUIDE.sub(words.server_guide, text)


def read_timestamps(text: str, words: Words) -> str:
    """Return `text` with <t:...> as a date or a time: of Japan in Japanese, UTC in English."""
    return _TIMESTAMP.sub(lambda found: _moment(int(found["seconds"]), found["style"] or "f", words), text)


def _moment(seconds: int, style: str, words: Words) -> str:
    zone = _JAPAN if words.language == JAPANESE else UTC
    try:
        moment = datetime.fromtimestamp(seconds, zone)
    except (ValueError, OverflowError, OSError):
        return words.a_time
    if words.language == JAPANESE:
        day, time = f"{moment.year}年{moment.month}月{moment.day}日", f"{moment.hour}時{moment.minute}分"
    else:
        day, time = f"{moment:%B} {moment.day}, {moment.year}", f"{moment:%H:%M} UTC"
    return {"t": time, "T": time, "d": day, "D": day}.get(style, f"{day} {time}")


def read_custom_emoji(text: str, own_words: Container[str]) -> str:
    """
    Return `text` with custom emoji by their names, each once in a row and the first three.

    own_words: what the guild's dictionary has; an emoji that is written there in full, or as :name:, is left so.
    """

    def name(found: re.Match[str]) -> str:
        raw, given = found.group(), found[1]
        written = next((written for written in (raw, f":{given}:") if written in own_words), None)
        if written:
            return written
        return "" if _NAMELESS.fullmatch(given) else given.replace("_", " ").strip()

    def row(found: re.Match[str]) -> str:
        names = dict.fromkeys(filter(None, map(name, _CUSTOM_EMOJI.finditer(found.group()))))
        return f" {' '.join(list(names)[:MAX_NAMES_IN_A_ROW])} "

    return _CUSTOM_ROW.sub(row, text)


def read_code_blocks(text: str, words: Words) -> str:
    return _BLOCK.sub(f" {words.code} ", text)


def read_spoilers(text: str, words: Words) -> str:
    return _SPOILER.sub(words.spoiler, text)


def read_inline_code(text: str, words: Words) -> str:
    """Return `text` with short inline code as text, and without longer one."""
    return _INLINE_CODE.sub(lambda found: found[1] if len(found[1]) <= MAX_INLINE_CODE_CHARACTERS else words.code, text)


def read_urls(text: str, words: Words) -> str:
    """Return `text` with each link, or row of links, as one word; of a masked link its label."""

    def row(found: re.Match[str]) -> str:
        count = len(_ONE_URL.findall(found.group()))
        return f" {words.link if count == 1 else words.links.format(count=count)} "

    text = _URL_ROW.sub(row, _MASKED_LINK.sub(r"\1", text))
    return read_links(text, link=words.link, address=words.mail_address)


def drop_all_faces(text: str) -> str:
    """Return `text` without faces made of signs. Markdown would break (*´ω`*): they go before it."""
    return drop_faces(_BRACKETS.sub(_drop_if_face, _SHRUG.sub(" ", text)))


def _drop_if_face(found: re.Match[str]) -> str:
    is_face = _FACE_SIGN.search(found[1]) and len(_LETTER.findall(found[1])) <= _MAX_PAWS
    return " " if is_face else found.group()


def read_markdown(text: str) -> str:
    """Return `text` without the signs of markdown: quotes, headings, lists, bold, italic, underlined, struck out."""
    text = _LINE_MARKS.sub("", text)
    text = _ESCAPED.sub(lambda found: " " if found[1] in "*_~|`" else found[1], text)
    text = _TIMES.sub("×", text)
    for marks in (_STARS, _STARS, _UNDERLINES, _STRUCK):
        text = marks.sub(r"\1", text)
    return _LEFT_OVER.sub(" ", text)
