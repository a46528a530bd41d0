"""Encrypt a file in pieces that can be read one by one, and refuse it when it was changed, cut off or put elsewhere.

    head    8 bytes "koebako" 0x01, 8 bytes key id, 32 bytes salt
    pieces  each 65,536 bytes of the file (the last one fewer) by AES-256-GCM, with its tag of 16 bytes

Each file has a key of its own: HKDF-SHA256 of the key, the salt and what the file belongs to. So a piece's nonce is
its number and whether it is the last: 11 bytes and 1. A piece in another place, of another file, of another record
or behind a cut does not open; the head is authenticated with every piece. This is the STREAM construction.

Source: Hoang, Reyhanitabar, Rogaway, Vizar: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance,
CRYPTO 2015, section 7; RFC 5116 for AES-GCM.

Plain Python beside `cryptography`. Called by recordings.py.
"""

import io
import os
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jobs.practice import keys
from jobs.practice.errors import RecordingDamaged
from jobs.practice.keys import ID_BYTES, KEY_BYTES, Key

MAGIC = b"koebako\x01"
SALT_BYTES = 32
HEAD_BYTES = len(MAGIC) + ID_BYTES + SALT_BYTES
PIECE_BYTES = 65_536
TAG_BYTES = 16
_SEALED_BYTES = PIECE_BYTES + TAG_BYTES


def seal(chunks: Iterable[bytes], *, key: Key, subject: bytes) -> Iterator[bytes]:
    """Yield the encrypted file of what `chunks` are. subject: what the file belongs to; it opens for nothing else."""
    head = MAGIC + bytes.fromhex(key.id) + os.urandom(SALT_BYTES)
    cipher = _cipher(key, head, subject)
    yield head
    number, kept = 0, bytearray()
    for chunk in chunks:
        kept += chunk
        # One piece stays back: whether it is the last is not known before the next byte.
        while len(kept) > PIECE_BYTES:
            yield cipher.encrypt(_nonce(number, is_last=False), bytes(kept[:PIECE_BYTES]), head)
            del kept[:PIECE_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, is_last=True), bytes(kept), head)


def key_id_of(head: bytes) -> str:
    """Raises RecordingDamaged for what does not begin as we write it."""
    if len(head) != HEAD_BYTES or not head.startswith(MAGIC):
        raise RecordingDamaged
    return head[len(MAGIC) : len(MAGIC) + ID_BYTES].hex()


class Opened(io.RawIOBase):
    """
    An encrypted file, read as it was; only the pieces that are asked for are decrypted.

    The last piece is looked at first, so a file that was cut off is refused before a byte of it is heard.
    Raises RecordingDamaged, here and while reading; KeyMissing.
    """

    def __init__(self, file: BinaryIO, *, subject: bytes) -> None:
        self._file = file
        self._head = _exactly(file, 0, HEAD_BYTES)
        self._cipher = _cipher(keys.find(key_id_of(self._head)), self._head, subject)
        sealed = file.seek(0, io.SEEK_END) - HEAD_BYTES
        whole, rest = divmod(sealed, _SEALED_BYTES)
        # An empty piece is the only one of its file.
        if sealed < TAG_BYTES or (rest and rest < TAG_BYTES) or (rest == TAG_BYTES and whole):
            raise RecordingDamaged
        self._last = whole - (rest == 0)
        self.size = sealed - TAG_BYTES * (self._last + 1)
        self._at = 0
        self._piece: tuple[int, bytes] = (-1, b"")
        self._read(self._last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self.size:
            return 0
        number, within = divmod(self._at, PIECE_BYTES)
        data = self._read(number)[within : within + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._piece = (-1, b"")
            self._file.close()
        super().close()

    def _read(self, number: int) -> bytes:
        if self._piece[0] != number:
            sealed = _at_most(self._file, HEAD_BYTES + number * _SEALED_BYTES, _SEALED_BYTES)
            try:
                plain = self._cipher.decrypt(_nonce(number, is_last=number == self._last), sealed, self._head)
            except InvalidTag:
                raise RecordingDamaged from None
            self._piece = (number, plain)
        return self._piece[1]


def _cipher(key: Key, head: bytes, subject: bytes) -> AESGCM:
    salt = head[-SALT_BYTES:]
    info = b"koebako.recording." + subject
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(key.secret))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _exactly(file: BinaryIO, place: int, count: int) -> bytes:
    data = _at_most(file, place, count)
    if len(data) != count:
        raise RecordingDamaged
    return data


def _at_most(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    data = b""
    # A file from an object store may give less than it was asked for.
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return data
