"""Middleware in front of the API's routes: request log, latency, authentication and rate limit.

Two surprises: as documented, every response has `x-ratelimit-*` headers, not only a 429; and `Date` is the time of the
world's clock when the response starts.
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
    """At most `limit` requests in each second that begins with a request; `clock` returns seconds."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._window_start, self._used = -math.inf, 0

    def acquire(self) -> tuple[bool, dict[str, str]]:
        """Count one request; return whether it is allowed, and the headers that state the limit."""
        now = self._clock()
        if now - self._window_start >= 1:
            self._window_start, self._used = now, 0
        is_allowed = self._used < self._limit
        self._used += is_allowed
        return is_allowed, {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-remaining": str(self._limit - self._used),
            "x-ratelimit-reset": str(math.ceil(self._window_start + 1 - now)),  # whole seconds until the next window
        }


class ApiMiddleware:
    """ASGI middleware that logs each request in `requests`, and rejects it or passes it on."""

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
        """Pass the request to the app, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        self._requests.append(f"{scope['method']} {path}")
        if self._latency:
            await anyio.sleep(self._latency)
        is_allowed, headers = self._rate_limit.acquire() if self._rate_limit else (True, {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers | {"date": format_datetime(self._now(), usegmt=True)})
            await send(message)

        if not is_allowed:
            app: ASGIApp = errors.too_many_requests().response()
        elif not self._is_authorized(Headers(scope=scope).get("authorization", "")):
            app = errors.unauthenticated().response()
        else:
            app = self._app
        self._now()  # moves the world's clock, so that the response shows the present
        await app(scope, receive, send_with_headers)

    def _is_authorized(self, authorization: str) -> bool:
        return compare_digest(authorization.encode(), self._authorization.encode())
