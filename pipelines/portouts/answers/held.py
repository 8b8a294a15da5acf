"""Reads from the published file which orders are pending, and the settings it remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from portouts.errors import NotPublished, SettingsError, UnknownOrder
from portouts.load.settings.remembered import with_remembered
from portouts.load.settings.settings import Settings
from portouts.names import DEFAULT_ACCOUNT
from portouts.warehouse.faults import first_line
from portouts.warehouse.sql import sql_folder

# Settings that an answer depends on: how long Telnyx waits, and what may be shown.
REMEMBERED = frozenset({"response_window_hours", "pii"})


@dataclass(frozen=True)
class HeldOrders:
    """What a published file adds to an order that is read from the API."""

    settings: Settings
    pending_since: dict[str, datetime]
    """Order → when its current pending spell began."""
    account: str = DEFAULT_ACCOUNT


def read_held(database: Path, given: Settings, references: Sequence[str] = ()) -> HeldOrders:
    """Read the published file, if it exists; settings that are not given come from it.

    Where accounts are set up, the settings are those of the account that holds the orders with these ids or support
    keys. Raises `NotPublished` if the file cannot be read, because it may forbid showing personal data, and
    `SettingsError` if the orders belong to several accounts, or to one without a key.
    """
    if not database.exists():
        return HeldOrders(_only_account(given), {})
    with _opened(database) as connection:
        account = _account_of(connection, references) if given.accounts else DEFAULT_ACCOUNT
        settings = with_remembered(connection, _settings_of(given, account), REMEMBERED)
        rows = connection.execute(_sql("pending_since")).fetchall()
    return HeldOrders(settings, {portout_id: at.astimezone(UTC) for portout_id, at in rows}, account)


def _only_account(given: Settings) -> Settings:
    accounts = given.by_account()
    if len(accounts) > 1:
        raise NotPublished(
            "Several accounts are set up, and no file shows which one holds the order. Run a sync first."
        )
    return next(iter(accounts.values()))


def _settings_of(given: Settings, account: str) -> Settings:
    if not given.accounts:
        return given
    accounts = given.by_account()
    if account not in accounts:
        raise SettingsError(
            f"The order belongs to the account {account}, which has no key here: set api_key under "
            f"[sources.telnyx.accounts.{account}]."
        )
    return accounts[account]


def _account_of(connection: duckdb.DuckDBPyConnection, references: Sequence[str]) -> str:
    names = [reference.strip().lower() for reference in references]
    accounts = [account for (account,) in connection.execute(_sql("accounts_of_orders"), [names]).fetchall()]
    if not accounts:
        raise UnknownOrder(f"The published file shows none of {', '.join(references)}. Run `portouts sync` first.")
    if len(accounts) > 1:
        raise SettingsError(
            f"The orders belong to the accounts {', '.join(accounts)}. Name those of one account, by their ids, in one "
            "command."
        )
    return str(accounts[0])


def _sql(name: str) -> str:
    return (sql_folder() / "answers" / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def _opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection
    except duckdb.Error as error:
        raise NotPublished(
            f"{database} cannot be read ({first_line(error)}), and it remembers what may be shown. Run `portouts "
            "sync`, or name another file."
        ) from None
