"""What the access room refuses. One root; messages are built inside."""


class AccessError(Exception):
    """Root of the room's errors. Only KeysUnreachable may go away by trying again."""

    retryable = False


class UnknownScope(AccessError):
    """A scope that no route knows."""

    def __init__(self, scope: str, known: tuple[str, ...]) -> None:
        self.scope = scope
        self.known = known
        super().__init__(f"there is no scope {scope!r}; known are {', '.join(known)}")


class StaffOnly(AccessError):
    """The scope `staff` was asked for a user who is not staff: it would count for nothing."""

    def __init__(self, username: str) -> None:
        self.username = username
        super().__init__(f"{username!r} is not staff, so the scope 'staff' would count for nothing")


class BadLifetime(AccessError):
    """A token must end, and not before tomorrow."""

    def __init__(self, days: int, *, at_most: int) -> None:
        self.days = days
        self.at_most = at_most
        super().__init__(f"a token lasts 1 to {at_most} days, not {days}")


class KeysUnreachable(AccessError):
    """Nobody could say which keys sign the tokens of the other system."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("the keys of JWT_JWKS_URL could not be fetched")


class AppendOnly(AccessError):
    """An entry of the audit book can be neither changed nor taken out."""

    def __init__(self) -> None:
        super().__init__("the audit book is only written on, never changed")
