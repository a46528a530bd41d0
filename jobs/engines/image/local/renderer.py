"""Draw a dish in this house, without any service: a set table seen from above, and the dish's name on a card.

The same dish gives the same bytes on every run of the same version. It is an illustration, and says so:
in the picture, in the PNG's text, and by `is_placeholder`. About 0.2 s of one core; a renderer holds
about 25 MB of textures, and may be used by any number of threads at once.

Called by the function `image` as its last engine.
"""

import hashlib
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from jobs.engines.image.local import light, surfaces
from jobs.engines.image.local.chooser import flavour_of, scene_of, words_of
from jobs.engines.image.local.lettering import draw_card
from jobs.engines.image.local.relief import Relief
from jobs.engines.image.local.scenes import SCENES
from jobs.engines.image.local.stage import MIDDLE_X, MIDDLE_Y, Stage
from jobs.engines.image.local.textures import Textures
from jobs.engines.image.port import Dish, Picture, do_nothing

VERSION = "local/2"
SIDE_PIXELS = 1024
PHOTOGRAPH_PIXELS = 776  # high; below it lies the card with the name
HORIZON_PIXELS = 560.0
TEXTS = {
    "Software": f"Koebako {VERSION}",
    "Description": "Illustration, generated automatically. Not a photograph of the dish.",
    "Placeholder": "true",
}
ACCENTS = ("#b5543d", "#5e7356", "#1f5f8b", "#b0812f", "#7d4a6b", "#3f6f6f")


class LocalRenderer:
    """An ImageEngine that never fails and asks nobody."""

    version = VERSION

    def __init__(self, textures: Textures | None = None) -> None:
        self._textures = textures or Textures()

    def draw(self, dish: Dish, *, answered: Callable[[], None] = do_nothing) -> Picture:
        """Return the illustration of a dish: a PNG of 1024 by 1024 pixels."""
        dice = random.Random(_seed(dish))  # noqa: S311 - a picture, not a secret
        photograph = self._photograph(dish, dice)
        picture = Image.new("RGB", (SIDE_PIXELS, SIDE_PIXELS))
        picture.paste(photograph, (0, 0))
        title = dish.name if dish.name.strip() else dish.english_name
        draw_card(picture, PHOTOGRAPH_PIXELS, title, dish.english_name, dice.choice(ACCENTS))
        return Picture(
            png=_encoded(picture),
            width_pixels=SIDE_PIXELS,
            height_pixels=SIDE_PIXELS,
            model=VERSION,
            is_placeholder=True,
            cost_usd=0.0,
        )

    def _photograph(self, dish: Dish, dice: random.Random) -> Image.Image:
        scene = SCENES[scene_of(dish)]
        relief = Relief(SIDE_PIXELS, PHOTOGRAPH_PIXELS, self._textures, dice)
        surface = dice.choice(scene.surfaces)
        if scene.seen_from == "side":
            surfaces.backdrop(relief, surface, HORIZON_PIXELS)
        else:
            surfaces.spread(relief, surface)
        scene.draw(Stage(relief, dice, words_of(dish), flavour_of(dish)))
        lit = Image.fromarray(light.photograph(relief, throws_shadows=scene.seen_from == "above"))
        photograph = lit.resize((SIDE_PIXELS, PHOTOGRAPH_PIXELS), Image.Resampling.BICUBIC)
        if scene.steams:
            _steam(photograph, relief)
        return photograph


def _seed(dish: Dish) -> bytes:
    """Return what decides everything about a picture; the parts cannot run into each other."""
    parts = (VERSION, dish.name, dish.english_name, dish.category, dish.description)
    texts = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join(len(text).to_bytes(4, "big") + text for text in texts)).digest()


def _steam(photograph: Image.Image, relief: Relief) -> None:
    """Let two wisps rise over the middle of the dish."""
    width, height = 300, 420
    noise = relief.noise((height // 3, width), stride=1)
    wisps = np.clip(np.asarray(Image.fromarray(np.ascontiguousarray(noise)).resize((width, height))) * 2.2 - 1.05, 0, 1)
    down = np.sin(np.linspace(0.05, np.pi - 0.05, height, dtype=np.float32))[:, None]
    across = np.sin(np.linspace(0, np.pi, width, dtype=np.float32))[None, :]
    mask = Image.fromarray((wisps * down * across**2 * 62).astype(np.uint8))
    left = round(MIDDLE_X - width / 2 + relief.dice.uniform(-70, 50))
    photograph.paste((255, 252, 247), (left, round(MIDDLE_Y - height * 0.62)), mask)


def _encoded(picture: Image.Image) -> bytes:
    """Return a PNG. Each row is told as its difference from the one above, which saves trying five ways a row."""
    rows = np.asarray(picture).reshape(picture.height, -1)
    filtered = np.empty((picture.height, rows.shape[1] + 1), dtype=np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    texts = [_chunk(b"tEXt", f"{key}\0{value}".encode("latin-1")) for key, value in TEXTS.items()]
    # Level 1: a tenth larger than level 6, and several times as fast.
    body = _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 1))
    return b"".join((b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), *texts, body, _chunk(b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
