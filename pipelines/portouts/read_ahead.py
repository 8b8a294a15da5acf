"""Reads the next chunk of a sync while the last one is being loaded, and never more than one ahead.

What is handed over is a chunk's rows and the state after exactly these rows, as JSON: the next chunk begins from a copy
of it, so what it adds can only be committed with its own rows. A first chunk, and every chunk of a sync that does not
look ahead, is read when it is asked for, in the thread that asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from portouts.sync_run import SyncRun
from portouts.sync_state import Json, SyncState
from portouts.telnyx_api import TelnyxClient, converse

Tables = Mapping[str, pa.Table]


class Reading(NamedTuple):
    """One chunk as read, and whether nothing is left after it."""

    tables: Tables
    state: Json
    is_last: bool


class ReadAhead:
    """Hand over a sync's chunks one by one. Whoever lets it look ahead must `end` it, however the sync ends."""

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
        self._thread = ThreadPoolExecutor(1, "read-ahead")  # starts none before there is work
        self._ahead: Future[Reading] | None = None
        self._cancel: Callable[[], object] | None = None
        self._is_ended = False

    def take(self, state: Json) -> Reading:
        """Hand over the next chunk, read from `state` unless it has been already, and begin the one after it.

        Raises what reading it raised. A sync that is asked to stop begins no further chunk.
        """
        ahead, self._ahead = self._ahead, None
        reading = ahead.result() if ahead else self._read(SyncState.from_json(state))
        if self._looks_ahead and not reading.is_last and not self._is_stopping():
            self._ahead = self._thread.submit(self._read, SyncState.from_json(reading.state))
        self._run.report.is_read_ahead = self._ahead is not None
        self._run.report.is_done = reading.is_last
        return reading

    def end(self) -> None:
        """Break off what is being read, and wait until its thread is gone."""
        self._is_ended = True
        if cancel := self._cancel:
            with suppress(RuntimeError):  # it has just ended by itself
                cancel()
        self._thread.shutdown(cancel_futures=True)

    def _read(self, state: SyncState) -> Reading:
        """Read one chunk; count its requests whether it succeeds or not."""
        client = self._connect()

        async def read() -> Tables:
            reading = asyncio.create_task(self._run.read_chunk(client, state))
            self._cancel = partial(reading.get_loop().call_soon_threadsafe, reading.cancel)
            if self._is_ended:  # asked after the line above: either it is seen here, or `end` sees what to cancel
                reading.cancel()
            try:
                return await reading
            finally:
                self._cancel = None
                self._run.report.requests += client.requests

        tables = converse(client, read)
        return Reading(tables, state.to_json(), self._run.is_done)
