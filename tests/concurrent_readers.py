"""Readers of a published file, in processes of their own: `python -m concurrent_readers --seconds 120 --readers 20`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb

ORDERS = """
    select
        (select max(as_of) from marts.rpt_sync) as as_of,
        (select orders from raw.verifications order by finished_at desc limit 1) as counted_by_the_api,
        (select count(*) from raw.portouts) as in_raw,
        (select count(*) from marts.fct_portouts) as in_the_mart,
        (select sum(orders_received) from marts.agg_portouts_daily) as in_the_days
"""


class Seen(NamedTuple):
    """One look at the published file; `wrong` says what did not agree, or why it could not be read."""

    as_of: datetime | None
    wrong: str = ""


def look(database: Path, hold: Callable[[], object]) -> Seen:
    """Open the file, read, hold it open, read again: both times the same, and consistent."""
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            [first] = connection.execute(ORDERS).fetchall()
            hold()
            [second] = connection.execute(ORDERS).fetchall()
    except duckdb.Error as error:
        return Seen(None, f"{type(error).__name__}: {error}")
    as_of, *counts = first
    if first != second:
        return Seen(as_of, f"first {first}, then {second}")
    return Seen(as_of, "" if len(set(counts)) == 1 else f"counts disagree: {counts}")


def read_until(done: Event, seen: Queue[Seen], database: Path, seconds: float) -> None:
    """Look again and again, in the process of a reader."""
    while not done.is_set():
        seen.put(look(database, lambda: done.wait(seconds)))


def main() -> int:
    from portouts_sandbox import World  # here, so that the readers' own processes start without dlt
    from simulated_account import Account

    parser = argparse.ArgumentParser(prog="python -m concurrent_readers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--readers", type=int, default=20)
    options = parser.parse_args()
    context = get_context("spawn")
    done, seen, versions, wrong = context.Event(), context.Queue(), Counter[datetime | None](), list[str]()
    with TemporaryDirectory() as folder:
        account = Account(World(1_000, 7, now=datetime(2026, 5, 16, tzinfo=UTC)), Path(folder) / "portouts.duckdb")
        account.sync()
        readers = [
            context.Process(target=read_until, args=(done, seen, account.database, 0.5 * number))
            for number in range(options.readers)
        ]
        for reader in readers:
            reader.start()
        syncs, ends = 0, time.monotonic() + options.seconds
        while time.monotonic() < ends or any(reader.is_alive() for reader in readers):
            if time.monotonic() < ends:
                account.world.advance(timedelta(hours=6))
                account.sync()
                syncs += 1
            else:
                done.set()
            while not seen.empty():
                as_of, problem = seen.get()
                versions[as_of] += 1
                wrong += [problem] if problem else []
    print(*wrong, sep="\n", file=sys.stderr)
    looks = versions.total()
    print(f"{syncs} syncs; {looks} looks by {len(readers)} readers at {len(versions)} versions; {len(wrong)} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
