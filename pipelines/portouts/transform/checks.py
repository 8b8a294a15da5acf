"""Checks of the models: each file of `sql/checks` is a sentence that must hold, and a query for the rows that break it.

If a check returns rows, the build is rolled back. If its name begins with `warn_`, the build only reports a warning.
A full build runs all of them on all rows. An incremental build runs those of the folder `orders` on the rows of changed
orders, those of `totals` if something that they read changed, and not those of `tables`.

One check has no file: that no two rows of a mart have the same key. It is made of the `key:` of the models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import duckdb

from portouts.errors import CheckFailed
from portouts.transform.project.model import Model, read_models
from portouts.transform.project.statements import run
from portouts.warehouse.sql import sql_files

WARNING_PREFIX = "warn_"
UNIQUE_KEYS = "checks/tables/every_row_of_a_mart_has_a_key_of_its_own"
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


def read_checks(folder: Path) -> dict[str, str]:
    """Read the checks of the folder `sql`: `checks/<folder>/<name>` → the query with its comment."""
    files = {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sql_files(folder / "checks")
    }
    return {**files, UNIQUE_KEYS: _rows_of_equal_keys(read_models(folder).values())}


def run_checks(connection: duckdb.DuckDBPyConnection, checks: Mapping[str, str]) -> list[CheckWarning]:
    """Run checks and return the warnings; raise `CheckFailed` if any other check returns rows."""
    return judged({name: _run_check(connection, name, query) for name, query in checks.items()})


def judged(findings: Mapping[str, CheckWarning | None]) -> list[CheckWarning]:
    """Return the warnings of checks that were run, by name; raise `CheckFailed` if any other check returned rows."""
    failures = [str(found) for name, found in findings.items() if found and not _only_warns(name)]
    if failures:
        raise CheckFailed("\n".join(failures))
    return [found for found in findings.values() if found]


def _rows_of_equal_keys(models: Iterable[Model]) -> str:
    """Write the query for keys that two rows of a mart have."""
    doubled = [
        f"select concat_ws('|', '{model.object_name}', {', '.join(model.key)}) as row_of from {model.name} "  # noqa: S608 - names of our own files
        f"group by {', '.join(model.key)} having count(*) > 1"
        for model in models
        if model.name.startswith("marts.") and model.kind.is_table and model.key
    ]
    return "-- A mart has two rows with one key, so its model groups wrongly: please report it.\n" + (
        "\nunion all\n".join(doubled)
    )


def _only_warns(check: str) -> bool:
    return _sentence(check).startswith(WARNING_PREFIX)


def _sentence(check: str) -> str:
    return check.rpartition("/")[2]


def _run_check(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> CheckWarning | None:
    rows = run(connection, Path(f"{name}.sql"), query).fetchall()
    return finding(name, query, len(rows), (row[0] for row in rows[:ROWS_SHOWN])) if rows else None


def finding(name: str, query: str, row_count: int, first_ids: Iterable[object]) -> CheckWarning:
    """Say what a check found: its name is the sentence that must hold, and its leading comment says what to do."""
    return CheckWarning(
        sentence=_sentence(name).removeprefix(WARNING_PREFIX).replace("_", " "),
        row_count=row_count,
        first_ids=tuple(map(str, first_ids)),
        advice=_leading_comment(query),
    )


def _leading_comment(query: str) -> str:
    lines = takewhile(lambda line: line.startswith("--"), query.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)
