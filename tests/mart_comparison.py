"""Marts built by SQL from a small world, compared with those of the reference implementation, value by value."""

from __future__ import annotations

import csv
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.carriers import CarrierParent
from portouts.transform.lists.customer_values import CustomerValue
from portouts.transform.lists.labels import Label
from reference_implementation.marts import compute_marts

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
T0 = datetime(2026, 3, 1, 9, tzinfo=UTC)


def read(connection: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
    return read_table(connection, f"marts.{mart}")


def read_table(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    cursor = connection.execute(f"select * from {table}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def built(connection: duckdb.DuckDBPyConnection, world: World, **settings: Any) -> dict[str, list[Row]]:
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, **settings))
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    return {name: read(connection, name) for (name,) in names}


def in_order(rows: list[Row], names: list[str]) -> list[Row]:
    """Sort by all columns, nulls last; floats decide last of all, since they may differ by a rounding error."""
    return sorted(rows, key=lambda row: [(row[name] is None, 0 if row[name] is None else row[name]) for name in names])


def is_same(mine: Any, theirs: Any, tolerance: float = 1e-6) -> bool:
    """Compare value and type; floats to a millionth, or to another tolerance."""
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=0, abs_tol=tolerance)
    return type(mine) is type(theirs) and bool(mine == theirs)


def assert_same_rows(found: list[Row], expected: list[Row], mart: str, tolerance: float = 1e-6) -> None:
    assert len(found) == len(expected), mart
    columns = {frozenset(row) for row in (*found, *expected)}
    assert len(columns) <= 1, (mart, columns)
    names = list(found[0]) if found else []
    inexact = {name for row in expected for name in names if isinstance(row[name], float)}
    names.sort(key=lambda name: name in inexact)
    for mine, theirs in zip(in_order(found, names), in_order(expected, names), strict=True):
        for name in names:
            assert is_same(mine[name], theirs[name], tolerance), (mart, name, mine, theirs)


def compute_reference(
    world: World,
    holidays: Path | None = None,
    customer_values: tuple[CustomerValue, ...] = (),
    carriers: tuple[CarrierParent, ...] = (),
    labels: tuple[Label, ...] = (),
    **settings: Any,
) -> dict[str, list[Row]]:
    """Compute the marts of a world; `settings` are those of ModelInputs."""
    return compute_marts(
        world.orders,
        world.events,
        world.observations,
        world.ported_ranges,
        world.syncs,
        world.as_of,
        verifications=world.verifications,
        answers=world.answers,
        readings=world.readings,
        holidays=read_holidays(holidays) if holidays else None,
        customer_values={entry.customer_reference: entry.value for entry in customer_values},
        parents={entry.carrier: entry.parent for entry in carriers},
        labels={entry.subject: entry.label for entry in labels},
        **settings,
    )


def read_holidays(path: Path) -> dict[str | None, set[date]]:
    """Read the days off of each country."""
    found: dict[str | None, set[date]] = {}
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    for row in csv.DictReader(lines):
        found.setdefault(row.get("country_code") or None, set()).add(date.fromisoformat(row["holiday_on"]))
    return found


def assert_equals_reference(found: dict[str, list[Row]], world: World, **settings: Any) -> None:
    expected = compute_reference(world, **settings)
    assert set(found) == set(expected)
    for mart, rows in expected.items():
        assert_same_rows(found[mart], rows, mart)
