"""An HTTP server in threads of this process: what the stand-ins for outside services listen with."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_about: Any) -> None:
        """A client that had enough."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], *, port: int = 0, let_go: Callable[[], object]) -> Iterator[str]:
    """Serve `handler` while the block runs; yield the address. let_go: called first at the end, to free who hangs."""
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        let_go()
        server.shutdown()
        thread.join(timeout=20)
        server.server_close()
