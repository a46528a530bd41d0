"""Write and read Ogg pages (RFC 3533), enough for one Opus stream.

Own code, because a muxer decides itself when a page is full, picks a random serial
number and writes at the end what we want to send at once. A packet never continues on
another page here: Opus packets of 20 ms are far below the 65,025 bytes of a page.

Called by opus.py.
"""

import struct
import zlib

_HEADER = struct.Struct("<4sBBqIIIB")  # magic, version, flags, granule, serial, page number, checksum, segments
_CHECKSUM_AT = 22
_CONTINUED, _FIRST, _LAST = 1, 2, 4
MAX_SEGMENTS = 255


_REVERSED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(page: bytes | bytearray) -> int:
    """
    Return the CRC of a page whose checksum field is zero.

    Source: RFC 3533, section 6. It is zlib's polynomial, taken most significant bit
    first and without inversion: so bits are turned around before and after zlib.
    """
    reflected = zlib.crc32(page.translate(_REVERSED_BYTES), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def write_page(
    packets: list[bytes], *, granule: int, serial: int, number: int, is_first: bool = False, is_last: bool = False
) -> bytes:
    """
    Return one page that holds `packets` whole.

    granule: position, in samples at 48 kHz, of the end of the last packet.

    Raises ValueError when the packets do not fit into one page.
    """
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    if len(lacing) > MAX_SEGMENTS:
        raise ValueError(f"{len(lacing)} segments do not fit into an Ogg page")
    flags = is_first * _FIRST | is_last * _LAST
    header = _HEADER.pack(b"OggS", 0, flags, granule, serial, number, 0, len(lacing))
    page = bytearray(header + lacing + b"".join(packets))
    struct.pack_into("<I", page, _CHECKSUM_AT, checksum(page))
    return bytes(page)


class PacketReader:
    """Takes the bytes of a stream in any pieces and gives back its packets, each once, as soon as its page is whole."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """
        Return the packets of the pages that `data` completes.

        Raises ValueError on what is not an Ogg page of ours, or is damaged.
        """
        self._waiting += data
        packets: list[bytes] = []
        while (size := self._page_size()) is not None:
            packets += _read_page(bytes(self._waiting[:size]))
            del self._waiting[:size]
        return packets

    def _page_size(self) -> int | None:
        """Return the size of the first waiting page, or None while it is not complete."""
        if len(self._waiting) < _HEADER.size:
            return None
        lacing_end = _HEADER.size + self._waiting[_HEADER.size - 1]
        if len(self._waiting) < lacing_end:
            return None
        size = lacing_end + sum(self._waiting[_HEADER.size : lacing_end])
        return size if len(self._waiting) >= size else None


def _read_page(page: bytes) -> list[bytes]:
    magic, version, flags, _granule, _serial, _number, crc, count = _HEADER.unpack_from(page)
    if magic != b"OggS" or version or flags & _CONTINUED:
        raise ValueError("this is not an Ogg page as we write them")
    if checksum(page[:_CHECKSUM_AT] + bytes(4) + page[_CHECKSUM_AT + 4 :]) != crc:
        raise ValueError("an Ogg page is damaged")
    body = _HEADER.size + count
    packets, start = [], body
    for lace in page[_HEADER.size : body]:
        body += lace
        if lace < 255:
            packets.append(page[start:body])
            start = body
    return packets
