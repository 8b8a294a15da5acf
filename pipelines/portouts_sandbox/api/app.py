"""The simulated API as a Starlette app: Telnyx's paths below `/v2`, and the world's clock below `/sandbox`.

One surprise: the control routes are for people who play with the sandbox. A client that needs them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from portouts_sandbox.story.timestamps import read_instant, write_milliseconds
from portouts_sandbox.world import World

from . import errors
from .middleware import Gate, RateLimit
from .routes import PortoutApi


def create_app(
    world: World,
    *,
    api_key: str = "KEY_SANDBOX_NOT_A_SECRET",
    events: bool = True,
    latency: float = 0.0,
    rate_limit: int | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Starlette:
    """Return the app; `latency` in seconds, `rate_limit` in requests per second.

    The world's clock runs with `clock` from where it stands, or is moved to; without one it stands still.

    `app.state.requests` lists every request to the API as "METHOD /path": below `/v2`, without its query.
    """
    requests: list[str] = []
    time = _Time(world, clock or (lambda: world.now))
    gate = Gate(
        _starlette(PortoutApi(world, has_events=events).routes()),
        api_key=api_key,
        requests=requests,
        latency=latency,
        rate_limit=None if rate_limit is None else RateLimit(rate_limit),
        now=time.now,
    )
    app = _starlette([Mount("/v2", gate), Mount("/sandbox", routes=_ClockRoutes(time).routes())])
    app.state.requests = requests
    return app


class _Time:
    """The world's time, which runs as another clock does."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world, self._clock = world, clock
        self._ahead = world.now - clock()

    def now(self) -> datetime:
        """Let the world catch up, and return its present."""
        with self._world.lock:
            self._world.move_to(max(self._world.now, self._clock() + self._ahead))
            return self._world.now

    def move_to(self, now: datetime) -> None:
        """Move the world's clock on, from where it runs as before."""
        with self._world.lock:
            self._world.move_to(now)
            self._ahead = self._world.now - self._clock()


class _ClockRoutes:
    """Shows the world's clock and moves it on."""

    def __init__(self, time: _Time) -> None:
        self._time = time

    def routes(self) -> list[Route]:
        return [Route("/clock", self.show), Route("/clock", self.move, methods=["POST"])]

    async def show(self, _request: Request) -> Response:
        now = write_milliseconds(self._time.now())
        return Response(orjson.dumps({"now": now}), media_type="application/json")

    async def move(self, request: Request) -> Response:
        try:
            self._move(orjson.loads(await request.body()))
        except (TypeError, ValueError, OverflowError) as error:
            raise errors.bad_request(f'Send {{"days": 30}} or {{"now": "2026-07-01T00:00:00Z"}}: {error}') from None
        return await self.show(request)

    def _move(self, wish: dict[str, Any]) -> None:
        now = read_instant(wish["now"]) if set(wish) == {"now"} else self._time.now() + timedelta(**wish)
        self._time.move_to(now)


def _starlette(routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(
        routes=routes,
        exception_handlers={errors.ApiError: errors.answer_error, HTTPException: errors.answer_error},
    )
    app.router.redirect_slashes = False
    return app
