"""The house's own settings on a temporary home, with a Valkey of the test session."""

import os
import sys
import tempfile
from pathlib import Path

from tests import postgres

# As manage.py has it, for the engines that are tried in this process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HOME_FOR_TESTS = os.environ.setdefault("KOEBAKO_TEST_HOME", tempfile.mkdtemp(prefix="koebako-test-"))
if "PYTEST_XDIST_WORKER" in os.environ:
    # `pytest -n 2`: each process has a home and a Valkey of its own.
    HOME_FOR_TESTS = str(Path(HOME_FOR_TESTS) / os.environ["PYTEST_XDIST_WORKER"])
    Path(HOME_FOR_TESTS).mkdir(exist_ok=True)
os.environ["KOEBAKO_HOME"] = HOME_FOR_TESTS
os.environ["REDIS_URL"] = f"unix://{HOME_FOR_TESTS}/valkey.sock?db=0"
# `pytest --database=postgresql`: a server of this run's own; without its programs conftest.py has a word to say.
# With `-n 2` each process has its own, for some tests stop theirs; the one that hands out the tests has none.
asked = postgres.is_asked_for(sys.argv) or os.environ.get("KOEBAKO_TEST_DATABASE") == "postgresql"
hands_out = "PYTEST_XDIST_WORKER" not in os.environ and any(word.startswith("-n") for word in sys.argv)
if asked and hands_out:
    os.environ["KOEBAKO_TEST_DATABASE"] = "postgresql"
elif asked and not os.environ.get("DATABASE_URL") and postgres.programs():
    os.environ["DATABASE_URL"] = postgres.start_for_tests()
if os.environ.get("DATABASE_URL"):
    os.environ["SECRET_KEY"] = "only for tests, and the same in every process of theirs"
for name in ("PUBLIC_URL", "DEBUG", "STORAGE_URL"):
    os.environ.pop(name, None)

from core.settings import *  # noqa: E402, F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toys"]  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Its scan of all static files at each client's first request took half of the tests' time.
WHITENOISE_AUTOREFRESH = True
