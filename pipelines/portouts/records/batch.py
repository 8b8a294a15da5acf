"""The rows of one load package as they are read, and the tables that are loaded.

The numbers of an order come as a list in the orders' table, and become a table of their own here. Choosing the newest
versions first is faster: only the numbers of chosen orders are exploded and get a place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from portouts.records.arrow import events_table, orders_table
from portouts.records.phone_numbers import phone_numbers_table
from portouts.records.privacy import Privacy
from portouts.records.schema import INSTANT
from portouts.records.versions import newest_versions, observations_table, ported_ranges_table


@dataclass
class Batch:
    """Rows read and not yet committed."""

    orders: list[pa.Table] = field(default_factory=list)
    discarded: list[pa.Table] = field(default_factory=list)
    """Orders on pages that proved nothing: versions of orders all the same."""
    events: list[pa.Table] = field(default_factory=list)
    ported_ranges: list[pa.Table] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(len(table) for table in [*self.orders, *self.events, *self.ported_ranges])

    def tables(self, seen_at: datetime, sync_id: str, privacy: Privacy) -> dict[str, pa.Table]:
        """Make the tables of `raw`, by name, with one version of each order and event."""
        seen = [*self.discarded, *self.orders] or [orders_table([])]
        orders = newest_versions(seen)
        no_ranges = ported_ranges_table([], seen_at, seen_at, seen_at)
        return {
            "portouts": orders.drop_columns(["phone_numbers"]).append_column(
                "deleted_at", pa.nulls(len(orders), INSTANT)
            ),
            "portout_phone_numbers": phone_numbers_table(orders, privacy),
            "portout_events": newest_versions(self.events or [events_table([])]),
            "portout_observations": observations_table(seen, seen_at, sync_id),
            "portout_ported_ranges": pa.concat_tables(self.ported_ranges or [no_ranges]),
        }
