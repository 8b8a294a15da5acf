"""`portouts status`: show what the published file says about itself."""

from __future__ import annotations

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Check, Database
from portouts.commands.terminal.environment import machine_time
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file


@with_exit_status()
def status(database: Database = DEFAULT_DATABASE, check: Check = False, as_json: AsJson = False) -> None:
    """Show how fresh the published file is, which ranges it covers, and what it holds."""
    database = published_file(database)
    from portouts.commands.results.status import print_status
    from portouts.report.status import read_status

    print_status(read_status(database, machine_time(), check=check), as_json=as_json)
