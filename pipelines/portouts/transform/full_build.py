"""A full build: drop the schemas `staging`, `intermediate` and `marts`, and build every model from `raw`."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from portouts.transform.input_tables import fill_input_tables
from portouts.transform.inputs import ModelInputs
from portouts.transform.project.comments import comment
from portouts.transform.project.graph import ModelGraph, write_lineage
from portouts.transform.project.inventory_tables import fill_contents
from portouts.transform.project.model import SCHEMAS, Kind, Model
from portouts.transform.project.statements import drop_temporary, run, with_temporary_names


def build_all(connection: duckdb.DuckDBPyConnection, graph: ModelGraph, inputs: ModelInputs, built_from: str) -> None:
    """Build everything in the caller's transaction."""
    for schema in reversed(SCHEMAS):
        connection.execute(f"drop schema if exists {schema} cascade")
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    sources = [model for model in graph.models if model.kind is Kind.INPUT or graph.reads_raw(model)]
    for model in sources:
        _create(connection, model, ())
    write_lineage(connection, graph.reads)
    fill_input_tables(connection, inputs, built_from)
    fill_contents(connection)
    temporary = [model for model in graph.models if model.kind.is_temporary and model not in sources]
    names = [model.name for model in temporary]
    for model in graph.models:
        if model in temporary:
            _create_temporary(connection, model, names)
        if model not in sources:
            _create(connection, model, names)
    drop_temporary(connection)
    comment(connection, graph.models, graph.reads)


def _create(connection: duckdb.DuckDBPyConnection, model: Model, temporary: Collection[str]) -> None:
    """Create the table or view that a published file holds; only a table is computed from temporary ones."""
    if model.kind is Kind.PER_ORDER:
        run(connection, model.path, f"create table {model.name} as {with_temporary_names(model.select, temporary)}")
    elif model.kind.is_table:
        run(connection, model.path, f"create table {model.name} as {model.select}")
    else:
        run(connection, model.path, f"create view {model.name} as {model.select}")


def _create_temporary(connection: duckdb.DuckDBPyConnection, model: Model, temporary: Collection[str]) -> None:
    kind = "table" if model.kind is Kind.PER_ORDER_TEMPORARY else "view"
    select = with_temporary_names(model.select, temporary)
    run(connection, model.path, f"create or replace temp {kind} {model.object_name} as {select}")
