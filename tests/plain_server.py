"""A real server on loopback that gives one answer to every request, and keeps what it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Received(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: str
    body: str


@contextmanager
def serving(
    status: int, body: Callable[[Received], str] = lambda _request: "", **headers: str
) -> Iterator[tuple[str, list[Received]]]:
    """Serve one answer to every request; yield the address, and the requests as they come."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            received.append(Received(self.command, self.path, str(self.headers), sent))
            content = body(received[-1]).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        do_PATCH = do_HEAD = do_POST = do_GET  # noqa: N815 - the names are those of http.server

        def log_message(self, *_arguments: object) -> None:
            """Keep standard error for the command."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", received
    finally:
        listening.shutdown()
        listening.server_close()
