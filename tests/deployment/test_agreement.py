"""Image, compose, Kubernetes and systemd say the same, and nothing that the code does not know."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve

from tests.deployment import compose, dockerfile, manifests
from tests.deployment.dockerfile import ROOT

FINAL = dockerfile.stages(dockerfile.DOCKERFILE.read_text())[-1]
SERVICES = compose.load(compose.example())["services"]
PODS = manifests.pods()
UNITS = manifests.units()
# Names of one process in the three places.
NAMES = {
    "migrate": ("migrate", "migrate", "koebako-migrate"),
    "web": ("web", "web", "koebako-web"),
    "workers": ("workers", "workers", "koebako-qcluster"),
    "rqworker": ("rqworker", "rqworker", "koebako-rqworker"),
    "discord": ("discord", "discord", "koebako-discord"),
    "telegram": ("telegram", "telegram", "koebako-telegram"),
}
# Read by Python, boto3 and systemd's own, not by our settings.
OTHERS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH", "HOME", "POD_IP"} | {
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
}
STOP_SECONDS = {"workers": settings.STOP_GRACE_SECONDS + 5, "rqworker": 35, "discord": 10, "telegram": 10, "web": 5}


def known_names():
    code = "".join(path.read_text() for path in (ROOT / "core").rglob("*.py"))
    return set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', code))


def given():
    """Yield where, and the environment that a process gets there."""
    yield "Dockerfile", FINAL.environment()
    for name in compose.PROCESSES:
        yield f"compose {name}", compose.environment(SERVICES[name])
    for role, pod in PODS.items():
        yield f"k8s {role}", manifests.environment(pod)
    yield "k8s config", next(one["data"] for _file, one in manifests.documents() if one["kind"] == "ConfigMap")
    for unit in UNITS.values():
        yield unit.name, unit.environment()


def test_every_variable_is_one_that_the_settings_read():
    known = known_names() | OTHERS
    strangers = {
        f"{where}: {name}"
        for where, environment in given()
        for name in environment
        if name not in known and name.removesuffix("_FILE") not in known
    }

    assert len(known) > 80
    assert strangers == set()


def test_every_value_of_the_env_file_is_used():
    text = compose.raw()
    lines = (compose.FOLDER / "compose.env.example").read_text().splitlines()
    names = {match[1] for line in lines if (match := re.match(r"#?([A-Z0-9_]+)=", line))}

    assert {name for name in names if f"${{{name}" not in text} == set()
    assert set(re.findall(r"\$\{(\w+)", text)) - names == set()


def test_each_process_runs_the_same_command_everywhere_and_it_exists():
    for role, (service, component, unit) in NAMES.items():
        command = SERVICES[service]["command"]
        pod = PODS[component]["containers"][0]["args"]
        line = UNITS[unit].one("ExecStart").split()

        assert command == pod, role
        # A unit leaves the address to the settings: a proxy on the same machine finds it at 127.0.0.1.
        words = command[: command.index("--host")] if "--host" in command else command
        assert line == ["/opt/koebako/.venv/bin/python", "manage.py", *words], role
        assert command[0] in get_commands(), role


def test_each_process_gets_the_same_secrets_everywhere():
    for role, (service, component, unit) in NAMES.items():
        given_files = {name for name in compose.environment(SERVICES[service]) if name.endswith("_FILE")}
        secrets = set(SERVICES[service]["secrets"])
        (volume,) = [each for each in PODS[component]["volumes"] if "secret" in each]

        assert {item["key"] for item in volume["secret"]["items"]} == secrets, role
        assert UNITS[unit].credentials() == secrets, role
        pod = {name for name in manifests.environment(PODS[component]) if name.endswith("_FILE")}
        unit_files = {name for name in UNITS[unit].environment() if name.endswith("_FILE")}
        assert pod == unit_files == given_files, role
        for name, value in manifests.environment(PODS[component]).items():
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in secrets, f"{role}: {name}"


def test_a_pod_finds_its_secrets_in_the_example():
    example = next(one for _file, one in manifests.documents() if one["kind"] == "Secret")
    asked = {
        item["key"]
        for pod in PODS.values()
        for each in pod["volumes"]
        if "secret" in each
        for item in each["secret"]["items"]
    }

    assert set(example["stringData"]) == asked
    assert set(example["stringData"].values()) == {""}


def test_user_and_port_are_the_same_everywhere():
    user = FINAL.last("USER").text
    port = int(FINAL.last("EXPOSE").text)

    assert {
        f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" for pod in PODS.values()
    } == {user}
    assert SERVICES["web"]["ports"][0].split(":")[-1] == str(port) == "8000"
    assert PODS["web"]["containers"][0]["ports"] == [{"name": "http", "containerPort": port}]
    service = next(one for _file, one in manifests.documents() if one["kind"] == "Service")
    assert service["spec"]["ports"][0]["port"] == port
    prometheus = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
    assert prometheus["scrape_configs"][0]["static_configs"] == [{"targets": [f"web:{port}"]}]
    assert "web" in SERVICES["web"]["environment"]["ALLOWED_HOSTS"].split(",")
    assert len({pod["containers"][0]["image"] for pod in PODS.values()}) == 1


def test_a_process_is_given_the_time_that_it_takes_to_stop():
    for role, seconds in STOP_SECONDS.items():
        service, component, unit = NAMES[role]
        assert float(SERVICES[service]["stop_grace_period"].removesuffix("s")) >= seconds, role
        # The pause before web's SIGTERM counts too.
        pause = 10 if role == "web" else 0
        assert PODS[component]["terminationGracePeriodSeconds"] >= seconds + pause, role
        assert float(UNITS[unit].one("TimeoutStopSec")) >= seconds, role
    assert UNITS["koebako-qcluster"].one("KillMode") == "mixed"


def test_the_addresses_that_are_probed_exist():
    pods = PODS["web"]["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert resolve(pods[probe]["httpGet"]["path"].partition("?")[0])
    monitor = next(one for _file, one in manifests.documents() if one["kind"] == "ServiceMonitor")
    assert resolve(monitor["spec"]["endpoints"][0]["path"])


def test_units_are_complete_and_valid(tmp_path):
    """systemd's own word where it is installed; only the program it cannot find here is overlooked."""
    wanted = manifests.target()["Unit"]["Wants"].split()
    assert set(wanted) == {"koebako-web.service", "koebako-qcluster.service", "koebako-rqworker.service"}
    for unit in UNITS.values():
        assert unit.one("NoNewPrivileges") == "yes"
        assert unit.one("ProtectSystem") == "strict"
        assert unit.one("CapabilityBoundingSet") == ""
        assert unit.one("RestartPreventExitStatus") == "78"
        assert unit.one("User") == "koebako"
        for key in ("Wants", "Requires", "After"):
            own = [name for line in unit.lines.get(key, []) for name in line.split() if name.startswith("koebako-")]
            assert {name for name in own if not (manifests.SYSTEMD / name).exists()} == set()

    if analyze := shutil.which("systemd-analyze"):
        units = tmp_path / "units"
        shutil.copytree(manifests.SYSTEMD, units)
        done = subprocess.run(
            [analyze, "verify", "--man=no", *map(str, [*units.glob("*.service"), units / "koebako.target"])],
            env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        wrong = [line for line in done.stderr.splitlines() if "is not executable" not in line]
        assert [line for line in wrong if "koebako" in line] == []


@pytest.mark.parametrize("place", ["compose.yaml", "compose.env.example", "k8s", "systemd", "redis"])
def test_no_secret_stands_in_a_file_of_the_repository(place):
    start = ROOT / "docker" / place
    for file in [start] if start.is_file() else [path for path in start.rglob("*") if path.is_file()]:
        text = Path(file).read_text()
        assert not re.search(r"(?i)(password|secret|token|key)\s*[:=]\s*[\"']?[A-Za-z0-9+_-]{24,}", text), file
