"""The unlit picture: colour, height and gloss of every pixel, seen from straight above.

Things are laid on it one after another; light.py then lights the heights, so that every shadow and
highlight comes from one lamp. While `inside` is set nothing shows outside of it: that is how food
stays in its bowl.

Called by shapes.py; every vessel and food draws by that.
"""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from jobs.engines.image.local.textures import SIDE_PIXELS, Field, Textures

# Points of the relief for each pixel of the picture: light and food are soft, only the lettering needs every
# pixel, and a relief of 0.75 costs half as much as one of 1.
SCALE = 0.75


@cache
def colour(code: str) -> Field:
    """Return "#rrggbb" as linear light, shape (3, 1, 1); gamma 2 stands in for sRGB's curve."""
    channels = [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = np.array(channels, dtype=np.float32).reshape(3, 1, 1) ** 2
    light.flags.writeable = False
    return light


@dataclass(frozen=True)
class Window:
    """A part of the picture, and how far each of its pixels is from the middle that was asked for."""

    ys: slice
    xs: slice
    dx: Field  # shape (1, width)
    dy: Field  # shape (height, 1)

    @property
    def shape(self) -> tuple[int, int]:
        return self.dy.shape[0], self.dx.shape[1]

    def turned(self, degrees: float) -> tuple[Field, Field]:
        """Return the distances along and across a direction, each of shape (height, width)."""
        turn = np.deg2rad(degrees)
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        return self.dx * cos + self.dy * sin, self.dy * cos - self.dx * sin


def _steps(start: int, end: int, middle: float) -> Field:
    """Return how far the points from `start` to `end` are from `middle`, in pixels."""
    return (np.arange(start, end, dtype=np.float32) + np.float32(0.5)) * np.float32(1 / SCALE) - np.float32(middle)


class Relief:
    """
    width, height: of its arrays, in points; SCALE points are one pixel of the picture, in which all else is told.

    heights: in pixels above the table; colours are linear light in 0..1, planes first: shape (3, height, width).
    """

    def __init__(self, width_pixels: int, height_pixels: int, textures: Textures, dice: random.Random) -> None:
        self.width, self.height = width, height = round(width_pixels * SCALE), round(height_pixels * SCALE)
        self.textures = textures
        self.dice = dice
        self.colours = np.zeros((3, height, width), dtype=np.float32)
        self.heights = np.zeros((height, width), dtype=np.float32)
        self.gloss = np.zeros((height, width), dtype=np.float32)
        self.inside: Field | None = None  # coverage in 0..1, shape (height, width)

    def window(self, x: float, y: float, reach: float, reach_y: float | None = None) -> Window | None:
        """Return the part within `reach` of a point; None when no pixel of it is in the picture."""
        reach_y = reach if reach_y is None else reach_y
        left, right = max(0, int((x - reach) * SCALE)), min(self.width, int((x + reach) * SCALE) + 2)
        top, bottom = max(0, int((y - reach_y) * SCALE)), min(self.height, int((y + reach_y) * SCALE) + 2)
        if left >= right or top >= bottom:
            return None
        return Window(
            slice(top, bottom), slice(left, right), _steps(left, right, x)[None, :], _steps(top, bottom, y)[:, None]
        )

    def whole(self) -> Window:
        """Return the whole picture, measured from its upper left corner."""
        width, height = self.width, self.height
        return Window(slice(0, height), slice(0, width), _steps(0, width, 0)[None, :], _steps(0, height, 0)[:, None])

    def level_at(self, x: float, y: float) -> float:
        """Return the height of what lies at a point; of the nearest one inside the picture."""
        row, column = min(max(int(y * SCALE), 0), self.height - 1), min(max(int(x * SCALE), 0), self.width - 1)
        return float(self.heights[row, column])

    def lay(
        self, window: Window, cover: Field, *, heights: Field | float, colours: Field, gloss: Field | float
    ) -> None:
        """Cover a window: `cover` in 0..1 says how much of each pixel belongs to the thing that is laid."""
        ys, xs = window.ys, window.xs
        if self.inside is not None:
            cover = cover * self.inside[ys, xs]
        part = self.heights[ys, xs]
        part += cover * (heights - part)
        part = self.gloss[ys, xs]
        part += cover * (gloss - part)
        patch = self.colours[:, ys, xs]
        patch += cover * (colours - patch)

    def noise(self, shape: tuple[int, int], *, kind: str = "cloud", stride: int = 1) -> Field:
        """Return noise in 0..1 from a part of a texture that the dice choose; a larger `stride` makes it finer."""
        texture: npt.NDArray[np.float32] | npt.NDArray[np.uint8] = getattr(self.textures, kind)
        while stride > 1 and max(shape) * stride >= SIDE_PIXELS:
            stride -= 1
        top = self.dice.randrange(max(1, SIDE_PIXELS - shape[0] * stride))
        left = self.dice.randrange(max(1, SIDE_PIXELS - shape[1] * stride))
        part = texture[top : top + shape[0] * stride : stride, left : left + shape[1] * stride : stride]
        if texture.dtype == np.uint8:
            return part.astype(np.float32) / np.float32(255)
        return part.astype(np.float32, copy=False)
