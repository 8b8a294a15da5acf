"""The simulated API as a Starlette app: Telnyx's paths below `/v2`, and the world's clock below `/sandbox`.

One surprise: the control routes are for people who play with the sandbox. A client that needs them is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from . import errors
from .api import PortoutApi
from .gate import Gate, RateLimit
from .stamps import read_instant, write_milliseconds
from .world import World


def create_app(
    world: World,
    *,
    api_key: str = "KEY_SANDBOX_NOT_A_SECRET",
    events: bool = True,
    latency: float = 0.0,
    rate_limit: int | None = None,
) -> Starlette:
    """Return the app; `latency` in seconds, `rate_limit` in requests per second.

    `app.state.requests` lists every request to the API as "METHOD /path": below `/v2`, without its query.
    """
    requests: list[str] = []
    gate = Gate(
        _starlette(PortoutApi(world, has_events=events).routes()),
        api_key=api_key,
        requests=requests,
        latency=latency,
        rate_limit=None if rate_limit is None else RateLimit(rate_limit),
        now=lambda: world.now,
    )
    app = _starlette([Mount("/v2", gate), Mount("/sandbox", routes=_ClockRoutes(world).routes())])
    app.state.requests = requests
    return app


class _ClockRoutes:
    """Shows the world's clock and moves it on."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [Route("/clock", self.show), Route("/clock", self.move, methods=["POST"])]

    async def show(self, _request: Request) -> Response:
        now = write_milliseconds(self._world.now)
        return Response(orjson.dumps({"now": now}), media_type="application/json")

    async def move(self, request: Request) -> Response:
        try:
            self._move(orjson.loads(await request.body()))
        except (TypeError, ValueError, OverflowError) as error:
            raise errors.bad_request(f'Send {{"days": 30}} or {{"now": "2026-07-01T00:00:00Z"}}: {error}') from None
        return await self.show(request)

    def _move(self, wish: dict[str, Any]) -> None:
        if set(wish) == {"now"}:
            self._world.move_to(read_instant(wish["now"]))
        else:
            self._world.advance(timedelta(**wish))


def _starlette(routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(
        routes=routes,
        exception_handlers={errors.ApiError: errors.answer_error, HTTPException: errors.answer_error},
    )
    app.router.redirect_slashes = False
    return app
