"""The name of a picture's file: readable where the menu is, and never a path.

Two pictures may get one name; the storage then adds `_2`, `_3` (jobs/runtime/storage.py). Called by the function
`image`.
"""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime

from jobs.engines.image.port import Dish

# Longer ones are cut: some file systems take 143 bytes, and a list of files stays readable.
MAX_NAME_CHARACTERS = 30
_DROPPED = re.compile("[^A-Za-z0-9 ]")


def file_name(dish: Dish, at: datetime) -> str:
    """
    Return `menu_image_{name}_{YYYYmmdd_HHMMSS}.png`.

    at: aware, of any zone; written as UTC. A name in Japanese alone leaves nothing to keep, and is told
    apart by its digest.
    """
    name = _safe(dish.english_name) or _safe(dish.name) or f"item_{_digest(dish.name)}"
    return f"menu_image_{name}_{at.astimezone(UTC):%Y%m%d_%H%M%S}.png"


def _safe(name: str) -> str:
    kept = _DROPPED.sub("", unicodedata.normalize("NFKC", name)).strip()
    return kept.replace(" ", "_").lower()[:MAX_NAME_CHARACTERS].strip("_")


def _digest(name: str) -> str:
    # Half a surrogate pair, which JSON can carry, is no reason to have no picture.
    normal = unicodedata.normalize("NFKC", name).encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()[:10]
