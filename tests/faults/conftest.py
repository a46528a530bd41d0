"""One bed serves all tests of this folder, as it takes seconds to start; what one breaks is mended before the next."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.bed import Bed


@pytest.fixture(scope="session")
def one_bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    bed = Bed(tmp_path_factory.mktemp("bed"), database_url=os.environ.get("DATABASE_URL", ""))
    try:
        bed.start()
        yield bed
    finally:
        left = bed.stop()
    assert left == [], "processes left behind"


@pytest.fixture
def bed(one_bed: Bed) -> Bed:
    """The bed, whole."""
    one_bed.mend()
    return one_bed
