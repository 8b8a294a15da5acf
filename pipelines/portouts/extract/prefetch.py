"""Reads the next chunk of a sync while the last one is being loaded, and never more than one ahead.

What is handed over is a chunk's rows and the state after exactly these rows, as JSON: the next chunk begins from a copy
of it, so what it adds can only be committed with its own rows. All chunks are read in one conversation with the API, in
a thread of its own: connections are kept, and where the next chunk is read ahead, what one has begun goes on in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple

import pyarrow as pa
from anyio.from_thread import start_blocking_portal

from portouts.extract.run import SyncRun
from portouts.extract.state import Json, SyncState
from portouts.telnyx.client import TelnyxClient

Tables = Mapping[str, pa.Table]


class Reading(NamedTuple):
    """One chunk as read, and whether nothing is left after it."""

    tables: Tables
    state: Json
    is_last: bool


class ReadAhead:
    """Hand over a sync's chunks one by one. Whoever may not take the last one must `end` it."""

    def __init__(
        self,
        run: SyncRun,
        connect: Callable[[], TelnyxClient],
        is_stopping: Callable[[], bool],
        *,
        looks_ahead: bool,
    ) -> None:
        self._run = run
        self._connect = connect
        self._is_stopping = is_stopping
        self._looks_ahead = looks_ahead
        self._conversation: Conversation | None = None
        self._ahead: Future[Reading] | None = None

    def take(self, state: Json) -> Reading:
        """Hand over the next chunk, read from `state` unless it has been already, and begin the one after it.

        Raises what reading it raised. A sync that is asked to stop begins no further chunk.
        """
        try:
            reading = (self._ahead or self._begin(state)).result()
            is_more = self._looks_ahead and not reading.is_last and not self._is_stopping()
            self._ahead = self._begin(reading.state) if is_more else None
        except BaseException:
            self.end()
            raise
        if reading.is_last:
            self.end()
        self._run.report.is_read_ahead = self._ahead is not None
        self._run.report.is_done = reading.is_last
        return reading

    def end(self) -> None:
        """Break off what is being read, and wait until its thread is gone."""
        if self._conversation:
            self._conversation.end()
        self._conversation = self._ahead = None

    def _begin(self, state: Json) -> Future[Reading]:
        if self._conversation is None:
            self._conversation = Conversation(self._run, self._connect(), goes_on=self._looks_ahead)
        return self._conversation.begin(SyncState.from_json(state))


class Conversation:
    """One connection to the API and a thread of its own, in which chunks are read in turn."""

    def __init__(self, run: SyncRun, client: TelnyxClient, *, goes_on: bool) -> None:
        self._run = run
        self._client = client
        self._goes_on = goes_on
        self._task: asyncio.Task[Tables] | None = None
        with ExitStack() as opened:
            self._portal = opened.enter_context(start_blocking_portal())
            opened.enter_context(self._portal.wrap_async_context_manager(self._connected()))
            self._ending = opened.pop_all()

    def begin(self, state: SyncState) -> Future[Reading]:
        """Begin to read a chunk; the one before it has been read."""
        return self._portal.start_task_soon(self._read, state)

    def end(self) -> None:
        self._ending.close()

    async def _read(self, state: SyncState) -> Reading:
        self._task = asyncio.create_task(self._run.read_chunk(self._client, state, goes_on=self._goes_on))
        try:
            tables = await self._client.attend(self._task)
            return Reading(tables, state.to_json(), self._run.is_done)
        finally:
            self._count_requests()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """Be connected, and break off what is being read before the connections are closed."""
        async with self._client:
            try:
                yield
            finally:
                if self._task:
                    self._task.cancel()
                await self._run.break_off()
                self._count_requests()

    def _count_requests(self) -> None:
        self._run.report.requests += self._client.requests
        self._client.requests = 0
