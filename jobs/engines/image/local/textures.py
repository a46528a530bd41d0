"""Noise and table tops, made once and read by every picture.

Every array is the same on every machine: RandomState's stream is frozen by NumPy. They are stored
as bytes where an eye sees no difference; all of them together take about 12 MB.

Called by renderer.py (one `Textures` a renderer), relief.py and surfaces.py.
"""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Field = npt.NDArray[np.floating[Any]]  # float32; the type is wider because NumPy's stubs widen it
SIDE_PIXELS = 1280  # larger than a picture, so that each dish can take another part of it
# Of rice, and the directions they lie in: a grain is reckoned once for each of these.
GRAINS, GRAIN_TURNS = 11_000, 64


def fractal(state: np.random.RandomState, cells: tuple[int, int], octaves: int, *, side: int = SIDE_PIXELS) -> Field:
    """Return noise of shape (side, side) in 0..1; `cells`: how many bumps it has down and across at the coarsest."""
    total = np.zeros((side, side), dtype=np.float32)
    for octave in range(octaves):
        shape = (cells[0] << octave, cells[1] << octave)
        small = Image.fromarray(state.random_sample(shape).astype(np.float32))
        total += np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)) * np.float32(0.5**octave)
    low, high = np.percentile(total, (1, 99))
    spread: Field = np.clip((total - low) / (high - low), 0, 1).astype(np.float32)
    return spread


def _turned_grains() -> tuple[Field, Field]:
    """Return a grain of rice in each of GRAIN_TURNS directions: its rounded body, and 1 within its outline."""
    reach = np.arange(-9, 10, dtype=np.float32)
    across, down = reach[None, None, :], reach[None, :, None]
    turns = (np.arange(GRAIN_TURNS, dtype=np.float32) * np.float32(np.pi / GRAIN_TURNS))[:, None, None]
    along = (across * np.cos(turns) + down * np.sin(turns)) / np.float32(8.2)
    aside = (down * np.cos(turns) - across * np.sin(turns)) / np.float32(3.4)
    far = along**2 + aside**2
    return np.sqrt(np.clip(1 - far, 0, 1)) * np.float32(0.5), (far < 1).astype(np.float32)


def _as_bytes(field: Field) -> npt.NDArray[np.uint8]:
    return (np.clip(field, 0, 1) * 255).astype(np.uint8)


class Textures:
    """Fields of shape (SIDE_PIXELS, SIDE_PIXELS): noise in 0..1 (float32), table tops as bytes."""

    @cached_property
    def cloud(self) -> Field:
        """Soft noise, about 90 pixels from bump to bump, with finer ones on top."""
        return fractal(np.random.RandomState(11), (14, 14), 5)

    @cached_property
    def crumb(self) -> Field:
        """Coarse noise, about 10 pixels from bump to bump: crusts, minced meat."""
        return fractal(np.random.RandomState(12), (120, 120), 3)

    @cached_property
    def grains(self) -> Field:
        """Cooked rice seen from above: heights of grains that lie on each other, 0..1."""
        dice, side = np.random.RandomState(13), SIDE_PIXELS // 2
        heights = np.zeros((side, side), dtype=np.float32)
        bodies, outlines = _turned_grains()
        for turn, depth, x, y in zip(
            dice.randint(0, GRAIN_TURNS, GRAINS),
            dice.random_sample(GRAINS).astype(np.float32) * np.float32(0.5),
            dice.randint(9, side - 10, GRAINS),
            dice.randint(9, side - 10, GRAINS),
            strict=True,
        ):
            patch = heights[y - 9 : y + 10, x - 9 : x + 10]
            np.maximum(patch, bodies[turn] + outlines[turn] * depth, out=patch)
        return np.tile(heights, (2, 2))

    @cached_property
    def wood(self) -> npt.NDArray[np.uint8]:
        """Four planks across, with grain, knots of darker wood and dark joints."""
        state = np.random.RandomState(21)
        bend = fractal(state, (5, 3), 3)
        down = np.arange(SIDE_PIXELS, dtype=np.float32)[:, None]
        rings = np.sin((down / 19 + bend * 16) * 1.15) * 0.5 + 0.5
        streaks = fractal(state, (420, 7), 2)
        fine = fractal(state, (640, 30), 1)
        field = 0.30 + 0.26 * rings * (0.4 + 0.6 * bend) + 0.26 * streaks + 0.18 * fine
        plank = SIDE_PIXELS // 6
        for index in range(0, SIDE_PIXELS - 3, plank):
            side = -1 if state.random_sample() < 0.5 else 1
            field[index : index + plank] = field[index : index + plank, ::side] * state.uniform(0.86, 1.10)
            field[index : index + 3] *= np.array([[0.45], [0.3], [0.65]], dtype=np.float32)
        return _as_bytes(field)

    @cached_property
    def linen(self) -> npt.NDArray[np.uint8]:
        """A plain weave, four pixels a thread, threads of uneven thickness."""
        state = np.random.RandomState(22)
        across = np.arange(SIDE_PIXELS, dtype=np.float32)[None, :]
        down = np.arange(SIDE_PIXELS, dtype=np.float32)[:, None]
        warp = np.sin(across * np.pi / 2.5) * np.cos(down * np.pi / 5)
        weft = np.sin(down * np.pi / 2.5) * np.cos(across * np.pi / 5 + np.pi)
        slubs = fractal(state, (500, 9), 1) + fractal(state, (9, 500), 1)
        return _as_bytes((0.50 + 0.13 * np.maximum(warp, weft) + 0.15 * slubs).astype(np.float32))

    @cached_property
    def slate(self) -> npt.NDArray[np.uint8]:
        """Split stone: broad steps and a fine grain."""
        state = np.random.RandomState(23)
        steps = np.floor(fractal(state, (5, 8), 4) * 9) / 9
        return _as_bytes(0.25 + 0.30 * steps + 0.3 * fractal(state, (26, 26), 4) + 0.15 * self.crumb)

    @cached_property
    def paper(self) -> npt.NDArray[np.uint8]:
        """Washi: a calm ground with long fibres in it."""
        state = np.random.RandomState(24)
        sheet = Image.new("L", (SIDE_PIXELS, SIDE_PIXELS), 150)
        pen = ImageDraw.Draw(sheet)
        for _ in range(900):
            x, y, turn = state.randint(0, SIDE_PIXELS), state.randint(0, SIDE_PIXELS), state.uniform(0, 6.28)
            points = []
            for _ in range(8):
                points.append((x, y))
                turn += state.uniform(-0.5, 0.5)
                x, y = x + 9 * np.cos(turn), y + 9 * np.sin(turn)
            pen.line(points, fill=int(state.randint(120, 205)), width=1)
        ground = fractal(state, (30, 30), 4) * 0.16 + self.crumb * 0.06
        return _as_bytes(np.asarray(sheet, dtype=np.float32) / 255 + ground - 0.1)

    @cached_property
    def marble(self) -> npt.NDArray[np.uint8]:
        """White stone with soft veins."""
        state = np.random.RandomState(25)
        veins = np.abs(fractal(state, (3, 4), 5) - 0.5) * 2
        thin = np.abs(fractal(state, (5, 5), 5) - 0.5) * 2
        field = 0.9 - 0.34 * np.exp(-veins * 16) - 0.16 * np.exp(-thin * 22) - 0.10 * fractal(state, (3, 3), 3)
        return _as_bytes(field.astype(np.float32))
