"""Run the Dockerfile's own steps in a clean Debian root, without a container engine, by hand:

    python -m tests.deployment.clean_root WORK_FOLDER

The base stands in for python:3.11-slim-trixie, which no package registry has: Debian's minimal trixie
(debootstrap) with this machine's CPython 3.11 in /usr/local. Everything after FROM is what docker/Dockerfile says,
in its order, network and hash checks included. The finished root is then run as house.py says, and its size told.
Needs root, debootstrap, two minutes and 3 GB; too long for CI, which runs the quick half (test_house.py).
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.deployment import dockerfile, house
from tests.deployment.dockerfile import ROOT, Stage, Step

# What python:3.11-slim-trixie brings beside Debian's minimum, as its own Dockerfile lists it.
LIBRARIES = (
    "ca-certificates netbase tzdata libssl3t64 libsqlite3-0 libffi8 zlib1g libbz2-1.0 liblzma5 libreadline8t64 libuuid1"
    " libexpat1 libncursesw6"
)
# How this machine reaches its package registries; a build elsewhere has its own.
REACH = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
PASSED = ("PIP_", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def base(work: Path) -> Path:
    """Return the stand-in for the base image; made once."""
    place = work / "base"
    if not (place / "etc/debian_version").exists():
        mirror = subprocess.run(
            "apt-get indextargets --format '$(REPO_URI)' 'Component: main' | head -1",
            shell=True, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        include = "--include=" + ",".join(LIBRARIES.split())
        subprocess.run(["debootstrap", "--variant=minbase", include, "trixie", place, mirror], check=True)
    if not (place / "usr/local/bin/python").exists():
        own = Path(sys.base_prefix)
        shutil.copytree(
            own / "lib", place / "usr/local/lib", symlinks=True, dirs_exist_ok=True,
            ignore=lambda folder, names: [
                name for name in names
                if name in {"__pycache__", "test", "idlelib", "config-3.11-x86_64-linux-gnu"} or name.endswith(".a")
                or (Path(folder).name == "site-packages" and not name.startswith(("pip", "setuptools")))
            ],
        )  # fmt: skip
        shutil.copy2(own / "bin/python3.11", place / "usr/local/bin/python3.11")
        for name in ("python", "python3"):
            (place / "usr/local/bin" / name).symlink_to("python3.11")
        subprocess.run(["chroot", place, "ldconfig"], check=True)
    return place


def build(work: Path) -> Path:
    """Carry out every stage; return the root of the last one."""
    done: dict[str, Path] = {}
    root = work
    for number, stage in enumerate(dockerfile.stages(dockerfile.DOCKERFILE.read_text())):
        root = work / (stage.name or f"stage-{number}")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", base(work), root], check=True)
        carry_out(stage, root, done)
        done[stage.name] = root
    return root


def carry_out(stage: Stage, root: Path, done: dict[str, Path]) -> None:
    folder = "/"
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    for step in stage.steps:
        began = time.monotonic()
        if step.word == "WORKDIR":
            folder = step.text
            (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.word == "ENV":
            environment |= dict(pair.split("=", 1) for pair in shlex.split(step.text))
        elif step.word == "COPY":
            copy(step, root, folder, done)
        elif step.word == "RUN":
            run(step.text, root, folder, environment)
        print(f"{time.monotonic() - began:6.1f} s  {step.word} {step.text[:100]}", flush=True)


def copy(step: Step, root: Path, folder: str, done: dict[str, Path]) -> None:
    words = step.text.split()
    source = ROOT
    if words[0].startswith("--from="):
        source = done[words.pop(0).removeprefix("--from=")]
    *names, target = words
    place = root / os.path.normpath(f"{folder}/{target}" if not target.startswith("/") else target).lstrip("/")
    for name in names:
        if source is not ROOT:
            place.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", source / name.lstrip("/"), place], check=True)
            continue
        # A folder's content goes into the target, a file under its own name when the target ends in a slash.
        files = dockerfile.context(ROOT, name)
        if not files:
            raise FileNotFoundError(f"COPY {name}: .dockerignore lets nothing of it through")
        for file in files:
            inside = file.relative_to(name) if (ROOT / name).is_dir() else Path(file.name)
            (place / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, place / inside)


def run(command: str, root: Path, folder: str, environment: dict[str, str]) -> None:
    reach = [place for place in REACH if Path(place).exists()]
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED)}
    mounts = [f"mount --rbind /dev {root}/dev", f"mount -t proc proc {root}/proc"]
    for place in reach:
        Path(f"{root}{place}").parent.mkdir(parents=True, exist_ok=True)
        Path(f"{root}{place}").touch()
        mounts.append(f"mount --bind {os.path.realpath(place)} {root}{place}")
    inside = ["env", "-i", *(f"{name}={value}" for name, value in (passed | environment).items()), "sh", "-c"]
    enter = shlex.join(["chroot", str(root), *inside, f"cd {folder} && {command}"])
    subprocess.run(["unshare", "--mount", "sh", "-ec", "\n".join([*mounts, f"exec {enter}"])], check=True)


def megabytes(place: Path) -> int:
    return int(subprocess.run(["du", "-sm", place], check=True, capture_output=True, text=True).stdout.split()[0])


def main() -> None:
    work = Path(sys.argv[1]).absolute()
    work.mkdir(parents=True, exist_ok=True)
    root = build(work)
    parts = {name: megabytes(root / name) for name in ("opt/venv", "srv/koebako")}
    print(f"size: {megabytes(root)} MB, of which base {megabytes(base(work))} MB and {parts}", flush=True)
    house.live_in(house.Image(root=root), print, with_backup=True)


if __name__ == "__main__":
    main()
