"""`manage.py read_aloud`: what the bot would say of a message, and why. Asks rows only when a guild is named."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bots.guilds.dictionary import Dictionary
from bots.guilds.facts import of_guild
from bots.guilds.models import Guild
from bots.guilds.reading import Message, Reading, read
from jobs.engines.errors import EngineError
from jobs.functions.speech import ENGINE

_WHY = {
    "not_read": "begins with a semicolon: its author does not want it read",
    "mentions": "names of whom and what it mentions",
    "timestamps": "Discord's times in words",
    "custom_emoji": "the server's own emoji by name",
    "code": "code blocks are left out",
    "spoilers": "spoilers are not given away",
    "links": "links are left out",
    "faces": "faces made of signs are left out",
    "inline_code": "inline code as text, when it is short",
    "emoji": "emoji by name",
    "markdown": "quotes, headings, lists, bold and the like",
    "characters": "plain visible characters",
    "laughter": "laughter and applause in words",
    "repeats": "the same again and again",
    "forwarded": "what was passed on",
    "poll": "the poll's question",
    "limit": "longer than is read here",
    "dictionary": "the server's dictionary",
    "silence": "nothing in it can be said",
    "attachments": "files by kind and number",
    "stickers": "stickers by name",
    "reply": "whom it answers",
    "name": "who speaks",
}


class Command(BaseCommand):
    help = (
        "Print what would be said of a message, and why. Changes nothing; needs no queue, and no rows without --guild."
    )
    # It serves no page: the checks of pages tell nothing about it, and load them all.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", metavar="TEXT", help="a message as Discord sends it, or - for standard input")
        parser.add_argument("--guild", type=int, metavar="ID", help="with this server's settings and dictionary")
        parser.add_argument("--name", help="who speaks, when that is said before the text")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        text = sys.stdin.read() if options["text"] == "-" else options["text"]
        text = text.encode(errors="replace").decode()  # a terminal may hand over bytes that are no text
        here = _of(options["guild"])
        reading = read(
            Message(text, users=here.users),
            language=here.language,
            max_characters=here.max_characters,
            dictionary=here.dictionary,
            name=options["name"],
        )
        told = _tell(reading, text, here)
        if options["as_json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            self._print(told)

    def _print(self, told: dict[str, Any]) -> None:
        width = max([len("dictionary"), *(len(step["rule"]) for step in told["steps"])])
        for step in told["steps"]:
            self.stdout.write(f"{step['rule']:{width}}  {_one_line(step['text'])}\n{'':{width}}  ({step['why']})")
        for entry in told["dictionary"]:
            self.stdout.write(f"{'entry':{width}}  {entry['written']} -> {entry['reading'] or '(not read)'}")
        self.stdout.write(f"{'said':{width}}  {_one_line(told['text']) or '(silence)'}")
        if told["spoken"]:
            self.stdout.write(f"{'engine':{width}}  {_one_line(told['spoken'])}")
            self.stdout.write(f"{'':{width}}  ({told['moras']} morae, {', '.join(told['voices'])})")
        if told["refused"]:
            self.stdout.write(f"{'engine':{width}}  {told['refused']}")


@dataclass(frozen=True)
class _Here:
    """What a reading needs to know of a server."""

    language: str
    max_characters: int
    voice: str
    dictionary: Dictionary
    users: Mapping[int, str]


def _of(guild_id: int | None) -> _Here:
    """Return what is known of a server; without an id that of a new one, without a look at any row."""
    if guild_id is None:
        new = Guild()
        return _Here(new.language, new.max_characters, new.voice, Dictionary({}), {})
    facts = of_guild(guild_id)
    users = {int(member): reading for member, reading in facts.nicknames.items() if member.isdecimal()}
    return _Here(facts.language, facts.max_characters, facts.voice.name, facts.dictionary, users)


def _tell(reading: Reading, text: str, here: _Here) -> dict[str, Any]:
    return {
        "typed": text,
        "text": reading.text,
        "steps": [{"rule": step.rule, "why": _WHY[step.rule], "text": step.text} for step in reading.steps],
        "dictionary": [{"written": written, "reading": said} for written, said in reading.entries],
        **_ask_engine(reading.text, here.voice),
    }


def _ask_engine(text: str, voice: str) -> dict[str, Any]:
    """Return the text as the speech engine reads it, by which voices and for how long, or why it does not."""
    nothing: dict[str, Any] = {"spoken": "", "voices": [], "moras": 0, "refused": None}
    if not text:
        return nothing
    try:
        script = ENGINE.plan(text, voice=voice)
    except EngineError as error:
        return {**nothing, "refused": str(error)}
    return {**nothing, "spoken": script.text, "voices": list(script.voices), "moras": script.mora_count}


def _one_line(text: str) -> str:
    return re.sub(" {2,}", " ", text.replace("\n", " ⏎ ")).strip()
