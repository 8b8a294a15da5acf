"""Runs the files of `sql/` in path order, and names the file that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from portouts.errors import ModelFailed
from portouts.warehouse.faults import is_of_a_file, is_of_machine


def sql_folder() -> Path:
    """Find the SQL files: inside the installed package, else in the checkout."""
    shipped = Path(__file__).parents[1] / "sql"
    return shipped if shipped.is_dir() else Path(__file__).parents[3] / "sql"


def sql_files(folder: Path) -> list[Path]:
    """List the SQL files of a folder and its folders, in path order."""
    return sorted(folder.rglob("*.sql"))


def quoted(path: Path) -> str:
    """Write a path as the inside of a text in SQL."""
    return str(path).replace("'", "''")


def run_files(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Run the SQL files of a folder, in path order."""
    for path in sql_files(folder):
        run_file(connection, path)


def run_file(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyConnection:
    """Run one SQL file. Raises `ModelFailed` naming it, unless the machine or a damaged database is the reason."""
    try:
        return connection.execute(path.read_text(encoding="utf-8"))
    except duckdb.Error as error:
        if is_of_a_file(error) or is_of_machine(error):
            raise
        raise ModelFailed(f"{path.parent.name}/{path.name}: {error}") from error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run statements in one transaction: all are committed, or none."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has ended the transaction already
            connection.rollback()
        raise
