"""Syncs of several accounts that are killed while accounts are read, gathered, built and published."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import crash_process
import duckdb
import pytest
from crash_process import Crash
from portouts.warehouse.accounts.gathering import ADDED, OF_ORDERS
from portouts.warehouse.folders import working_folder
from portouts_sandbox import SeveralAccounts, running
from several_accounts import WAITING, Accounts, key_of, synced_accounts

pytestmark = pytest.mark.slow  # a process for each kill

READING, SYNC = "portouts.commands.jobs.accounts.reading", "portouts.commands.jobs.accounts.sync"
CRASHES = [
    Crash("portouts.load.pipeline:RawPipeline.load", call=2),  # one account is loaded, perhaps in part
    Crash(f"{READING}:record_rows", call=1, is_after=True),
    Crash(f"{SYNC}:gather", call=1, is_after=True),  # the queue of the first account is not emptied
    Crash("portouts.warehouse.accounts.gathering:_queue", call=2, is_after=True),  # within the transaction
    Crash(f"{SYNC}:forget_queue", call=2, is_after=True),
    Crash(f"{SYNC}:build_after_sync", call=1),
    Crash(f"{SYNC}:publish", call=1),
]


class Killed(NamedTuple):
    """The accounts after all kills and a sync that was not killed."""

    accounts: Accounts
    exit_codes: list[int | None]
    last_exit_code: int | None
    output: str


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    accounts = synced_accounts(tmp_path_factory.mktemp("killed"))
    with running(SeveralAccounts(accounts.apps)) as url:
        exit_codes = [sync(accounts, url, crash) for crash in CRASHES]
        last = sync(accounts, url)
    return Killed(accounts, exit_codes, last, accounts.database.with_suffix(".out").read_text())


def sync(accounts: Accounts, url: str, crash: Crash | None = None) -> int | None:
    """Sync once more changes have happened in each account."""
    for name, world in accounts.worlds.items():
        world.advance(timedelta(hours=30))
        world.add_order(carrier_name=f"{name} later")
    keys = {f"SOURCES__TELNYX__ACCOUNTS__{name.upper()}__API_KEY": key_of(name) for name in accounts.worlds}
    now = next(iter(accounts.worlds.values())).now.isoformat()
    return run("sync", "--as-of", now, accounts=accounts, crash=crash, environment={**keys, "TELNYX_BASE_URL": url})


def run(
    *arguments: str, accounts: Accounts, crash: Crash | None = None, environment: Mapping[str, str] | None = None
) -> int | None:
    output = accounts.database.with_suffix(".out")
    database = ("--database", str(accounts.database))
    process = crash_process.start(
        *arguments, *database, output=output, batch_rows=100, crash=crash, **(environment or {})
    )
    process.join()
    return process.exitcode


def own_file(accounts: Accounts, name: str) -> Path:
    return working_folder(accounts.database) / "accounts" / name / "working.duckdb"


def test_after_kills_the_next_sync_shows_all_accounts_as_the_api_does(killed: Killed) -> None:
    assert killed.exit_codes == [-signal.SIGKILL] * len(CRASHES)
    assert killed.last_exit_code == 0, killed.output
    killed.accounts.require_worlds()


@pytest.mark.parametrize("name", WAITING)
def test_after_kills_the_rows_of_an_account_are_those_of_its_own_file(name: str, killed: Killed) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{killed.accounts.database}' as published (read_only)")
        connection.execute(f"attach '{own_file(killed.accounts, name)}' as own (read_only)")
        for table in (*OF_ORDERS, "covered_ranges", "syncs", "verifications"):
            names = connection.execute(
                "select column_name from duckdb_columns() where database_name = 'own' and table_name = ? order by 1",
                [table],
            )
            columns = ADDED.get(table) or ", ".join(column for (column,) in names.fetchall() if column != "account")
            theirs, ours = (
                connection.execute(f"select {columns} from {source} order by all").fetchall()
                for source in (f"own.raw.{table}", f"published.raw.{table} where account = '{name}'")
            )
            assert ours == theirs, table
        assert connection.execute("from own.raw.changed_orders").fetchall() == []


def test_after_kills_each_sync_has_one_certificate_and_the_last_ones_are_proven(killed: Killed) -> None:
    ask = killed.accounts.ask
    assert ask("select count(*) - count(distinct verification_id) from raw.verifications") == [(0,)]
    assert ask("select count(*) - count(distinct sync_id) from raw.syncs") == [(0,)]
    last = """
        select account, verdict
        from raw.verifications
        where as_of = (select max(as_of) from raw.syncs)
        order by all
    """
    assert ask(last) == [(name, "PROVEN") for name in sorted(WAITING)]


def test_after_kills_no_changed_order_was_forgotten_by_the_models(killed: Killed) -> None:
    tables = ("fct_portouts", "fct_portout_numbers", "fct_responses", "fct_status_changes", "rpt_open_orders")
    before = [killed.accounts.ask(f"from marts.{table} order by all") for table in tables]
    assert run("models", "--full", accounts=killed.accounts) == 0
    assert [killed.accounts.ask(f"from marts.{table} order by all") for table in tables] == before
