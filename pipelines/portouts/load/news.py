"""What a load package changes in the working file: its orders are queued for the next build of the models.

They are queued in a commit of their own, before dlt loads the package: a load that is killed may have committed some
of its tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.schema import TEXT
from portouts.warehouse.metadata import is_full_build_due, note_changed_orders

if TYPE_CHECKING:
    import duckdb

Tables = Mapping[str, pa.Table]


def queue_orders(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """Queue the orders of these tables, unless the next build computes all orders anyway."""
    if not is_full_build_due(connection):
        note_changed_orders(connection, _order_ids(tables).to_pylist())


def _order_ids(tables: Tables) -> pa.Array:
    columns = [table["id" if name == "portouts" else "portout_id"] for name, table in tables.items()]
    return pc.unique(pa.chunked_array([chunk for column in columns for chunk in column.chunks], TEXT)).drop_null()
