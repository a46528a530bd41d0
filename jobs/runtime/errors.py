"""What can go wrong between an invocation and its result. One root; messages are built inside."""

from dataclasses import dataclass


class RuntimeFault(Exception):
    """Root of the runtime's errors. `retryable` says whether the same call may succeed later."""

    retryable = False


class UnknownFunction(RuntimeFault):
    """No function of that name is registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no function named {name!r}")


@dataclass(frozen=True)
class FieldError:
    """One rejected field: `field` is its dotted path, `code` a stable word, `message` a sentence."""

    field: str
    code: str
    message: str


class InvalidInput(RuntimeFault):
    """The input does not fit the function's type or limits."""

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))


class KeyReused(RuntimeFault):
    """The idempotency key was used before, for another body."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("this idempotency key was already used with another body")


class TooLate(RuntimeFault):
    """The task has ended; its state cannot change any more."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"the task is already {status}")


class NotFinished(RuntimeFault):
    """Only a finished task can be run again as a new one."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"the task is still {status}")


class QueueUnreachable(RuntimeFault):
    """Redis did not answer. Rows are kept; the sweep sends them when it is back."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("the queue did not answer")


class Cancelled(RuntimeFault):
    """Raised by a polite function that saw `context.cancelled()`."""

    def __init__(self) -> None:
        super().__init__("the task was cancelled")
