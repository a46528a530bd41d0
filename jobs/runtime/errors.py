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


# The code of a field error that is no fault of the caller's: the house does not do this at present.
SWITCHED_OFF = "switched_off"


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


class ScheduleRefused(RuntimeFault):
    """The row of a schedule says something that none of ours says, or names a function that is not there."""

    def __init__(self, reason: str) -> None:
        self.reason = reason  # one of the words of Schedule.refusal()
        super().__init__(f"this schedule is not run: {reason}")


class NotAccepted(RuntimeFault):
    """async_task() was called for something that is no invocation of a registered function."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"async_task() does not take this: {reason}")


class QueueUnreachable(RuntimeFault):
    """Redis did not answer. Rows are kept; the sweep sends them when it is back."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("the queue did not answer")


class OutputTooLarge(RuntimeFault):
    """Output and files of a task are larger than its function may give back."""

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        self.size_bytes, self.most_bytes = size_bytes, most_bytes
        super().__init__(f"the output has {size_bytes} bytes, at most {most_bytes} may be given back")


class OutOfTime(RuntimeFault):
    """Raised in a function at its soft time limit; it may still tidy up, or give back what it has."""

    retryable = True

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"the function ran longer than {seconds} s")


class Cancelled(RuntimeFault):
    """Raised by a polite function that saw `context.cancelled()`."""

    def __init__(self) -> None:
        super().__init__("the task was cancelled")
