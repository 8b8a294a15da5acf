"""`portouts pending`: list the orders that wait for an answer, most urgent first."""

from __future__ import annotations

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Database
from portouts.commands.terminal.environment import machine_time
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file


@with_exit_status()
def pending(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List the pending orders of the published file, most urgent first, with the hours left now. Needs no key."""
    database = published_file(database)
    from portouts.commands.results.answering.pending import print_pending
    from portouts.report.pending import read_pending

    print_pending(read_pending(database, machine_time()), as_json=as_json)
