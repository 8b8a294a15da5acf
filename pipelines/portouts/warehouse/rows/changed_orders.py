"""The queue of orders whose rows in `raw` changed after the models were built: `raw.changed_orders`."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from portouts.warehouse.metadata import create_metadata


def note_changed_orders(connection: duckdb.DuckDBPyConnection, ids: Iterable[str]) -> None:
    """Queue orders for the next build of the models. Call it before their rows in `raw` change, or together with that.

    An id may be queued twice, or without need; an order that changed and is not queued keeps its old rows in the marts.
    """
    create_metadata(connection)
    connection.execute("insert into raw.changed_orders select distinct unnest(cast(? as varchar[]))", [list(ids)])


def note_all_orders_changed(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the next build of the models a full one, because any row of `raw` may change."""
    create_metadata(connection)
    connection.execute("insert into raw.changed_orders values (null)")


def is_full_build_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the next build of the models computes all orders: there are no models yet, or any may be wrong.

    The file of one account has no models. Its queue is for the next gathering, which takes all orders the first time.
    """
    if not _has_reader_of_queue(connection):
        return True
    create_metadata(connection)
    query = "select true from raw.changed_orders where portout_id is null limit 1"
    return bool(connection.execute(query).fetchall())


def _has_reader_of_queue(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether models were built from this file, or its rows were gathered."""
    query = """
        select true from duckdb_tables()
        where database_name = current_database()
            and schema_name || '.' || table_name in ('staging.model_settings', 'raw.gathered')
        limit 1
    """
    return bool(connection.execute(query).fetchall())
