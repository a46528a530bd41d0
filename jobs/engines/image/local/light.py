"""Light a relief as a camera would see it: one window at the upper left, a room that answers softly.

Shadows and the dark of corners are found on a smaller copy of the heights, since both are soft; the
slopes that give form its light are taken at full size.

Called by renderer.py.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from jobs.engines.image.local.relief import SCALE, Relief
from jobs.engines.image.local.textures import Field

# Towards the lamp: right, down, up. It stands low enough that things 20 pixels high throw a shadow of 20.
LAMP = np.array([-0.50, -0.52, 0.69], dtype=np.float32)
LAMP /= np.linalg.norm(LAMP)
_HALFWAY = LAMP + np.array([0, 0, 1], dtype=np.float32)
_HALFWAY /= np.linalg.norm(_HALFWAY)
LAMP_COLOUR = (1.02, 0.94, 0.83)
ROOM_COLOUR = (0.40, 0.425, 0.465)
SMALLER = 2  # how many times smaller shadows are reckoned
# How far along the light a shadow is looked for, in points of the smaller copy: closer near the thing that throws it.
_REACHES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 26, 31, 36)
STEEPEST = 1.5  # a slope past this is an outline, and would be drawn as a black or white line


def resized(field: Field, width: int, height: int) -> Field:
    """Return a field at another size, interpolated."""
    return np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR))


def blurred(field: Field, reach: int) -> Field:
    """Return a field averaged twice over squares of 2 * reach + 1 pixels; edges are continued."""
    for axis in (0, 1, 0, 1):
        padded = np.pad(field, [(reach + 1, reach) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        sums = np.cumsum(padded, axis=axis, dtype=np.float32)
        width = 2 * reach + 1
        field = (sums[width:] - sums[:-width] if axis == 0 else sums[:, width:] - sums[:, :-width]) / np.float32(width)
    return field


def shade_of(heights: Field) -> tuple[Field, Field]:
    """Return how much of the lamp and how much of the room each pixel sees, in 0..1; both of the full size."""
    height, width = heights.shape
    small = np.asarray(Image.fromarray(heights).resize((width // SMALLER, height // SMALLER), Image.Resampling.BOX))
    small = np.ascontiguousarray(small) * np.float32(SCALE / SMALLER)
    lit = np.ones_like(small)
    rise = np.float32(LAMP[2] / np.hypot(LAMP[0], LAMP[1]))
    for step in _REACHES:
        across, down = round(-step * float(LAMP[0]) * 1.386), round(-step * float(LAMP[1]) * 1.386)
        over = small[:-down, :-across] - small[down:, across:] - rise * np.float32(step)
        part = lit[down:, across:]
        np.minimum(part, 1 - np.clip(over * np.float32(1.6 / (1 + step * 0.22)), 0, 1), out=part)
    near, wide = blurred(small, 3), blurred(small, 14)
    pit = np.maximum(near - small, 0) * np.float32(0.22) + np.maximum(wide - small, 0) * np.float32(0.055)
    open_sky = 1 / (1 + pit)
    return resized(blurred(lit, 1), width, height), resized(open_sky, width, height)


def photograph(relief: Relief, *, throws_shadows: bool = True, exposure: float = 1.0) -> npt.NDArray[np.uint8]:
    """Return the lit picture, shape (height, width, 3); without shadows for what stands before a wall."""
    lit, sky = shade_of(relief.heights)
    if not throws_shadows:
        lit, sky = lit * 0 + 1, sky * 0.35 + 0.65
    slope_x, slope_y = np.zeros_like(lit), np.zeros_like(lit)
    np.subtract(relief.heights[:, 2:], relief.heights[:, :-2], out=slope_x[:, 1:-1])
    np.subtract(relief.heights[2:], relief.heights[:-2], out=slope_y[1:-1])
    slope_x, slope_y = (np.clip(slope * np.float32(0.5 * SCALE), -STEEPEST, STEEPEST) for slope in (slope_x, slope_y))
    upright = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    facing = np.maximum((LAMP[2] - slope_x * LAMP[0] - slope_y * LAMP[1]) * upright, 0) * lit
    mirror = np.maximum((_HALFWAY[2] - slope_x * _HALFWAY[0] - slope_y * _HALFWAY[1]) * upright, 0)
    for _ in range(6):
        mirror *= mirror
    mirror *= relief.gloss
    mirror *= lit * np.float32(0.8)
    down = np.linspace(1.10, 0.86, relief.height, dtype=np.float32)[:, None]
    across = np.linspace(1.08, 0.88, relief.width, dtype=np.float32)[None, :]
    sky = sky * (0.55 + 0.45 * upright)
    return _developed(relief.colours, facing * (down * across), sky, mirror, exposure)


def _developed(colours: Field, facing: Field, sky: Field, mirror: Field, exposure: float) -> npt.NDArray[np.uint8]:
    height, width = facing.shape
    picture = np.empty((height, width, 3), dtype=np.uint8)
    for channel in range(3):
        light = facing * np.float32(LAMP_COLOUR[channel] * 1.12)
        light += sky * np.float32(ROOM_COLOUR[channel])
        light *= colours[channel]
        light += mirror
        light *= np.float32(exposure)
        # A shoulder for the highlights: paper white stays below 255, and highlights do not burn out.
        light /= 0.86 + 0.20 * light
        np.sqrt(light, out=light)
        np.minimum(light, 1, out=light)
        picture[..., channel] = light * np.float32(255)
    return picture
