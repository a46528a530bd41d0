"""Things seen from the side, turned about an upright axis: glasses, what is in them, buns, puddings.

Called by foods/glasses.py, foods/standing.py and foods/wine.py.
"""

from collections.abc import Sequence

import numpy as np

from jobs.engines.image.local.relief import Relief, colour
from jobs.engines.image.local.shapes import Finish, blob, slab
from jobs.engines.image.local.textures import Field

Outline = Sequence[tuple[float, float]]  # (y, half width), from the top down, in pixels
Bands = Sequence[tuple[float, str]]  # (y, colour), from the top down


def _widths(down: Field, outline: Outline) -> Field:
    """Return the half width at each row, its corners smoothed; rows beside the outline keep its ends."""
    sharp = np.interp(down, [y for y, _ in outline], [width for _, width in outline])
    reach = min(14, max(1, len(down) // 12))
    soft: Field = np.convolve(
        np.pad(sharp, reach, mode="reflect", reflect_type="odd"), np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid"
    ).astype(np.float32)
    return soft


def standing(
    relief: Relief, x: float, outline: Outline, bands: Bands, *,
    opacity: float = 1.0, gloss: float = 0.3, depth: float = 0.45,
    edge: float = 0.35, bump: float = 0.0, kind: str = "cloud", stride: int = 3, inset: float = 0.0,
) -> None:  # fmt: skip
    """
    Lay a turned body. depth: how round it is lit; edge: how much darker its sides are, 0..1;
    inset: pixels by which it is narrower than the outline, for what stands in a glass.
    """
    rows = [y for y, _ in outline]
    widest = max(width for _, width in outline)
    window = relief.window(x, (rows[0] + rows[-1]) / 2, widest + 2, (rows[-1] - rows[0]) / 2 + 2)
    if window is None:
        return
    down = window.dy[:, 0] + np.float32((rows[0] + rows[-1]) / 2)
    half = np.maximum(_widths(down, outline) - inset, 0.5)[:, None]
    across = window.dx / half
    aside = np.minimum(np.abs(across), 1)
    ends = np.clip(np.minimum(down - rows[0], rows[-1] - down) + 0.5, 0, 1).astype(np.float32)[:, None]
    cover = np.clip((1 - np.abs(across)) * half + 0.5, 0, 1) * ends * np.float32(opacity)
    heights = np.sqrt(1 - aside * aside) * half * np.float32(depth) + 4
    if bump:
        heights = heights + (relief.noise(window.shape, kind=kind, stride=stride) - 0.5) * np.float32(bump)
    shades = np.stack([colour(code)[:, 0, 0] for _, code in bands])
    stops = [y for y, _ in bands]
    paint = np.stack([np.interp(down, stops, shades[:, k]) for k in range(3)]).astype(np.float32)[:, :, None]
    relief.lay(window, cover, heights=heights, colours=paint * (1 - np.float32(edge) * aside**3), gloss=gloss)


def shine(relief: Relief, x: float, outline: Outline, *, inset: float = 6, strength: float = 0.55) -> None:
    """Paint what a glass mirrors: the window as a broad strip on the left, a thin one on the right, its edges."""
    rows = [y for y, _ in outline]
    widest = max(width for _, width in outline)
    window = relief.window(x, (rows[0] + rows[-1]) / 2, widest + 2, (rows[-1] - rows[0]) / 2 + 2)
    if window is None:
        return
    down = window.dy[:, 0] + np.float32((rows[0] + rows[-1]) / 2)
    half = _widths(down, outline)[:, None]
    across = window.dx / half
    fade = np.clip(np.minimum(down - rows[0] - inset, rows[-1] - inset - down) / 26, 0, 1).astype(np.float32)[:, None]
    broad = np.exp(-(((across + 0.60) / 0.085) ** 4)) * np.float32(strength)
    thin = np.exp(-(((across - 0.74) / 0.035) ** 2)) * np.float32(strength * 0.7)
    brim = np.exp(-(((1 - np.abs(across)) * half / 2.6) ** 2)) * np.float32(0.5) * (np.abs(across) < 1)
    cover = np.clip((broad + thin) * fade + brim, 0, 0.9) * (np.abs(across) <= 1)
    relief.lay(
        window,
        cover.astype(np.float32),
        heights=relief.heights[window.ys, window.xs],
        colours=colour("#ffffff"),
        gloss=0.0,
    )


def oval(
    relief: Relief,
    x: float,
    y: float,
    width: float,
    tone: str,
    *,
    opacity: float = 1.0,
    squash: float = 0.16,
    gloss: float = 0.4,
) -> None:
    """Lay the surface of a liquid, or a brim, seen from a little above; `width`: half of it, in pixels."""
    window = relief.window(x, y, width + 2, width * squash + 2)
    if window is None:
        return
    far = np.sqrt(window.dx**2 + (window.dy / np.float32(squash)) ** 2)
    cover: Field = np.clip((np.float32(width) - far) * np.float32(squash) + 0.5, 0, 1) * np.float32(opacity)
    relief.lay(window, cover, heights=relief.heights[window.ys, window.xs] * 0 + 30, colours=colour(tone), gloss=gloss)


def brim(relief: Relief, x: float, y: float, width: float, *, squash: float = 0.16) -> None:
    """Paint the rim of a glass as a thin bright oval."""
    window = relief.window(x, y, width + 3, width * squash + 4)
    if window is None:
        return
    far = np.sqrt(window.dx**2 + (window.dy / np.float32(squash)) ** 2)
    slope = np.sqrt(window.dx**2 + (window.dy / np.float32(squash**2)) ** 2) / np.maximum(far, 1)
    cover = np.exp(-(((far - np.float32(width)) / np.maximum(slope, 1) / 1.5) ** 2)) * np.float32(0.75)
    relief.lay(window, cover, heights=relief.heights[window.ys, window.xs], colours=colour("#ffffff"), gloss=0.0)


def ground_shadow(relief: Relief, x: float, y: float, width: float) -> None:
    """Paint the soft shadow under something that stands on the table, longer to the right."""
    for stretch, size, strength in ((3.2, 0.44, 0.30), (4.0, 0.30, 0.45)):
        window = relief.window(x + width * 0.22, y, width * 1.9, width * 0.6)
        if window is None:
            return
        far = np.sqrt((window.dx / np.float32(stretch)) ** 2 + window.dy**2) / np.float32(width * size)
        cover = np.clip(1 - far, 0, 1) ** 2 * np.float32(strength * 1.5)
        relief.lay(
            window,
            np.minimum(cover, 0.85),
            heights=relief.heights[window.ys, window.xs],
            colours=colour("#120d0a"),
            gloss=0.0,
        )


def ice(relief: Relief, x: float, y: float, size: float, turn: float) -> None:
    """Lay a cube of ice under the surface."""
    slab(
        relief,
        x,
        y,
        size,
        size,
        16,
        Finish("#f3f8fa", opacity=0.30, gloss=0.9, roundness=3),
        angle=turn,
        corner=9,
        soft=11,
        level=50,
    )


def bubble(relief: Relief, x: float, y: float, size: float, *, opacity: float = 0.5) -> None:
    blob(relief, x, y, size, 2, Finish("#fffdf2", opacity=opacity, gloss=0.8), level=60)
