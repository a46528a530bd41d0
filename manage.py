#!/usr/bin/env python
"""Run a command of the house; `uv run manage.py up` starts all of it."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
    # For numpy's products, read when it is loaded. Workers share the cores already, and our matrices are small: with a
    # second thread, which spins while it waits, an analysis took two to four times as long, and two to three times the
    # processor.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A value that cannot be used is the operator's to mend: one sentence, no traceback.
        sys.exit(f"configuration: {error}")


if __name__ == "__main__":
    main()
