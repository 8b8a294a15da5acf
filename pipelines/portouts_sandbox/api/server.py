"""Serves the app on a loopback socket: until a signal, or for the duration of a `with` block.

The surprise: the socket listens before the server's thread starts, so clients need not wait for the server.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import uvicorn
from starlette.types import ASGIApp


def listen(port: int = 0) -> socket.socket:
    """Listen on a loopback port, 0 for any free one; OSError if it is in use."""
    return socket.create_server(("127.0.0.1", port), backlog=128)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve the app until SIGINT or SIGTERM."""
    with suppress(KeyboardInterrupt):
        uvicorn.Server(_config(app)).run([listener])


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Serve the app from a thread on a free loopback port, and yield the API's base URL."""
    with listen() as listener:
        server = uvicorn.Server(_config(app))
        thread = Thread(target=server.run, args=([listener],), name="portouts-sandbox", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        finally:
            server.should_exit = True
            thread.join()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,  # the middleware sends the world's time
        timeout_graceful_shutdown=1,
    )
