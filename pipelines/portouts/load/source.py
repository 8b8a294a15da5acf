"""The dlt source: Telnyx port-outs for any destination, incremental through dlt's own state.

    import dlt
    from portouts.load.source import telnyx_source

    pipeline = dlt.pipeline("portouts", destination="duckdb", dataset_name="raw")
    pipeline.run(telnyx_source())

One parent resource reads; the tables hang on it as transformers, so however many of them are selected, every page is
fetched once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource, DltSource

from portouts.extract.intake import LoadPackage
from portouts.extract.inventory.run import InventoryRun
from portouts.extract.options import SyncOptions
from portouts.extract.plan import require_range
from portouts.extract.run import SyncRun
from portouts.extract.state import SyncState
from portouts.load.connection import Connection, OpenClient
from portouts.load.prefetch import prefetched
from portouts.load.settings.settings import read_source_settings
from portouts.load.settings.tables import SourceSettings
from portouts.names import DEFAULT_ACCOUNT
from portouts.records.schema import ACCOUNT, TEXT
from portouts.telnyx.client import TelnyxClient
from portouts.windows import BEGINNING, Window

Tables = Mapping[str, pa.Table]

_MERGE = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}
_APPEND_NEW = {"disposition": "merge", "strategy": "insert-only"}
# The hints for dlt, by resource. The numbers of an order are replaced together, or removed by a row `is_gone`.
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
_INVENTORY_HINTS: Mapping[str, Mapping[str, Any]] = {
    "phone_numbers": {"write_disposition": _MERGE, "primary_key": ["id"]},
    "phone_number_observations": {"write_disposition": _APPEND_NEW, "primary_key": ["phone_number_id", "seen_at"]},
    "phone_number_counts": {"write_disposition": _APPEND_NEW, "primary_key": ["status", "counted_at"]},
    "phone_number_lists": {"write_disposition": _APPEND_NEW, "primary_key": ["read_at"]},
}


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
    open_client: OpenClient = TelnyxClient,
    **settings: Any,
) -> DltSource:
    """Read port-out orders, their numbers and their events, and what has changed since the last run.

    `api_key` and `base_url` come from the arguments, else TELNYX_API_KEY and TELNYX_BASE_URL, else dlt's section
    `sources.telnyx` and no wider one, and so do all further settings (`page_size`, `events`, `pii`, ...), which are
    checked. `as_of` (default: now, by the API's clock) bounds every range. `since` extends the history backwards,
    `full` reads all of it again. `reread` reads these orders (id to `inserted_at`), `reread_events` the events of these
    ranges, and nothing else. With `accept_deletions`, orders that the API no longer knows are no reason to fail.

    Raises `SettingsError`, and inside dlt's errors `TelnyxError`, `NotProven`, `AnotherAccount`, `OrdersGone`.
    """
    checked = read_source_settings(api_key, base_url, **settings)
    options = sync_options(
        checked,
        as_of or datetime.now(UTC),
        since,
        is_now=as_of is None,
        full=full,
        reread=reread or {},
        reread_events=reread_events,
        allow_unproven=allow_unproven,
        accept_deletions=accept_deletions,
    )
    names = [*_HINTS, *(_INVENTORY_HINTS if options.reads_inventory else ())]
    return source_of(lambda: _read_in_one(Connection(checked, open_client=open_client), options), names)


def _read_in_one(connection: Connection, options: SyncOptions) -> LoadPackage:
    """Read a whole sync into one load package, from the state that dlt holds."""
    client = connection.open()
    run = SyncRun(client, options, SyncState.from_json(dlt.current.source_state().get("sync", {})))
    with prefetched(client, run, is_ahead=False) as packages:
        package = packages.take()
        packages.has_next()  # there is none: reading ends
    return _with_inventory(connection, options, run, package) if options.reads_inventory else package


def _with_inventory(connection: Connection, options: SyncOptions, run: SyncRun, package: LoadPackage) -> LoadPackage:
    """Add the tables of the inventory to those of the orders."""
    client = connection.open()
    inventory = InventoryRun(client, options, SyncState.from_json(package.state), run.report)
    with prefetched(client, inventory, is_ahead=False) as packages:
        added = packages.take()
    return added._replace(tables={**package.tables, **added.tables}, asked_for=package.asked_for)


def sync_options(
    settings: SourceSettings, as_of: datetime, since: datetime | None = None, **options: Any
) -> SyncOptions:
    """Make the options of a sync from the settings and what is asked for; raises `SettingsError` for an empty range."""
    until, start = as_of.astimezone(UTC), since or settings.start
    if not (options.get("reread") or options.get("reread_events")):
        require_range("--since" if since else "start_date", start, until)
    return SyncOptions(
        **{"sync_id": str(uuid.uuid4()), **options},
        as_of=until,
        since=max(start, BEGINNING) if start else None,  # earlier days only cost requests
        page_size=settings.page_size,
        overlap=settings.overlap,
        events=settings.events,
        inventory_every=timedelta(hours=settings.inventory_every_hours) if settings.inventory else None,
        inventory_tags=settings.inventory_tags,
        time_zone=settings.time_zone,
        privacy=settings.privacy,
    )


def source_of(read: Callable[[], LoadPackage], names: Collection[str]) -> DltSource:
    """Make a dlt source of the load package that `read` returns: a resource for it, and a transformer per table named.

    Without tables, the package has only the state.
    """

    @dlt.resource(name="reads", selected=not names)
    def reads() -> Iterator[Tables]:
        package = read()
        dlt.current.source_state()["sync"] = package.state
        if names:
            yield package.tables

    @dlt.source(name="telnyx", section="telnyx", max_table_nesting=0)
    def telnyx() -> list[DltResource]:
        tables = [
            dlt.transformer(_pick(name, _keys(hints)), data_from=reads, name=name, **hints)
            for name, hints in {**_HINTS, **_INVENTORY_HINTS}.items()
            if name in names
        ]
        return [reads, *tables]

    return telnyx()


def _keys(hints: Mapping[str, Any]) -> list[str]:
    return [*hints.get("primary_key", ()), *hints.get("merge_key", ())]


def _pick(name: str, keys: list[str]) -> Callable[[Tables], pa.Table]:
    """Make the transformer that takes one table of a package, adds the account, and marks its keys as never null."""

    def pick(tables: Tables) -> pa.Table:
        rows = tables[name]
        table = rows.append_column(ACCOUNT, pa.repeat(pa.scalar(DEFAULT_ACCOUNT, TEXT), len(rows)))
        fields = [field.with_nullable(field.name not in keys) for field in table.schema]
        return table.cast(pa.schema(fields))

    return pick
