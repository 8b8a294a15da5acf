"""Thirty orders and the marts that they must make, both written by hand: see golden/README.md."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from mart_comparison import assert_same_rows, built, compute_reference
from order_histories import World

Row = dict[str, Any]

GOLDEN = Path(__file__).parent / "golden"
STORIES: Row = tomllib.loads((GOLDEN / "orders.toml").read_text(encoding="utf-8"))
EXPECTED = {path.stem: path for path in sorted((GOLDEN / "expected").glob("*.csv"))}
FLOATS = re.compile(r"hours|share|rate|p\d0_")
TEXTS = {"portout_id", "spid", "carrier_id", "carrier_name", "country_code", "area_code", "phone_number", "age_bucket"}
TEXTS |= {"status", "previous_status", "next_status", "last_status", "last_portout_id", "response", "urgency"}
TEXTS |= {
    "rejected_by",
    "outcome",
    "rejection_reason",
    "measured_by",
    "next_measured_by",
    "ported_at_source",
    "time_zone",
    "time_zone_source",
}


def read_cell(name: str, text: str) -> Any:
    """Read a cell by its column's name; numbers may be fractions."""
    if not text:
        return None
    if name in TEXTS:
        return text
    if name.endswith("_at"):
        return datetime.fromisoformat(text).astimezone(UTC)
    if name.endswith("_on") or name in {"day", "week", "month"}:
        return date.fromisoformat(text)
    if name.startswith("is_"):
        return {"true": True, "false": False}[text]
    return float(Fraction(text)) if FLOATS.search(name) else int(text)


def each_day(row: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield a row for every day from `from_day` to `to_day`, or the row itself."""
    if "from_day" not in row:
        yield row
        return
    day, last = (date.fromisoformat(row.pop(name)) for name in ("from_day", "to_day"))
    while day <= last:
        yield {"day": day.isoformat(), **row}
        day += timedelta(days=1)


def read_expected(mart: str) -> list[Row]:
    with EXPECTED[mart].open(encoding="utf-8", newline="") as file:
        rows = [row for line in csv.DictReader(file) for row in each_day(line)]
    return [{name: read_cell(name, text) for name, text in row.items()} for row in rows]


def golden_world() -> World:
    world = World(as_of=STORIES["as_of"].astimezone(UTC))
    for as_of in STORIES["syncs"]:
        world.sync(as_of.astimezone(UTC))
    for number, (id_, order) in enumerate(STORIES["orders"].items()):
        lists = {name: order.pop(name, []) for name in ("events", "foc_changes", "sightings", "ranges")}
        fields = {"spid": None, "carrier_name": None} | order | {"id": id_}
        if "deleted_at" in fields:
            fields["deleted_at"] = fields["deleted_at"].astimezone(UTC)
        world.add_order(number, **fields)
        for at, status in lists["events"]:
            world.add_event(id_, status, at)
        for at, day in lists["foc_changes"]:
            payload = {"id": id_, "foc_date": day}
            world.add_event(id_, "", at, event_type="portout.foc_date_changed", payload=payload)
        for at, status in lists["sightings"]:
            world.see(id_, status, at.astimezone(UTC))
        for start, end in lists["ranges"]:
            world.find_in_range(id_, start.astimezone(UTC), end.astimezone(UTC))
    return world


WORLD = golden_world()
SETTINGS = {"time_zone": STORIES["time_zone"]}


@pytest.fixture(scope="module")
def by_sql() -> dict[str, list[Row]]:
    with duckdb.connect() as connection:
        return built(connection, WORLD, **SETTINGS)


@pytest.fixture(scope="module")
def by_reference() -> dict[str, list[Row]]:
    return compute_reference(WORLD, **SETTINGS)


def assert_as_expected(found: list[Row], mart: str) -> None:
    expected = read_expected(mart)
    names = list(expected[0])
    assert_same_rows([{name: row[name] for name in names} for row in found], expected, mart)


@pytest.mark.parametrize("mart", EXPECTED)
def test_the_marts_in_sql_are_as_written_by_hand(by_sql: dict[str, list[Row]], mart: str) -> None:
    assert_as_expected(by_sql[mart], mart)


@pytest.mark.parametrize("mart", EXPECTED)
def test_the_marts_in_plain_python_are_as_written_by_hand(by_reference: dict[str, list[Row]], mart: str) -> None:
    assert_as_expected(by_reference[mart], mart)


def test_every_aggregate_was_written_by_hand(by_sql: dict[str, list[Row]]) -> None:
    facts = {"fct_portouts", "fct_responses", "fct_rejections", "fct_status_changes"}
    assert {mart for mart in by_sql if mart.startswith("agg_")} | facts <= set(EXPECTED)


def test_there_are_thirty_orders_and_each_is_explained() -> None:
    explained = re.findall(r"^\| `([a-z0-9-]+)` \|", (GOLDEN / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(explained) == 30
    assert sorted(explained) == sorted(STORIES["orders"])
