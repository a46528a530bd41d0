"""One house serves all of a module, so what a test breaks it mends."""

from collections.abc import Iterator

import pytest

from tests.flows.house import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A house of this module's own."""
    house = Stack(tmp_path_factory.mktemp("home"))
    house.start()
    yield house
    house.stop()
    left = house.processes()
    assert left == [], "processes left behind"
