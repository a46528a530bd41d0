"""`manage.py rqworker` for the tests: on the tests' own database, which pytest made under a name of its own.

Started by conftest.py with the settings of the tests, and KOEBAKO_WORKER_DATABASE.
"""

import json
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    settings.DATABASES["default"]["NAME"] = os.environ["KOEBAKO_WORKER_DATABASE"]
    settings.DELIVERY_ALLOW_HOSTS = json.loads(os.environ["KOEBAKO_WORKER_ALLOWS"])
    settings.LEASE_SECONDS = int(os.environ.get("LEASE_SECONDS", "3"))
    django.setup()
    call_command("rqworker", *sys.argv[1:])


if __name__ == "__main__":
    main()
