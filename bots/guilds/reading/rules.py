"""Apply the rules to a message, in their order, and note which of them changed something.

mentions, times and custom emoji (they look like links) -> code -> spoilers -> links -> faces (they look like
markdown) -> inline code -> emoji -> markdown -> clean characters -> laughter, repeats -> the length limit, on what
was typed and not on what a dictionary makes of it -> the dictionary -> who speaks and whom they answer -> what came
with it. Called by reading/__init__.py.
"""

import re
from collections.abc import Callable

from bots.guilds.dictionary import Dictionary
from bots.guilds.reading import cleaning, markup
from bots.guilds.reading.emoji_names import read_emoji
from bots.guilds.reading.extras import describe_attachments, describe_stickers
from bots.guilds.reading.message import Message, Reading, Step
from bots.guilds.reading.words import Words, words_of

# Readings may make a text longer by this, about a minute of speech; 400 words of 100 characters each may not.
MAX_ADDED_CHARACTERS = 400

# What is left of links, code and mentions beyond this is not looked at: it would only be squeezed or cut. Longer than
# any message of an ordinary account, and it bounds the rules that look at each character.
MAX_CONSIDERED_CHARACTERS = 2_000

_NOT_READ = (";", "；")
# How far a cut goes back so as not to say half of a Latin word.
_MAX_HALF_WORD = 20


class _Log:
    """The text on its way, and the steps that changed it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[Step] = []

    def set(self, rule: str, text: str) -> None:
        if text != self.text:
            self.text = text
            self.steps.append(Step(rule, text))


def read(message: Message, *, language: str, max_characters: int, dictionary: Dictionary, name: str | None) -> Reading:
    """
    Return what is said of `message`; nothing when nothing in it has a sound or it begins with a semicolon.

    language: of the bot's own words, "ja" or "en". max_characters: of the text before the dictionary.
    name: said before it when not None; the caller knows whether the speaker has changed.
    """
    words = words_of(language)
    log = _Log(message.content)
    if message.content.lstrip().startswith(_NOT_READ):
        log.set("not_read", "")
        return Reading("", tuple(log.steps))
    for rule, apply in _rules(message, words, dictionary):
        log.set(rule, apply(log.text))
    _add_forward_and_poll(log, message, words, dictionary)
    log.set("limit", shorten(log.text, max_characters, words))
    limit = len(log.text) + MAX_ADDED_CHARACTERS
    text, entries = _apply_dictionary(log.text, dictionary, words.called(message.users.values()))
    log.set("dictionary", text)
    log.set("limit", shorten(log.text, limit, words))
    if not cleaning.is_speakable(log.text):
        log.set("silence", "")
    _add_extras(log, message, words)
    _add_names(log, message, words, name)
    return Reading(log.text, tuple(log.steps), entries)


def shorten(text: str, max_characters: int, words: Words) -> str:
    """Return `text`, or its first `max_characters` and the word for "and so on". No Latin word is cut in two."""
    if len(text) <= max_characters:
        return text
    end = max_characters
    if text[end - 1 : end + 1].isascii() and text[end - 1 : end + 1].isalnum():
        start = max(text.rfind(gap, max(0, end - _MAX_HALF_WORD), end) for gap in " \n")
        end = start if start > 0 else end
    return f"{text[:end].rstrip(' 、。,.')}{words.comma}{words.and_so_on}"


def _rules(message: Message, words: Words, dictionary: Dictionary) -> list[tuple[str, Callable[[str], str]]]:
    return [
        ("mentions", lambda text: markup.read_mentions(text, message, words)),
        ("timestamps", lambda text: markup.read_timestamps(text, words)),
        ("custom_emoji", lambda text: markup.read_custom_emoji(text, dictionary)),
        ("code", lambda text: markup.read_code_blocks(text, words)),
        ("spoilers", lambda text: markup.read_spoilers(text, words)),
        ("links", lambda text: markup.read_urls(text, words)),
        ("limit", _consider),
        ("faces", markup.drop_all_faces),
        ("inline_code", lambda text: markup.read_inline_code(text, words)),
        ("emoji", lambda text: read_emoji(text, dictionary, words.language)),
        ("limit", _consider),
        ("markdown", markup.read_markdown),
        ("characters", cleaning.clean),
        ("laughter", lambda text: _read_laughter(text, words, dictionary)),
        ("repeats", cleaning.squeeze),
    ]


def _consider(text: str) -> str:
    return text[:MAX_CONSIDERED_CHARACTERS]


def _read_laughter(text: str, words: Words, dictionary: Dictionary) -> str:
    laughter, applause = words.laughing(text)
    return cleaning.read_laughter(text, dictionary, laughter=laughter, applause=applause)


def _plain(text: str, message: Message, words: Words, dictionary: Dictionary) -> str:
    for _, apply in _rules(message, words, dictionary):
        text = apply(text)
    return text


def _apply_dictionary(
    text: str, dictionary: Dictionary, names: re.Pattern[str] | None
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """
    Return `text` with the guild's readings, and the entries used.

    names: how mentioned people are called is a reading already, and is left alone.
    """
    if names is None or not dictionary:
        said, entries = dictionary.apply(text)
        return said, tuple(entries)
    said, at = "", 0
    used: list[tuple[str, str]] = []
    for start, end in [*(found.span() for found in names.finditer(text)), (len(text), len(text))]:
        before, entries = dictionary.apply(text[at:start])
        said, at = f"{said}{before}{text[start:end]}", end
        used += entries
    return said, tuple(used)


def _add_forward_and_poll(log: _Log, message: Message, words: Words, dictionary: Dictionary) -> None:
    for rule, said, text in (
        ("forwarded", words.forwarded, message.forwarded),
        ("poll", words.poll, message.poll),
    ):
        if text is not None:
            plain = _plain(text, message, words, dictionary)
            log.set(rule, words.comma.join(filter(None, (log.text, said, plain))))


def _add_extras(log: _Log, message: Message, words: Words) -> None:
    for rule, phrases in (
        ("attachments", describe_attachments(message.attachments, words)),
        ("stickers", describe_stickers(message.stickers, words)),
    ):
        log.set(rule, words.comma.join(filter(None, (log.text, *phrases))))


def _add_names(log: _Log, message: Message, words: Words, name: str | None) -> None:
    if not log.text:
        return
    if message.replies_to is not None:
        log.set("reply", words.reply.format(name=words.call(message.replies_to)) + log.text)
    if name is not None:
        log.set("name", words.name.format(name=words.call(name)) + log.text)
