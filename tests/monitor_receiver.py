"""A monitor on loopback that is pinged: it answers by a script and notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SILENT = 0


class Receiver(ThreadingHTTPServer):
    """Gives each status in turn, and the last one again and again; `SILENT` gives no answer until the end."""

    daemon_threads, block_on_close = True, False

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = statuses
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        receiver = self.server
        receiver.asked.append(self.path)
        receiver.headers.append(dict(self.headers))
        status = receiver.statuses[min(len(receiver.asked), len(receiver.statuses)) - 1]
        if status == SILENT:
            receiver.closing.wait()
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", f"{receiver.url}/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """Listen on a free port of loopback."""
    with Receiver(list(statuses) or [200]) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        yield receiver
        receiver.closing.set()
        receiver.shutdown()
