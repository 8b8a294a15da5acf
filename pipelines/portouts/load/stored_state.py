"""Reads and changes the state of syncs in `raw._dlt_pipeline_state`, where dlt stores it, without a pipeline."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec
from dlt.common.versioned_state import compress_state, decompress_state
from dlt.pipeline.state_sync import bump_pipeline_state_version_if_modified

from portouts.extract.state import SyncState

_ALL = "select _dlt_load_id, state from raw._dlt_pipeline_state"
# The order of `forget_old_states`.
_COMMITTED = """
    select _dlt_load_id, state
    from raw._dlt_pipeline_state
    where _dlt_load_id in (select load_id from raw._dlt_loads where status = 0)
    order by version desc, _dlt_load_id desc
    limit 1
"""


def stored_state(connection: duckdb.DuckDBPyConnection) -> SyncState:
    """Read the state of the last committed batch; the state is empty if nothing was loaded."""
    return SyncState.from_json(stored_json(connection))


def stored_json(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Read this state as it is stored."""
    states = [_sync_state(decompress_state(state)) for _, state in _stored(connection, _COMMITTED)]
    return states[0] if states else {}


def store_privacy(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Store how the rows are masked now, in the caller's transaction."""
    for load_id, stored in _stored(connection, _ALL):
        state: Any = decompress_state(stored)
        if (found := _sync_state(state)).get("privacy") == fingerprint or not found:
            continue
        found["privacy"] = fingerprint
        version, version_hash, _ = bump_pipeline_state_version_if_modified(state)
        connection.execute(
            "update raw._dlt_pipeline_state set state = ?, version = ?, version_hash = ? where _dlt_load_id = ?",
            [compress_state(state), version, version_hash, load_id],
        )
    for account, stored in _stored(connection, "select account, state from raw.accounts", "accounts"):
        if stored and (found := msgspec.json.decode(stored)):
            changed = msgspec.json.encode(found | {"privacy": fingerprint}).decode()
            connection.execute("update raw.accounts set state = ? where account = ?", [changed, account])


def _stored(
    connection: duckdb.DuckDBPyConnection, query: str, table: str = "_dlt_pipeline_state"
) -> list[tuple[str, str]]:
    """Return the stored states. The table is looked up first, because a failed query ends the caller's transaction."""
    there = "select true from duckdb_tables() where schema_name = 'raw' and table_name = ?"
    return connection.execute(query).fetchall() if connection.execute(there, [table]).fetchall() else []


def _sync_state(state: Any) -> dict[str, Any]:
    found: dict[str, Any] = state.get("sources", {}).get("telnyx", {}).get("sync", {})
    return found
