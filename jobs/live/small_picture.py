"""A stored picture in the size of the grid: some 15 kB instead of a megabyte, made when it is asked for.

Some 50 ms of one core; browsers keep it, so it is made once a reader. Called by images.py.
"""

import io

from PIL import Image

# A tile is 220 px wide, and screens have up to three pixels for each.
SIDE_PIXELS = 480
QUALITY = 80
# Ours are 1024 wide; one that was stored by whatever else came over this is not decoded.
MAX_PIXELS = 4096 * 4096


def webp(png: bytes) -> bytes:
    """Return a PNG of this house as WebP, at most SIDE_PIXELS wide and high. Raises ValueError for one too large."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise ValueError(f"more than {MAX_PIXELS} pixels")
        picture = opened.convert("RGB")
    picture.thumbnail((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.BILINEAR, reducing_gap=2.0)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=2)
    return file.getvalue()
