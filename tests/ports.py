"""A port for a server that is started in a moment, on loopback."""

import random
import socket

# Below those that Linux gives to connections on their way out (net.ipv4.ip_local_port_range): of such a port, chosen
# now and bound a second later, another process's connection may have become the holder meanwhile.
FIRST, LAST = 12_000, 32_000

# Not seeded by anybody: two processes of the tests choose at the same time.
_choice = random.SystemRandom()
_given: set[int] = set()


def free_port() -> int:
    """Return one on which nobody listens, and that this process was not given before."""
    while True:
        port = _choice.randrange(FIRST, LAST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
