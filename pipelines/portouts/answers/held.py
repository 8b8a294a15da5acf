"""Reads from the published file which orders are pending, and the settings it remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from portouts.errors import AmbiguousOrder, NotPublished, PortoutsError, SettingsError, UnknownOrder
from portouts.load.settings.remembered import with_remembered
from portouts.load.settings.settings import Settings
from portouts.names import DEFAULT_ACCOUNT
from portouts.warehouse.faults import first_line
from portouts.warehouse.sql import sql_folder

# Settings that an answer depends on: how long Telnyx waits, and what may be shown.
REMEMBERED = frozenset({"response_window_hours", "pii"})


@dataclass(frozen=True)
class HeldOrders:
    """What a published file adds to orders of one account that are read from the API."""

    settings: Settings
    pending_since: dict[str, datetime]
    """Order → when its current pending spell began."""
    account: str = DEFAULT_ACCOUNT
    references: Sequence[str] = ()
    """The ids or support keys of these orders, as they were given."""


class HeldByAccount(NamedTuple):
    """The named orders by account, and those of no account, or of one without a key."""

    accounts: list[HeldOrders]
    unplaced: dict[str, PortoutsError]


def read_held(database: Path, given: Settings, reference: str) -> HeldOrders:
    """Read the published file for one order, as `read_held_by_account` does; raises what is wrong with this order."""
    accounts, unplaced = read_held_by_account(database, given, [reference])
    for error in unplaced.values():
        raise error
    return accounts[0]


def read_held_by_account(database: Path, given: Settings, references: Sequence[str]) -> HeldByAccount:
    """Read the published file, if it exists; settings that are not given come from it.

    Where accounts are set up, the settings are those of the account that holds an order with this id or support key.
    Raises `NotPublished` if the file cannot be read, because it may forbid showing personal data.
    """
    if not database.exists():
        return HeldByAccount([HeldOrders(_only_account(given), {}, references=references)], {})
    settings: Mapping[str, Settings] = given.by_account() if given.accounts else {DEFAULT_ACCOUNT: given}
    with _opened(database) as connection:
        placed, unplaced = dict[str, list[str]](), dict[str, PortoutsError]()
        for reference, accounts in _accounts_of(connection, given, references).items():
            if problem := _problem(reference, accounts, settings):
                unplaced[reference] = problem
            else:
                placed.setdefault(accounts[0], []).append(reference)
        rows = connection.execute(_sql("pending_since")).fetchall()
        since = {portout_id: at.astimezone(UTC) for portout_id, at in rows}
        held = [
            HeldOrders(with_remembered(connection, settings[account], REMEMBERED), since, account, names)
            for account, names in placed.items()
        ]
    return HeldByAccount(held, unplaced)


def _only_account(given: Settings) -> Settings:
    accounts = given.by_account()
    if len(accounts) > 1:
        raise NotPublished(
            "Several accounts are set up, and no file shows which one holds the order. Run a sync first."
        )
    return next(iter(accounts.values()))


def _accounts_of(
    connection: duckdb.DuckDBPyConnection, given: Settings, references: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Return the accounts that hold an order of this name, for each name."""
    if not given.accounts:
        return {reference: [DEFAULT_ACCOUNT] for reference in references}
    found: dict[str, list[str]] = {}
    names = {reference: reference.strip().lower() for reference in references}
    for name, account in connection.execute(_sql("accounts_of_orders"), [[*names.values()]]).fetchall():
        found.setdefault(name, []).append(account)
    return {reference: found.get(name, []) for reference, name in names.items()}


def _problem(reference: str, accounts: Sequence[str], settings: Mapping[str, Settings]) -> PortoutsError | None:
    if not accounts:
        return UnknownOrder(f"The published file does not show {reference}. Run `portouts sync` first.")
    if len(accounts) > 1:
        return AmbiguousOrder(
            f"The accounts {', '.join(accounts)} hold orders with the support key {reference}. Give the id of one, "
            "which `portouts pending` shows."
        )
    if accounts[0] not in settings:
        return SettingsError(
            f"The order belongs to the account {accounts[0]}, which has no key here: set api_key under "
            f"[sources.telnyx.accounts.{accounts[0]}]."
        )
    return None


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
