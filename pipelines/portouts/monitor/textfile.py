"""Replaces the metrics file in one step, so that a collector never reads an incomplete file.

The file holds no personal data. Everyone may read it, because a collector runs as another user.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from portouts.monitor.metrics import LastRun, Published, metrics_text
from portouts.warehouse.folders import new_file
from portouts.warehouse.sql import sql_folder

READABLE_BY_ALL = 0o644


def write_metrics(file: Path, database: Path, version: str, run: LastRun, now: datetime) -> str | None:
    """Write the metrics of a run and of the published file; return why that was not possible, or None."""
    file = file.resolve()
    versions = {"version": version, "duckdb": duckdb.__version__}
    try:
        before = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        text = metrics_text(str(database.resolve()), versions, run, read_published(database, now), before)
        _replace(file, text)
    except OSError as error:
        return f"{file} cannot be written: {os.strerror(error.errno or 0).lower()}."
    return None


def read_published(database: Path, now: datetime) -> Published | None:
    """Read what the published file holds; None if it is missing or cannot be read."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            [found] = _rows(connection, "published", {"now": now})
            found["accounts"] = _rows(connection, "accounts_of_metrics", {})
    except duckdb.Error:
        return None  # the run itself says what is wrong with it
    return None if found["data_as_of"] is None else msgspec.convert(found, Published)


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, object]) -> list[dict[str, Any]]:
    text = (sql_folder() / "monitor" / f"{query}.sql").read_text(encoding="utf-8")
    result = connection.execute(text, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _replace(file: Path, text: str) -> None:
    part = new_file(file.with_name(f".{file.name}.part"))
    try:
        part.write_text(text, encoding="utf-8")
        part.chmod(READABLE_BY_ALL)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
