"""Every error that may leave an engine, with what the caller needs to act on it.

An engine translates whatever its provider raises into one of these. The attribute
`retryable` says whether the same call may succeed later; wording for people is made
at the edge, from the data the error carries.
"""


class EngineError(Exception):
    """The root of every error an engine raises on purpose."""

    retryable = False


class EngineUnavailable(EngineError):
    """The engine did not answer, or asked us to wait. Another attempt may succeed."""

    retryable = True

    def __init__(self, engine: str, *, wait_seconds: float | None = None) -> None:
        self.engine = engine
        self.wait_seconds = wait_seconds  # what the provider asked for, if it did
        super().__init__(f"{engine} did not answer")


class EngineRefused(EngineError):
    """The engine understood the request and will not do it. Asking again changes nothing."""

    def __init__(self, engine: str, reason: str) -> None:
        self.engine = engine
        self.reason = reason
        super().__init__(f"{engine} refused: {reason}")


class InputRejected(EngineError):
    """The input cannot be used; whoever wrote it must change it."""

    def __init__(self, field: str, code: str, message: str) -> None:
        self.field = field  # the name of the input field, as the caller wrote it
        self.code = code  # a stable word for programs: "empty_speech", "text_too_long", ...
        self.message = message
        super().__init__(f"{field}: {message}")
