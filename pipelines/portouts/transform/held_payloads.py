"""Payloads that an earlier version loaded as text become columns, as those of newly loaded events are.

A warehouse of such a version has no column `payload_fields`. A text that the columns do not hold exactly stays. The
surprise: the table is written anew, because updates of all its rows would not fit in memory.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.arrow import events_table
from portouts.records.schema import PAYLOAD_COLUMNS, PAYLOAD_NAMES, TEXT
from portouts.warehouse.rows.changed_orders import note_all_orders_changed
from portouts.warehouse.sql import transaction

if TYPE_CHECKING:
    import duckdb

ROWS_AT_A_TIME = 20_000
_STATUS = "payload__status"
_NEW_COLUMNS = (PAYLOAD_NAMES, *(name for name in PAYLOAD_COLUMNS if name != _STATUS))
_COLUMNS_HELD = "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = 'portout_events'"


def split_payloads(connection: duckdb.DuckDBPyConnection) -> None:
    """Split the payloads that are held as text into columns, once."""
    columns_held = {name for (name,) in connection.execute(_COLUMNS_HELD).fetchall()}
    if not columns_held or PAYLOAD_NAMES in columns_held:
        return
    note_all_orders_changed(connection)
    with transaction(connection):
        connection.execute("create table raw.split_events as from raw.portout_events limit 0")
        connection.execute("alter table raw.split_events alter column id set not null")
        for name in _NEW_COLUMNS:
            connection.execute(f"alter table raw.split_events add column {name} varchar")
        for batch in connection.cursor().sql("from raw.portout_events").to_arrow_reader(ROWS_AT_A_TIME):
            connection.register("split", _split(pa.Table.from_batches([batch])))
            connection.execute("insert into raw.split_events by name from split")
            connection.unregister("split")
        connection.execute("drop table raw.portout_events")
        connection.execute("alter table raw.split_events rename to portout_events")


def _split(held: pa.Table) -> pa.Table:
    rows = held.select(["id", "event_type", "portout_id", "payload"]).to_pylist()
    split = events_table([row | {"payload": _read(row["payload"])} for row in rows])
    # A status that is a hash of masked data was never a status.
    is_same = pc.fill_null(pc.equal(held[_STATUS], split[_STATUS]), fill_value=False)
    is_same = pc.or_(is_same, pc.and_(pc.is_null(held[_STATUS]), pc.is_null(split[_STATUS])))
    for name in _NEW_COLUMNS:
        held = held.append_column(name, pc.if_else(is_same, split[name], pa.scalar(None, TEXT)))
    rest = pc.if_else(pc.is_valid(held[PAYLOAD_NAMES]), pa.scalar(None, TEXT), held["payload"])
    return held.set_column(held.column_names.index("payload"), "payload", rest)


def _read(payload: str | None) -> Any:
    """Read a payload; a text that is no JSON is left as it is."""
    with suppress(msgspec.MsgspecError, RecursionError):
        return None if payload is None else msgspec.json.decode(payload)
    return payload
