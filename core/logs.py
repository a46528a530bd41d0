"""Log lines: a constant sentence with fields, for people on a console or as JSON for machines.

Fields come from `extra=`; the texts people asked to be read aloud never do.
"""

import logging.config
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def without_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop the request that Django hands along: its address may hold a signed link."""
    event.pop("request", None)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    without_request,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(options: dict[str, str]) -> None:
    """Send every record of the process to standard error, in the format asked for."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if options["format"] == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            # The default prints every local variable: people's texts among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    tail: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if options["format"] == "json":
        tail.append(structlog.processors.format_exc_info)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": [*tail, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"].upper()},
            "loggers": {
                # One line per task of its own wording; ours says the same with the task's id.
                "django-q": {"handlers": [], "level": "WARNING", "propagate": True},
                "daphne": {"level": "WARNING"},
                # A request that was refused is the caller's matter, and no warning to an operator.
                "django.request": {"level": "ERROR"},
                "asyncio": {"level": "WARNING"},
                "botocore": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
