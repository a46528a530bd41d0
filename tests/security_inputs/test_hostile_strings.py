"""S11, S12: strings that have broken programs, in every text field of the API; texts whose work must be bounded."""

import itertools
import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.guilds import edit
from bots.guilds.dictionary import Dictionary
from bots.guilds.reading import Message, read
from jobs.api.house import house, openai
from jobs.engines.speech.bilingual import Bilingual
from jobs.functions.speech import SpeechInput
from jobs.practice.models import PracticeSession
from jobs.runtime import clock, registry
from jobs.runtime.errors import InvalidInput
from tests.security_inputs.hostile_strings import STRINGS

# Of one text, in seconds of this thread's work. The longest that is linear, ten thousand digits, takes about one on a
# slow machine; what grows faster than its text would take minutes.
AT_MOST_SECONDS = 5.0
# Strings for each operation of the API; the next one goes on with the next string.
EACH = 25


def in_text(front):
    """Yield method, path and body schema of every operation of the API that takes JSON."""
    document = json.loads(json.dumps(front.get_openapi_schema()))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield method.upper(), path, operation, _resolved(schema, document) if schema else None


def _resolved(schema, document, depth=0):
    if "$ref" in schema and depth < 6:
        name = schema["$ref"].rpartition("/")[2]
        return _resolved(document["components"]["schemas"][name], document, depth + 1)
    return schema


def bodies(schema, text, whole):
    """Yield a body for each member of the schema, which holds the text there."""
    for name in schema.get("properties", {}):
        for value in (text, [text], {text: text}):
            yield {**whole, name: value}
    yield {**whole, text: text}
    yield text
    yield [text]


