"""What can go wrong when the bot speaks to Telegram, in words of this house. wire.py makes them of Telegram's."""


class TelegramFault(Exception):
    """Root of this room's errors. `retryable` says whether the same call may succeed later."""

    retryable = False


class Flooded(TelegramFault):
    """Too many calls; Telegram says how long to wait."""

    retryable = True

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"flood control: wait {wait_seconds:.0f} s")


class Unreachable(TelegramFault):
    """No answer, or one that says to come back: the call may or may not have been done."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"Telegram did not answer: {reason}")


class Blocked(TelegramFault):
    """The bot may not write there: it was blocked, put out, or the chat is gone."""

    def __init__(self) -> None:
        super().__init__("the bot may not write in this chat")


class Vanished(TelegramFault):
    """The message that was to be edited is not there any more, or cannot be edited."""

    def __init__(self) -> None:
        super().__init__("the message is gone")


class TooLarge(TelegramFault):
    """The file is larger than Telegram moves for bots."""

    def __init__(self) -> None:
        super().__init__("the file is too large for Telegram")


class Rejected(TelegramFault):
    """Telegram will never take this call. reason: Telegram's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Telegram refused: {reason}")


class Unknown(TelegramFault):
    """Telegram does not know the token."""

    def __init__(self) -> None:
        super().__init__("Telegram does not know the token")
