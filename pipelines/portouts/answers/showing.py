"""Publishes answers at once: reads the orders again into `raw`, builds the models and publishes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import duckdb
import msgspec

from portouts.errors import OF_ANOTHER_ACCOUNT, AnotherAccount
from portouts.load.connection import Connection
from portouts.load.pipeline import RawPipeline
from portouts.load.settings.remembered import OF_MODELS, record_settings, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.source import sync_options
from portouts.names import DEFAULT_ACCOUNT
from portouts.telnyx.client import TelnyxClient, converse
from portouts.telnyx.errors import NotFound
from portouts.transform.build import are_up_to_date, update_in_limited_memory
from portouts.warehouse.accounts.gathering import gather, note_gathered
from portouts.warehouse.metadata import require_finished, synced_until
from portouts.warehouse.rows.answers import complete_unfinished_attempts, unfinished_attempts
from portouts.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Showing:
    """Reads the answered orders of one account again, while the lock of the warehouse is held."""

    warehouse: Warehouse
    """The one that is published."""
    raw: RawPipeline
    """Its raw tables, or those of the account that holds the orders."""
    settings: Settings
    connection: Connection
    account: str = DEFAULT_ACCOUNT

    def require_same_account(self, portout_ids: Collection[str]) -> None:
        """Raise `AnotherAccount` if the warehouse holds orders, but none of these and none that the API knows."""
        known = self.raw.state().known_orders()
        with self.raw.warehouse.connected() as connection:
            if known and not _holds_any(connection, portout_ids) and not self._knows_any(known):
                raise AnotherAccount(
                    "The API knows none of the newest orders that this warehouse holds: TELNYX_API_KEY belongs to "
                    f"another account. Nothing was sent. {OF_ANOTHER_ACCOUNT}"
                )

    def read_again(self, portout_ids: Collection[str], now: datetime) -> Settings:
        """Load these orders again, and those of killed processes; return the settings with which models are built.

        Raises `NothingLoaded` or `Unfinished` if only a sync can publish, and whatever loading raises.
        """
        with self.warehouse.connected() as connection:
            as_of, state = synced_until(connection), self.raw.state()
            require_finished(connection, state.covered)
            used = settings_in_use(connection, state, self.settings, names=OF_MODELS | {"pii"})
            left = unfinished_attempts(connection, self.account)
        self._read_again({*portout_ids, *left}, max(as_of, now))
        self._gather()
        return used.settings

    def _gather(self) -> None:
        """Copy what was read into the published warehouse, if the account has a working file of its own."""
        own = self.raw.warehouse
        if own is self.warehouse:
            return
        state = msgspec.json.encode(self.raw.state_json()).decode()
        with own.connected() as connection:
            connection.execute("checkpoint")
        own.close()
        file = own.folder / "working.duckdb"
        with self.warehouse.connected() as connection:
            gathering_id = gather(connection, file, self.account, state)
        with own.connected() as connection:
            note_gathered(connection, gathering_id)

    def _read_again(self, portout_ids: Collection[str], now: datetime) -> None:
        """Load the orders as the API shows them now; covered ranges do not change."""
        options = sync_options(self.settings.source, now, reread=dict.fromkeys(portout_ids), sync_id=str(uuid.uuid4()))
        self.raw.sync(self.connection, options, is_ahead=False)

    def _knows_any(self, portout_ids: Collection[str]) -> bool:
        client = self.connection.open()
        return converse(client, lambda: _knows_any(client, portout_ids))


def publish_answers(warehouse: Warehouse, settings: Settings, now: datetime) -> None:
    """Complete the attempts of killed processes, build and publish; raises whatever building raises."""
    with warehouse.connected() as connection:
        as_of = synced_until(connection)
        complete_unfinished_attempts(connection, now)
        inputs = settings.inputs(as_of)
        if not are_up_to_date(connection, inputs):
            record_settings(connection, settings, as_of, OF_MODELS)
            warehouse.bound_memory()
            update_in_limited_memory(connection, inputs)
    warehouse.publish()


async def _knows_any(client: TelnyxClient, portout_ids: Collection[str]) -> bool:
    for portout_id in portout_ids:
        try:
            await client.fetch_one(f"/portouts/{portout_id}")
            return True
        except NotFound:
            continue
    return False


def _holds_any(connection: duckdb.DuckDBPyConnection, portout_ids: Collection[str]) -> bool:
    query = "select true from raw.portouts where id in (select unnest(?)) limit 1"
    return bool(connection.execute(query, [list(portout_ids)]).fetchall())
