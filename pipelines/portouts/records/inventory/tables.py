"""Turns the numbers of a page into Arrow, without their PINs, and makes the other tables of the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.arrow import typed_column, without_pins
from portouts.records.inventory.fields import (
    NUMBER_FIELDS,
    PERSONAL_NUMBER_FIELDS,
    PIN,
    RAW_COUNTS,
    RAW_LISTS,
    RAW_NUMBERS,
    RAW_OBSERVATIONS,
)
from portouts.records.privacy import KEEP, Privacy, json_text
from portouts.records.rows import Row, canonical_column
from portouts.records.schema import INSTANT, TEXT

_NO_PIN: tuple[object, ...] = (None, False, "", [], {})


def numbers_table(rows: Sequence[Row], privacy: Privacy = KEEP) -> pa.Table:
    """Make the columns of `RAW_NUMBERS`; a value that does not fit its column becomes null."""
    values: dict[str, Sequence[Any]] = {name: [_value(row, name) for row in rows] for name in NUMBER_FIELDS}
    values["customer_reference"] = without_pins(values["customer_reference"])
    values["tags"] = [_tags(value) for value in values["tags"]]
    columns = {name: typed_column(name, values[name], kind, {}) for name, kind in NUMBER_FIELDS.items()}
    for name in PERSONAL_NUMBER_FIELDS:
        columns[name] = pa.array([privacy.mask(value) for value in columns[name].to_pylist()], TEXT)
    columns["id"] = canonical_column(columns["id"])
    columns["has_pin"] = pa.array([_value(row, PIN) not in _NO_PIN for row in rows], pa.bool_())
    columns["missing_since"] = pa.nulls(len(rows), INSTANT)
    return pa.table(columns, RAW_NUMBERS)


def _tags(value: object) -> str | None:
    """Return the tags of a number as JSON in the order of the alphabet; None without any, or if they are not texts."""
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        return None
    return json_text(sorted({*value})) if value else None


def number_observations(numbers: pa.Table, seen_at: datetime, sync_id: str) -> pa.Table:
    """Make one observation of each number: what may change, and whether the list showed it."""
    constant = {"seen_at": pa.scalar(seen_at, INSTANT), "sync_id": pa.scalar(sync_id, TEXT)}
    columns = {
        "phone_number_id": numbers["id"],
        "is_listed": pc.is_null(numbers["missing_since"]),
        **{name: pa.repeat(value, len(numbers)) for name, value in constant.items()},
    }
    return pa.table({name: columns.get(name, _column(numbers, name)) for name in RAW_OBSERVATIONS.names}).cast(
        RAW_OBSERVATIONS
    )


def number_counts(counts: Mapping[str, int], counted_at: datetime, sync_id: str) -> pa.Table:
    """Make one row per status with the number of numbers that have it."""
    rows = [(status, counted_at, count, sync_id) for status, count in sorted(counts.items())]
    return _of_rows(rows, RAW_COUNTS)


def number_lists(rows: Sequence[tuple[datetime, int, bool, str]]) -> pa.Table:
    """Make one row per reading of the whole list: when, how many numbers, whether it is proven, and by which sync."""
    return _of_rows(rows, RAW_LISTS)


def _of_rows(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _value(row: Row, name: str) -> Any:
    return row.get(name) if isinstance(row, dict) else getattr(row, name)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    return table[name] if name in table.column_names else None
