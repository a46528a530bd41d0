"""What the dish stands on: wood, linen, slate, washi, marble.

Called by renderer.py, once before anything else is laid.
"""

from dataclasses import dataclass

import numpy as np

from jobs.engines.image.local.relief import Relief, colour
from jobs.engines.image.local.textures import SIDE_PIXELS, Field


@dataclass(frozen=True)
class Surface:
    """A texture between two colours; `depth`: how many pixels its light parts stand above its dark ones."""

    texture: str
    dark: str
    light: str
    depth: float
    gloss: float


SURFACES = {
    "oak": Surface("wood", "#8a6238", "#dcb684", 2.2, 0.10),
    "walnut": Surface("wood", "#3a2418", "#8b5d3d", 2.2, 0.14),
    "ash": Surface("wood", "#a08f78", "#e9dcc6", 2.0, 0.06),
    "charcoal": Surface("wood", "#1d1b1a", "#57514c", 2.2, 0.10),
    "linen": Surface("linen", "#a79c87", "#f1e9da", 2.6, 0.0),
    "indigo": Surface("linen", "#1f2c44", "#5b7196", 2.6, 0.0),
    "sage": Surface("linen", "#6e7c69", "#bcc8b2", 2.6, 0.0),
    "rose": Surface("linen", "#a57f78", "#ecd3cb", 2.6, 0.0),
    "slate": Surface("slate", "#15181b", "#565c61", 5.0, 0.12),
    "stone": Surface("slate", "#77736c", "#c6c1b6", 4.0, 0.05),
    "washi": Surface("paper", "#b9ab92", "#fbf3e2", 1.2, 0.0),
    "marble": Surface("marble", "#8d9094", "#f4f2ee", 0.0, 0.16),
}


def spread(relief: Relief, name: str) -> None:
    """Cover the whole picture with a surface, each time from another part of it."""
    surface = SURFACES[name]
    tile = getattr(relief.textures, surface.texture)
    top = relief.dice.randrange(SIDE_PIXELS - relief.height)
    left = relief.dice.randrange(SIDE_PIXELS - relief.width)
    part = tile[top : top + relief.height, left : left + relief.width]
    if relief.dice.random() < 0.5:
        part = part[:, ::-1]
    steps = np.arange(256, dtype=np.float32) / 255
    dark, light = colour(surface.dark)[:, 0, 0], colour(surface.light)[:, 0, 0]
    for channel in range(3):
        ramp = (dark[channel] + (light[channel] - dark[channel]) * steps).astype(np.float32)
        relief.colours[channel] = ramp[part]
    relief.heights[:] = (steps * np.float32(surface.depth)).astype(np.float32)[part]
    relief.gloss[:] = surface.gloss


def backdrop(relief: Relief, name: str, horizon: float) -> None:
    """Set a table and the wall behind it, for things seen from the side; `horizon`: where they meet, in pixels."""
    spread(relief, name)
    surface = SURFACES[name]
    down = relief.whole().dy
    wall = colour(surface.light) * 0.42 + colour("#cfc8bd") * 0.34
    glow = np.exp(-(((relief.whole().dx - 330) / 520) ** 2) - ((down - 190) / 420) ** 2) * np.float32(0.5) + 0.62
    near = np.clip((down - np.float32(horizon)) / 26 + 0.5, 0, 1)
    near = near * near * (3 - 2 * near)
    depth: Field = 0.78 + 0.22 * np.clip((down - np.float32(horizon)) / 190, 0, 1)
    relief.colours[:] = wall * glow * (1 - near) + relief.colours * depth * near
    relief.heights *= near * 0.6
    relief.gloss *= near
