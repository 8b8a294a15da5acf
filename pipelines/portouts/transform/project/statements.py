"""Statements that a build makes of the select of a model.

While a build runs, `schema.object` of some models is a temporary table or view `temp.object`: all of it in a full
build, the rows of the changed orders in an incremental one. The names in a select are replaced accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from portouts.errors import ModelFailed
from portouts.warehouse.faults import is_of_a_file, is_of_machine

OF_CHANGED_ORDERS = "portout_id in (select portout_id from temp.changed_orders)"
"""The condition for rows of the orders that an incremental build computes."""


def run(connection: duckdb.DuckDBPyConnection, path: Path, statement: str) -> duckdb.DuckDBPyConnection:
    """Run a statement made of a file. Raises `ModelFailed` naming it, unless the machine or a damaged file is why."""
    try:
        return connection.execute(statement)
    except duckdb.Error as error:
        if is_of_a_file(error) or is_of_machine(error):
            raise
        raise ModelFailed(f"{path.parent.name}/{path.name}: {error}") from error


def with_temporary_names(select: str, models: Collection[str]) -> str:
    """Replace the names of models by those of their temporary tables and views."""
    return replace_names(select, {name: f"temp.{name.partition('.')[2]}" for name in models})


def replace_names(select: str, replacements: Mapping[str, str]) -> str:
    """Replace the names of models."""
    if not replacements:
        return select
    names = "|".join(re.escape(name) for name in sorted(replacements))
    return re.sub(rf"\b(?:{names})\b(?!\.)", lambda found: replacements[found[0]], select)


def drop_temporary(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop all temporary views and tables; views go first, since they read the tables."""
    found = connection.execute(
        "select 'view', view_name from duckdb_views() where temporary and not internal "
        "union all select 'table', table_name from duckdb_tables() where temporary"
    ).fetchall()
    for kind, name in found:
        connection.execute(f'drop {kind} temp."{name}"')
