"""What a scene works with: the relief, the dice of this dish, and the words people wrote about it.

Called by every file of foods/.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.engines.image.local.relief import Relief

# The middle of the dish in the picture, in pixels.
MIDDLE_X, MIDDLE_Y = 512.0, 388.0


@dataclass
class Stage:
    """words: name, English name and description, folded for comparing; flavour: the colour they speak of, or ""."""

    relief: Relief
    dice: random.Random
    words: str
    flavour: str = ""

    def has(self, *words: str) -> bool:
        """Tell whether any of the words stands in what was written about the dish."""
        return any(word in self.words for word in words)

    def pick(self, *options: str) -> str:
        return self.dice.choice(options)

    def about(self, middle: float, spread: float) -> float:
        """Return a number within `spread` of `middle`."""
        return self.dice.uniform(middle - spread, middle + spread)

    def strewn(
        self, count: int, radius: float, *, x: float = MIDDLE_X, y: float = MIDDLE_Y, squash: float = 1.0
    ) -> Iterator[tuple[float, float]]:
        """Yield `count` points spread evenly but not regularly over an oval, from the middle outwards."""
        turn = self.dice.uniform(0, math.tau)
        for index in range(count):
            far = radius * math.sqrt((index + 0.5) / count) * self.dice.uniform(0.86, 1.06)
            angle = turn + index * 2.39996 + self.dice.uniform(-0.25, 0.25)
            yield x + math.cos(angle) * far, y + math.sin(angle) * far * squash

    def ring(
        self, count: int, radius: float, *, x: float = MIDDLE_X, y: float = MIDDLE_Y
    ) -> Iterator[tuple[float, float, float]]:
        """Yield `count` points on a circle, each with its direction from the middle in degrees."""
        start = self.dice.uniform(0, 360)
        for index in range(count):
            angle = start + index * 360 / count + self.dice.uniform(-5, 5)
            yield x + math.cos(math.radians(angle)) * radius, y + math.sin(math.radians(angle)) * radius, angle
