"""`portouts status`: show the state of the published file, and compare it with limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.options import DEFAULT_DATABASE, AsJson, Check, Database, MaxAge, MaxPendingAge
from portouts.commands.terminal.environment import machine_time
from portouts.commands.terminal.exit_status import GATE, with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.errors import GateBroken

if TYPE_CHECKING:
    from portouts.report.gates import Gate


@with_exit_status()
def status(
    database: Database = DEFAULT_DATABASE,
    check: Check = False,
    max_age: MaxAge = None,
    max_pending_age: MaxPendingAge = None,
    as_json: AsJson = False,
) -> None:
    """Show how fresh the published file is, which ranges it covers, and what it holds.

    Exit code 4: a limit given by --max-age or --max-pending-age is exceeded.
    """
    database, now = published_file(database), machine_time()
    if max_age and not database.exists():
        raise GateBroken(f"--max-age does not hold: {database} does not exist. Run `portouts sync` first.")
    from portouts.commands.results.status import note_gates, print_status
    from portouts.report.status import read_status

    found = read_status(database, now, check=check)
    gates = _gates(database, now, max_age, max_pending_age)
    note_gates(gates)
    print_status(found, gates, as_json=as_json)
    if not all(gate.holds for gate in gates):
        raise typer.Exit(GATE)


def _gates(
    database: Path, now: datetime, max_age: timedelta | None, max_pending_age: timedelta | None
) -> Sequence[Gate]:
    if max_age is None and max_pending_age is None:
        return ()
    from portouts.report.gates import check_gates
    from portouts.report.pending import read_pending

    return check_gates(read_pending(database, now), now, max_age, max_pending_age)
