"""The few shapes that all vessels and foods are made of.

A `Finish` says what a thing is made of; blob, slab, tube, strands and turned say what form it has.
Positions and sizes are pixels of the picture, angles degrees, clockwise from the right.

Called by vessels, props, glasses and the foods.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jobs.engines.image.local.relief import Relief, Window, colour
from jobs.engines.image.local.textures import Field


@dataclass(frozen=True)
class Finish:
    """
    rim: the colour at the edge, coming in from `rim_from` (0 the middle, 1 the edge) on.
    mottle: a second colour in patches; `mottle_stride` 1 broad to 6 fine, `mottle_amount` 0..1.
    bump: roughness in pixels of height. `mottle_kind`, `bump_kind`: a texture's name.
    roundness: 2 a dome, 8 a disc with soft edges.
    """

    colour: str
    rim: str = ""
    rim_from: float = 0.6
    mottle: str = ""
    mottle_kind: str = "cloud"
    mottle_stride: int = 2
    mottle_amount: float = 1.0
    bump: float = 0.0
    bump_kind: str = "cloud"
    bump_stride: int = 3
    gloss: float = 0.15
    roundness: float = 2.0
    opacity: float = 1.0

    def but(self, **changes: object) -> "Finish":
        return replace(self, **changes)  # type: ignore[arg-type]


def smooth(low: float, high: float, value: Field) -> Field:
    """Return 0 below `low`, 1 above `high`, and a soft step between."""
    step: Field = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return step * step * (3 - 2 * step)


def painted(relief: Relief, finish: Finish, shape: tuple[int, int], edge: Field) -> Field:
    """Return the colours of a thing; `edge` is 0 in its middle and 1 at its edge."""
    colours = colour(finish.colour)
    if finish.mottle:
        patches = smooth(
            0.3, 0.75, relief.noise(shape, kind=finish.mottle_kind, stride=finish.mottle_stride)
        ) * np.float32(finish.mottle_amount)
        colours = colours + (colour(finish.mottle) - colours) * patches
    if finish.rim:
        near = smooth(finish.rim_from, 1.0, edge)
        colours = colours + (colour(finish.rim) - colours) * near
    return colours


def solid(
    relief: Relief, window: Window, edge: Field, size: float, height: float, finish: Finish, level: float
) -> None:
    """Lay a thing whose `edge` is 0 in the middle and 1 at its outline; `size`: pixels between the two."""
    cover = np.clip((1 - edge) * np.float32(size) + 0.5, 0, 1) * np.float32(finish.opacity)
    body = np.sqrt(1 - np.minimum(edge, 1) ** np.float32(finish.roundness))
    heights = body * np.float32(height)
    if finish.bump:
        rough = relief.noise(window.shape, kind=finish.bump_kind, stride=finish.bump_stride)
        heights = heights + (rough - 0.5) * np.float32(finish.bump) * np.minimum(body * 2, 1)
    relief.lay(
        window, cover, heights=heights + level, colours=painted(relief, finish, window.shape, edge), gloss=finish.gloss
    )


def blob(
    relief: Relief,
    x: float,
    y: float,
    radius: float,
    height: float,
    finish: Finish,
    *,
    stretch: float = 1.0,
    angle: float = 0.0,
    wobble: float = 0.0,
    level: float | None = None,
) -> None:
    """Lay something round: `stretch` makes it longer along `angle`, `wobble` (0..0.3) uneven."""
    level = relief.level_at(x, y) if level is None else level
    window = relief.window(x, y, radius * max(stretch, 1) * (1 + wobble) + 2)
    if window is None:
        return
    along, across = window.turned(angle)
    along = along / np.float32(stretch)
    far = np.sqrt(along * along + across * across)
    edge = far / np.float32(radius)
    if wobble:
        turn = np.arctan2(across, along)
        waves = [np.sin(turn * k + np.float32(relief.dice.uniform(0, 6.3))) / k**0.7 for k in (2, 3, 5, 7)]
        edge = edge / (1 + np.float32(wobble * 0.5) * (waves[0] + waves[1] + waves[2] + waves[3]))
    solid(relief, window, edge, radius, height, finish, level)


def slab(
    relief: Relief,
    x: float,
    y: float,
    width: float,
    depth: float,
    height: float,
    finish: Finish,
    *,
    angle: float = 0.0,
    corner: float = 8.0,
    bend: float = 0.0,
    soft: float = 14.0,
    level: float | None = None,
) -> None:
    """Lay a box with round corners; its upper edges are rounded over `soft` pixels, `bend` bows it sideways."""
    level = relief.level_at(x, y) if level is None else level
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    half, side = width / 2 + 2, depth / 2 + abs(bend) + 2
    window = relief.window(x, y, half * cos + side * sin, half * sin + side * cos)
    if window is None:
        return
    along, across = window.turned(angle)
    if bend:
        across = across + np.float32(bend) * ((along / np.float32(width / 2)) ** 2 - np.float32(0.4))
    beside = np.abs(along) - np.float32(width / 2 - corner)
    ahead = np.abs(across) - np.float32(depth / 2 - corner)
    outside = np.sqrt(np.maximum(beside, 0) ** 2 + np.maximum(ahead, 0) ** 2)
    distance = outside + np.minimum(np.maximum(beside, ahead), 0) - np.float32(corner)  # below 0 inside
    edge = np.maximum(1 + distance / np.float32(soft), 0)
    solid(relief, window, edge, soft, height, finish, level)


def tube(
    relief: Relief, points: Sequence[tuple[float, float]], radius: float, finish: Finish, *, level: float | None = None
) -> None:
    """Lay a round rod along a broken line."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    window = relief.window(x, y, (max(xs) - min(xs)) / 2 + radius + 2, (max(ys) - min(ys)) / 2 + radius + 2)
    if window is None:
        return
    level = relief.level_at(x, y) if level is None else level
    nearest = np.full(window.shape, 1e9, dtype=np.float32)
    for (ax, ay), (bx, by) in pairwise(points):
        px, py = window.dx - np.float32(ax - x), window.dy - np.float32(ay - y)
        vx, vy = np.float32(bx - ax), np.float32(by - ay)
        part = np.clip((px * vx + py * vy) / np.float32(max(float(vx * vx + vy * vy), 1e-6)), 0, 1)
        np.minimum(nearest, (px - part * vx) ** 2 + (py - part * vy) ** 2, out=nearest)
    solid(relief, window, np.sqrt(nearest) / np.float32(radius), radius, radius * 1.2, finish, level)


