"""Where an error came from, for a log line: names of files and functions, and never its message.

A message may hold what a person wrote; a traceback ends with it. Called wherever code of others fails unexpectedly.
"""

import traceback
from pathlib import Path

# The innermost say what happened.
FRAMES = 5


def whereabouts(error: BaseException) -> dict[str, str]:
    """Return the error's type and its innermost frames, as fields of a log line."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return {"error": type(error).__name__, "where": where}
