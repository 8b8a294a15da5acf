"""The dlt source: Telnyx port-outs for any destination, incremental through dlt's own state.

    import dlt
    from portouts.load.source import telnyx_source

    pipeline = dlt.pipeline("portouts", destination="duckdb", dataset_name="raw")
    pipeline.run(telnyx_source())

One parent resource reads a chunk of the sync; the tables hang on it as transformers, so however many of them are
selected, every page is fetched once. Supervised with `chunk_rows`, the source reads so much and stops; running the same
source again goes on, until its `report.is_done`; meanwhile the next chunk is read, unless told not to `look_ahead`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource, DltSource

from portouts.extract.options import Progress, SyncOptions, SyncReport, unwatched
from portouts.extract.prefetch import ReadAhead, Tables
from portouts.extract.run import SyncRun
from portouts.load.settings import SourceSettings, read_settings
from portouts.load.settings_files import require_range
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.deadlines import Deadline, Watch
from portouts.telnyx.rate_limit import RateLimit
from portouts.windows import BEGINNING, Window

OpenClient = Callable[[str, str, int], TelnyxClient]

_MERGE = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}
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


def open_client(api_key: str, base_url: str, max_concurrency: int) -> TelnyxClient:
    """Open the client that speaks to Telnyx over the network."""
    return TelnyxClient(api_key, base_url, max_concurrency=max_concurrency)


@dataclass(frozen=True)
class Supervision:
    """How a program that runs the source follows it, and reads it in chunks; a script needs none of it."""

    sync_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    report: SyncReport = field(default_factory=SyncReport)
    on_progress: Progress = unwatched
    is_stopping: Callable[[], bool] = lambda: False
    chunk_rows: int | None = None
    look_ahead: bool = True
    """Read the next chunk while one is being loaded."""
    open_client: OpenClient = open_client
    ending: ExitStack = field(default_factory=ExitStack)
    """To be left when no more will be loaded, for whatever reason: whatever is still being read then ends."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """This machine's clock, for a source that is to read up to now."""
    on_wait: Callable[[str], None] = lambda _reason: None
    """Called with the reason where no answer comes for a while."""
    deadline: Deadline = field(default_factory=Deadline)
    """How long all clients of one sync may take."""
    watch: Watch = field(default_factory=Watch)
    """Whether answers come, for all clients of one sync."""
    paces: dict[str, RateLimit] = field(default_factory=dict)
    """What is known of the limits of each API, for all clients of one sync."""

    def connect(self, settings: SourceSettings) -> TelnyxClient:
        """Open a client with these settings."""
        client = self.open_client(settings.api_key, settings.base_url, settings.max_concurrency)
        client.rate_limit = self.paces.setdefault(settings.base_url, client.rate_limit)
        self.watch.is_stopping, self.watch.on_wait = self.is_stopping, self.on_wait
        self.deadline.request_seconds = settings.request_deadline_seconds
        self.deadline.sync_seconds = settings.sync_deadline_minutes * 60 or None
        client.deadline, client.watch = self.deadline, self.watch
        client.rate_limit.longest_wait = settings.request_deadline_seconds
        return client


def telnyx_source(
    api_key: str | None = None,
    base_url: str | None = None,
    *,
    as_of: datetime | None = None,
    since: datetime | None = None,
    full: bool = False,
    reread: Mapping[str, datetime | None] | None = None,
    reread_events: Sequence[Window] = (),
    allow_unproven: bool = False,
    accept_deletions: bool = False,
    supervision: Supervision | None = None,
    checked: SourceSettings | None = None,
    **settings: Any,
) -> DltSource:
    """Read port-out orders, their numbers and their events, and what has changed since the last run.

    The key comes from `api_key`, else TELNYX_API_KEY, else dlt's `sources.telnyx.api_key`; the base URL likewise. No
    wider section of dlt's configuration counts. Further settings, as arguments or under `[sources.telnyx]`:
    `start_date`, `page_size` (1..250), `max_concurrency`, `overlap_minutes`, `request_deadline_seconds`,
    `sync_deadline_minutes`, `events`, `time_zone` (on whose days orders are to be known to have been ported), `pii`
    (keep, hash, drop), `pii_salt`; all are checked, and those of the models too. Whoever has `checked` all settings
    gives no others. `as_of` (default: now) bounds every range. `since`
    extends the history backwards, `full` reads all of it again, `reread` reads these orders (id to `inserted_at`),
    `reread_events` the events of these ranges, and nothing else. Now is what the API's `Date` headers say where
    these differ from this machine's clock, and no range reaches beyond it. Resources: `portouts`,
    `portout_phone_numbers`, `portout_events`, `portout_observations`, `portout_ported_ranges`.

    Raises `SettingsError`, and while running `TelnyxError`, `NotProven`, `AnotherAccount`, `OrdersGone`, `UnusableRow`
    (inside dlt's own errors). With `accept_deletions` orders that the API no longer knows are never a reason to fail.
    """
    supervision = supervision or Supervision()
    found = checked or read_settings(api_key, base_url, **settings)
    until, start = (as_of or supervision.now()).astimezone(UTC), since or found.start
    if not (reread or reread_events):
        require_range("--since" if since else "start_date", start, until)
    options = SyncOptions(
        as_of=until,
        is_now=as_of is None,
        since=max(start, BEGINNING) if start else None,  # earlier days only cost requests
        full=full,
        reread=reread or {},
        reread_events=reread_events,
        page_size=found.page_size,
        overlap=found.overlap,
        events=found.events,
        time_zone=found.time_zone,
        privacy=found.privacy,
        allow_unproven=allow_unproven,
        accept_deletions=accept_deletions,
        chunk_rows=supervision.chunk_rows,
    )

    @dlt.source(name="telnyx", section="telnyx", max_table_nesting=0)
    def telnyx() -> list[DltResource]:
        return _resources(options, supervision, lambda: supervision.connect(found))

    return telnyx()


def _resources(
    options: SyncOptions, supervision: Supervision, connect: Callable[[], TelnyxClient]
) -> list[DltResource]:
    """Make the resource that reads, and one transformer for each table of what it read."""
    is_stopping = supervision.is_stopping
    run = SyncRun(options, supervision.sync_id, supervision.report, supervision.on_progress, is_stopping)
    looks_ahead = supervision.look_ahead and options.chunk_rows is not None
    chunks = ReadAhead(run, connect, is_stopping, looks_ahead=looks_ahead)
    supervision.ending.callback(chunks.end)

    @dlt.resource(name="reads", selected=False)
    def reads() -> Iterator[Tables]:
        memory = dlt.current.source_state()
        tables, memory["sync"], _ = chunks.take(memory.get("sync", {}))
        yield tables

    tables = [
        dlt.transformer(_pick(name, _keys(hints)), data_from=reads, name=name, **hints)
        for name, hints in _HINTS.items()
    ]
    return [reads, *tables]


def _keys(hints: Mapping[str, Any]) -> list[str]:
    return [*hints.get("primary_key", ()), *hints.get("merge_key", ())]


def _pick(name: str, keys: list[str]) -> Callable[[Tables], pa.Table]:
    """Make the transformer that takes one table out of a chunk and marks its keys as never null."""

    def pick(tables: Tables) -> pa.Table:
        table = tables[name]
        fields = [field.with_nullable(field.name not in keys) for field in table.schema]
        return table.cast(pa.schema(fields))

    return pick