def strands(
    relief: Relief,
    x: float,
    y: float,
    bow: float,
    width: float,
    thread: float,
    finish: Finish,
    *,
    start: float,
    sweep: float,
    level: float,
    height: float = 16.0,
    tip: float = 0.5,
) -> None:
    """
    Lay a bundle of noodles along an arc of radius `bow` about a point, from angle `start` over `sweep` degrees.

    tip: how wide its ends are, as a part of its middle.
    """
    window = relief.window(x, y, bow + width / 2 + 2)
    if window is None:
        return
    turn = np.rad2deg(np.arctan2(window.dy, window.dx)) - np.float32(start)
    turn = np.mod(turn, 360)
    far = np.sqrt(window.dx**2 + window.dy**2)
    waver = (relief.noise(window.shape, stride=1) - 0.5) * np.float32(thread * 3.2)
    aside = far - np.float32(bow) + waver
    middle = (turn - np.float32(sweep / 2)) / np.float32(sweep / 2)
    taper = np.sqrt(np.clip(1 - middle**2, 0, 1)) * np.float32(1 - tip) + np.float32(tip)
    edge = np.abs(aside) / (np.float32(width / 2) * taper)
    cover = np.clip((1 - edge) * width / 2 + 0.5, 0, 1) * np.clip((1 - np.abs(middle)) * bow * sweep / 115 + 0.5, 0, 1)
    phase = aside * np.float32(np.pi / thread)
    round_threads = np.abs(np.cos(phase))
    body = np.sqrt(np.clip(1 - edge * edge, 0, 1))
    heights = level + body * np.float32(height) + np.sqrt(round_threads) * np.float32(thread * 0.42)
    deep = 0.5 + 0.5 * np.minimum(round_threads * 1.6, 1)
    relief.lay(
        window, cover, heights=heights, colours=painted(relief, finish, window.shape, edge) * deep, gloss=finish.gloss
    )


@dataclass(frozen=True)
class Turn:
    """One step of a turned profile: at `radius` (pixels from the axis) it has this height, colour and gloss."""

    radius: float
    height: float
    colour: str
    gloss: float = 0.35


def turned(
    relief: Relief, x: float, y: float, profile: Sequence[Turn], *, squash: float = 1.0, rough: float = 0.0
) -> None:
    """Lay a thing made on a wheel: plates, bowls, cups. `squash` below 1 makes it oval; the last step is its edge."""
    reach = profile[-1].radius
    window = relief.window(x, y, reach + 2, reach * squash + 2)
    if window is None:
        return
    far = np.sqrt(window.dx**2 + (window.dy / np.float32(squash)) ** 2)
    steps = np.arange(0, (reach + 4) * 4, dtype=np.float32) / 4
    at = np.minimum(far * 4, len(steps) - 1).astype(np.int32)
    radii = [step.radius for step in profile]
    rise = np.interp(steps, radii, [step.height for step in profile]).astype(np.float32)
    kernel = np.ones(25, dtype=np.float32) / 25
    rise = np.convolve(np.pad(rise, 12, mode="edge"), kernel, mode="valid").astype(np.float32)
    shine = np.interp(steps, radii, [step.gloss for step in profile]).astype(np.float32)
    shades = np.stack([colour(step.colour)[:, 0, 0] for step in profile])
    bands = np.stack([np.interp(steps, radii, shades[:, k]) for k in range(3)]).astype(np.float32)
    cover = np.clip(np.float32(reach) - far + 0.5, 0, 1)
    paint = bands[:, at]
    if rough:
        paint = paint * (1 - np.float32(rough) * relief.noise(window.shape, stride=1))
    relief.lay(window, cover, heights=rise[at], colours=paint, gloss=shine[at])


def disc(relief: Relief, x: float, y: float, radius: float, *, squash: float = 1.0) -> Field:
    """Return the coverage of an oval over the whole picture: a mask for `Relief.inside`."""
    whole = relief.whole()
    far = np.sqrt((whole.dx - np.float32(x)) ** 2 + ((whole.dy - np.float32(y)) / np.float32(squash)) ** 2)
    cover: Field = np.clip(np.float32(radius) - far + 0.5, 0, 1)
    return cover


def box(relief: Relief, x: float, y: float, width: float, depth: float) -> Field:
    """Return the coverage of an upright rectangle: a mask for `Relief.inside`."""
    whole = relief.whole()
    beside = np.clip(np.float32(width / 2) - np.abs(whole.dx - np.float32(x)) + 0.5, 0, 1)
    ahead = np.clip(np.float32(depth / 2) - np.abs(whole.dy - np.float32(y)) + 0.5, 0, 1)
    cover: Field = beside * ahead
    return cover
