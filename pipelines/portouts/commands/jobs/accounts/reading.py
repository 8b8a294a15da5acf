"""Reads several accounts at the same time, each into the working file of its own.

dlt loads one package at a time in a process, so the accounts take turns at that; everything else runs concurrently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import duckdb
import msgspec

from portouts.commands.jobs.loading.outcome import AccountOutcome
from portouts.commands.jobs.loading.rows import SyncRequest, load_rows, record_rows
from portouts.errors import Interrupted, PortoutsError
from portouts.extract.options import Callbacks
from portouts.load.connection import OpenClient
from portouts.load.pipeline import raw_pipeline
from portouts.load.settings.accounts import named_key
from portouts.load.settings.remembered import OF_ROWS, record_settings
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import stored_json
from portouts.logs import WARNING, log
from portouts.measures import Measures
from portouts.names import DEFAULT_ACCOUNT
from portouts.warehouse.accounts.gathering import note_gathered
from portouts.warehouse.accounts.seeding import seed
from portouts.warehouse.folders import make_private
from portouts.warehouse.metadata import create_metadata
from portouts.warehouse.warehouse import Warehouse

# Accounts that are read at the same time: each holds a load package in memory.
AT_A_TIME = 4


def prepare_accounts(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, names: Iterable[str]) -> None:
    """Make the working files that are missing or older than the shared one; rows of before are those of `default`."""
    create_metadata(connection)
    for name in names:
        own = warehouse.of_account(name)
        make_private(own.folder)
        seed(connection, own.folder / "working.duckdb", name, state_of(connection, name))


def state_of(connection: duckdb.DuckDBPyConnection, account: str) -> str:
    """Return what the next sync of an account must know, as JSON."""
    rows = connection.execute("select state from raw.accounts where account = ?", [account]).fetchall()
    if rows and rows[0][0]:
        return str(rows[0][0])
    return msgspec.json.encode(stored_json(connection) if account == DEFAULT_ACCOUNT else {}).decode()


def read_accounts(
    warehouse: Warehouse,
    request: SyncRequest,
    accounts: Mapping[str, Settings],
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    open_client: OpenClient,
) -> list[AccountOutcome]:
    """Read all accounts; the failure of one does not stop the others. Raises `Interrupted`, and unknown errors."""

    def read(name: str) -> AccountOutcome:
        own = replace(request, settings=accounts[name], sync_id=str(uuid4()))
        try:
            with named_key(name, request.settings.found):
                return _read(warehouse.of_account(name), name, own, clock, callbacks, open_client)
        except Interrupted:
            raise
        except PortoutsError as error:
            log("account.failed", account=name, error=type(error).__name__, level=WARNING)
            return AccountOutcome(name, error=error)

    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="account") as pool:
        return [*pool.map(read, accounts)]


def _read(
    warehouse: Warehouse,
    name: str,
    request: SyncRequest,
    clock: Callable[[], datetime],
    callbacks: Callbacks,
    open_client: OpenClient,
) -> AccountOutcome:
    with warehouse.locked():
        if request.rebuild:
            warehouse.rebuild()

        def work() -> AccountOutcome:
            with raw_pipeline(warehouse) as raw:
                loaded = load_rows(raw, request, clock, replace(callbacks, measures=Measures()), open_client)
                with warehouse.connected() as connection:
                    changed = record_rows(connection, raw, loaded, clock())
                    record_settings(connection, loaded.request.settings, loaded.report.as_of, OF_ROWS)
                    connection.execute("checkpoint")  # so that the file can be read without its log
                return AccountOutcome(name, loaded, changed, msgspec.json.encode(raw.state_json()).decode())

        return warehouse.healing(work)


def forget_queue(warehouse: Warehouse, gathering_id: str) -> None:
    """Empty the queue of an account whose rows were gathered."""
    with duckdb.connect(str(warehouse.folder / "working.duckdb")) as connection:
        note_gathered(connection, gathering_id)
