"""The models on PostgreSQL: `raw` and the inputs are copied from DuckDB as CSV, everything else is computed there.

A script of psql does each part. What comes back is read by DuckDB, as the types that DuckDB's own models have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portouts.transform.checks import read_checks
from portouts.transform.project.inventory_tables import held_tables, with_empty_tables
from portouts.transform.project.model import SCHEMAS, Kind
from portouts.warehouse.sql import sql_folder
from translated_models import ordered_models, translated

if TYPE_CHECKING:
    import duckdb
    from postgresql_server import PostgresqlServer

Row = dict[str, Any]

# Texts are compared byte by byte, as in DuckDB and Spark; what a model computes of a column inherits its collation.
TEXT = 'text collate "C"'
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "TIMESTAMP": "timestamp without time zone"}
MISLEADING = {"timezone": "Pacific/Auckland", "datestyle": "SQL,DMY", "intervalstyle": "iso_8601"}
PLAIN = {"timezone": "UTC", "datestyle": "ISO"}
MODELS = {model.name: model for model in ordered_models()}
COMPUTED = [name for name, model in MODELS.items() if model.kind is not Kind.INPUT]
EVALUATED = "evaluated"
VIEWS = {Kind.VIEW, Kind.PER_ORDER_VIEW}


@dataclass(frozen=True)
class PostgresqlWarehouse:
    """The schemas of a warehouse on a server, made from those of DuckDB; `folder` is for scripts and CSV."""

    source: duckdb.DuckDBPyConnection
    server: PostgresqlServer
    folder: Path

    def build(self) -> None:
        """Copy what Python writes, and compute all models from it, in a session with misleading settings."""
        self._run("build", self._build(), MISLEADING)

    def rows(self) -> dict[str, list[Row]]:
        """Read all models that SQL computes; views are computed in a session with misleading settings, too."""
        self._run(
            "evaluate", (f"create table {_evaluated(name)} as select * from {name};" for name in COMPUTED), MISLEADING
        )
        files = {name: self._file(name) for name in COMPUTED}
        self._run("read", (_written(f"select * from {_evaluated(name)}", file) for name, file in files.items()), PLAIN)
        return {name: self._read(file, self.types(name)) for name, file in files.items()}

    def found_by_checks(self) -> dict[str, int]:
        """Count the rows that each check returns, in a session with misleading settings."""
        counts = [
            f"select '{name}' as name, count(*) as found from ({translated(query, 'postgres')}) as found"
            for name, query in read_checks(sql_folder()).items()
        ]
        self._run("check", [_written(" union all ".join(counts), self._file("checks"))], MISLEADING)
        return {
            row["name"]: row["found"]
            for row in self._read(self._file("checks"), {"name": "VARCHAR", "found": "BIGINT"})
        }

    def types(self, table: str) -> dict[str, str]:
        """Return the types of DuckDB's columns."""
        relation = self.source.table(table)
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def types_on_postgresql(self) -> dict[str, dict[str, str]]:
        """Return the types of the columns of all models that SQL computes."""
        query = (
            "select table_schema || '.' || table_name as name, column_name, data_type from information_schema.columns"
            " order by table_schema, table_name, ordinal_position"
        )
        self._run("types", [_written(query, self._file("types"))], PLAIN)
        found: dict[str, dict[str, str]] = {name: {} for name in COMPUTED}
        for row in self._read(self._file("types"), dict.fromkeys(("name", "column_name", "data_type"), "VARCHAR")):
            if row["name"] in found:
                found[row["name"]][row["column_name"]] = row["data_type"]
        return found

    def _build(self) -> Iterator[str]:
        for schema in ("raw", *SCHEMAS, EVALUATED):
            yield f"drop schema if exists {schema} cascade; create schema {schema};"
        for (table,) in self.source.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' order by table_name"
        ).fetchall():
            yield from self._copied(f"raw.{table}")
        held = held_tables(self.source)
        for name, model in MODELS.items():
            if model.kind is Kind.INPUT:
                yield from self._copied(name)
            else:
                kind, select = "view" if model.kind in VIEWS else "table", with_empty_tables(model.select, held)
                yield f"create {kind} {name} as {translated(select, 'postgres')};"

    def _copied(self, table: str) -> Iterator[str]:
        types = {name: TEXT if kind == "VARCHAR" else TYPES.get(kind, kind) for name, kind in self.types(table).items()}
        yield f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())});"
        self.source.execute(f"copy {table} to '{self._file(table)}' (format csv, header)")
        yield f"\\copy {table} from '{self._file(table)}' (format csv, header)"

    def _read(self, file: Path, types: Mapping[str, str]) -> list[Row]:
        read = f"read_csv('{file}', header = true, columns = {types}, allow_quoted_nulls = false)"
        return [dict(zip(types, row, strict=True)) for row in self.source.execute(f"from {read}").fetchall()]

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def _run(self, name: str, statements: Iterable[str], settings: Mapping[str, str]) -> None:
        script = self.folder / f"{name}.psql"
        script.write_text("\n".join(statements), encoding="utf-8")
        self.server.run(script, settings)


def _evaluated(name: str) -> str:
    return f'{EVALUATED}."{name}"'


def _written(query: str, file: Path) -> str:
    return f"\\copy ({query}) to '{file}' (format csv, header)"
