"""Say whether the process of this container is alive: `python -m core.alive`, exit 0 or 1.

A web process answers /healthz. The others have no port: they touch the file that HEARTBEAT_FILE
names (jobs/runtime/heartbeat.py). Neither asks the database or Redis: a restart mends no outage,
it only adds to it. Without Django, so that a check every few seconds costs 50 ms and no more.

Called by the image's HEALTHCHECK and by Kubernetes' probes.
"""

import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

# A guard beats ten times a second, a bot once; only one that hangs is silent for so long.
MAX_SILENT_SECONDS = 60.0
ANSWER_SECONDS = 5.0


def heartbeat(place: Path) -> str:
    """Return what is wrong with the heartbeat in `place`; empty when nothing is."""
    # A clock that was set back must not make a dead process live.
    silent = abs(time.time() - place.stat().st_mtime)
    return f"no heartbeat for {silent:.0f} s" if silent > MAX_SILENT_SECONDS else ""


def web(port: int, host: str) -> str:
    """Return what is wrong with the web process at `port`; host: a name that it serves."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer at port {port} ({type(error).__name__})"
    finally:
        connection.close()
    return "" if status == http.client.OK else f"/healthz answered {status}"


def main() -> int:
    place = os.environ.get("HEARTBEAT_FILE", "")
    if place and Path(place).exists():
        wrong = heartbeat(Path(place))
    else:
        port = int(os.environ.get("PORT") or 8000)
        # PUBLIC_URL's host is always served (unsafe.py refuses another list).
        wrong = web(port, urlsplit(os.environ.get("PUBLIC_URL", "")).netloc or f"localhost:{port}")
    if wrong:
        sys.stderr.write(f"{wrong}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
