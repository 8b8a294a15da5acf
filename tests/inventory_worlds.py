"""Inventories for the tests of the models: readings of the list of numbers, and the raw tables that a loader makes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from portouts.records.inventory.fields import NUMBER_FIELDS, RAW_TABLES
from portouts.records.inventory.tables import numbers_table

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
NEXT_STATUS = {
    "purchase-pending": ["active", "purchase-failed"],
    "port-pending": ["active", "port-failed"],
    "active": ["active", "active", "port-out-pending", "ported-out", "deleted", "emergency-only"],
    "port-out-pending": ["ported-out", "ported-out", "active"],
}


def a_number(number_id: str, phone_number: str | None, bought_at: datetime, **fields: Any) -> Row:
    """Make a number as the API lists it: active since it was bought, unless `fields` say otherwise."""
    at = bought_at.isoformat()
    return {
        **dict.fromkeys(NUMBER_FIELDS),
        "id": number_id,
        "phone_number": phone_number,
        "status": "active",
        "phone_number_type": "local",
        "country_iso_alpha2": "US",
        "external_pin": None,
        "created_at": at,
        "updated_at": at,
        "purchased_at": at,
        **fields,
    }


def random_readings(rng: random.Random, numbers: Sequence[str | None], as_of: datetime) -> list[Row]:
    """Read the list four times: numbers come, change, disappear and come back; not every reading is proven."""
    held = {f"n{place:03}": _random_number(rng, f"n{place:03}", numbers, as_of) for place in range(40)}
    readings = []
    for days in (50, 21, 3, 0):
        read_at = as_of - timedelta(days=days, seconds=rng.choice([0, 0, 7]))
        for number in held.values():
            _change(rng, number, read_at)
        listed = [dict(number) for number in held.values() if rng.random() < 0.9 and _is_bought(number, read_at)]
        readings.append({"read_at": read_at, "is_proven": rng.random() < 0.8, "numbers": listed})
    return readings


def _random_number(rng: random.Random, number_id: str, numbers: Sequence[str | None], as_of: datetime) -> Row:
    created_at = as_of - timedelta(seconds=rng.randrange(180 * 86_400))
    return a_number(
        number_id,
        rng.choice([*numbers, f"+1512555{int(number_id[1:]) + 100:04}", None]),
        created_at,
        status=rng.choice(["purchase-pending", "port-pending", "active", "active", "active", None, " "]),
        phone_number_type=rng.choice(["local", "tollfree", "Toll_Free", "mobile", None]),
        country_iso_alpha2=rng.choice(["US", "CA", None]),
        customer_reference=rng.choice(["one", " one", "two", "", None]),
        connection_id=rng.choice(["1", "2", None]),
        external_pin=rng.choice([None, "canary"]),
        tags=rng.choice([None, [], ["b", "a"]]),
        activated_at=rng.choice([None, (created_at + timedelta(days=2)).isoformat()]),
        purchased_at=rng.choice([None, created_at.isoformat(), created_at.isoformat()]),
        created_at=rng.choice([None, *[created_at.isoformat()] * 5]),
    )


def _change(rng: random.Random, number: Row, read_at: datetime) -> None:
    if rng.random() < 0.5 or not _is_bought(number, read_at):
        return
    number["status"] = rng.choice(NEXT_STATUS.get(number["status"], [number["status"]]))
    number["customer_reference"] = rng.choice([number["customer_reference"], "three"])
    number["updated_at"] = rng.choice([None, (read_at - timedelta(hours=rng.randrange(300))).isoformat()])


def _is_bought(number: Row, read_at: datetime) -> bool:
    return not number["created_at"] or datetime.fromisoformat(number["created_at"]) <= read_at


def create_raw_inventory(connection: duckdb.DuckDBPyConnection, readings: Sequence[Row]) -> None:
    """Create the raw tables of these readings as the loader leaves them; without readings there are none."""
    if not readings:
        return
    tables: dict[str, list[Row]] = {name: [] for name in RAW_TABLES}
    held: dict[str, Row] = {}
    for reading in sorted(readings, key=lambda one: one["read_at"]):
        for row in _news(reading, held):
            held[row["id"]] = row
            observed = {name: row.get(name) for name in RAW_TABLES["phone_number_observations"].names}
            added = {"phone_number_id": row["id"], "is_listed": row["missing_since"] is None, "sync_id": "sync"}
            tables["phone_number_observations"].append({**observed, **added, "seen_at": reading["read_at"]})
        proven, count = reading["is_proven"], len(reading["numbers"])
        row = {"read_at": reading["read_at"], "numbers": count, "is_proven": proven, "sync_id": "sync"}
        tables["phone_number_lists"].append(row)
    tables["phone_numbers"] = list(held.values())
    for name, rows in tables.items():
        connection.register("inventory_rows", pa.Table.from_pylist(rows, RAW_TABLES[name]))
        connection.execute(f"create table raw.{name} as select *, 'default' as account from inventory_rows")
        connection.unregister("inventory_rows")


def _news(reading: Row, held: dict[str, Row]) -> Iterator[Row]:
    listed = {number["id"]: _as_held(number) for number in reading["numbers"]}
    yield from [row for number_id, row in listed.items() if held.get(number_id) != row]
    if reading["is_proven"]:
        gone = [row for number_id, row in held.items() if number_id not in listed and row["missing_since"] is None]
        yield from [row | {"missing_since": reading["read_at"]} for row in gone]


def _as_held(number: Row) -> Row:
    row = {name: number[name] for name in NUMBER_FIELDS}
    row["tags"] = numbers_table([row])["tags"].to_pylist()[0]
    row |= {name: datetime.fromisoformat(row[name]) for name in row if name.endswith("_at") and row[name]}
    return {**row, "has_pin": bool(number["external_pin"]), "missing_since": None}
