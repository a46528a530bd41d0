"""What a service sent as a picture: decoded fully, and written again as a PNG of the wanted size.

Nothing of the service's bytes is passed on: no EXIF, no colour profile, no text chunks, nothing behind the end.
Whatever cannot be decoded, or is larger than any picture asked for, ends as EngineUnavailable: the service is
out of order, and its breaker should know.

Called by gemini.py and openai_pictures.py, with bytes that were bounded while they were read.
"""

import base64
import binascii
import io
import logging
import warnings

from PIL import Image, ImageOps

from jobs.engines.errors import EngineUnavailable

logger = logging.getLogger(__name__)

# A picture of 4096 by 4096 as PNG, the largest any of them makes; base64 in JSON is a third more.
MAX_PICTURE_BYTES = 24_000_000
# 67 MB while it is decoded. A few bytes can claim a thousand times as many.
MAX_PICTURE_PIXELS = 4096 * 4096
# What the services send. Pillow knows dozens more, each with a parser that was never meant for strangers' bytes.
FORMATS = ("PNG", "JPEG", "WEBP")
# zlib's level: a photograph is 3 % smaller at 6, and takes three times as long.
COMPRESS_LEVEL = 4


def from_base64(text: str, *, engine: str) -> bytes:
    """Raises EngineUnavailable."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _no_picture(engine, error) from error


def as_png(data: bytes, *, engine: str, side_pixels: int) -> bytes:
    """
    Return the picture as an RGB PNG, `side_pixels` wide and high: the middle of it, where it is no square.

    engine: for the error. Raises EngineUnavailable.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise _no_picture(engine, ValueError(f"more than {MAX_PICTURE_BYTES} bytes"))
    try:
        picture = _decoded(data)
    except MemoryError:
        raise
    # Pillow's parsers let out whatever they stumble over: OSError, SyntaxError, struct.error, KeyError and more.
    except Exception as error:
        raise _no_picture(engine, error) from error
    fitted = ImageOps.fit(picture, (side_pixels, side_pixels), Image.Resampling.LANCZOS)
    return written(fitted)


def written(picture: Image.Image) -> bytes:
    """Return an RGB picture as PNG, with its pixels and nothing else."""
    file = io.BytesIO()
    # A new one, since `save` would write what Pillow has noted beside the pixels.
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    bare.save(file, "PNG", compress_level=COMPRESS_LEVEL)
    return file.getvalue()


def _decoded(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        # Our own bound is stricter than the one it warns of.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        opened = Image.open(io.BytesIO(data), formats=FORMATS)
    with opened:
        if opened.width * opened.height > MAX_PICTURE_PIXELS:
            raise ValueError(f"more than {MAX_PICTURE_PIXELS} pixels")
        # Reads to the end: half a picture is none.
        opened.load()
        if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
            solid = opened.convert("RGBA")
            ground = Image.new("RGBA", solid.size, "white")
            return Image.alpha_composite(ground, solid).convert("RGB")
        return opened.convert("RGB")


def _no_picture(engine: str, error: Exception) -> EngineUnavailable:
    # Neither bytes nor message: both are the service's.
    logger.warning("the answer is no picture", extra={"engine": engine, "reason": type(error).__name__})
    return EngineUnavailable(engine)
