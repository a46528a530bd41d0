"""What the pages of practice say of codes and figures: refused files, gates, scores.

The gates' own sentences are the engine's (engines/pronunciation/wording.py), in all the languages that learners are
told things in; here stands what to do about them. The page of the task says the same: the codes join words.py.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation.trans_real import parse_accept_lang_header

from jobs.live import words
from jobs.live.words import Sentences
from jobs.runtime.errors import FieldError
from jobs.runtime.models import Task

# Where a score's word changes; the same two figures from which the engine calls a sound wrong, and a score worth
# practising.
GOOD_FROM, FAIR_FROM = 80.0, 60.0
GOOD, FAIR, LOW = "good", "fair", "low"
LEVEL_WORDS = {GOOD: gettext_lazy("good"), FAIR: gettext_lazy("fair"), LOW: gettext_lazy("to practise")}
# The learner's languages that advice is written in, by the first letters of the browser's.
FEEDBACK = {"ja": "ja", "en": "en", "zh": "zh-TW"}

_ANOTHER_FILE = gettext_lazy("Choose another file: MP3, WAV, M4A, AAC, Ogg, FLAC or WebM.")
REFUSED: dict[str, Any] = {
    "missing": gettext_lazy("Please record the sentence, or choose a file."),
    "empty_file": gettext_lazy("The file is empty."),
    "file_too_large": gettext_lazy("The file is too large."),
    "not_audio": _ANOTHER_FILE,
    "no_sound": gettext_lazy("There is no sound in the file."),
    "codec_not_taken": _ANOTHER_FILE,
    "too_long": gettext_lazy("The recording is too long: one sentence is enough."),
    "too_many_files": gettext_lazy("This session is full. Begin another one."),
    "no_room_for_file": gettext_lazy("There is no room left for your recordings. Delete some first."),
    "not_stored": gettext_lazy("The recording could not be stored just now. Please send it again in a minute."),
}

_AGAIN = gettext_lazy("Record it again and read the whole sentence.")
_GATES: dict[str, Sentences] = {
    "too_short": Sentences(gettext_lazy("There is too little speech in the recording for this sentence."), _AGAIN),
    "silence": Sentences(
        gettext_lazy("The recording is silent."),
        gettext_lazy("Check that the right microphone is chosen and not muted, then record it again."),
    ),
    "no_speech": Sentences(
        gettext_lazy("No voice is heard in the recording: it seems to be noise or music."),
        gettext_lazy("Record it again in a quiet place, close to the microphone."),
    ),
    "noise": Sentences(
        gettext_lazy("The noise is as loud as the voice."),
        gettext_lazy("Record it again in a quiet place, close to the microphone."),
    ),
    "clipping": Sentences(
        gettext_lazy("The recording is overdriven, so that little of the speech is left."),
        gettext_lazy("Record it again, further from the microphone or more quietly."),
    ),
    "other_sentence": Sentences(
        gettext_lazy("This seems to be another sentence, or another language."),
        gettext_lazy("Compare the sentence above with what you read; add a new recording with the right one."),
    ),
    "not_finite": Sentences(gettext_lazy("The recording cannot be read."), _AGAIN),
    "unknown_language": Sentences(
        gettext_lazy("There is no analysis for this language."), gettext_lazy("Choose another language.")
    ),
    "recording_gone": Sentences(
        gettext_lazy("The recording is not kept any more."), gettext_lazy("Record the sentence once more.")
    ),
}
words.BY_CODE.update(_GATES)


def level(score: float) -> str:
    """Return which of three a score is. score: 0 to 100."""
    return GOOD if score >= GOOD_FROM else FAIR if score >= FAIR_FROM else LOW


def level_word(score: float) -> str:
    return str(LEVEL_WORDS[level(score)])


def whole(score: float) -> int:
    """Return a score as it is shown: as Django's `floatformat` rounds, 82.5 to 83."""
    return int(score + 0.5)


def refused(error: FieldError) -> str:
    """Return why a file was not taken, in the reader's language."""
    return str(REFUSED.get(error.code) or words.rejected(error))


def failed(task: Task) -> Sentences:
    """Return what happened to an analysis, and what to do."""
    return words.failed(task.error_type, task.error_code)


def feedback_language(request: HttpRequest) -> str:
    """Return the language of the advice: the one the reader chose here, else the first that the browser names."""
    shown = FEEDBACK.get((get_language() or "")[:2], "en")
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return shown
    wanted = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500])
    return next((FEEDBACK[word[:2]] for word, _weight in wanted if word[:2] in FEEDBACK), shown)
