"""The typed readers: a good value in its type, a bad one by its name and what was expected."""

import os
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import env
from core.env import BadValue

NAME = "KOEBAKO_TEST_VALUE"
# What a process environment can hold.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@contextmanager
def environment(value: str | None) -> Iterator[None]:
    os.environ.pop(NAME, None)
    if value is not None:
        os.environ[NAME] = value
    try:
        yield
    finally:
        os.environ.pop(NAME, None)


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_an_empty_variable_counts_as_not_set(unset):
    with environment(unset):
        assert env.text(NAME, default="x") == "x"
        assert env.words(NAME, default=("a", "b")) == ["a", "b"]
        assert env.choice(NAME, default="info", allowed=("info", "debug")) == "info"
        assert env.flag(NAME, default=True) is True
        assert env.integer(NAME, default=7, at_least=1) == 7
        assert env.url(NAME, default="", schemes=("https",)) == ""
        assert env.networks(NAME) == []


@given(VALUES)
def test_a_text_is_any_value_without_the_blanks_around_it(value):
    with environment(value):
        assert env.text(NAME, default="none") == (value.strip() or "none")


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1))
def test_words_come_back_in_order_whatever_blanks_are_between(words):
    with environment(" , ".join(words) + ","):
        assert env.words(NAME) == words


@given(st.integers(-(10**6), 10**6), st.integers(-100, 100), st.integers(0, 1000))
def test_an_integer_is_within_its_limits_or_refused(value, at_least, width):
    with environment(str(value)):
        if at_least <= value <= at_least + width:
            assert env.integer(NAME, default=0, at_least=at_least, at_most=at_least + width) == value
        else:
            with pytest.raises(BadValue):
                env.integer(NAME, default=0, at_least=at_least, at_most=at_least + width)


READERS = {
    bool: lambda: env.flag(NAME, default=False),
    int: lambda: env.integer(NAME, default=1, at_least=1),
    list: lambda: env.networks(NAME),
    str: lambda: env.url(NAME, default="", schemes=("http", "https")),
    tuple: lambda: tuple(env.places(NAME)),
    dict: lambda: env.database(NAME),
}


@given(VALUES, st.sampled_from(list(READERS)))
def test_a_reader_returns_its_type_or_refuses_by_name(value, expected):
    with environment(value):
        try:
            result = READERS[expected]()
        except BadValue as refusal:
            result = refusal

    assert isinstance(result, expected) or result.name == NAME


def test_a_refusal_does_not_repeat_the_value_because_it_may_be_a_secret():
    with environment("hunter2"), pytest.raises(BadValue) as refusal:
        env.integer(NAME, default=1, at_least=1)

    assert "hunter2" not in str(refusal.value)
    assert str(refusal.value) == f"{NAME} cannot be used: expected a whole number of at least 1"


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("YES", True), ("on", True), ("0", False), ("Off", False)])
def test_a_flag_is_read_as_people_write_it(value, meaning):
    with environment(value):
        assert env.flag(NAME, default=not meaning) is meaning


@pytest.mark.parametrize("value", ["ftp://example.com", "example.com", "https//example.com"])
def test_a_url_of_another_scheme_is_refused(value):
    with environment(value), pytest.raises(BadValue, match="https://"):
        env.url(NAME, default="", schemes=("http", "https"))


@pytest.mark.parametrize(
    "value", ["https://", "https:///path", "http://[", "https://a:b", "https://a:70000", "http://a:0"]
)
def test_a_url_that_leads_nowhere_is_refused(value):
    with environment(value), pytest.raises(BadValue, match=r"https://, with a host$"):
        env.url(NAME, default="", schemes=("http", "https"))


def test_a_url_of_a_file_names_no_host():
    with environment("file:///srv/[media]"):
        assert env.url(NAME, default="", schemes=("file", "s3")) == "file:///srv/[media]"


