"""What codes mean, in sentences for people: rejected fields, failures, steps.

A code without a sentence falls back to the message that came with it, which is English and
for programs; add the sentence here. No jokes, no exclamation marks.
"""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from jobs.runtime import registry
from jobs.runtime.errors import FieldError
from jobs.runtime.models import ErrorType, Task

# Rejected fields: ours first, then pydantic's words for a wrong type or range.
REJECTED: dict[str, Any] = {
    "empty_speech": gettext_lazy("There is nothing in this text that can be read aloud."),
    "text_too_long": gettext_lazy("This text is too long to be read in one go. Please split it."),
    "unknown_voice": gettext_lazy("There is no such voice."),
    "unknown_format": gettext_lazy("There is no such format."),
    "empty_menu": gettext_lazy("There is no dish in this menu."),
    "too_many_items": gettext_lazy("These are too many dishes for one menu."),
    "unstorable_text": gettext_lazy("There is a character in it that cannot be stored."),
    "switched_off": gettext_lazy("This is switched off here."),
    "missing": gettext_lazy("Please fill this in."),
    "string_too_short": gettext_lazy("Please fill this in."),
    "string_too_long": gettext_lazy("This is too long."),
    "greater_than_equal": gettext_lazy("This is less than what is possible."),
    "less_than_equal": gettext_lazy("This is more than what is possible."),
    "float_parsing": gettext_lazy("Please enter a number."),
    "int_parsing": gettext_lazy("Please enter a whole number."),
    "int_from_float": gettext_lazy("Please enter a whole number."),
    "finite_number": gettext_lazy("Please enter a number."),
    "literal_error": gettext_lazy("Please choose one of the list."),
    "enum": gettext_lazy("Please choose one of the list."),
}


class Sentences(NamedTuple):
    """What happened, and what the reader can do about it."""

    happened: Any
    todo: Any


_LATER = gettext_lazy("Try again in a few minutes. If it stays that way, tell the staff the number below.")
_TELL = gettext_lazy("Try again once. If it fails again, tell the staff the number below.")

BY_CODE: dict[str, Sentences] = {
    "empty_speech": Sentences(
        gettext_lazy("There was nothing in the text that can be read aloud."),
        gettext_lazy("Write at least one word and send it again."),
    ),
    "text_too_long": Sentences(
        gettext_lazy("With its numbers and words spelled out, the text was too long to be read in one go."),
        gettext_lazy("Split it into shorter texts and send them one after the other."),
    ),
    "unknown_voice": Sentences(
        gettext_lazy("The voice that was asked for does not exist."),
        gettext_lazy("Choose another voice and send it again."),
    ),
    "timed_out": Sentences(
        gettext_lazy("The work took longer than it may and was stopped."),
        gettext_lazy("Send a shorter text, or try again when less is going on."),
    ),
    "worker_died": Sentences(
        gettext_lazy("The worker stopped in the middle of the work, several times in a row."), _TELL
    ),
    "engine_unavailable": Sentences(
        gettext_lazy("The engine or the service that does the work did not answer."), _LATER
    ),
    "engine_refused": Sentences(
        gettext_lazy("The engine refused this input."), gettext_lazy("Change what you sent, then send it again.")
    ),
    "not_stored": Sentences(gettext_lazy("The result was made but could not be stored."), _LATER),
    "no_function": Sentences(
        gettext_lazy("This function is not part of the running version any more."),
        gettext_lazy("Look at the start page for what can be run now."),
    ),
}

_OTHER_FILE = gettext_lazy("Send another file: WAV, MP3, M4A, AAC, Ogg, FLAC or WebM.")
BY_CODE |= {
    "not_audio": Sentences(gettext_lazy("What was sent is no recording that can be read."), _OTHER_FILE),
    "no_sound": Sentences(gettext_lazy("There is no sound in the file."), _OTHER_FILE),
    "codec_not_taken": Sentences(gettext_lazy("The sound is coded in a way that is not taken here."), _OTHER_FILE),
    "too_slow": Sentences(gettext_lazy("Reading the recording took longer than a recording needs."), _OTHER_FILE),
    "out_of_memory": Sentences(gettext_lazy("Reading the recording took more memory than one needs."), _OTHER_FILE),
    "too_long": Sentences(
        gettext_lazy("The recording is longer than what is taken."), gettext_lazy("Send it in several parts.")
    ),
    "file_gone": Sentences(gettext_lazy("The recording is not kept any more."), gettext_lazy("Send it once more.")),
}

