"""What can be wrong with a stored recording. One root; messages are built inside."""


class RecordingError(Exception):
    """Root of the room's errors. None of them goes away by trying again."""

    retryable = False


class RecordingDamaged(RecordingError):
    """The file is not what was stored: changed, cut off, or another record's."""

    def __init__(self) -> None:
        super().__init__("the recording is not what was stored")


class KeyMissing(RecordingError):
    """The key that a recording was encrypted with is none of RECORDINGS_KEY, SECRET_KEY and its fallbacks."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"there is no key {key_id}: put it back at the end of RECORDINGS_KEY")


class RecordingGone(RecordingError):
    """The recording was erased; the record may still be there."""

    def __init__(self) -> None:
        super().__init__("the recording is not kept any more")
