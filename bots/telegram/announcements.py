"""Weather as a voice note: a subscriber's announcement at its time, and what /weather now has asked for.

Only to the private chat of an account that is linked to the owner. Runs in a thread of `manage.py rqworker`; called by
delivery.py, with the target {"weather": id of the chat}.
"""

from typing import Any

from django.core.files.storage import default_storage

from bots.telegram import line, pace, wire
from bots.telegram.errors import Blocked, Flooded, Rejected, TooLarge, Unknown, Unreachable
from bots.telegram.weather_carrier import is_linked
from jobs.announcements.made import by_task
from jobs.delivery import errors as delivery_errors
from jobs.delivery.models import Delivery
from jobs.runtime.models import Status

# Telegram's limit of a caption is 1,024.
MAX_CAPTION_CHARACTERS = 1000


def send(delivery: Delivery) -> dict[str, Any]:
    """Return what was done. Raises RetryLater, Failed, Gone or Refused of jobs/delivery."""
    chat = str(delivery.target["weather"])
    if not is_linked(delivery.owner_id, chat):
        raise delivery_errors.Gone("the chat is not linked to this account any more")
    try:
        return _send(delivery, int(chat))
    except Flooded as error:
        pace.hold(int(chat), error.wait_seconds)
        raise delivery_errors.RetryLater(
            error.wait_seconds, "Telegram asks to wait", whole_receiver=True, status=429
        ) from error
    except (Unreachable, Unknown) as error:
        raise delivery_errors.Failed(str(error)) from error
    except Blocked as error:
        raise delivery_errors.Gone(str(error), status=403) from error
    except (TooLarge, Rejected) as error:
        raise delivery_errors.Refused(str(error)) from error


def _send(delivery: Delivery, chat_id: int) -> dict[str, Any]:
    made = by_task(delivery.task_id)
    sound = made.sound
    if delivery.task is not None and delivery.task.status != Status.SUCCESS:
        # Asked for with /weather now; an announcement that failed is ordered to nobody.
        line.run(lambda bot: wire.send_text(bot, chat_id, "⚠️ 天気予報を取得できませんでした。 / No forecast just now."))
        return {"answer": "told that there is none"}
    if sound is None or not made.text:
        raise delivery_errors.Refused("the announcement is gone")
    with default_storage.open(str(sound.file.name)) as file:
        data = file.read()
    caption = "\n".join([made.text, made.source, str(made.said.get("credit", ""))])[:MAX_CAPTION_CHARACTERS]
    seconds = made.seconds or 0.0
    line.run(lambda bot: wire.send_voice(bot, chat_id, data, seconds=seconds, caption=caption, reply_to=None))
    return {"answer": "sent"}
