"""The guild's voice connection, as its queue sees it: the port between play_queue.py and voice.py."""

from typing import Protocol


class Mouth(Protocol):
    async def ready(self) -> None:
        """Return once there is a connection to speak through."""
        ...

    def push(self, packets: list[bytes]) -> None: ...

    async def heard(self) -> None:
        """Return when all that was pushed has been sent."""
        ...

    def silence(self) -> None: ...
