"""How a sender says that a delivery did not arrive. What else leaves a sender is a failure like `Failed`."""

from collections.abc import Mapping
from typing import Any


class DeliveryError(Exception):
    """
    Root of the room's errors. The message stands in the admin: words of ours, no secret, no person's text.

    status: what the receiver answered, such as 503; answer: the beginning of what it said.
    """

    def __init__(self, message: str, *, status: int | None = None, answer: str = "") -> None:
        self.facts: Mapping[str, Any] = {"status": status, "answer": answer}
        super().__init__(message)


class Failed(DeliveryError):
    """It did not arrive; another attempt follows by the back-off."""


class Unreachable(Failed):
    """The receiver did not answer at all, or too slowly: it is left alone for a while, with all that is for it."""


class Broken(Failed):
    """The receiver answered that it is broken (5xx); after several in a row it is left alone like a silent one."""


class RetryLater(Failed):
    """
    The receiver asks to wait.

    wait_seconds: as it asked; None leaves it to the back-off.
    whole_receiver: True when nothing at all should be sent there until then.
    """

    def __init__(
        self,
        wait_seconds: float | None = None,
        message: str = "the receiver asks to wait",
        *,
        whole_receiver: bool = False,
        status: int | None = None,
        answer: str = "",
    ) -> None:
        self.wait_seconds = wait_seconds
        self.whole_receiver = whole_receiver
        super().__init__(message, status=status, answer=answer)


class Refused(DeliveryError):
    """It will never arrive as it is: dead at once. A person may send it again when the reason is gone."""


class Gone(Refused):
    """The receiver is no more, or wants nothing any more."""
