"""Equality as a law: what an incremental build left is what a full build of the same raw rows gives."""

from __future__ import annotations

from pathlib import Path

import duckdb
from model_rows import differences, rows_of_models
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs

from simulation.reading import Wrong


def require_rows_of_full_build(database: Path, inputs: ModelInputs) -> None:
    """Build everything from a copy of the published raw rows, and compare every model with the published one."""
    with duckdb.connect(str(database), read_only=True) as published:
        published.execute("set timezone = 'UTC'")
        found = rows_of_models(published)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        _copy_raw(connection, database)
        build_models(connection, inputs)
        expected = rows_of_models(connection)
    if different := differences(found, expected):
        raise Wrong(f"a full build gives other rows of {len(different)} models, such as {'; '.join(different[:4])}")


def _copy_raw(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    connection.execute(f"attach '{database}' as published (read_only); create schema raw")
    query = "select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'raw'"
    for (name,) in connection.execute(query).fetchall():
        connection.execute(f'create table raw."{name}" as from published.raw."{name}"')
    connection.execute("detach published")
