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


# Beside what a line says of itself it carries what it belongs to, bound while that is worked on: `request_id` of a
# request (core/request_id.py), `task`, `function` and `attempt` of a run, `delivery` of a sending, `guild` of the bot.
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    without_request,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def processors(form: str) -> list[Any]:
    """Return what makes a line of a record. form: "json" or "console"."""
    bare = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return [bare, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=0,
        # The default prints every local variable: people's texts among them.
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [bare, console]


def configure(options: dict[str, str]) -> None:
    """Send every record of the process to standard error, in the format asked for."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": processors(options["format"]),
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
                # A collector that is away is one line for each batch that is lost, not one for each try.
                "opentelemetry": {"level": "ERROR"},
                # It tells whole addresses, which hold where somebody lives, or a bot's token.
                "httpx": {"level": "WARNING"},
                "httpx2": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
