"""Each unsafe setting is refused by name, with a reason, and stops what would serve people."""

import ipaddress

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from core import unsafe

GOOD_KEY = "kX2vQ9mT7bLw4RzH8sNc3JyF6gDp1AeU5iOqZtWxYuVbMnCl"[:48] + "Pf"


@pytest.fixture
def production(settings):
    settings.PRODUCTION = True
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD_KEY
    settings.PUBLIC_URL = "https://koebako.example.com"
    settings.ALLOWED_HOSTS = ["koebako.example.com"]
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    return settings


UNSAFE = [
    ("DEBUG", {"DEBUG": True}),
    ("SECRET_KEY", {"SECRET_KEY": "short"}),
    ("SECRET_KEY", {"SECRET_KEY": "a" * 80}),
    ("SECRET_KEY", {"SECRET_KEY": "django-insecure-" + GOOD_KEY}),
    ("SECRET_KEY", {"SECRET_KEY": "changeme" + GOOD_KEY}),
    ("SECRET_KEY_FALLBACKS", {"SECRET_KEY_FALLBACKS": [GOOD_KEY, "short"]}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["*"]}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["localhost", "other.example.com"]}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": [".evil-example.com"]}),
    ("PUBLIC_URL", {"PUBLIC_URL": "http://koebako.example.com"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://koebako.example.com/under"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://user:password@koebako.example.com"}),
    ("PUBLIC_URL", {"PUBLIC_URL": "https://koebako.example.com:99999"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": [ipaddress.ip_network("0.0.0.0/0")]}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": [ipaddress.ip_network("::/0")]}),
]


def change(settings, values):
    for name, value in values.items():
        setattr(settings, name, value)


def test_a_proper_production_breaks_no_rule(production):
    assert unsafe.broken_rules(production) == []
    unsafe.refuse()


@pytest.mark.parametrize(("name", "values"), UNSAFE)
def test_an_unsafe_setting_is_refused_by_name_with_the_reason(production, name, values):
    change(production, values)

    broken = unsafe.broken_rules(production)

    assert [rule.name for rule in broken if rule.name == name]
    assert all(rule.reason for rule in broken)
    with pytest.raises(ImproperlyConfigured, match=f"{name} is unsafe: "):
        unsafe.refuse()


@pytest.mark.parametrize(("name", "values"), UNSAFE)
def test_an_unsafe_setting_stops_every_command_with_system_checks(production, name, values):
    change(production, values)

    found = checks.run_checks(tags=[checks.Tags.security])

    assert [message for message in found if message.is_serious() and message.msg.startswith(f"{name} is unsafe")]


def test_the_secret_itself_is_never_repeated(production):
    production.SECRET_KEY = "tell-nobody"

    with pytest.raises(ImproperlyConfigured) as refusal:
        unsafe.refuse()

    assert "tell-nobody" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://192.168.1.20:8000",
        "http://koebako.local",
        "http://nas",
    ],
)
def test_plain_http_is_allowed_where_no_stranger_is_on_the_way(production, url):
    production.PUBLIC_URL = url
    production.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "192.168.1.20", "koebako.local", "nas"]

    assert unsafe.broken_rules(production) == []


@pytest.mark.parametrize("allowed", ["koebako.example.com", ".example.com"])
def test_the_public_host_may_be_allowed_by_name_or_by_domain(production, allowed):
    production.ALLOWED_HOSTS = [allowed]

    assert unsafe.broken_rules(production) == []


def test_a_developer_may_debug_on_this_machine_alone(settings):
    settings.PRODUCTION = False
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    assert unsafe.broken_rules(settings) == []

    settings.ALLOWED_HOSTS = ["localhost", "192.168.1.20"]

    assert [rule.name for rule in unsafe.broken_rules(settings)] == ["DEBUG"]
