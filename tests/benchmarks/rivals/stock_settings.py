"""Settings of a plain Django project with stock django-q2, on the same kind of SQLite as ours."""

import os
from pathlib import Path

SECRET_KEY = "only for benchmarks"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_q"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["BENCHMARK_HOME"]) / "stock.sqlite3",
        # Reconnecting for each result takes a third of its time.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
    }
}
Q_CLUSTER = {
    "name": "stock",
    "workers": 2,
    "timeout": 60,
    "retry": 90,
    "save_limit": 0,  # at the default of 250 every result counts and deletes rows
    "scheduler": False,  # ours has one of its own; this one only costs
    "log_level": "WARNING",
    "redis": os.environ["BENCHMARK_REDIS_URL"],
}
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "WARNING"}}
