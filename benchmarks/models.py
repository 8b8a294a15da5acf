"""Measures all models and checks on a generated raw warehouse, larger than the sandbox can serve quickly.

    python benchmarks/models.py --orders 1000000 --repeat 3

`raw_warehouse.sql` generates the rows: equal orders every time, with ten different lifecycles, several pending periods,
spellings, numbers, ranges and observations. One order in ten has no events. Each build runs in a process of its own.
The output is seconds, CPU seconds, peak memory, and what took longest in the last build.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from portouts.transform.build import update_in_limited_memory
from portouts.transform.checks import read_checks
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.memory import MemoryLimit
from portouts.warehouse.sql import sql_folder
from portouts.warehouse.working_file import NEW_FILE

AS_OF = datetime(2026, 7, 1, 12, tzinfo=UTC)
SLOWEST = 20
_CREATES = re.compile(r"create (?:or replace )?(?:temp )?(?:table|view) (\S+) as")
RAW_WAREHOUSE = Path(__file__).with_name("raw_warehouse.sql")


def generate(database: Path, orders: int) -> None:
    """Fill the schema `raw` of a new database file."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as generated {NEW_FILE}; use generated")
        connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        connection.execute(f"set variable orders = {orders}")
        connection.execute(f"set variable as_of = timestamptz '{AS_OF.isoformat()}'")
        connection.execute(RAW_WAREHOUSE.read_text())
        for table in ("portouts", "portout_phone_numbers", "portout_events", "portout_observations"):
            print(f"{connection.table(f'raw.{table}').count('*').fetchall()[0][0]:>12,} {table}")


class TimedConnection:
    """A connection that records the seconds of each model and of each check."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.seconds: dict[str, float] = defaultdict(float)
        self._checks = {query: name for name, query in read_checks(sql_folder()).items()}

    def execute(self, statement: str, *values: Any) -> Any:
        began = time.perf_counter()
        result = self.connection.execute(statement, *values)
        self.seconds[self._name(statement)] += time.perf_counter() - began
        return result

    def _name(self, statement: str) -> str:
        if created := _CREATES.match(statement):
            return created[1]
        return self._checks.get(statement, "other statements")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def build_once(database: Path) -> None:
    """Build once; print `seconds cpu_seconds peak_mb`, then what took longest and the warnings."""
    with duckdb.connect(str(database), config={"preserve_insertion_order": False}) as connection:  # as in a sync
        MemoryLimit(database.parent).bound(connection, database)
        timed: Any = TimedConnection(connection)
        began = time.perf_counter()
        build = update_in_limited_memory(timed, ModelInputs(AS_OF), full=True)
        seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    for name, file_seconds in nlargest(SLOWEST, timed.seconds.items(), key=itemgetter(1)):
        print(f"{file_seconds:>12.2f} {name}")
    for warning in build.warnings:
        print(warning)


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--database", type=Path, help="keep the warehouse in this file, which is generated if it does not exist"
    )
    parser.add_argument("--build", action="store_true", help="build once in --database, in this process")
    options = parser.parse_args()
    if options.build:
        build_once(options.database)
        return
    with TemporaryDirectory() as folder:
        database = options.database or Path(folder) / "benchmark.duckdb"
        if not database.exists():
            generate(database, options.orders)
        outputs = [run("--build", "--database", str(database)) for _ in range(options.repeat)]
    figures = [[float(figure) for figure in output.splitlines()[0].split()] for output in outputs]
    print(f"{platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, medians of {len(figures)}")
    for name, values in zip(("seconds", "CPU seconds", "peak MB"), zip(*figures, strict=True), strict=True):
        print(f"{name:>12}: {statistics.median(values):,.1f}")
    print("what took longest, seconds in the last build:", *outputs[-1].splitlines()[1:], sep="\n")


if __name__ == "__main__":
    main()
