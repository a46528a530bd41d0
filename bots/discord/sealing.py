"""Seal and send a packet without letting go of the interpreter.

PyNaCl and Python's sockets let other threads run during each call, which takes five microseconds, and have to wait
for the interpreter again afterwards: for as long as somebody else computes, at least sys.getswitchinterval(). With a
hundred guilds that is ten thousand waits a second in one thread, and whenever the bot computed for a moment, packets
left a tenth of a second late. Calls this short are better finished at once.

The same functions of the same libraries, called through ctypes.PyDLL, which keeps the interpreter. Where they are not
found (another system, another build of PyNaCl), discord.py's own way is taken.

Called by voice.py.
"""

import ctypes
import socket
from collections.abc import Callable
from types import ModuleType

from nacl import _sodium

KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 24, 16

# key, nonce, header, data -> the data sealed, with its tag.
Seal = Callable[[bytes, bytes, bytes, bytes], bytes]
# file descriptor, packet -> whether the system took it.
Send = Callable[[int, bytes], bool]


def sealer(library: ModuleType = _sodium) -> Seal | None:
    """Return XChaCha20-Poly1305 of the libsodium that PyNaCl brings, None when its function cannot be called."""
    try:
        encrypt = ctypes.PyDLL(library.__file__ or "").crypto_aead_xchacha20poly1305_ietf_encrypt
    except (OSError, AttributeError):
        return None
    text, length, place = ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_void_p
    # Source: libsodium, crypto_aead_xchacha20poly1305.h.
    encrypt.argtypes = [place, place, text, length, text, length, place, text, text]
    encrypt.restype = ctypes.c_int

    def seal(key: bytes, nonce: bytes, header: bytes, data: bytes) -> bytes:
        if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
            raise ValueError("this key or nonce is not XChaCha20's")
        # Not create_string_buffer(): it makes a type for each length, which costs three times what sealing does, and is
        # left to Python's collector.
        sealed = bytearray(len(data) + TAG_BYTES)
        begin = ctypes.byref(ctypes.c_char.from_buffer(sealed))
        encrypt(begin, None, data, len(data), header, len(header), None, nonce, key)
        return bytes(sealed)

    return seal


def sender() -> Send | None:
    """Return send(2) for sockets that do not block, None where the C library has none."""
    try:
        call = ctypes.PyDLL(None).send
    except (OSError, AttributeError, TypeError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    call.restype = ctypes.c_ssize_t
    # Not even when the socket would block after all: the thread that sends holds everybody.
    at_once = getattr(socket, "MSG_DONTWAIT", 0)

    def send(descriptor: int, packet: bytes) -> bool:
        return bool(call(descriptor, packet, len(packet), at_once) == len(packet))

    return send
