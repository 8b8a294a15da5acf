"""The door of the API: counts requests, adds latency, asks for the key, and slows eager clients down.

Two surprises: as documented, `x-ratelimit-*` headers come with every answer, not only with a 429; and `Date` is the
world's clock, as it is when the answer is ready.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from secrets import compare_digest

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import errors


class RateLimit:
    """So many requests in each second that begins with a request; `clock` counts seconds."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._began, self._used = -math.inf, 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Count one request; return whether it is allowed, and the headers that say what is left."""
        now = self._clock()
        if now - self._began >= 1:
            self._began, self._used = now, 0
        is_allowed = self._used < self._limit
        self._used += is_allowed
        return is_allowed, {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._limit - self._used),
            "x-ratelimit-reset": str(math.ceil(self._began + 1 - now)),  # whole seconds until the next one
        }


class Gate:
    """ASGI middleware in front of the API's routes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        api_key: str,
        requests: list[str],
        latency: float,
        rate_limit: RateLimit | None,
        now: Callable[[], datetime],
    ) -> None:
        self._app, self._requests, self._latency, self._rate_limit = app, requests, latency, rate_limit
        self._now = now
        self._authorization = f"Bearer {api_key}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        self._requests.append(f"{scope['method']} {path}")
        if self._latency:
            await anyio.sleep(self._latency)
        is_allowed, headers = self._rate_limit.take() if self._rate_limit else (True, {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers | {"date": format_datetime(self._now(), usegmt=True)})
            await send(message)

        if not is_allowed:
            app: ASGIApp = errors.too_many_requests().response()
        elif not self._knows(Headers(scope=scope).get("authorization", "")):
            app = errors.unauthenticated().response()
        else:
            app = self._app
        self._now()  # so that the answer shows what has happened by now
        await app(scope, receive, send_with_headers)

    def _knows(self, authorization: str) -> bool:
        return compare_digest(authorization.encode(), self._authorization.encode())
