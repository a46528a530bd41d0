"""The tasks of a message: a text to be said, in as many voice notes as it takes; a recording to be heard.

Each task is stored with its Part and with the wish to have its end delivered, in the caller's
transaction. A chat's tasks share one fair place in the queue.

Called by intake.py, sender.py, the retry button and file_queue.py.
"""

from collections.abc import Sequence
from uuid import UUID

from bots.guilds.models import VoicePreference
from bots.telegram.delivery import KIND
from bots.telegram.models import Message, Part, Role
from bots.telegram.split import pieces
from jobs.access.models import ChatAccount
from jobs.delivery import outbox
from jobs.functions.speech import DEFAULT_VOICE
from jobs.runtime.errors import InvalidInput
from jobs.runtime.identity import new_task_id
from jobs.runtime.invoke import invoke, store_prepared
from jobs.runtime.models import Source, Task
from jobs.runtime.preparing import Asked, prepare

# About a minute of Japanese. A text that has more moras than one task may read is cut once more.
PIECE_CHARACTERS = 400
# So few are too many for no limit; so the cutting ends.
SMALLEST_PIECE = 8


class CannotOrder(Exception):
    """No task can be made of this message. code: why, as the function says it."""

    retryable = False

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def voice_of(account: ChatAccount) -> dict[str, str | float]:
    """Return how somebody wants to be read, as the speech function takes it."""
    wanted = VoicePreference.objects.filter(account=account).first()
    if wanted is None:
        return {"voice": DEFAULT_VOICE, "speed": 1.0, "pitch": 0.0}
    return {"voice": wanted.voice, "speed": wanted.speed, "pitch": wanted.pitch}


def say(message: Message, *, only: Sequence[int] | None = None, key: str | None = None) -> None:
    """
    Have the text of a message said, in parts of its present run.

    only: the numbers of the pieces that are still to be said; None: all.
    key: idempotency key of the first task; the others have their number behind it.
    Raises CannotOrder.
    """
    wanted = [(number, task) for number, task in enumerate(_tasks(message)) if only is None or number in only]
    for number, task in wanted:
        task.idempotency_key = f"{key}:{number}" if key and number else key
    store_prepared([task for _number, task in wanted])
    for number, task in wanted:
        part = Part.objects.create(message=message, run=message.run, role=Role.SAY, number=number, task=task)
        _expect(part)


def say_once_more(part: Part) -> None:
    """Have a piece made again whose sound is not kept any more. Raises CannotOrder."""
    tasks = _tasks(part.message)
    if part.number >= len(tasks):
        raise CannotOrder("not_delivered")
    part.task = tasks[part.number]
    store_prepared([part.task])
    part.save(update_fields=["task"])
    _expect(part)


def _tasks(message: Message) -> list[Task]:
    """Return the tasks that say a message's text, not stored yet: the same pieces each time."""
    voice = voice_of(message.account)
    tasks: list[Task] = []
    refused = "empty_speech"
    for text in pieces(message.text, PIECE_CHARACTERS):
        made, code = _tasks_of(text, voice, message)
        tasks += made
        refused = code or refused
    if not tasks:
        raise CannotOrder(refused)
    return tasks


def _tasks_of(text: str, voice: dict[str, str | float], message: Message) -> tuple[list[Task], str]:
    """Return the tasks of a piece, cut further when it is too long; and the code of what was refused."""
    try:
        task = prepare(
            "speech",
            {"text": text, **voice},
            Asked(task_id=new_task_id(), owner_id=message.account.user_id, order_key=message.order_key),
            source=Source.TELEGRAM,
        )
    except InvalidInput as error:
        code = error.errors[0].code
        if code != "text_too_long" or len(text) < SMALLEST_PIECE:
            return [], code
        found = [_tasks_of(half, voice, message) for half in pieces(text, len(text) // 2 + 1)]
        return [task for made, _code in found for task in made], next((code for _made, code in found if code), "")
    return [task], ""


def hear(message: Message, upload_id: UUID) -> None:
    """Have a recording turned into words. Raises CannotOrder."""
    try:
        task = invoke(
            "transcription",
            {"recording": str(upload_id)},
            owner=message.account.user,
            source=Source.TELEGRAM,
            order_key=message.order_key,
        ).task
    except InvalidInput as error:
        raise CannotOrder(error.errors[0].code) from None
    _expect(Part.objects.create(message=message, run=message.run, role=Role.HEAR, number=0, task=task))


def _expect(part: Part) -> None:
    assert part.task is not None  # noqa: S101 - it was just made
    message = part.message
    outbox.on_end(part.task, KIND, target={"message": message.pk, "run": part.run}, receiver=message.receiver)
