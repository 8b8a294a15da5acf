"""Payloads that an earlier version loaded as text become columns, as those of newly loaded events are.

A warehouse of such a version has no column `payload_fields`. A text that the columns do not hold exactly stays.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from portouts.records.arrow import events_table
from portouts.records.schema import PAYLOAD_COLUMNS, PAYLOAD_NAMES
from portouts.warehouse.metadata import note_all_orders_changed
from portouts.warehouse.sql import transaction

if TYPE_CHECKING:
    import duckdb

ROWS_AT_A_TIME = 50_000
_NEW_COLUMNS = (PAYLOAD_NAMES, *(name for name in PAYLOAD_COLUMNS if name != "payload__status"))
_COLUMNS_HELD = "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = 'portout_events'"
_TEXTS_HELD = "select id, event_type, portout_id, payload from raw.portout_events where payload is not null"
# A hash that the masking of personal data put in the place of a status is no status.
_UPDATE = f"""
    update raw.portout_events as events
    set payload = case when split.payload_fields is null then events.payload end,
        {", ".join(f"{name} = split.{name}" for name in _NEW_COLUMNS)}
    from split
    where events.id = split.id and events.payload__status is not distinct from split.payload__status
"""  # noqa: S608 - names of ours


def split_payloads(connection: duckdb.DuckDBPyConnection) -> None:
    """Split the payloads that are held as text into columns, once."""
    columns_held = {name for (name,) in connection.execute(_COLUMNS_HELD).fetchall()}
    if not columns_held or PAYLOAD_NAMES in columns_held:
        return
    note_all_orders_changed(connection)
    with transaction(connection):
        for name in _NEW_COLUMNS:
            connection.execute(f"alter table raw.portout_events add column {name} varchar")
        found = connection.cursor().execute(_TEXTS_HELD)
        while rows := found.fetchmany(ROWS_AT_A_TIME):
            connection.register("split", events_table([_event(*row) for row in rows]))
            connection.execute(_UPDATE)
            connection.unregister("split")


def _event(event_id: str, event_type: str | None, portout_id: str | None, payload: str) -> dict[str, Any]:
    """Write a row as the API sends it; a text that is no JSON is left for the column `payload`."""
    event = {"id": event_id, "event_type": event_type, "portout_id": portout_id, "payload": payload}
    with suppress(msgspec.MsgspecError, RecursionError):
        event["payload"] = msgspec.json.decode(payload)
    return event
