"""Which keys recordings are encrypted with: the newest writes, all of them read.

Newest first: the secrets of RECORDINGS_KEY in their order, then SECRET_KEY and its fallbacks. So a house that never
heard of RECORDINGS_KEY encrypts with a key derived from SECRET_KEY, one that sets it later still reads what it has, and
`reencrypt_recordings` brings everything to the newest; an older secret may go once it reports nothing left.

Called by recordings.py.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from jobs.practice.errors import KeyMissing

KEY_BYTES = 32
ID_BYTES = 8


@dataclass(frozen=True, repr=False)
class Key:
    """id: 16 hexadecimal digits that say which key it is and nothing about it."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id})"


def newest() -> Key:
    return _all()[0]


def readable() -> dict[str, Key]:
    """Return every key by its id, the newest first."""
    return {key.id: key for key in _all()}


def find(key_id: str) -> Key:
    """Raises KeyMissing."""
    key = readable().get(key_id)
    if key is None:
        raise KeyMissing(key_id)
    return key


def _all() -> tuple[Key, ...]:
    secrets = (*settings.RECORDINGS_KEYS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return tuple(_derived(secret) for secret in secrets)


# Each derivation is two hashes; the list is asked for with every recording.
@lru_cache(maxsize=16)
def _derived(secret: str) -> Key:
    return Key(_hkdf(secret, b"koebako.recordings.id", ID_BYTES).hex(), _hkdf(secret, b"koebako.recordings", KEY_BYTES))


def _hkdf(secret: str, purpose: bytes, length: int) -> bytes:
    # Source: RFC 5869. The secrets are long and random (core/unsafe.py), so no slow derivation is needed.
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret.encode())
