"""What every engine refuses, in the same words.

Called by the engines of this folder.
"""

from jobs.engines.errors import InputRejected

# OpenJTalk's front end takes about 60 µs a character and hibari's 50, so a text at this limit keeps a
# worker busy for 0.6 s. It holds before normalisation (which is linear) and after it (which may make a
# text longer).
MAX_CHARACTERS = 10_000

# The code of a text without anything to say.
EMPTY = "empty_speech"


def check_length(length: int, limit: int, unit: str) -> None:
    """Raise InputRejected (text_too_long) with both figures."""
    if length > limit:
        raise InputRejected("text", "text_too_long", f"{length} {unit}, and the limit is {limit}")


def check_settings(*, speed: float, pitch_semitones: float, volume_db: float) -> None:
    """Raise InputRejected (out_of_range) for a setting outside of what port.py promises."""
    _check_range("speed", speed, 0.5, 2.0)
    _check_range("pitch_semitones", pitch_semitones, -12.0, 12.0)
    _check_range("volume_db", volume_db, -20.0, 10.0)


def unknown_voice(voice: str, known: str) -> InputRejected:
    return InputRejected("voice", "unknown_voice", f"there is no voice {voice[:40]!r}; there is {known}")


def nothing_to_read() -> InputRejected:
    return InputRejected("text", EMPTY, "there is nothing in it that can be read aloud")


def _check_range(field: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:  # written so that NaN is out of range too
        raise InputRejected(field, "out_of_range", f"{value} is not between {lowest:g} and {highest:g}")
