"""`--pids FILE`: who runs now, for scripts. A reader sees the old file or the new one, never half of one.

Called by the command, which clears it, and by the supervisor.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_pids(place: Path, pids: Mapping[str, list[int]]) -> None:
    """Write root process ids by name; who does not run is left out. Raises OSError."""
    with tempfile.NamedTemporaryFile("w", dir=place.parent, prefix=f".{place.name}.", delete=False) as draft:
        json.dump(pids, draft)
    Path(draft.name).replace(place)
