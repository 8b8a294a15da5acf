"""`portouts accounts`: list, rename and remove the accounts of a warehouse."""

from __future__ import annotations

from portouts.commands.loading.announced import end_behind
from portouts.commands.options import (
    DEFAULT_DATABASE,
    AsJson,
    Config,
    Database,
    Drop,
    HeldAccount,
    NewAccount,
    StateDir,
)
from portouts.commands.terminal.environment import open_with_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.accounts import require_account_name
from portouts.load.settings.files import settings_files

STOPPED = "Run it again, or run `portouts sync`."
DONE = "`portouts accounts list` shows the accounts."


@with_exit_status()
def list_accounts(
    database: Database = DEFAULT_DATABASE, config: Config = None, state_dir: StateDir = None, as_json: AsJson = False
) -> None:
    """List the accounts: whether there is a key, how many orders are held, as of when, and what failed."""
    database = published_file(database)
    warehouse, settings = open_with_settings(database, state_dir, settings_files(database, config), needs_key=False)
    from portouts.commands.jobs.accounts.names import list_accounts as list_them
    from portouts.commands.results.accounts import print_accounts

    print_accounts(list_them(warehouse, settings), as_json=as_json)


@with_exit_status(stopped=STOPPED, done=DONE)
def rename(
    name: HeldAccount,
    new: NewAccount,
    database: Database = DEFAULT_DATABASE,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an account another name, in all rows, and publish. A warehouse of one account has the account default."""
    database = published_file(database)
    require_account_name(new)
    warehouse, settings = open_with_settings(database, state_dir, settings_files(database, config), needs_key=False)
    from portouts.commands.jobs.accounts.names import rename_account
    from portouts.commands.results.accounts import print_change

    changed = rename_account(warehouse, settings, name, new)
    print_change(changed, as_json=as_json)
    end_behind(changed.targets)


@with_exit_status(stopped=STOPPED, done=DONE)
def remove(
    name: HeldAccount,
    drop: Drop = False,
    database: Database = DEFAULT_DATABASE,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove an account that is no longer in the settings. Its rows stay, unless --drop deletes them."""
    database = published_file(database)
    warehouse, settings = open_with_settings(database, state_dir, settings_files(database, config), needs_key=False)
    from portouts.commands.jobs.accounts.names import remove_account
    from portouts.commands.results.accounts import print_change

    changed = remove_account(warehouse, settings, name, drop=drop)
    print_change(changed, as_json=as_json)
    end_behind(changed.targets)
