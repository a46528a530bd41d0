"""What can go wrong with a job of pictures as a whole. Wording for people is made at the edge."""

from jobs.engines.errors import EngineError


class NothingDrawn(EngineError):
    """Not one dish of the job got a picture; each has its own reason."""

    def __init__(self) -> None:
        super().__init__("none of the dishes could be drawn")
