"""Keep people's words out of the log of a bot's process, whoever writes the line.

A traceback ends with the error's own words, and those may quote a message, a name or an entry of a dictionary:
PostgreSQL tells the whole row that it refuses, asyncio the error that nobody caught. So a line says of an error what
it is and where it came from. The chat services' libraries write every event down at DEBUG, words and tokens and all;
they stay at INFO.

Called by `manage.py runbot`.
"""

import logging

from jobs.runtime.whereabouts import whereabouts

LIBRARIES = ("discord", "telegram")


class WithoutWords(logging.Filter):
    """Tells where an error came from, and never what it says."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            vars(record).update(whereabouts(error))
            record.exc_info = record.exc_text = None
            if record.name == "asyncio":
                # Its sentence holds the task, the task its error, and the error its words.
                record.msg, record.args = "an error that nobody caught", ()
        return True


def keep_words_out() -> None:
    """Filter all that this process logs from now on."""
    root = logging.getLogger()
    for handler in root.handlers:
        handler.addFilter(WithoutWords())
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.INFO, root.level))
