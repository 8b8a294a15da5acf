"""The simulated API as a Starlette app: Telnyx's paths below `/v2`, and the world's clock below `/sandbox`.

The surprise: the clock's routes are for people who try the sandbox. The real API has none, so no client may need them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount

from portouts_sandbox.world import World

from . import errors
from .clock import ClockRoutes, RunningClock
from .middleware import ApiMiddleware, RateLimit
from .numbers import NumberApi
from .routes import PortoutApi


def create_app(
    world: World,
    *,
    api_key: str = "KEY_SANDBOX_NOT_A_SECRET",
    events: bool = True,
    inventory: bool = True,
    latency: float = 0.0,
    rate_limit: int | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Starlette:
    """Return the app; `latency` in seconds, `rate_limit` in requests per second.

    Without `events` or `inventory`, the key may not read these.

    The world's clock runs as fast as `clock`, from its present or from the instant to which it is moved. Without
    `clock` it stands still. `app.state.requests` lists all requests as "METHOD /path": the path below `/v2`, no query.
    """
    requests: list[str] = []
    running_clock = RunningClock(world, clock or (lambda: world.now))
    api = ApiMiddleware(
        _starlette([*PortoutApi(world, has_events=events).routes(), *NumberApi(world, is_open=inventory).routes()]),
        api_key=api_key,
        requests=requests,
        latency=latency,
        rate_limit=None if rate_limit is None else RateLimit(rate_limit),
        now=running_clock.now,
    )
    app = _starlette([Mount("/v2", api), Mount("/sandbox", routes=ClockRoutes(running_clock).routes())])
    app.state.requests = requests
    return app


def _starlette(routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(
        routes=routes,
        exception_handlers={errors.ApiError: errors.error_response, HTTPException: errors.error_response},
    )
    app.router.redirect_slashes = False
    return app
