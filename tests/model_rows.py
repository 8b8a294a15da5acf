"""The rows of every model, to compare an incremental build with a full one."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from portouts.transform.project.model import Kind, Model, read_models
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    import duckdb

Rows = dict[str, pa.Table]
"""Model → its rows, sorted."""


def compared_models() -> list[Model]:
    """List the models that a build computes; an input may keep what no order needs any more."""
    return [model for model in read_models(sql_folder()).values() if model.kind is not Kind.INPUT]


def rows_of_models(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Read all rows of every model."""
    return {
        model.name: connection.sql(f"from {model.name} order by all").to_arrow_table()
        for model in compared_models()
        if model.name != "staging.model_inputs"  # shows settings and the checksum of the SQL
    }


def differences(found: Rows, expected: Rows) -> list[str]:
    """Name the models whose rows differ, with one row each that only one side has."""
    compared = ((name, _counted(found[name]), _counted(expected[name])) for name in _unequal(found, expected))
    return [f"{name}: {next(iter((one - other) + (other - one)))}" for name, one, other in compared if one != other]


def _unequal(found: Rows, expected: Rows) -> list[str]:
    """Name the models whose rows are not equal bit by bit, which is fast to see: sums may differ in the last digits."""
    return [name for name in expected if not found[name].equals(expected[name])]


def _counted(table: pa.Table) -> Counter[tuple[Any, ...]]:
    """Count equal rows; floats are rounded, because sums depend on the order of their terms."""
    return Counter(tuple(map(_rounded, row.values())) for row in table.to_pylist())


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.9g}")
    return value
