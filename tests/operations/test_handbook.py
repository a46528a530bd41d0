"""OPERATIONS.md and README.md name nothing that is not there, and leave out no setting and no alert."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve
from django.utils.translation import override

from core.admin import PAGES
from jobs.runtime.models import ErrorType

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS, README = ROOT / "docker" / "OPERATIONS.md", ROOT / "README.md"
RULES = ROOT / "docker" / "prometheus" / "rules.yml"
BOTH = [OPERATIONS, README]
# Read by libraries, by the shell, or made up for an example.
FOREIGN = {
    "NAME_FILE", "DJANGO_SETTINGS_MODULE", "KOEBAKO_URL", "KOEBAKO_TOKEN", "TASK_ID", "JOB_ID", "AWS_REGION",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "RELAY_PORT",
    "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_MAX_QUEUE_SIZE",
}  # fmt: skip
# The package that README.md's example makes.
CLIENT = "koebako_client"
# What Prometheus adds to the name of a counter or a histogram.
SUFFIX = re.compile(r"_(total|bucket|sum|count|info)$")
CODE = re.compile(r"^```\w*\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)


def code_of(document: Path) -> str:
    """Return all that stands as code in a document."""
    return "\n".join(block or span for block, span in CODE.findall(document.read_text()))


@cache
def sources() -> str:
    folders = [ROOT / name for name in ("core", "jobs", "bots", "tests/deployment")]
    return "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))


def settings_read() -> set[str]:
    return set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', sources()))


def alerts() -> set[str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def options_of(name: str) -> set[str]:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("document", BOTH, ids=lambda path: path.name)
def test_every_command_and_its_options_are_there(document):
    named = re.findall(r"manage\.py ([a-z_]+)((?: [^\n`|;)]*)?)", code_of(document))
    unknown = []
    for name, words in named:
        if name not in get_commands():
            unknown.append(name)
            continue
        told = set(re.findall(r"(?<= )(--[a-z-]+)", words.partition("#")[0]))
        unknown += [f"{name} {option}" for option in told - options_of(name)]

    assert named
    assert unknown == []


@pytest.mark.parametrize("document", BOTH, ids=lambda path: path.name)
def test_every_setting_that_is_named_is_read(document):
    words = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", code_of(document)))
    # Each may be the name of a file that holds the value.
    known = settings_read() | FOREIGN | {f"{name}_FILE" for name in settings_read()}

    assert {name for name in words - known if f'"{name}"' not in sources()} == set()


def test_every_setting_that_is_read_is_named():
    named = README.read_text() + OPERATIONS.read_text()

    assert {name for name in settings_read() if f"`{name}`" not in named and f"`{name}=" not in named} == set()


def test_every_metric_that_is_named_is_told():
    named = set(re.findall(r"\bkoebako_[a-z_]+\b", OPERATIONS.read_text() + README.read_text())) - {CLIENT}
    made = set(re.findall(r'"(koebako_[a-z_]+)"', sources()))

    assert {name for name in named if name not in made and SUFFIX.sub("", name) not in made} == set()


@pytest.mark.parametrize("document", BOTH, ids=lambda path: path.name)
def test_every_file_that_is_named_is_there(document):
    text = document.read_text()
    linked = [place for place in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in place]
    named = re.findall(r"(?<![\w/.$])((?:docker|tests|core|jobs|bots|templates)/[\w./*-]*[\w*]/?)", code_of(document))
    missing = [place for place in linked if not (document.parent / place).exists()]
    # What `make-secrets` makes is nobody's before.
    missing += [place for place in named if not place.startswith("docker/secrets") and not _is_there(place)]

    assert missing == []


def _is_there(place: str) -> bool:
    return any(next(ROOT.glob(name), None) for name in (place, f"{place}.py"))


def test_every_alert_has_a_heading_that_its_rule_leads_to():
    headings = set(re.findall(r"^### Alert (\w+)$", OPERATIONS.read_text(), re.MULTILINE))
    groups = yaml.safe_load(RULES.read_text())["groups"]
    led = {
        rule["alert"]: rule["annotations"]["runbook"].partition("#")[2]
        for group in groups for rule in group["rules"] if "alert" in rule
    }  # fmt: skip

    assert headings == alerts()
    assert led == {name: f"alert-{name.lower()}" for name in alerts()}


def test_every_address_of_the_house_that_is_named_is_there():
    own = ("/backups", "/etc/koebako", "/opt/koebako", "/tmp/trial", "/usr/lib", "/var/backups")
    commands = {"/status"}  # what people say to the bot
    named = set(re.findall(r"`(/[a-z0-9/_.-]*)(?:\?[^`]*)?`", OPERATIONS.read_text())) - commands
    missing = []
    for place in named:
        try:
            resolve(place)
        except Resolver404:
            missing += [] if place.startswith(own) else [place]

    assert {"/healthz", "/readyz", "/metrics", "/admin/", "/account/"} <= named
    assert missing == []


def test_every_page_of_the_admin_that_is_named_is_one():
    told = " ".join(OPERATIONS.read_text().partition("## Alerts")[2].partition("## Limits")[0].split())
    named = set(re.findall(r"(?<!\*)\*([A-Z][a-z]+)\*(?!\*)", told))
    with override("en"):
        titles = {str(words) for _title, pages in PAGES for words, *_rest in pages}

    assert len(named) >= 7
    assert named <= titles


def test_what_is_said_of_a_failure_s_kind_is_said_by_its_name():
    chapter = OPERATIONS.read_text().partition("### Alert KoebakoFailureRate")[2].partition("###")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", chapter)) - {"koebako_task_errors_total"}

    assert named == set(ErrorType.values)


def test_every_service_and_profile_of_compose_that_is_named_is_there():
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    lines = re.findall(r"docker compose (.+?)(?:#|\n|`|$|&&)", code_of(OPERATIONS) + "\n")
    unknown = []
    for line in lines:
        profiles, words = re.findall(r"--profile (\S+)", line), re.sub(r"--profile \S+ ", "", line).split()
        unknown += [each for each in profiles if each not in services]
        match words:
            case ["run", "--rm", service, *_rest] | ["exec", service, *_rest]:
                unknown += [service] if service not in services else []
            case ["stop" | "up" | "restart", *rest]:
                names = [
                    re.sub(r"=.*", "", each.removeprefix("--scale ")) for each in rest if not each.startswith("--")
                ]
                unknown += [each for each in names if each not in services]
            case ["build"]:
                pass
            case _:
                unknown.append(line)

    assert len(lines) >= 8
    assert unknown == []


def test_every_unit_of_systemd_that_is_named_is_there():
    named = set(re.findall(r"\bkoebako[a-z-]*\.(?:service|target)\b", OPERATIONS.read_text()))

    assert named
    assert {name for name in named if not (ROOT / "docker" / "systemd" / name).exists()} == set()


def test_every_python_module_that_is_to_be_run_is_there():
    named = set(re.findall(r"python -m ([a-z_.]+)", code_of(OPERATIONS) + code_of(README)))

    assert {name for name in named if name.startswith(("core", "tests")) and not _is_module(name)} == set()


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or (place / "__main__.py").exists()
