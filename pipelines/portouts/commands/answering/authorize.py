"""`portouts authorize`: let pending orders port out."""

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
    StateDir,
    Yes,
)
from portouts.commands.terminal.exit_status import with_exit_status

if TYPE_CHECKING:
    from portouts.answers.plan import Decision


@with_exit_status(stopped=STOPPED, done=DONE)
def authorize(
    orders: OrderNames = None,
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
    """Authorise pending orders: Telnyx then ports their numbers to the gaining carrier. Asks before it sends.

    Each answer is sent once and is a row of marts.rpt_answers.

    Exit codes: 0 all were answered, 1 some were not, 2 wrong usage, 75 another command holds the lock and nothing was
    sent.
    """
    answer_orders(
        Asked(database, orders or (), from_file, yes, dry_run, wait, api_key_file, config, state_dir, as_json),
        _decision,
    )


def _decision() -> Decision:
    from portouts.answers.plan import Decision
    from portouts.telnyx.answers import Target

    return Decision(Target.AUTHORIZED)
