"""What became of each account of one command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portouts.commands.jobs.loading.rows import LoadedRows
from portouts.errors import AccountsBehind, PortoutsError


@dataclass(frozen=True)
class AccountOutcome:
    """What a sync did with one account: its rows, or why there are none."""

    account: str
    loaded: LoadedRows | None = None
    orders_changed: int = 0
    state: str = ""
    """What the next sync of the account must know, as JSON."""
    error: PortoutsError | None = None


def behind(outcomes: Sequence[AccountOutcome]) -> AccountsBehind | None:
    """Return the error that names the accounts that could not be read; None if there are none."""
    failed = [f"{one.account}: {one.error}" for one in outcomes if one.error]
    if not failed:
        return None
    return AccountsBehind(
        f"The file is published, but not every account could be read; these show what they did before. "
        f"{' '.join(failed)} `portouts status` shows how old each account is."
    )


def first_error(errors: Mapping[str, PortoutsError]) -> PortoutsError:
    """Return the error of the first account, with its name, where all accounts failed."""
    account, error = next(iter(errors.items()))
    others = f" So did {len(errors) - 1} more." if len(errors) > 1 else ""
    error.args = (f"The account {account} failed: {error}{others}",)
    return error
