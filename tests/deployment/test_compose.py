"""docker/compose.yaml: by the specification's own schema, and by what the house asks of each service."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment import compose, dockerfile, house
from tests.deployment.dockerfile import ROOT

VALUES = compose.example()
FILE = compose.load(VALUES)
SERVICES = FILE["services"]
ours = pytest.mark.parametrize("name", compose.PROCESSES)
every = pytest.mark.parametrize("name", sorted(SERVICES))


def test_it_is_valid_by_the_schema_of_the_compose_specification():
    checker = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*checker, str(compose.FOLDER / "compose.yaml")], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_starts_without_the_name_of_the_house():
    with pytest.raises(compose.NotSet, match="PUBLIC_HOST"):
        compose.load({})


def test_a_value_in_the_env_file_reaches_the_services_and_the_rest_keeps_its_default():
    assert compose.interpolated("${A:-https://${B:?x}}", {"B": "h"}) == "https://h"
    assert compose.interpolated("${A:-https://${B:?x}}", {"A": "http://a", "B": "h"}) == "http://a"
    assert SERVICES["web"]["environment"]["PUBLIC_URL"] == "https://koebako.example.com"
    assert "koebako.example.com" in SERVICES["web"]["environment"]["ALLOWED_HOSTS"].split(",")


def test_a_private_receiver_is_allowed_where_it_is_named_and_where_it_is_sent_to():
    """The web process refuses a callback's address before the deliveries would."""
    services = compose.load(VALUES | {"DELIVERY_ALLOW_HOSTS": "hooks.lan:9000"})["services"]

    for name in ("web", "workers", "rqworker", "discord", "telegram"):
        assert services[name]["environment"]["DELIVERY_ALLOW_HOSTS"] == "hooks.lan:9000", name


@ours
def test_any_other_setting_reaches_every_process_by_a_file_that_may_be_away(name):
    assert SERVICES[name]["env_file"] == [{"path": "koebako.env", "required": False}]


@every
def test_no_service_has_rights_that_it_does_not_need(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    # The image's own user is 10001; the others' images would start as root.
    assert name in compose.PROCESSES or not service["user"].startswith("0")
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)
    assert service.get("network_mode") is None


@every
def test_a_service_comes_back_is_looked_after_and_does_not_fill_the_disk(name):
    service = SERVICES[name]

    assert service["restart"] == ("no" if name in compose.ERRANDS else "unless-stopped")
    # The image brings the check of our own processes.
    assert name in compose.PROCESSES or service["healthcheck"]["test"]
    assert service["logging"]["options"]["max-size"]


@ours
def test_a_process_begins_after_the_migrations_and_with_an_answering_queue(name):
    waits = SERVICES[name]["depends_on"]

    if name in compose.ERRANDS:
        assert waits == {"postgres": {"condition": "service_healthy"}}
    else:
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
        assert waits["redis"] == {"condition": "service_healthy"}


def test_only_the_proxy_of_this_machine_can_reach_a_port():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:8000:8000"], "grafana": ["127.0.0.1:3000:3000"]}


def test_the_database_and_the_queue_have_no_way_out():
    assert FILE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis", "prometheus"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_every_secret_is_a_file_that_make_secrets_makes(tmp_path):
    made = {file.name for file in house.make_secrets(tmp_path / "secrets").iterdir()}

    assert {Path(secret["file"]).name for secret in FILE["secrets"].values()} == made
    assert (
        set(FILE["secrets"]) == made == {name for service in SERVICES.values() for name in service.get("secrets", [])}
    )
    # Neither a password nor a token stands in the file itself, or is asked for in .env.
    for name, service in SERVICES.items():
        for variable, value in compose.environment(service).items():
            if any(word in variable for word in ("PASSWORD", "TOKEN", "KEY", "SECRET", "DATABASE_URL", "REDIS_URL")):
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"
                assert Path(value).name in service["secrets"], f"{name}: {variable} is not given to it"
    assert not [name for name in VALUES if any(word in name for word in ("PASSWORD", "TOKEN", "KEY", "SECRET"))]


def test_every_folder_that_is_mounted_is_there():
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (compose.FOLDER / source).exists(), source
            elif not source.startswith("/"):  # what the operator makes by OPERATIONS.md
                assert source in FILE["volumes"]


def test_a_backup_is_made_by_a_command_of_its_own_where_the_files_of_the_house_are():
    backup = SERVICES["backup"]

    assert backup["profiles"] == ["backup"]
    assert "home:/var/lib/koebako" in backup["volumes"]
    [(place, folder)] = [volume.split(":") for volume in backup["volumes"] if not volume.startswith("home:")]
    assert backup["command"] == ["backup", folder]
    handbook = (compose.FOLDER / "OPERATIONS.md").read_text()
    assert "docker compose run --rm backup\n" in handbook
    assert f"docker compose run --rm backup restore {folder}/" in handbook
    assert f"install -d -m 0700 -o 10001 -g 10001 {place}" in handbook


def test_the_image_brings_the_programs_of_the_database_s_version():
    """`pg_dump` refuses a server that is newer than itself."""
    major = re.fullmatch(r"postgres:(\d+)-alpine", SERVICES["postgres"]["image"])[1]
    final = dockerfile.stages(dockerfile.DOCKERFILE.read_text())[-1]
    copied = " ".join(step.text for step in final.steps if step.word == "COPY")

    for program in ("pg_dump", "pg_restore"):
        assert f"/usr/lib/postgresql/{major}/bin/{program} " in copied
    assert f"libpq5={major}." in " ".join(step.text for step in final.steps if step.word == "RUN")


def test_the_queue_keeps_everything_it_is_given():
    lines = (ROOT / "docker/redis/valkey.conf").read_text().splitlines()
    directives = dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))

    assert directives["appendonly"] == "yes"
    assert directives["maxmemory-policy"] == "noeviction"
