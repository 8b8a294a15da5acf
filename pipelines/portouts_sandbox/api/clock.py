"""The world's clock while it is served: how it runs, and the routes that show and move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portouts_sandbox.story.timestamps import read_instant, write_milliseconds
from portouts_sandbox.world import World

from . import errors


class RunningClock:
    """A world's clock that runs as fast as another clock."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world, self._clock = world, clock
        self._offset = world.now - clock()

    def now(self) -> datetime:
        """Move the world to the present of the running clock, and return that."""
        with self._world.lock:
            self._world.move_to(max(self._world.now, self._clock() + self._offset))
            return self._world.now

    def move_to(self, now: datetime) -> None:
        """Move the world's clock to an instant, from which it continues to run."""
        with self._world.lock:
            self._world.move_to(now)
            self._offset = self._world.now - self._clock()


class ClockRoutes:
    """The routes that show and move the world's clock."""

    def __init__(self, clock: RunningClock) -> None:
        self._clock = clock

    def routes(self) -> list[Route]:
        return [Route("/clock", self.show), Route("/clock", self.move, methods=["POST"])]

    async def show(self, _request: Request) -> Response:
        now = write_milliseconds(self._clock.now())
        return Response(orjson.dumps({"now": now}), media_type="application/json")

    async def move(self, request: Request) -> Response:
        try:
            self._move(orjson.loads(await request.body()))
        except (TypeError, ValueError, OverflowError) as error:
            raise errors.bad_request(f'Send {{"days": 30}} or {{"now": "2026-07-01T00:00:00Z"}}: {error}') from None
        return await self.show(request)

    def _move(self, target: dict[str, Any]) -> None:
        now = read_instant(target["now"]) if set(target) == {"now"} else self._clock.now() + timedelta(**target)
        self._clock.move_to(now)