BY_TYPE: dict[str, Sentences] = {
    ErrorType.NETWORK: Sentences(gettext_lazy("Something that was needed could not be reached."), _LATER),
    ErrorType.TIMEOUT: Sentences(
        gettext_lazy("Something that was needed took too long."),
        gettext_lazy("Send a shorter text, or try again when less is going on."),
    ),
    ErrorType.DATA_VALIDATION: Sentences(
        gettext_lazy("What was sent cannot be used."), gettext_lazy("Change what you sent, then send it again.")
    ),
    ErrorType.RESOURCE: Sentences(gettext_lazy("Memory or disk space ran out during the work."), _LATER),
    ErrorType.AI_SERVICE: Sentences(gettext_lazy("Something unforeseen went wrong during the work."), _TELL),
}

# What is going on while a step runs. A function's own label, a noun, stands in the list of steps.
HAPPENING: dict[tuple[str, str], Any] = {
    ("speech", "analysis"): pgettext_lazy("happening now", "Analysing the text"),
    ("speech", "synthesis"): pgettext_lazy("happening now", "Making the sound"),
    ("speech", "saving"): pgettext_lazy("happening now", "Saving the sound"),
    ("transcription", "decoding"): pgettext_lazy("happening now", "Reading the recording"),
    ("transcription", "listening"): pgettext_lazy("happening now", "Listening"),
}

# The first lines of the functions' docstrings are shown to people; here they become translatable.
SUMMARIES = (
    gettext_noop("Read a text aloud, Japanese and English each in its own voice."),
    gettext_noop("Erase texts, files and rows that were kept long enough."),
    gettext_noop("Write down what is said in a recording, with times."),
    gettext_noop("Draw a picture of every dish of a menu."),
    gettext_noop("Draw a few dishes of a menu."),
    gettext_noop("Tell the weather of a day at a place, and read it aloud."),
    gettext_noop("Make a subscriber's announcement of the weather, ahead of its time."),
    gettext_noop("Have the weather announcements made that are due in an hour."),
    gettext_noop("Judge how a recording of a sentence was pronounced."),
    gettext_noop("Cancel all tasks that match a filter, or run them all again."),
    gettext_noop("Send all deliveries again that match a filter and could not be delivered."),
)

