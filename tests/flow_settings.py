"""The house's own settings with the toy functions, for real processes that tests start."""

from core.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toys"]  # noqa: F405
