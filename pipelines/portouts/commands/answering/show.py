"""`portouts show`: show one order as it is now."""

from __future__ import annotations

from portouts.commands.options import DEFAULT_DATABASE, ApiKeyFile, AsJson, Config, Database, OrderName
from portouts.commands.terminal.environment import machine_time, settings_to_read
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.progress import note_wait
from portouts.load.settings.files import settings_files


@with_exit_status()
def show(
    order: OrderName,
    database: Database = DEFAULT_DATABASE,
    api_key_file: ApiKeyFile = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one order as the API returns it now: deadline, events, comments, and the allowed rejection codes.

    Exit codes: 1 there is no such order, 2 several orders have this support key (they are listed).
    """
    database = published_file(database)
    settings = settings_to_read(settings_files(database, config), api_key_file)
    from portouts.commands.jobs.show import read_fresh
    from portouts.commands.results.answering.order import print_order
    from portouts.extract.options import Callbacks

    fresh = read_fresh(database, settings, order, Callbacks(on_wait=note_wait))
    print_order(fresh, machine_time(), as_json=as_json)