@pytest.mark.parametrize("value", ["postgres://h:port/db", "postgres://[/db", "postgres://", "postgres://u:a#b@h/db"])
def test_a_database_that_cannot_be_found_is_refused_by_name(value):
    with environment(value), pytest.raises(BadValue, match=NAME):
        env.database(NAME)


@pytest.mark.parametrize("value", ["sqlite://", "sqlite:///", "sqlite://:memory:"])
def test_a_database_in_the_memory_of_one_process_is_refused(value):
    with environment(value), pytest.raises(BadValue, match="sqlite:///path"):
        env.database(NAME)


def test_a_database_is_read_as_django_has_it():
    with environment("postgres://u:p%23@h:5433/db"):
        found = env.database(NAME)
    assert [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == ["u", "p#", "h", 5433, "db"]
    for value in ("postgres:///db", "postgres://?service=koebako", "sqlite:////srv/koebako.sqlite3"):
        with environment(value):
            assert env.database(NAME)["ENGINE"].startswith("django.db.backends.")


@pytest.mark.parametrize("value", ["https://a.example", "a.example/", "a.example:8000", "[::1]:8000", "ok,b.example:1"])
def test_a_host_with_more_than_its_name_is_refused(value):
    with environment(value), pytest.raises(BadValue, match="without scheme, port or path"):
        env.hosts(NAME, default=())


def test_hosts_are_names_endings_and_addresses():
    with environment("a.example, .b.example,[::1],fd00::1,10.0.0.1,*"):
        assert env.hosts(NAME, default=()) == ["a.example", ".b.example", "[::1]", "fd00::1", "10.0.0.1", "*"]


@pytest.mark.parametrize("value", ["inside", "inside:", ":80", "inside:http", "inside:0", "http://inside:80", "a:80,b"])
def test_a_place_without_host_or_port_is_refused(value):
    with environment(value), pytest.raises(BadValue, match=r"10\.0\.0\.5:8080"):
        env.places(NAME)


def test_a_place_is_kept_as_it_is_written():
    with environment("inside:80, [::1]:9000"):
        assert env.places(NAME) == ["inside:80", "[::1]:9000"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORAGE_URL", "file://media"),
        ("STORAGE_URL", "s3://"),
        ("ALLOWED_HOSTS", "koebako.example.com:8000"),
        ("DELIVERY_ALLOW_HOSTS", "inside"),
        ("PUBLIC_URL", "https://"),
        ("DATABASE_URL", "postgres://h:port/db"),
    ],
)
def test_the_settings_refuse_what_cannot_be_used_by_its_name(name, value, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "k" * 50)
    monkeypatch.setenv(name, value)

    with pytest.raises(BadValue) as refusal:
        runpy.run_path(str(Path(env.__file__).with_name("settings.py")))

    assert refusal.value.name == name


@pytest.mark.parametrize("value", ["10.0.0.1/8", "300.1.1.1", "proxy"])
def test_a_network_that_is_none_is_refused(value):
    with environment(value), pytest.raises(BadValue, match=r"10\.0\.0\.0/8"):
        env.networks(NAME)


def test_a_path_is_absolute_and_knows_the_home_sign():
    with environment("~/koebako"):
        assert env.path(NAME, default=Path("x")) == Path.home() / "koebako"
    with environment(None):
        assert env.path(NAME, default=Path("x")) == Path.cwd() / "x"


def test_prices_are_added_to_those_that_are_known_or_refused_by_name():
    with environment("gpt-image-1=0.042, of-my-own = 0"):
        prices = env.prices(NAME)
    assert (prices["gpt-image-1"], prices["of-my-own"], prices["gemini-3.1-flash-image/1K"]) == (0.042, 0, 0.067)
    for value in ("gpt-image-1", "gpt-image-1=cheap", "gpt-image-1=-1"):
        with environment(value), pytest.raises(BadValue, match=NAME):
            env.prices(NAME)
