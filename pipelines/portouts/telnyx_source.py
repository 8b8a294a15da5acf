"""The dlt source: Telnyx port-outs for any destination, incremental through dlt's own state.

    import dlt
    from portouts.telnyx_source import telnyx_source

    pipeline = dlt.pipeline("portouts", destination="duckdb", dataset_name="raw")
    pipeline.run(telnyx_source())

One parent resource reads a chunk of the sync; the tables hang on it as transformers, so however many of them are
selected, every page is fetched once. A source made with `chunk_rows` reads so much and stops; running the same source
again goes on, until its `report.is_done`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import dlt
import pyarrow as pa
from anyio.from_thread import start_blocking_portal
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource, DltSource

from portouts.records import Pii, Privacy
from portouts.settings import KEY_ADVICE, SettingsError, parse_instant
from portouts.sync_run import Progress, SyncOptions, SyncReport, SyncRun
from portouts.sync_state import SyncState
from portouts.telnyx_api import DEFAULT_BASE_URL, TelnyxClient

Tables = Mapping[str, pa.Table]
OpenClient = Callable[[str, str, int], TelnyxClient]

_MERGE = {"disposition": "merge", "strategy": "delete-insert"}
_APPEND_NEW = {"disposition": "merge", "strategy": "insert-only"}
# What dlt is told of each resource. The numbers of an order are replaced together, or taken away by a row `is_gone`.
_HINTS: Mapping[str, Mapping[str, Any]] = {
    "portouts": {"write_disposition": _MERGE, "primary_key": ["id"]},
    "portout_phone_numbers": {
        "write_disposition": _MERGE,
        "merge_key": ["portout_id"],
        "columns": {"is_gone": {"hard_delete": True}},
    },
    "portout_events": {"write_disposition": _MERGE, "primary_key": ["id"]},
    "portout_observations": {
        "write_disposition": _APPEND_NEW,
        "primary_key": ["portout_id", "status", "updated_at"],
    },
    "portout_ported_ranges": {
        "write_disposition": _APPEND_NEW,
        "primary_key": ["portout_id", "ported_from", "ported_to"],
    },
}


def telnyx_source(
    api_key: str | None = None,
    base_url: str | None = None,
    *,
    as_of: datetime | None = None,
    since: datetime | None = None,
    full: bool = False,
    allow_unproven: bool = False,
    chunk_rows: int | None = None,
    sync_id: str | None = None,
    report: SyncReport | None = None,
    on_progress: Progress = lambda done, total: None,
    is_stopping: Callable[[], bool] = lambda: False,
    open_client: OpenClient | None = None,
    **settings: Any,
) -> DltSource:
    """Read port-out orders, their numbers and their events, and what has changed since the last run.

    The key comes from `api_key`, else TELNYX_API_KEY, else dlt's `sources.telnyx.api_key`; the base URL likewise.
    Further settings, as arguments or under `[sources.telnyx]`: `start_date`, `page_size` (1..250), `max_concurrency`,
    `overlap_minutes`, `events`, `pii` (keep, hash, drop), `pii_salt`. `as_of` (default: now) bounds every range.
    `since` extends the history backwards, `full` reads all of it again. Resources: `portouts`,
    `portout_phone_numbers`, `portout_events`, `portout_observations`, `portout_ported_ranges`.

    Raises `SettingsError`, and while running `TelnyxError`, `NotProven` or `UnusableRow` (inside dlt's own errors).
    """
    report = report or SyncReport()

    @dlt.source(name="telnyx", section="telnyx", max_table_nesting=0)
    def telnyx(
        api_key: TSecretStrValue = dlt.secrets.value,
        base_url: str = DEFAULT_BASE_URL,
        start_date: str | None = None,
        page_size: int = 250,
        max_concurrency: int = 8,
        overlap_minutes: int = 60,
        events: bool = True,
        pii: str = "keep",
        pii_salt: TSecretStrValue | None = None,
    ) -> Iterator[DltResource]:
        options = SyncOptions(
            as_of=as_of or datetime.now(UTC),
            since=since or parse_instant("start_date", start_date),
            full=full,
            page_size=_in_range("page_size", page_size, 1, 250),
            overlap=timedelta(minutes=_in_range("overlap_minutes", overlap_minutes, 0, 60 * 24 * 366)),
            events=events,
            privacy=Privacy(_pii(pii), pii_salt or ""),
            allow_unproven=allow_unproven,
            chunk_rows=chunk_rows,
        )
        concurrency = _in_range("max_concurrency", max_concurrency, 1, 64)
        run = SyncRun(options, sync_id or str(uuid.uuid4()), report, on_progress, is_stopping)
        opened = open_client or _open_client

        @dlt.resource(name="reads", selected=False)
        def reads() -> Iterator[Tables]:
            memory = dlt.current.source_state()
            state = SyncState.from_json(memory.get("sync", {}))
            yield _read_chunk(run, opened(api_key, base_url, concurrency), state)
            memory["sync"] = state.to_json()

        yield reads
        for name, hints in _HINTS.items():
            keys = [*hints.get("primary_key", ()), *hints.get("merge_key", ())]
            yield dlt.transformer(_pick(name, keys), data_from=reads, name=name, **hints)

    given = {
        "api_key": api_key or os.environ.get("TELNYX_API_KEY"),
        "base_url": base_url or os.environ.get("TELNYX_BASE_URL"),
        **settings,
    }
    try:
        return telnyx(**{name: value for name, value in given.items() if value is not None})
    except ConfigurationException as error:
        if "api_key" in str(error):
            raise SettingsError(KEY_ADVICE) from None
        raise SettingsError(f"[sources.telnyx]: {str(error).splitlines()[0]}") from None


def _open_client(api_key: str, base_url: str, max_concurrency: int) -> TelnyxClient:
    return TelnyxClient(api_key, base_url, max_concurrency=max_concurrency)


def _read_chunk(run: SyncRun, client: TelnyxClient, state: SyncState) -> Tables:
    """Read one chunk in an event loop of its own thread, since a notebook's thread already runs one."""

    async def read() -> Tables:
        async with client:
            try:
                return await run.read_chunk(client, state)
            finally:
                run.report.requests += client.requests

    with start_blocking_portal() as portal:
        return portal.call(read)


def _pick(name: str, keys: list[str]) -> Callable[[Tables], pa.Table]:
    """Make the transformer that takes one table out of a chunk and marks its keys as never null."""

    def pick(tables: Tables) -> pa.Table:
        table = tables[name]
        fields = [field.with_nullable(field.name not in keys) for field in table.schema]
        return table.cast(pa.schema(fields))

    return pick


def _in_range(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise SettingsError(f"{name} must be between {low} and {high}, not {value}.")
    return value


def _pii(value: str) -> Pii:
    if value not in ("keep", "hash", "drop"):
        raise SettingsError(f"pii must be keep, hash or drop, not {value!r}.")
    return cast(Pii, value)
