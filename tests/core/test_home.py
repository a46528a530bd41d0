"""The home folder: one key whoever comes first, and a place for the socket that the kernel accepts."""

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core import home
from core.env import BadValue

READ_KEY = "import sys; from pathlib import Path; from core import home; print(home.secret_key(Path(sys.argv[1])))"


def test_twenty_processes_that_start_at_once_get_the_same_key(tmp_path, settings):
    folder = tmp_path / "home"

    racers = [
        subprocess.Popen(
            [sys.executable, "-c", READ_KEY, folder], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
        )
        for _ in range(20)
    ]

    keys = {racer.communicate(timeout=60)[0].strip() for racer in racers}
    assert keys == {(folder / "secret_key").read_text()}
    assert [racer.returncode for racer in racers] == [0] * 20
    assert [place.name for place in folder.iterdir()] == ["secret_key"]


def test_twenty_threads_get_the_same_key(tmp_path):
    gate, keys = threading.Barrier(20), []

    def race():
        gate.wait()
        keys.append(home.secret_key(tmp_path))

    racers = [threading.Thread(target=race) for _ in range(20)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(keys) == 20
    assert set(keys) == {(tmp_path / "secret_key").read_text()}


def test_the_key_is_strong_and_its_owners_alone(tmp_path):
    key = home.secret_key(tmp_path)

    assert len(key) >= 64
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_a_key_that_is_there_is_never_changed(tmp_path):
    (tmp_path / "secret_key").write_text("of an earlier day\n")

    assert home.secret_key(tmp_path) == "of an earlier day"


def test_a_lost_key_stops_the_start_instead_of_being_replaced(tmp_path):
    (tmp_path / "secret_key").touch()

    with pytest.raises(BadValue, match="KOEBAKO_HOME"):
        home.secret_key(tmp_path)


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(BadValue, match="KOEBAKO_HOME cannot be used: expected a folder"):
        home.secret_key(tmp_path / "file" / "home")


def test_the_socket_lies_in_the_home_when_its_path_is_short(tmp_path):
    assert home.valkey_socket(Path("/srv/koebako")) == Path("/srv/koebako/run/valkey.sock")


@pytest.mark.parametrize("name", ["x" * 200, "声" * 60])
def test_a_long_home_gets_a_short_socket_that_can_be_bound(tmp_path, name):
    folder = tmp_path / name

    place = home.valkey_socket(folder)

    home.make_private(place.parent)
    with socket.socket(socket.AF_UNIX) as wire:
        wire.bind(str(place))
    place.unlink()
    place.parent.rmdir()
    assert place == home.valkey_socket(folder)
    assert place != home.valkey_socket(tmp_path / (name + "y"))


def test_a_private_folder_is_closed_to_others_even_if_it_was_open(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)

    home.make_private(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_somebody_put_there_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PermissionError):
        home.make_private(tmp_path / "run")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, 65534, 65534)

    with pytest.raises(PermissionError):
        home.make_private(folder)


def test_other_terminals_find_redis_while_up_runs_and_only_then(tmp_path):
    home.make_private(home.runtime_folder(tmp_path))
    assert home.redis_url(tmp_path) == ""

    home.leave_redis_url(tmp_path, "unix:///x/valkey.sock?db=0")

    assert home.redis_url(tmp_path) == "unix:///x/valkey.sock?db=0"
    assert stat.S_IMODE((tmp_path / "run" / "redis_url").stat().st_mode) == 0o600
    home.take_redis_url_away(tmp_path)
    assert home.redis_url(tmp_path) == ""
