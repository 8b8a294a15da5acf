"""The rows of a chart as a table, for readers who do not see the picture; the columns are those that the chart uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 60
NO_VALUE = "–"
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00(\.0+)?")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}):\d{2}(?:\.\d+)?(.*)")


@dataclass(frozen=True)
class Values:
    """One table: the titles of its columns, its rows, and how many rows there are in all."""

    columns: list[str]
    rows: list[list[str]]
    count: int
    shows_latest: bool


def values_of(spec: Mapping[str, Any]) -> list[Values]:
    """Return a table for each set of rows that a specification holds."""
    titles = dict(_titles(spec))
    sets = [rows for rows in _row_sets(spec) if rows]
    return [table for table in (_table(rows, titles) for rows in sets) if table.columns]


def _row_sets(spec: Any) -> Iterator[list[Mapping[str, Any]]]:
    if isinstance(spec, Mapping):
        yield from spec.get("datasets", {}).values()
        data = spec.get("data")
        if isinstance(data, Mapping) and isinstance(data.get("values"), list):
            yield data["values"]
        for name in ("layer", "hconcat", "vconcat", "concat", "spec"):
            yield from _row_sets(spec.get(name))
    elif isinstance(spec, list):
        for part in spec:
            yield from _row_sets(part)


def _titles(spec: Any) -> Iterator[tuple[str, str]]:
    """Yield the fields that a specification names, with the last title that it gives each."""
    if isinstance(spec, Mapping):
        field = spec.get("field")
        if isinstance(field, str):
            yield field, _title(spec, field)
        for name, part in spec.items():
            if name not in {"datasets", "values"}:
                yield from _titles(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _titles(part)


def _title(channel: Mapping[str, Any], field: str) -> str:
    title = channel.get("title")
    return title if isinstance(title, str) and title else field.replace("\\", "").replace("_", " ")


def _table(rows: list[Mapping[str, Any]], titles: Mapping[str, str]) -> Values:
    columns = [name for name in dict.fromkeys(name for row in rows[:MOST_ROWS] for name in row) if name in titles]
    is_dated = bool(columns) and isinstance(rows[0].get(columns[0]), str) and bool(_INSTANT.match(rows[0][columns[0]]))
    shown = rows[-MOST_ROWS:] if is_dated else rows[:MOST_ROWS]
    return Values(
        [titles[name] for name in columns],
        [[_as_text(row.get(name)) for name in columns] for row in shown],
        len(rows),
        shows_latest=is_dated,
    )


def _as_text(value: Any) -> str:
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
    if day := _MIDNIGHT.fullmatch(str(value)):
        return day[1]
    if instant := _INSTANT.fullmatch(str(value)):
        return f"{instant[1]} {instant[2]}{instant[3]}"
    return str(value)
