"""One mart as a file of text (CSV) or of columns (Parquet), written by DuckDB.

A CSV file is UTF-8 with a byte order mark, without which Excel takes it for the code page of the system. A Parquet file
is for programs: its instants are UTC, its texts unchanged, and its metadata name as_of, zone and certificate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.warehouse.export.cells import neutralised_in_sql
from portouts.warehouse.export.marts import local_columns, select_of
from portouts.warehouse.sql import quoted

_BYTE_ORDER_MARK = "\ufeff"


def write_csv(connection: duckdb.DuckDBPyConnection, mart: str, zone: str, file: Path) -> int:
    """Write a mart with local times and without formulas; return its rows."""
    first, *others = local_columns(connection, mart, zone, neutralised_in_sql)
    columns = [first._replace(header=_BYTE_ORDER_MARK + first.header), *others]
    return _copy(connection, select_of(mart, columns), file, ["format csv", "header true"])


def write_parquet(connection: duckdb.DuckDBPyConnection, mart: str, facts: Mapping[str, object], file: Path) -> int:
    """Write a mart as it is, with these facts as the metadata of the file; return its rows."""
    metadata = ", ".join(f"{name}: '{_text(value)}'" for name, value in facts.items())
    options = ["format parquet", "compression zstd", f"kv_metadata {{{metadata}}}"]
    return _copy(connection, f"from marts.{mart}", file, options)


def _copy(connection: duckdb.DuckDBPyConnection, select: str, file: Path, options: Sequence[str]) -> int:
    settings = ", ".join([*options, "use_tmp_file false"])
    [(rows,)] = connection.execute(f"copy ({select}) to '{quoted(file)}' ({settings})").fetchall()
    return int(rows)


def _text(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value if isinstance(value, str) else json.dumps(value)
    return text.replace("'", "''")
