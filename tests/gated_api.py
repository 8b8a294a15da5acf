"""An API that can be closed: it answers a number of requests, and keeps the next ones waiting until it is opened."""

from __future__ import annotations

import asyncio
from threading import Event, Lock
from typing import Any


class GatedApi:
    """A gate before an ASGI app; at first it is open."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock, self._opened, self._reached = Lock(), Event(), Event()
        self._left = 0
        self._opened.set()

    def close_after(self, requests: int) -> None:
        """Answer this many requests more, and no other one until `open`."""
        with self._lock:
            self._left = requests
            self._reached.clear()
            self._opened.clear()

    def open(self) -> None:
        """Answer all that wait, and all to come."""
        self._opened.set()

    def wait_until_somebody_waits(self) -> None:
        """Return once a request waits; fails after a minute."""
        assert self._reached.wait(60), "no request came"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._opened.is_set() and not self._is_answered():
            self._reached.set()
            await asyncio.to_thread(self._opened.wait, 120)
        await self._app(scope, receive, send)

    def _is_answered(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0
