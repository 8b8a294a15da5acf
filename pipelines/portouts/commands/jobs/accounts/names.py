"""The steps of `portouts accounts`: list, rename and remove the accounts of a warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import msgspec

from portouts.commands.jobs.accounts.reading import state_of
from portouts.commands.jobs.publishing.targets import publish
from portouts.commands.jobs.sync import build_after_sync
from portouts.errors import SettingsError
from portouts.load.settings.remembered import OF_MODELS, settings_in_use
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import stored_state
from portouts.logs import log
from portouts.warehouse.accounts.folders import ACCOUNTS, accounts_in, forget_files
from portouts.warehouse.accounts.names import HeldAccount, drop_rows, held_accounts, prepare, rename_rows
from portouts.warehouse.metadata import synced_until
from portouts.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from portouts.publish.target import TargetOutcome


class AccountListed(msgspec.Struct, frozen=True):
    """One account, as `accounts list --json` shows it."""

    account: str
    is_set_up: bool
    """Whether the settings have a key for it."""
    as_of: str | None
    orders: int
    failed_at: str | None
    failure: str | None


@dataclass(frozen=True)
class AccountsChanged:
    """What was published after a rename or a removal."""

    message: str
    targets: list[TargetOutcome] = field(default_factory=list)


def list_accounts(warehouse: Warehouse, settings: Settings) -> list[AccountListed]:
    """List the accounts that the settings name, and those whose rows the published file holds."""
    named = set(settings.by_account()) if settings.accounts else set[str]()
    held = []
    if warehouse.database.exists():
        with warehouse.locked(), warehouse.connected() as connection:
            held = held_accounts(connection)
    shown = [_listed(one, is_set_up=one.account in named) for one in held]
    new = named - {one.account for one in held}
    return [*shown, *(AccountListed(name, True, None, 0, None, None) for name in sorted(new))]


def _listed(held: HeldAccount, *, is_set_up: bool) -> AccountListed:
    return AccountListed(held.account, is_set_up, _text(held.as_of), held.orders, _text(held.failed_at), held.failure)


def _text(at: object) -> str | None:
    return str(at) if at else None


def rename_account(warehouse: Warehouse, settings: Settings, old: str, new: str) -> AccountsChanged:
    """Give an account another name: in all rows, and published."""
    with warehouse.locked():
        connection = warehouse.connection()
        prepare(connection)
        names = {one.account for one in held_accounts(connection)}
        _require_held(old, names)
        if new in names:
            raise SettingsError(f"There already is an account {new}. Nothing was changed.")
        rename_rows(connection, old, new, state_of(connection, old))
        forget_files(warehouse.folder, old, new)
        (warehouse.folder / ACCOUNTS).mkdir(exist_ok=True)
        targets = _published(connection, warehouse, settings)
        log("account.renamed", account=old, name=new)
    return AccountsChanged(
        f"{old} is {new} now. Rename its table in the settings, too: [sources.telnyx.accounts.{new}].", targets
    )


def remove_account(warehouse: Warehouse, settings: Settings, name: str, *, drop: bool) -> AccountsChanged:
    """Forget the working file of an account; with `drop`, delete its rows, too, and publish."""
    with warehouse.locked():
        connection = warehouse.connection()
        prepare(connection)
        _require_held(name, {one.account for one in held_accounts(connection)} | {*accounts_in(warehouse.folder)})
        if name in settings.accounts:
            raise SettingsError(f"The next sync would read {name} again: remove it from the settings first.")
        targets: list[TargetOutcome] = []
        if drop:
            drop_rows(connection, name)
            targets = _published(connection, warehouse, settings)
        forget_files(warehouse.folder, name)
        log("account.removed", account=name, dropped=drop)
    rest = "and so are its rows" if drop else "and its rows stay as they are; --drop deletes them, too"
    return AccountsChanged(f"{name} is removed, {rest}.", targets)


def _require_held(name: str, names: set[str]) -> None:
    if name not in names:
        raise SettingsError(f"There is no account {name}. There are {', '.join(sorted(names)) or 'none'}.")


def _published(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, settings: Settings) -> list[TargetOutcome]:
    used = settings_in_use(connection, stored_state(connection), settings, names=OF_MODELS)
    as_of = synced_until(connection)
    build_after_sync(warehouse, connection, used.settings.inputs(as_of))
    return publish(warehouse, settings.publish, as_of)
