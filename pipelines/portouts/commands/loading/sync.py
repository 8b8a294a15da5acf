"""`portouts sync`: bring the warehouse up to date, or another engine's raw tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.loading.announced import announced, end_sync
from portouts.commands.options import (
    DEFAULT_DATABASE,
    AcceptDeletions,
    AcceptSettings,
    AllowUnproven,
    ApiKeyFile,
    AsJson,
    AsOf,
    Config,
    Database,
    Destination,
    Full,
    HeldSince,
    Keep,
    Rebuild,
    StateDir,
    VerifyAfterSync,
    refuse_given,
)
from portouts.commands.terminal.environment import (
    instants_to_read,
    machine_time,
    open_with_settings,
    require_engine,
)
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.log.run import this_run
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.process import stop_on_signal
from portouts.commands.terminal.progress import note_wait, progress
from portouts.load.settings.files import read_toml, settings_files
from portouts.verify.count_buckets import Depth

if TYPE_CHECKING:
    from portouts.commands.jobs.sync import SyncOutcome, SyncRequest
    from portouts.extract.options import Callbacks, SyncReport
    from portouts.warehouse.warehouse import Warehouse


@with_exit_status(
    stopped="Nothing was published; run the sync again to go on.", done="The sync is done; see `portouts status`."
)
def sync(
    context: typer.Context,
    database: Database = DEFAULT_DATABASE,
    as_of: AsOf = None,
    since: HeldSince = None,
    full: Full = False,
    allow_unproven: AllowUnproven = False,
    accept_deletions: AcceptDeletions = False,
    verify: VerifyAfterSync = Depth.QUICK,
    destination: Destination = None,
    keep: Keep = None,
    rebuild: Rebuild = False,
    accept_settings: AcceptSettings = False,
    api_key_file: ApiKeyFile = None,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse up to date: one incremental load, models, checks, publish."""
    until, start = instants_to_read(as_of, since)
    files = settings_files(database := published_file(database), config)
    _check_destination(context, destination, files)
    with announced("sync", database, files, state_dir) as ended:
        warehouse, settings = open_with_settings(database, state_dir, files, api_key_file=api_key_file)
        from portouts.commands.jobs.sync import SyncRequest

        request = SyncRequest(
            as_of=until,
            settings=settings,
            since=start,
            full=full,
            allow_unproven=allow_unproven,
            accept_deletions=accept_deletions,
            accept_settings=accept_settings,
            verify=verify,
            keep=keep,
            rebuild=rebuild,
            sync_id=ended.run_id,
        )
        ended.outcome = outcome = _run(warehouse, request, destination, files, as_json=as_json)
        end_sync(outcome, ended)
    if ended.exit_code:
        raise typer.Exit(ended.exit_code)


def _check_destination(context: typer.Context, destination: str | None, files: Sequence[Path]) -> None:
    """Raise `SettingsError` for a destination that does not exist, or with options that it cannot follow."""
    if destination is not None:
        refuse_given(context, "verify", "keep", "rebuild", "accept_settings", because="--destination loads raw alone")
        require_engine(destination, files)


def _run(
    warehouse: Warehouse, request: SyncRequest, destination: str | None, files: Sequence[Path], *, as_json: bool
) -> SyncOutcome | None:
    from portouts.commands.results.loading.sync import facts_of, print_load, print_sync

    if destination is None:
        outcome = _sync(warehouse, request)
        this_run().facts |= facts_of(outcome)
        print_sync(outcome, as_json=as_json)
        return outcome
    print_load(destination, _load(warehouse, request, destination, files), as_json=as_json)
    return None


def _sync(warehouse: Warehouse, request: SyncRequest) -> SyncOutcome:
    from portouts.commands.jobs.accounts.sync import is_of_accounts, run_accounts_sync
    from portouts.commands.jobs.sync import run_sync

    run = run_accounts_sync if is_of_accounts(warehouse, request.settings) else run_sync
    with _callbacks() as callbacks:
        return run(warehouse, request, machine_time, callbacks)


def _load(warehouse: Warehouse, request: SyncRequest, destination: str, files: Sequence[Path]) -> SyncReport:
    from portouts.commands.jobs.sync import run_load

    with _callbacks() as callbacks:
        return run_load(warehouse, request, machine_time, destination, map(read_toml, files), callbacks)


@contextmanager
def _callbacks() -> Iterator[Callbacks]:
    """Show progress, and stop on a signal."""
    from portouts.extract.options import Callbacks

    with progress() as add_bar, stop_on_signal() as is_stopping:
        yield Callbacks(add_bar("Reading Telnyx"), note_wait, is_stopping, this_run().measures)
