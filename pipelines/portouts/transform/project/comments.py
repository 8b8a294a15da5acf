"""Comments of tables, views and columns in the database, from the texts of the models.

A column without a text has that of the column of the same name in the first model or table of `raw` that it reads and
that has one: each text is written once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import duckdb

from portouts.transform.project.graph import Reads
from portouts.transform.project.model import Model

Texts = Mapping[str, str]


def comment(connection: duckdb.DuckDBPyConnection, models: Iterable[Model], reads: Reads) -> None:
    """Comment all tables, views and columns; the models are in the order of the graph."""
    columns = _columns(connection)
    texts: dict[str, Texts] = _raw_texts(connection)
    statements: list[str] = []
    for model in models:
        texts[model.name] = column_texts(
            model, columns[model.name], (texts.get(read, {}) for read in reads[model.name])
        )
        kind = "table" if model.kind.is_table else "view"
        statements.append(f"comment on {kind} {model.name} is {_quoted(model.description)};")
        statements += [
            f'comment on column {model.name}."{column}" is {_quoted(text)};'
            for column, text in texts[model.name].items()
        ]
    connection.execute("\n".join(statements))


def column_texts(model: Model, columns: Iterable[str], read: Iterable[Texts]) -> Texts:
    """Return the text of each column that has one: the model's own, else that of the first model that it reads."""
    inherited: dict[str, str] = {}
    for texts in read:
        inherited = {**texts, **inherited}
    known = {**inherited, **model.columns}
    return {column: known[column] for column in columns if column in known}


def _columns(connection: duckdb.DuckDBPyConnection) -> Mapping[str, list[str]]:
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() order by table_name, column_index"
    ).fetchall()
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for name, column in rows:
        columns[name].append(column)
    return columns


def _raw_texts(connection: duckdb.DuckDBPyConnection) -> dict[str, Texts]:
    rows = connection.execute(
        "select 'raw.' || table_name, column_name, comment from duckdb_columns() "
        "where schema_name = 'raw' and database_name = current_database() and comment is not null"
    ).fetchall()
    texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name, column, text in rows:
        texts[name][column] = text
    return dict(texts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