# What the fields of their inputs and outputs say of themselves, for the forms and pages of the admin.
FIELDS = (
    gettext_noop("the filters of the task list"),
    gettext_noop("the filters of the list of deliveries"),
    gettext_noop("the ids to begin and to end with, both included"),
    gettext_noop("how many there were when it was asked for"),
    gettext_noop("tasks that were cancelled, or run again"),
    gettext_noop("to be cancelled, but they had ended"),
    gettext_noop("not run again: the input is not there any more, or does not fit any more"),
    gettext_noop("accepted while the queue did not answer; they are sent when it does"),
    gettext_noop("deliveries that are sent again"),
    gettext_noop("what is read aloud"),
    gettext_noop(
        "mei_normal or hibari_heart: who reads what may be either language; sentences find their own. "
        "openai_...: a service's, where there is one"
    ),
    gettext_noop("times the normal speed"),
    gettext_noop("semitones up or down"),
    gettext_noop("decibels up or down"),
    gettext_noop("Ogg/Opus, WAV, MP3 or raw PCM"),
    gettext_noop("after numbers and words are spelt out; English is counted by what lasts as long"),
    gettext_noop("breath groups handed out one by one"),
    gettext_noop("the voices that are heard, in the order they begin"),
    gettext_noop("to be shown with the sound: the licences of its voices ask for it"),
    gettext_noop("the text as it was finally read"),
    gettext_noop("the sound was made earlier, for the same words"),
    gettext_noop("a waveform: how loud each of at most 200 equal spans of the sound is, 0 to 100"),
    gettext_noop("for a service's voice: who read, and who did not"),
    gettext_noop("WAV, MP3, M4A, AAC, Ogg (Opus, Vorbis, FLAC), FLAC or WebM; known by content"),
    gettext_noop("ja, en, ... or auto to find out"),
    gettext_noop("one of the house's; empty for its first"),
    gettext_noop("empty when nobody speaks"),
    gettext_noop("ISO 639-1; empty when nobody speaks"),
    gettext_noop("0 to 1; null when the language was given"),
    gettext_noop("who listened"),
    gettext_noop("things erased in one transaction"),
    gettext_noop("how many things of each kind were erased"),
    gettext_noop("categories in order, each with its dishes; also as a list of [category, dishes]"),
    gettext_noop("yours, to find the job again"),
    gettext_noop("for whoever may see the task; null when there is no picture"),
    gettext_noop("queue: by the workers; sync: in the web process"),
    gettext_noop("dishes with a picture of all dishes, in percent"),
    gettext_noop("the categories in the order of the menu"),
    gettext_noop("dishes that have a picture, illustrations included"),
    gettext_noop("position of the first dish"),
    gettext_noop("a town or prefecture of Japan; elsewhere what it is called"),
    gettext_noop("with longitude, in the place of a name"),
    gettext_noop("whose calendar the date is of (IANA)"),
    gettext_noop("the day that is told; empty for today there"),
    gettext_noop("empty for the voice's own"),
    gettext_noop("as for speech"),
    gettext_noop("when it is spoken"),
    gettext_noop("without a forecast by then there is none"),
    gettext_noop("what is said"),
    gettext_noop("who is to be named with it, and their licence"),
    gettext_noop("a provider other than the first answered"),
    gettext_noop("subscriptions whose time had come"),
    gettext_noop("announcements that are being made now"),
    gettext_noop("too late to be made: the house was down"),
    gettext_noop("another run, or the subscriber, was first"),
    gettext_noop("of the sentences; empty for the caller's"),
    gettext_noop("empty or `latest`, or what is in use"),
    gettext_noop("one of your own"),
    gettext_noop("sentences that say what to practise"),
    gettext_noop("sentences that stand beside the scores"),
    gettext_noop("what to practise, where, and in the learner's language"),
    gettext_noop("scores that could have been higher, and why they are not"),
    gettext_noop("what the scores are: a model's estimates"),
    gettext_noop("the low scores, the lowest first"),
    gettext_noop("figures of the recording, for staff"),
)

# By the subtype of a sound's content type.
FORMATS = {"ogg": "Ogg/Opus", "wav": "WAV", "x-wav": "WAV", "mpeg": "MP3", "pcm": "PCM", "l16": "PCM"}
# What every browser plays; raw samples are offered as a file.
PLAYABLE = {"Ogg/Opus", "WAV", "MP3"}


def rejected(error: FieldError) -> str:
    """Return why a field was rejected, in the reader's language."""
    return str(REJECTED.get(error.code, error.message))


def failed(error_type: str, code: str) -> Sentences:
    """Return what happened and what to do, for a failed task or attempt."""
    return BY_CODE.get(code) or BY_TYPE.get(error_type) or BY_TYPE[ErrorType.AI_SERVICE]


def title(task: Task) -> str:
    spec = registry.find(task.function)
    return str(spec.title) if spec else task.function


def summary(function: registry.Function) -> str:
    # The text is a docstring of ours, never a user's.
    return _(function.summary) if function.summary else ""


def step(task: Task, key: str) -> str:
    """Return a step's name as it stands in the list of steps."""
    spec = registry.find(task.function)
    return str(spec.steps.get(key, key)) if spec else key


def happening(task: Task) -> str:
    """Return what a running task does just now, with its count: Making the sound (2 / 3)."""
    if not task.current_step:
        return _("Starting")
    what = doing(task, task.current_step)
    if task.total_steps > 1:
        return counted() % {"what": what, "step": task.step, "total": task.total_steps}
    return what


def doing(task: Task, key: str) -> str:
    """Return what goes on during a step, as the line under the bar says it."""
    return str(HAPPENING.get((task.function, key)) or step(task, key))


def counted() -> str:
    """Return the pattern of a step with its count, with places for `what`, `step` and `total`."""
    return _("%(what)s (%(step)s / %(total)s)")


def sound_format(content_type: str) -> str:
    """Return how people call the format of a sound: Ogg/Opus, WAV."""
    subtype = content_type.partition("/")[2].partition(";")[0].strip().lower()
    return FORMATS.get(subtype, subtype)


def steps(task: Task) -> list[tuple[str, str]]:
    """Return the steps that the task's function declares: key and name."""
    spec = registry.find(task.function)
    return [(key, str(label)) for key, label in spec.steps.items()] if spec else []
