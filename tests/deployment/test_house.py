"""The house as compose.yaml starts it: processes as containers are, on this machine's root instead of the image's."""

from pathlib import Path

import pytest

from tests import postgres
from tests.deployment import house, jail


def test_every_process_lives_without_rights_on_a_root_it_cannot_write(tmp_path):
    """
    Migrations, `check --deploy`, web, workers, deliveries, a sentence through the queue, and a good end for all.

    As uid 10001 and pid 1, without capabilities, under the ACL of docker/redis, with every secret in a file.
    """
    if not jail.may_make_namespaces():
        pytest.skip("this user may not make namespaces")
    if postgres.programs() is None:
        pytest.skip(postgres.WITHOUT)

    said: list[str] = []
    house.live_in(house.borrowed(Path(tmp_path) / "koebako"), said.append)

    assert any("System check identified no issues" in line for line in said), said
