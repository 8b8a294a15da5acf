"""A server on loopback that answers each path as a test says, with headers that no framework adds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """One answer; a body that is no text is sent as JSON."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = {}


@dataclass
class Server:
    """What was asked, and where."""

    base_url: str
    requests: list[str] = field(default_factory=list)
    """Method and path with query."""


def counted(total: object) -> Reply:
    """Answer an empty list that is said to hold so many rows."""
    return Reply(body={"data": [], "meta": {"total_results": total, "page_number": 1, "page_size": 1}})


def refused(status: int, title: str = "No", **headers: str) -> Reply:
    """Refuse as Telnyx does."""
    return Reply(status, {"errors": [{"code": "10000", "title": title, "detail": "for a test"}]}, headers)


@contextmanager
def answering(answer: Callable[[str], Reply]) -> Iterator[Server]:
    """Serve; `answer` is given the path below /v2, with its query."""
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.requests.append(f"GET {self.path}")
            reply = answer(self.path.removeprefix("/v2"))
            is_text = isinstance(reply.body, str)
            body = (reply.body if is_text else json.dumps(reply.body)).encode()
            usual = {
                "Content-Type": "text/html" if is_text else "application/json",
                "Content-Length": str(len(body)),
                "Date": format_datetime(datetime.now(UTC), usegmt=True),
            }
            self.send_response_only(reply.status)
            for name, value in {**usual, **reply.headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.base_url = f"http://127.0.0.1:{listening.server_address[1]}/v2"
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
