"""Reads the SQL files of `sql/alerts` and of the user's folder: a title, a key and one select over marts.

    -- A carrier asks for numbers for the first time.      the title, a sentence
    -- key: _carrier_id                                    the columns that make a row the same finding as before
    select carrier_name as carrier, carrier_id as _carrier_id, …

Without a key, all columns that are shown are the key. A user's file replaces the shipped file of the same name. A file
without SQL switches that alert off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from portouts.monitor.alerts.values import LINE_LENGTH, PERSONAL, safe_text
from portouts.warehouse.sql import sql_folder

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TITLE = re.compile(r"\s*--(?!\s*key:)\s*(\S[^\n]*)")
_KEY = re.compile(r"(?m)^--\s*key:\s*(.+)$")


class UnusableQuery(ValueError):
    """A query cannot serve as an alert; the message says why."""


@dataclass(frozen=True)
class Query:
    """A file of alerts."""

    name: str
    title: str
    key: tuple[str, ...]
    sql: str


def query_files(own_folder: Path | None = None) -> list[Path]:
    """List the files. The user's files run last, so a slow one delays no shipped alert."""
    files = {path.stem: path for path in sorted((sql_folder() / "alerts").glob("*.sql"))}
    for path in sorted(own_folder.glob("*.sql")) if own_folder else ():
        files.pop(path.stem, None)
        files[path.stem] = path
    return list(files.values())


def read_query(path: Path) -> Query | None:
    """Read a file; None if it holds no SQL. Raises `UnusableQuery`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableQuery(f"its file cannot be read ({type(error).__name__})") from None
    title, key = _TITLE.match(text), _KEY.search(text)
    query = Query(
        name=path.stem,
        title=safe_text(title[1].strip() if title else path.stem, LINE_LENGTH),
        key=tuple(part.strip() for part in key[1].split(",")) if key else (),
        sql=text,
    )
    return query if _COMMENT.sub("", text).strip() else None


def require_usable(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise `UnusableQuery` unless this is one select over marts that names no column about people."""
    [(serialized,)] = connection.execute("select json_serialize_sql(?)", [sql]).fetchall()
    tree = json.loads(serialized)
    if tree["error"] and tree["error_type"] == "parser":
        raise UnusableQuery(tree["error_message"])
    if tree["error"] or len(tree["statements"]) != 1:
        raise UnusableQuery("it is not exactly one select")
    nodes = list(_nodes(tree["statements"]))
    read = {f"{node['schema_name']}.{node['table_name']}" for node in nodes if node.get("type") == "BASE_TABLE"}
    if others := sorted(name for name in read if not name.startswith(("marts.", "."))):
        raise UnusableQuery(f"it reads {', '.join(others)}; an alert reads marts only, such as marts.fct_portouts")
    columns = {part.casefold() for node in nodes if node.get("class") == "COLUMN_REF" for part in node["column_names"]}
    if personal := sorted(columns & PERSONAL):
        raise UnusableQuery(f"it names {', '.join(personal)}, which may hold personal data")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
