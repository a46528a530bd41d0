"""A recording as engines take it: the file for those that want it whole, its samples for those that listen.

It is decoded when somebody asks for the samples, once. Called by the engines of this folder.
"""

from collections.abc import Callable
from functools import cached_property
from typing import BinaryIO

from jobs.engines.media.kinds import Kind
from jobs.engines.media.reading import Samples, decode


class Recording:
    """
    field: the input's field that errors name. go_on: called now and then while it is decoded.
    """

    def __init__(
        self,
        file: BinaryIO,
        kind: Kind,
        *,
        field: str,
        max_seconds: float,
        go_on: Callable[[], None] | None = None,
    ) -> None:
        self.file = file
        self.kind = kind
        self.field = field
        self._max_seconds = max_seconds
        self._go_on = go_on

    @cached_property
    def samples(self) -> Samples:
        """The whole sound. Raises InputRejected, EngineUnavailable."""
        self.file.seek(0)
        return decode(self.file, self.kind, field=self.field, max_seconds=self._max_seconds, go_on=self._go_on)
