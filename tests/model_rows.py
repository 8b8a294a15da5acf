"""The rows of every model, to compare an incremental build with a full one."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from portouts.transform.project.model import Kind, Model, read_models
from portouts.warehouse.sql import sql_folder

if TYPE_CHECKING:
    import duckdb

Rows = dict[str, Counter[tuple[Any, ...]]]


def compared_models() -> list[Model]:
    """List the models that a build computes; an input may keep what no order needs any more."""
    return [model for model in read_models(sql_folder()).values() if model.kind is not Kind.INPUT]


def rows_of_models(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Read all rows of every model; floats are rounded, because sums depend on the order of their terms."""
    return {
        model.name: Counter(tuple(map(_rounded, row)) for row in connection.table(model.name).fetchall())
        for model in compared_models()
        if model.name != "staging.model_inputs"  # shows settings and the checksum of the SQL
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.9g}")
    return value


def differences(found: Rows, expected: Rows) -> list[str]:
    """Name the models whose rows differ, with one row each that only one side has."""
    return [
        f"{name}: {next(iter((found[name] - expected[name]) + (expected[name] - found[name])))}"
        for name in expected
        if found[name] != expected[name]
    ]
