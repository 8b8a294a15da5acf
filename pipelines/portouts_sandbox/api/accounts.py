"""Several accounts on one server: the key of a request decides which account answers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send


class SeveralAccounts:
    """Pass each request to the app of its key, and all others to the first app, which refuses an unknown key."""

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = {f"Bearer {key}": app for key, app in apps.items()}
        self._first = next(iter(apps.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get("authorization", "") if scope["type"] == "http" else ""
        await self._apps.get(key, self._first)(scope, receive, send)