WHOLE = {
    "input": {"word": "hi"},
    "text": "hi",
    "voice": "alloy",
    "model": "tts-1",
    "url": "https://example.com/",
    "final_menu": {},
}
IDS = {"task_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "guild_id": "777"}


@pytest.mark.django_db
def test_no_string_in_any_field_of_the_api_is_an_error_of_ours(as_staff, valkey, staff):  # noqa: C901 - nested loops
    edit.guild(777)
    session = PracticeSession.objects.create(owner=staff, created_at=clock.now())
    asked, wrong = 0, []

    def ask(method, path, body=None, query=None):
        nonlocal asked
        asked += 1
        options = {"query_params": query} if query else {}
        data = b"" if body is None else json.dumps(body).encode()
        answer = as_staff.generic(method, path, data, content_type="application/json", **options)
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append((method, path[:80], str(body)[:80], str(query)[:80], answer.status_code))

    turns, strings = itertools.cycle(range(5)), itertools.cycle(STRINGS)
    for front, before in ((house, "/api/v1"), (openai, "/v1")):
        for method, path, operation, schema in in_text(front):
            if "/events" in path or "/audio/" in path:
                # The one never ends, the other waits for a sound: tests/api holds them to the same parser.
                continue
            whole = path if path.startswith(before) else before + path
            named = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            for text in itertools.islice(strings, EACH):
                # Which string, and where it stands, takes turns: all of them everywhere would be 100,000 requests.
                turn = next(turns)
                place = whole.replace("{session_id}", str(session.pk))
                if "{" in place and turn == 0 and text.isprintable() and "/" not in text:
                    for name in [part.strip("{}") for part in place.split("/") if "{" in part]:
                        place = place.replace("{" + name + "}", text or "x")
                for name, value in IDS.items():
                    place = place.replace("{" + name + "}", value)
                place = place.replace("{name}", "toy_echo").replace("{", "").replace("}", "")
                if schema is not None:
                    choice = list(
                        bodies(schema, text, {k: v for k, v in WHOLE.items() if k in schema.get("properties", {})})
                    )
                    ask(method, place, choice[asked % len(choice)])
                elif named:
                    ask(method, place, query={named[asked % len(named)]: text})
                elif turn == 0:
                    ask(method, place)

    assert wrong == []
    assert asked > 400
    assert len(STRINGS) > 200


def functions_with_text():
    for spec in registry.every():
        fields = [name for name, field in spec.input_type.model_fields.items() if "str" in str(field.annotation)]
        if fields and not spec.name.startswith(("toy_", "fault_")):
            yield spec, fields


def test_no_string_in_any_function_s_input_is_more_than_refused():
    tried, wrong = 0, []
    for spec, fields in functions_with_text():
        for field, text in itertools.product(fields, STRINGS):
            tried += 1
            try:
                spec.accept({"text": "hi", "place": "横浜市", field: text})
            except InvalidInput:
                continue
            except Exception as error:  # whatever else it is, it would be a 500
                wrong.append((spec.name, field, text[:40], repr(error)[:80]))
    assert wrong == []
    assert tried > 500


LONG = {
    "1 MB of one letter": "あ" * 333_000,
    "1 MB of Latin": "word " * 200_000,
    "10,000 digits": "9" * 10_000,
    "a number of 10,000 groups": "1," * 10_000,
    "10,000 marks on a letter": "a" + "\u0301" * 10_000,
    "zalgo": ("Z" + "".join(map(chr, range(0x300, 0x340)))) * 300,
    "turned around and around": "\u202eab\u202c" * 5000,
    "invisible": "\u200b" * 50_000,
    "half pairs": "\ud800" * 5000,
    "faces": "👨‍👩‍👧‍👦" * 5000,
    "brackets": "(" * 50_000,
    "addresses": "https://a.jp/" * 5000,
    "mentions": "<@1>" * 10_000,
    "spoilers": "||" * 20_000,
    "code": "`" * 50_000,
    "wwww": "w" * 100_000,
    "dates": "2026年11月22日" * 3000,
    "yen": "¥1,234,567,890,123,456" * 2000,
    "Roman": "MMMMCMXCIX" * 5000,
    "fractions": "1/2" * 10_000,
}


@pytest.mark.parametrize("reader", ["message", "speech"])
def test_no_text_takes_long_to_be_read_or_refused(reader):
    voices, slow = Bilingual(), []
    act = {
        "message": lambda text: read(
            Message(text), language="ja", max_characters=140, dictionary=Dictionary({"あ": "い" * 100}), name=text
        ),
        "speech": lambda text: plan(voices, text),
    }[reader]
    act("はい")
    for name, text in LONG.items():
        began = time.thread_time()
        act(text)
        if (took := time.thread_time() - began) > AT_MOST_SECONDS:
            slow.append((name, round(took, 2)))
    assert slow == []


def plan(voices, text):
    """Take a text as the function `speech` does, up to where sound would be made of it."""
    spec = registry.get("speech")
    try:
        spec.accept({"text": text})
        voices.plan(text, voice="mei_normal")
    except InvalidInput:
        return
    except Exception as error:
        if type(error).__name__ not in {"InputRejected", "TooLong"}:
            raise


CIRCLES = (
    {"a": "b", "b": "c", "c": "a"},
    {"a": "aa"},
    {"a": "a" * 100, "aa": "a" * 100},
    {str(number): str(number + 1) * 50 for number in range(500)},
    {"あ": "いあ", "い": "あい"},
    {" x": "x x x"},
    {chr(0x4E00 + number): chr(0x4E00 + (number + 1) % 3000) * 100 for number in range(3000)},
)


def test_a_dictionary_that_goes_in_circles_is_said_once_through():
    for entries in CIRCLES:
        began = time.thread_time()
        said = read(
            Message("aa 12 あい" * 40 + "".join(list(entries)[:200])), language="ja", max_characters=200,
            dictionary=Dictionary(entries), name=None,
        ).text  # fmt: skip
        assert time.thread_time() - began < AT_MOST_SECONDS
        # Two hundred characters, and what the rules may add.
        assert len(said) < 2000


def evil_patterns():
    """Words of a dictionary that would take for ever as patterns: 300 of them."""
    fate = random.Random(12)
    parts = (
        "(a+)+",
        "(a|a)*",
        "(.*)*",
        "([a-z]+)*",
        "(a|aa)+",
        "(?:a?){30}",
        "a{1,99}",
        "[^b]*",
        "\\1",
        "(?=a+)",
        ".*",
        "^",
        "$",
    )
    return ["".join(fate.choices(parts, k=fate.randint(2, 6)))[:50] for _ in range(300)]


def test_what_looks_like_a_pattern_is_a_word():
    entries = dict.fromkeys(evil_patterns(), "あ")
    dictionary = Dictionary(entries)
    texts = ["a" * 140, "a" * 139 + "!", "ab" * 70, "(a+)+" * 28, *list(entries)[:6]]

    began = time.thread_time()
    for text in texts:
        read(Message(text), language="ja", max_characters=140, dictionary=dictionary, name=None)

    assert time.thread_time() - began < AT_MOST_SECONDS
    # And is found as one, without a meaning of its own.
    said = read(Message("abc a.c"), language="ja", max_characters=140, dictionary=Dictionary({"a.c": "あ"}), name=None)
    assert (said.text.count("あ"), "abc" in said.text) == (1, True)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused_by_its_field(text):
    try:
        SpeechInput(text=text)
    except ValueError as error:
        named = str(error)
    else:
        named = "text"
    assert "text" in named
