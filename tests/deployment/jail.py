"""Run one program as a container would: a read-only root, a user of its own, no capabilities, pid 1.

Namespaces of Linux and no container engine: what a container is made of, on a machine that has none. The network is
the machine's own. Needs root. A spec as JSON is all that the inner half gets: `python jail.py SPEC`.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

UID = 10001
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAPABILITY = 24, 38, 40


def may_make_namespaces() -> bool:
    return (
        shutil.which("unshare") is not None
        and not subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False, timeout=10
        ).returncode
    )


def start(
    root: Path,
    command: list[str],
    *,
    environment: dict[str, str],
    folder: str,
    binds: dict[str, tuple[Path, bool]],
    tmpfs: dict[str, str],
    **popen: Any,
) -> subprocess.Popen[bytes]:
    """
    Start `command` as uid 10001 with `root` as its read-only root.

    binds: place inside -> (place outside, may be written); tmpfs: place inside -> options.
    The process returned is the door outside; its only child is pid 1 inside (`inner`).
    """
    spec = {
        "root": str(root),
        "command": command,
        "environment": environment,
        "folder": folder,
        "binds": {inside: [str(outside), writable] for inside, (outside, writable) in binds.items()},
        "tmpfs": tmpfs,
    }
    door = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", sys.executable, __file__, json.dumps(spec)]
    return subprocess.Popen(door, **popen)


def inner(door: subprocess.Popen[bytes]) -> int:
    """Return the id outside of what is pid 1 inside, which a container engine signals; 0: it ended."""
    children = Path(f"/proc/{door.pid}/task/{door.pid}/children")
    found = children.read_text().split() if children.exists() else []
    return int(found[0]) if found else 0


def kill(door: subprocess.Popen[bytes]) -> None:
    """End it at once, with all that it started; the door's death would not: a change of user breaks that promise."""
    if first := inner(door):
        os.kill(first, signal.SIGKILL)
    door.wait(timeout=10)


# --- Inside ---------------------------------------------------------------------


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _furnish(spec: dict[str, Any]) -> str:
    _mount("--make-rprivate", "/")
    root = "/run"
    _mount("-t", "tmpfs", "tmpfs", root)
    root += "/root"
    Path(root).mkdir()
    _mount("--bind", spec["root"], root)
    _mount("-o", "remount,ro,bind", root)
    for place, options in spec["tmpfs"].items():
        _mount("-t", "tmpfs", "-o", options, "tmpfs", root + place)
    for place, (outside, writable) in spec["binds"].items():
        if not Path(root + place).exists():  # below a tmpfs
            folder = Path(root + place) if Path(outside).is_dir() else Path(root + place).parent
            folder.mkdir(parents=True, exist_ok=True)
            if not Path(outside).is_dir():
                Path(root + place).touch()
        _mount("--bind", outside, root + place)
        if not writable:
            _mount("-o", "remount,ro,bind", root + place)
    _mount("-t", "proc", "proc", root + "/proc")
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", root + "/dev")
    for device in ("null", "zero", "urandom", "random"):
        Path(f"{root}/dev/{device}").touch()
        _mount("--bind", f"/dev/{device}", f"{root}/dev/{device}")
    Path(f"{root}/dev/shm").mkdir()
    # 64 MB, as Docker and Kubernetes give.
    _mount("-t", "tmpfs", "-o", "size=64m,mode=1777", "tmpfs", f"{root}/dev/shm")
    return root


def _become_nobody() -> None:
    libc = ctypes.CDLL(None)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)


def _enter(spec: dict[str, Any]) -> None:
    root = _furnish(spec)
    os.chroot(root)
    os.chdir(spec["folder"])
    _become_nobody()
    os.execvpe(spec["command"][0], spec["command"], spec["environment"])


if __name__ == "__main__":
    _enter(json.loads(sys.argv[1]))
