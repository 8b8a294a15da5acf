"""`portouts verify`: prove the warehouse against the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from portouts.commands.loading.announced import announced, end_behind
from portouts.commands.options import (
    DEFAULT_DATABASE,
    AcceptDeletions,
    AcceptSettings,
    ApiKeyFile,
    AsJson,
    Config,
    Database,
    InsertedSince,
    InsertedUntil,
    Quick,
    Repair,
    Sample,
    StateDir,
    VerifyDepth,
    chosen_depth,
)
from portouts.commands.terminal.environment import (
    instants_to_verify,
    machine_time,
    open_with_settings,
)
from portouts.commands.terminal.exit_status import DIFFERENT, FAILED, with_exit_status
from portouts.commands.terminal.log.run import this_run
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.progress import note_plan, note_wait, progress
from portouts.load.settings.files import settings_files
from portouts.verify.count_buckets import Depth

if TYPE_CHECKING:
    from portouts.commands.jobs.verify import VerifyOutcome, VerifyRequest
    from portouts.warehouse.warehouse import Warehouse


@with_exit_status(
    stopped="No certificate was published; what was repaired is kept. Run `portouts verify` again.",
    done="Its certificate is published.",
)
def verify(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    quick: Quick = False,
    depth: VerifyDepth = Depth.MONTH,
    sample: Sample = 0,
    since: InsertedSince = None,
    until: InsertedUntil = None,
    repair: Repair = False,
    accept_deletions: AcceptDeletions = False,
    accept_settings: AcceptSettings = False,
    api_key_file: ApiKeyFile = None,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove the warehouse against the API: counts by status and month, and a search where they disagree.

    Exit codes: 0 proven, 3 different, 1 not provable.
    """
    database = published_file(database)
    start, end = instants_to_verify(since, until)
    depth = chosen_depth(context, depth, quick=quick)
    files = settings_files(database, config)
    with announced("verify", database, files, state_dir) as ended:
        warehouse, settings = open_with_settings(database, state_dir, files, api_key_file=api_key_file)
        from portouts.commands.jobs.verify import VerifyRequest
        from portouts.commands.results.loading.verification import facts_of, print_verification

        request = VerifyRequest(
            settings, depth, sample, start, end, repair, accept_deletions, accept_settings, ended.run_id
        )
        ended.outcome = outcome = _verify(warehouse, request)
        ended.exit_code = _exit_code(outcome)
        this_run().facts |= facts_of(outcome)
        print_verification(outcome, as_json=as_json)
        end_behind(outcome.targets, ended)
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)


def _verify(warehouse: Warehouse, request: VerifyRequest) -> VerifyOutcome:
    from portouts.commands.jobs.accounts.sync import is_of_accounts
    from portouts.commands.jobs.accounts.verify import run_accounts_verify
    from portouts.commands.jobs.verify import run_verify
    from portouts.extract.options import Callbacks

    with progress() as add_bar:
        callbacks = Callbacks(add_bar("Verifying"), note_wait, measures=this_run().measures)
        run = run_accounts_verify if is_of_accounts(warehouse, request.settings) else run_verify
        return run(warehouse, request, machine_time, callbacks, note_plan)


def _exit_code(outcome: VerifyOutcome) -> int:
    """Return the exit code that belongs to the verdict."""
    from portouts.verify.comparison import Verdict

    codes = {Verdict.PROVEN: 0, Verdict.DIFFERENT: DIFFERENT, Verdict.UNPROVEN: FAILED}
    return codes[Verdict(outcome.certificate.verdict)] or (FAILED if outcome.errors else 0)
