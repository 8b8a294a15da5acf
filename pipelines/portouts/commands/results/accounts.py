"""What `accounts` prints: the accounts, or what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from portouts.commands.terminal.output import print_result

if TYPE_CHECKING:
    from portouts.commands.jobs.accounts.names import AccountListed, AccountsChanged
    from portouts.publish.target import TargetOutcome


class _Listed(msgspec.Struct):
    accounts: Sequence[AccountListed]


class _Changed(msgspec.Struct):
    message: str
    targets: Sequence[TargetOutcome]


def print_accounts(accounts: Sequence[AccountListed], *, as_json: bool) -> None:
    """Print one line for each account."""
    text = "\n".join(map(_line, accounts)) or "There are no accounts: nothing was synced, and none are set up."
    print_result(text, _Listed(accounts), as_json=as_json)


def print_change(changed: AccountsChanged, *, as_json: bool) -> None:
    """Print what was renamed or removed."""
    print_result(changed.message, _Changed(changed.message, changed.targets), as_json=as_json)


def _line(account: AccountListed) -> str:
    key = "" if account.is_set_up else ", no table in the settings"
    failed = f"; FAILED at {account.failed_at}: {account.failure}" if account.failed_at else ""
    if account.as_of is None:
        return f"{account.account}: never read{key}{failed}"
    return f"{account.account}: {account.orders} orders as of {account.as_of}{key}{failed}"
