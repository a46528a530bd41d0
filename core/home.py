"""The home folder (`KOEBAKO_HOME`): where the house keeps what it makes for itself.

Read by settings.py before Django is up, and by the supervisor, which runs without it: so
nothing here needs more than the readers of env.py.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from core import env

# Linux refuses a unix socket path of more than 107 bytes (sun_path of unix(7)), macOS of more than 103.
MAX_SOCKET_PATH_BYTES = 103


def secret_key(home: Path) -> str:
    """
    Return the key in `home/secret_key`; the first caller makes it, once, readable by its owner only.

    Raises env.BadValue when the folder cannot be used, or the key was lost from its file.
    """
    place = home / "secret_key"
    try:
        if not place.exists():
            home.mkdir(parents=True, exist_ok=True)
            _make_once(place, secrets.token_urlsafe(64))
        key = place.read_text().strip()
    except OSError:
        raise env.BadValue("KOEBAKO_HOME", "a folder that this user can read and write") from None
    if not key:
        # A new one would silently refuse every link, token and queue entry made with the old one.
        raise env.BadValue("KOEBAKO_HOME", "a key in its file secret_key; it is empty: restore it, or delete the file")
    return key


def _make_once(place: Path, content: str) -> None:
    # A name of its own for every caller: threads of one process would write into one another's draft.
    descriptor, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link fails when another caller was first; then that one's counts.
        if not place.exists():
            os.link(draft, place)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()


def runtime_folder(home: Path) -> Path:
    """Return the folder of sockets, locks and pids of the processes that run now."""
    return home / "run"


def valkey_socket(home: Path) -> Path:
    """
    Return where the embedded Valkey listens; the same place for the same home.

    When the home's path is too long for a socket, that is a short folder outside. Its name can
    be guessed, so `make_private` must refuse it when somebody else was there first.
    """
    place = runtime_folder(home) / "valkey.sock"
    if len(os.fsencode(place)) <= MAX_SOCKET_PATH_BYTES:
        return place
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - make_private refuses a stranger's folder
        place = Path(parent) / f"koebako-{os.getuid()}-{digest}" / "valkey.sock"
        if len(os.fsencode(place)) <= MAX_SOCKET_PATH_BYTES:
            break
    return place


def make_private(folder: Path) -> None:
    """Make `folder`, open to this user alone. Raises PermissionError when it belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    folder.chmod(0o700)


def redis_url(home: Path) -> str:
    """Return the URL that `up` left for commands in other terminals, or an empty string."""
    try:
        return (runtime_folder(home) / "redis_url").read_text().strip()
    except FileNotFoundError:
        return ""


def leave_redis_url(home: Path, url: str) -> None:
    """Tell commands in other terminals where Redis is, for as long as `up` runs."""
    place = runtime_folder(home) / "redis_url"
    descriptor, draft = tempfile.mkstemp(dir=place.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(url)
    Path(draft).replace(place)


def take_redis_url_away(home: Path) -> None:
    (runtime_folder(home) / "redis_url").unlink(missing_ok=True)
