"""Checks of the models: each file of `sql/checks` is a sentence that must hold, and a query for the rows that break it.

If a check returns rows, the build is rolled back. If its name begins with `warn_`, the build only reports a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import duckdb

from portouts.errors import CheckFailed
from portouts.warehouse.sql import run_file, sql_files

WARNING_PREFIX = "warn_"
ROWS_SHOWN = 5


@dataclass(frozen=True)
class CheckWarning:
    """A `warn_` check that returned rows: its sentence, the number of rows, their first ids, and what to do."""

    sentence: str
    row_count: int
    first_ids: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        ids = ", ".join(self.first_ids)
        return f"not true: “{self.sentence}” ({self.row_count} rows, first: {ids}). {self.advice}".rstrip()


def run_checks(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[CheckWarning]:
    """Run every check of a folder and return the warnings; raise `CheckFailed` if any other check returns rows."""
    findings = {path: _run_check(connection, path) for path in sql_files(folder)}
    failures = [str(found) for path, found in findings.items() if found and not _only_warns(path)]
    if failures:
        raise CheckFailed("\n".join(failures))
    return [found for found in findings.values() if found]


def _only_warns(check: Path) -> bool:
    return check.name.startswith(WARNING_PREFIX)


def _run_check(connection: duckdb.DuckDBPyConnection, path: Path) -> CheckWarning | None:
    """Run one check; its name is the sentence that must hold, and its leading comment says what to do."""
    rows = run_file(connection, path).fetchall()
    if not rows:
        return None
    return CheckWarning(
        sentence=path.stem.removeprefix(WARNING_PREFIX).replace("_", " "),
        row_count=len(rows),
        first_ids=tuple(str(row[0]) for row in rows[:ROWS_SHOWN]),
        advice=_leading_comment(path),
    )


def _leading_comment(path: Path) -> str:
    lines = takewhile(lambda line: line.startswith("--"), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)
