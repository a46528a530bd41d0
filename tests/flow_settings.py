"""The house's own settings with the toy functions, for real processes that tests start."""

import os

from core.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toys"]  # noqa: F405
if os.environ.get("KOEBAKO_FAULTS"):
    # Functions that leave traces, and the named points at which the fault campaign kills a process.
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults"]
if os.environ.get("KOEBAKO_FAILING_SPEECH"):
    # Speech that fails for marked texts.
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.failing.Failing"]
