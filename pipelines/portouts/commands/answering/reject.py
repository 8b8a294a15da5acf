"""`portouts reject`: refuse pending orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portouts.commands.answering.asking import DONE, STOPPED, Asked, answer_orders
from portouts.commands.options import (
    DEFAULT_DATABASE,
    DEFAULT_LOCK_WAIT,
    ApiKeyFile,
    AsJson,
    Config,
    Database,
    DryRun,
    FromFile,
    LockWait,
    OrderNames,
    RejectionCode,
    RejectionReason,
    StateDir,
    Yes,
)
from portouts.commands.terminal.exit_status import with_exit_status

if TYPE_CHECKING:
    from portouts.answers.plan import Decision


@with_exit_status(stopped=STOPPED, done=DONE)
def reject(
    code: RejectionCode,
    orders: OrderNames = None,
    reason: RejectionReason = None,
    from_file: FromFile = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    wait: LockWait = DEFAULT_LOCK_WAIT,
    database: Database = DEFAULT_DATABASE,
    api_key_file: ApiKeyFile = None,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Reject pending orders with a code that the API allows for each, and a reason if the code requires one.

    Telnyx reviews the rejection. Each answer is sent once and is a row of marts.rpt_answers.

    Exit codes: 0 all were answered, 1 some were not, 2 wrong usage or a code that is not allowed, 75 another command
    holds the lock and nothing was sent.
    """
    answer_orders(
        Asked(database, orders or (), from_file, yes, dry_run, wait, api_key_file, config, state_dir, as_json),
        lambda: _decision(code, reason),
    )


def _decision(code: int, reason: str | None) -> Decision:
    from portouts.answers.plan import Decision
    from portouts.telnyx.answers import Target

    return Decision(Target.REJECTED, code, (reason or "").strip() or None)
