"""Reads the next load package of a sync while the last one is being loaded, and never more than one ahead.

All packages are read in one thread with an event loop of its own, so connections are kept between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol

from anyio.from_thread import BlockingPortal, start_blocking_portal

from portouts.extract.intake import LoadPackage
from portouts.extract.options import SyncReport
from portouts.telnyx.client import TelnyxClient


class PackageRun(Protocol):
    """What is read in load packages: the orders of a sync, or its inventory."""

    report: SyncReport

    def packages(self) -> AsyncGenerator[LoadPackage, None]: ...


@contextmanager
def prefetched(client: TelnyxClient, run: PackageRun, *, is_ahead: bool) -> Iterator[Prefetch]:
    """Yield the load packages of a sync; at the end, break off what is being read and wait until its thread is gone."""
    reader = PackageReader(client, run)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(reader.connected()):
        yield Prefetch(portal, reader, is_ahead=is_ahead)


class Prefetch:
    """Hand over load packages one by one, and keep none of them: a package fills much of the memory of a sync."""

    def __init__(self, portal: BlockingPortal, reader: PackageReader, *, is_ahead: bool) -> None:
        self._portal = portal
        self._reader = reader
        self._is_ahead = is_ahead
        self._next: Future[LoadPackage | None] | None = None

    def has_next(self) -> bool:
        """Wait for the next package, and return whether there is one. Raises what reading it raised."""
        self._next = self._next or self._begin()
        return self._next.result() is not None

    def take(self) -> LoadPackage:
        """Return the next package, and begin to read the one after it."""
        future, self._next = self._next or self._begin(), None
        if (package := future.result()) is None:
            raise IndexError("all load packages have been taken")
        if self._is_ahead:
            self._next = self._begin()
        return package

    def _begin(self) -> Future[LoadPackage | None]:
        return self._portal.start_task_soon(self._reader.read)


class PackageReader:
    """Read the packages of one sync in the event loop of the thread."""

    def __init__(self, client: TelnyxClient, run: PackageRun) -> None:
        self._client = client
        self._run = run
        self._packages = run.packages()
        self._task: asyncio.Task[LoadPackage | None] | None = None

    async def read(self) -> LoadPackage | None:
        """Read the next package; None at the end of the sync."""
        self._task = asyncio.create_task(self._next())
        return await self._client.attend(self._task)

    async def _next(self) -> LoadPackage | None:
        return await anext(self._packages, None)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Be connected, and break off what is being read before the connections are closed."""
        async with self._client:
            try:
                yield
            finally:
                if self._task:
                    self._task.cancel()
                    await asyncio.wait([self._task])
                await self._packages.aclose()
                self._run.report.requests += self._client.requests
