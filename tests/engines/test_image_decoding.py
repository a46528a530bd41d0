"""What a service may send as a picture, and what is left of it."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from jobs.engines.errors import EngineUnavailable
from jobs.engines.image import decoding
from tests.gemini_service import image


def png(width: int, height: int, rows: bytes, colour: int = 2) -> bytes:
    """A PNG written by hand, so that its header may claim anything."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_written_again_without_its_notes(kind):
    assert b"a note of the service" in image(64, kind)

    data = decoding.as_png(image(64, kind) + b"behind the end", engine="x", side_pixels=48)

    assert b"note" not in data
    assert data.endswith(b"IEND\xaeB`\x82")
    picture = opened(data)
    assert (picture.size, picture.mode, picture.info, dict(picture.getexif())) == ((48, 48), "RGB", {}, {})


def test_profile_and_text_chunks_are_left_behind():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("prompt", "who asked for it", zip=True)
    file = io.BytesIO()
    opened(image(64)).save(file, "PNG", pnginfo=notes, icc_profile=b"a profile", dpi=(300, 300))

    assert opened(decoding.as_png(file.getvalue(), engine="x", side_pixels=64)).info == {}


def test_a_wide_picture_is_cut_at_both_sides_and_not_squeezed():
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    file = io.BytesIO()
    wide.save(file, "PNG")

    assert opened(decoding.as_png(file.getvalue(), engine="x", side_pixels=100)).getcolors() == [(10_000, (0, 0, 255))]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_a_png_becomes_rgb(mode):
    file = io.BytesIO()
    opened(image(64)).convert("L").convert(mode).save(file, "PNG")

    assert opened(decoding.as_png(file.getvalue(), engine="x", side_pixels=32)).mode == "RGB"


def test_what_is_transparent_becomes_white():
    file = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(file, "PNG")

    assert opened(decoding.as_png(file.getvalue(), engine="x", side_pixels=10)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        image(64)[:-200],
        image(64, "JPEG")[:700],
        image(64, "WEBP")[:-50],
        # A few bytes that claim 3.6 GB, and 179 million pixels, at which Pillow itself warns.
        png(30_000, 30_000, b""),
        png(13_400, 13_400, b""),
        png(0, 10, b""),
        # One row more than can be held in a picture of that height is no harm, none at all is.
        png(64, 64, b""),
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        bytes(decoding.MAX_PICTURE_BYTES + 1),
    ],
    ids=range(12),
)
def test_what_is_no_picture_is_the_services_fault(data):
    with pytest.raises(EngineUnavailable):
        decoding.as_png(data, engine="x", side_pixels=32)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_picture_with_bytes_gone_wrong_never_does_more_than_fail(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))
    broken = bytearray(image(32, kind))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))

    try:
        made = decoding.as_png(bytes(broken), engine="x", side_pixels=16)
    except EngineUnavailable:
        return
    assert opened(made).size == (16, 16)
