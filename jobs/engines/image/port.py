"""The port: a dish on a menu becomes a picture of it, as a PNG.

Plain Python: no models, no settings, no queue. gemini.py and openai_pictures.py ask a service,
local/ draws an illustration itself. Called by the function `image`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Dish:
    """What a menu says of one dish, as a person wrote it: data, and never part of an instruction."""

    name: str
    english_name: str = ""
    description: str = ""
    category: str = ""


@dataclass(frozen=True)
class Picture:
    """
    png: of `width_pixels` by `height_pixels`, decoded and written again here: nothing of a service's bytes is in it.
    model: who drew it, as the service names itself; "local/2" of the renderer in this house.
    is_placeholder: an illustration that says so, and no picture of the dish.
    cost_usd: by the list price; None when the price is not known.
    """

    png: bytes
    width_pixels: int
    height_pixels: int
    model: str
    is_placeholder: bool = False
    cost_usd: float | None = None


def do_nothing() -> None:
    """Stand for a caller that does not mind when a service is free again."""


class ImageEngine(Protocol):
    """version: of model and code; another one draws other pictures."""

    version: str

    def draw(self, dish: Dish, *, answered: Callable[[], None] = do_nothing) -> Picture:
        """
        answered: called once a service has sent its picture, which is then decoded here: it may be asked for the next.

        Raise EngineUnavailable, EngineRefused or InputRejected; let nothing else out; every wait has an end.
        """
        ...
