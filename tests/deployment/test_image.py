"""The Dockerfile by hadolint and by the house's own rules; clean_root.py runs its steps, by hand."""

import re
import subprocess
import sys
from pathlib import Path

from tests.deployment import dockerfile
from tests.deployment.dockerfile import ROOT

STAGES = dockerfile.stages(dockerfile.DOCKERFILE.read_text())
BUILD, FINAL = STAGES
ROOMS = ("core", "jobs", "bots", "templates")


def context():
    return {path.as_posix() for path in dockerfile.context(ROOT)}


def test_hadolint_has_nothing_to_say():
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, dockerfile.DOCKERFILE], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_packages_come_with_their_hashes_as_wheels_into_a_stage_that_is_left_behind():
    install = next(step.text for step in BUILD.steps if step.word == "RUN" and " install " in step.text)

    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    assert "--no-deps" in install
    commands = [one.strip() for step in FINAL.steps if step.word == "RUN" for one in step.text.split("&&")]
    # What pg_dump and pg_restore are linked with; nothing of Python's.
    assert [one for one in commands if " install " in one] == [
        "apt-get install --yes --no-install-recommends libpq5=17.*"
    ]
    assert {step.text.split()[0] for step in FINAL.steps if step.word == "COPY"} == {"--from=build"}


def test_the_image_runs_as_nobody_without_a_shell_and_with_a_health_check():
    assert FINAL.last("USER").text == "10001:10001"
    assert FINAL.last("ENTRYPOINT").exec_form() == ["python", "manage.py"]
    assert FINAL.last("CMD").exec_form()[0] == "web"
    assert FINAL.last("HEALTHCHECK").exec_form() == ["python", "-m", "core.alive"]
    # After the last file was written: nothing in the image belongs to the one who runs it, but his home.
    words = [step.word for step in FINAL.steps]
    assert max(index for index, word in enumerate(words) if word in {"COPY", "RUN"}) < words.index("USER")
    assert "--chown" not in dockerfile.DOCKERFILE.read_text()


def test_what_is_sent_to_the_builder_is_the_code_and_nothing_else():
    sent = context()

    strangers = {name for name in sent if not name.startswith(tuple(f"{room}/" for room in ROOMS))}
    assert strangers == {"manage.py", "LICENSE", "docker/requirements.lock"}
    assert not [name for name in sent if re.search(r"\.po$|\.pyc$|__pycache__|(^|/)\.|sqlite|secret_key$|\.env", name)]


def test_everything_that_the_code_is_made_of_is_sent():
    tracked = subprocess.run(
        ["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout.split("\n")

    missing = {name for name in tracked if name and not name.endswith(".po") and (ROOT / name).exists()} - context()

    assert not missing


def test_what_is_copied_is_what_was_sent():
    copied = {name for step in BUILD.steps if step.word == "COPY" for name in step.text.split()[:-1]}

    assert {path.as_posix() for name in copied for path in dockerfile.context(ROOT, name)} == context()


def test_the_base_images_have_a_version():
    assert all(re.fullmatch(r"python:3\.11-slim-\w+", stage.base) for stage in STAGES)
