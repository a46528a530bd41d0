"""What the delivery room knows of this one: how fast a chat is sent to, and who sends.

Every process of the house registers it, so the library is loaded only by the first delivery.
"""

from collections.abc import Mapping
from typing import Any

from jobs.delivery import outbox
from jobs.delivery.kinds import Rate
from jobs.delivery.models import Delivery

KIND = "telegram"
# In order within a chat; Telegram lets short bursts through, and says when it is too much.
RATE = Rate(count=5, per_seconds=5.0, at_once=1)


def register() -> None:
    outbox.register(KIND, _send, rate=RATE)


def _send(delivery: Delivery) -> Mapping[str, Any]:
    from bots.telegram import announcements, sender

    return announcements.send(delivery) if "weather" in delivery.target else sender.send(delivery)
