"""Thirty orders and the marts that they must make, both written by hand: see golden/README.md."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from inventory_worlds import a_number
from mart_comparison import assert_same_rows, compute_reference, read
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.customer_values import CustomerValue
from portouts.transform.lists.labels import Label

Row = dict[str, Any]

GOLDEN = Path(__file__).parent / "golden"
STORIES: Row = tomllib.loads((GOLDEN / "orders.toml").read_text(encoding="utf-8"))
LISTS = ("events", "foc_changes", "comments", "sightings", "ranges")
EXPECTED = {path.stem: path for path in sorted((GOLDEN / "expected").glob("*.csv"))}


READERS: dict[str, Callable[[str], Any]] = {
    "VARCHAR": str,
    "BIGINT": int,
    "DOUBLE": lambda text: float(Fraction(text)),
    "BOOLEAN": {"true": True, "false": False}.__getitem__,
    "DATE": date.fromisoformat,
    "TIMESTAMP WITH TIME ZONE": lambda text: datetime.fromisoformat(text).astimezone(UTC),
}


def read_cell(kind: str, text: str) -> Any:
    """Read a cell by the type of its column; numbers may be fractions."""
    return READERS[kind](text) if text else None


def each_day(row: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield a row for every day from `from_day` to `to_day`, or the row itself."""
    if "from_day" not in row:
        yield row
        return
    day, last = (date.fromisoformat(row.pop(name)) for name in ("from_day", "to_day"))
    while day <= last:
        yield {"day": day.isoformat(), **row}
        day += timedelta(days=1)


def read_expected(mart: str, types: dict[str, str]) -> list[Row]:
    with EXPECTED[mart].open(encoding="utf-8", newline="") as file:
        rows = [row for line in csv.DictReader(file) for row in each_day(line)]
    return [{name: read_cell(types[name], text) for name, text in row.items()} for row in rows]


def golden_world() -> World:
    world = World(as_of=STORIES["as_of"].astimezone(UTC))
    for as_of in STORIES["syncs"]:
        world.sync(as_of.astimezone(UTC))
    for number, (id_, order) in enumerate(STORIES["orders"].items()):
        lists = {name: order.pop(name, []) for name in LISTS}
        former_name = order.pop("former_name", None)
        fields = {"spid": None, "carrier_name": None} | order | {"id": id_}
        if "deleted_at" in fields:
            fields["deleted_at"] = fields["deleted_at"].astimezone(UTC)
        world.add_order(number, **fields)
        for at, status, *reason in lists["events"]:
            payload = {"id": id_, "status": status, "rejection_reason": "".join(reason), "carrier_name": former_name}
            world.add_event(id_, status, at, payload=payload)
        for at, day in lists["foc_changes"]:
            payload = {"id": id_, "foc_date": day}
            world.add_event(id_, "", at, event_type="portout.foc_date_changed", payload=payload)
        for at, comment_id, user_id, comment in lists["comments"]:
            world.add_comment(id_, at, id=comment_id, user_id=user_id or None, comment=comment)
        for at, status in lists["sightings"]:
            world.see(id_, status, at.astimezone(UTC))
        for start, end in lists["ranges"]:
            world.find_in_range(id_, start.astimezone(UTC), end.astimezone(UTC))
    world.readings += golden_readings()
    return world


def golden_readings() -> list[Row]:
    lists: dict[datetime, list[Row]] = {}
    for id_, number in STORIES["inventory"].items():
        fields = {name: value for name, value in number.items() if name != "listed"}
        for at, status, updated_at in number["listed"]:
            shown = a_number(id_, **fields, status=status, updated_at=updated_at.isoformat())
            lists.setdefault(at.astimezone(UTC), []).append(shown)
    return [{"read_at": at, "is_proven": True, "numbers": numbers} for at, numbers in lists.items()]


WORLD = golden_world()
LABELS = tuple(Label(subject, label, subject.startswith("+")) for subject, label in STORIES["labels"].items())
VALUES = (CustomerValue("one", 1200.0),)
SETTINGS = {"time_zone": STORIES["time_zone"], "customer_values": VALUES, "labels": LABELS}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_raw(connection, WORLD)
        build_models(connection, ModelInputs(WORLD.as_of, **SETTINGS))
        yield connection


@pytest.fixture(scope="module")
def by_reference() -> dict[str, list[Row]]:
    return compute_reference(WORLD, **SETTINGS)


def assert_as_expected(found: list[Row], mart: str, warehouse: duckdb.DuckDBPyConnection) -> None:
    table = warehouse.table(f"marts.{mart}")
    expected = read_expected(mart, dict(zip(table.columns, map(str, table.types), strict=True)))
    names = list(expected[0])
    assert_same_rows([{name: row[name] for name in names} for row in found], expected, mart)


@pytest.mark.parametrize("mart", EXPECTED)
def test_the_marts_in_sql_are_as_written_by_hand(warehouse: duckdb.DuckDBPyConnection, mart: str) -> None:
    assert_as_expected(read(warehouse, mart), mart, warehouse)


@pytest.mark.parametrize("mart", EXPECTED)
def test_the_marts_in_plain_python_are_as_written_by_hand(
    warehouse: duckdb.DuckDBPyConnection, by_reference: dict[str, list[Row]], mart: str
) -> None:
    assert_as_expected(by_reference[mart], mart, warehouse)


def test_every_aggregate_was_written_by_hand(by_reference: dict[str, list[Row]]) -> None:
    facts = {"fct_portouts", "fct_responses", "fct_rejections", "fct_status_changes"}
    assert {mart for mart in by_reference if mart.startswith("agg_")} | facts <= set(EXPECTED)


def test_there_are_thirty_orders_and_each_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z0-9-]+)` \|", (GOLDEN / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(explained) == 30
    assert sorted(explained) == sorted(STORIES["orders"])
