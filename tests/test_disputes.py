"""Port-outs to check with the reasons, and what a user's list calls them, also where numbers are hashed or dropped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from mart_comparison import assert_equals_reference, assert_same_rows, built, compute_reference, read
from order_histories import AS_OF, World, create_raw, random_world
from portouts.errors import SettingsError
from portouts.extract.state import SyncState
from portouts.load.settings.files import Setting
from portouts.load.settings.remembered import record_settings, settings_in_use
from portouts.load.settings.settings import Settings, check_settings
from portouts.records.privacy import Privacy
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.transform.lists.labels import Label, as_held, read_labels

if TYPE_CHECKING:
    import duckdb

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REASONS = (
    "is_left_to_silence",
    "is_new_carrier",
    "is_part_of_burst",
    "is_repeated_attempt",
    "is_without_pin",
    "is_already_ported",
    "is_never_answered",
)
MARTS = ("rpt_port_outs_to_check", "fct_labels", "agg_labels_monthly")


def world_to_check() -> World:
    """Make an order for each reason, and others without one."""
    world = World()
    world.add_order(0, AS_OF - 90 * DAY, "canceled")
    for number in range(1, 6):
        id_ = world.add_order(number, AS_OF - 2 * DAY - number * HOUR, "authorized", spid="BURST")
        world.add_event(id_, "authorized", AS_OF - 2 * DAY)
    world.add_order(10, AS_OF - 40 * DAY, "canceled", spid="BURST")
    silent = world.add_order(11, AS_OF - 3 * DAY, "ported", spid="111A", current_carrier=None, already_ported=True)
    world.add_event(silent, "authorized", AS_OF - 3 * DAY + 48 * HOUR)
    world.add_event(silent, "ported", AS_OF - HOUR)
    again = world.add_order(12, AS_OF - 3 * DAY, "pending", phone_numbers=["+13125550100"], already_ported=True)
    payload = {"id": again, "status": "pending", "attempted_pin": ""}
    world.add_event(again, "pending", AS_OF - 3 * DAY, payload=payload)
    calm = world.add_order(13, AS_OF - 3 * DAY, "authorized")
    payload = {"id": calm, "status": "authorized", "attempted_pin": "4711"}
    world.add_event(calm, "authorized", AS_OF - 2 * DAY, payload=payload)
    old = world.add_order(14, AS_OF - 9 * DAY, "ported")
    world.add_event(old, "ported", AS_OF - 8 * DAY)
    return world


def reasons_of(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = read(connection, "rpt_port_outs_to_check")
    return {row["portout_id"][-2:]: {name for name in REASONS if row[name]} for row in rows}


def test_every_reason_to_check_a_port_out_is_found(connection: duckdb.DuckDBPyConnection) -> None:
    world = world_to_check()
    assert_equals_reference(built(connection, world), world)
    burst = {f"0{number}": {"is_part_of_burst"} for number in range(1, 6)}
    assert reasons_of(connection) == burst | {
        "0b": {"is_left_to_silence", "is_never_answered"},
        "0c": {"is_repeated_attempt", "is_without_pin", "is_already_ported"},
    }


def test_a_carrier_is_new_for_a_week_but_not_when_the_data_begins(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    world.add_order(0, AS_OF - 90 * DAY, "canceled")
    for number, days in enumerate((8, 2, 0.5), start=1):
        world.add_order(number, AS_OF - days * DAY, spid="NEW")
    world.add_order(9, AS_OF - DAY, spid="111A")
    found = built(connection, world, dispute_window_hours=24 * 30)
    assert_equals_reference(found, world, dispute_window_hours=24 * 30)
    assert reasons_of(connection) == {"01": {"is_new_carrier"}, "02": {"is_new_carrier"}}


@pytest.mark.parametrize("seed", range(2))
def test_labels_of_random_stories_equal_the_reference(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    world, rng = random_world(Random(seed), 60), Random(seed)
    subjects = [order["id"] for order in rng.sample(world.orders, 9)] + ["unknown"]
    subjects += [order["support_key"] for order in rng.sample(world.orders, 9)] + ["+13125550101", "+12125550103"]
    names = ("unauthorised", "error", "winback")
    labels = tuple(Label(subject, rng.choice(names), subject.startswith("+")) for subject in subjects)
    create_raw(connection, world)
    build_models(connection, ModelInputs(world.as_of, labels=labels, dispute_window_hours=400))
    expected = compute_reference(world, labels=labels, dispute_window_hours=400)
    for mart in MARTS:
        assert expected[mart], mart
        assert_same_rows(read(connection, mart), expected[mart], mart)


def test_an_order_comes_before_a_key_and_a_key_before_a_number(connection: duckdb.DuckDBPyConnection) -> None:
    world = World()
    first = world.add_order(1, AS_OF - 3 * DAY, "ported", phone_numbers=["+13125550101"])
    second = world.add_order(2, AS_OF - 2 * DAY, "canceled", phone_numbers=["+13125550101"])
    key = str(world.orders[0]["support_key"])
    number, of_key = Label("+13125550101", "winback", is_number=True), Label(key, "error", is_number=False)
    for labels, expected in (
        ((number,), {first: "winback"}),
        ((number, of_key), {first: "error"}),
        ((number, of_key, Label(first, "unauthorised", is_number=False)), {first: "unauthorised"}),
        ((Label(second, "error", is_number=False),), {second: "error"}),
    ):
        connection.execute("drop schema if exists raw cascade")
        found = built(connection, world, labels=labels)
        assert {row["portout_id"]: row["label"] for row in found["fct_labels"]} == expected
    [month] = read(connection, "agg_labels_monthly")
    assert month["error_share"] == 0.5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


LINES = """order_or_number,label
00000000-0000-4000-8000-00000000000A,Unauthorized
PO_a263bd, error

"+1 (312) 555-0101",winback
"""
FOUND = (
    Label("00000000-0000-4000-8000-00000000000a", "unauthorised", is_number=False),
    Label("PO_a263bd", "error", is_number=False),
    Label("+13125550101", "winback", is_number=True),
)


def test_a_list_of_labels_is_read_whole(path: Path) -> None:
    path.write_text(LINES, encoding="utf-8")
    assert read_labels(path) == FOUND


HEADER = b"order_or_number,label\n"
UNUSABLE = {
    "no file": (None, "cannot be read: No such file"),
    "another encoding": (HEADER + b"PO_1,winback\xe9\n", "is not UTF-8"),
    "other header": (b"order,label\nPO_1,error\n", "does not begin with the line order_or_number,label"),
    "an unknown label": (
        b"order_or_number,label\nPO_1,fraud\n",
        "line 2 .* 'fraud': use unauthorised, error or winback",
    ),
    "no label": (HEADER + b"PO_1,error\nPO_2\n", "line 3 .* is not an order or a number, and a label"),
    "a number without +": (
        b"order_or_number,label\n13125550101,error\n",
        "line 2 .* a number with \\+ and country code",
    ),
    "two labels": (HEADER + b"PO_1,error\nPO_1,winback\n", "lines 2 and 3 .* two labels: delete one"),
}


@pytest.mark.parametrize(("content", "message"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_a_list_of_labels_that_cannot_be_used_is_refused(path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        settings(path)


def settings(path: Path, **others: str) -> Settings:
    given = {"labels": str(path), **others}
    return check_settings({name: Setting(value, "a test") for name, value in given.items()})


def test_labels_name_numbers_as_the_rows_hold_them(path: Path) -> None:
    path.write_text(LINES, encoding="utf-8")
    hashed = settings(path, pii="hash", pii_salt="salt").models.inputs(AS_OF).labels
    number = Privacy("hash", "salt").mask("+13125550101")
    assert hashed == (*FOUND[:2], Label(str(number), "winback", is_number=True))
    assert as_held(hashed, Privacy("hash", "salt")) == hashed
    assert settings(path, pii="drop").models.inputs(AS_OF).labels == FOUND[:2]


def test_new_lines_of_labels_need_no_consent(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    path.write_text(LINES, encoding="utf-8")
    create_raw(connection, World())
    record_settings(connection, settings(path), AS_OF)
    path.write_text(f"{LINES}PO_7,error\n", encoding="utf-8")
    used = settings_in_use(connection, SyncState(), settings(path))
    assert len(used.settings.models.labels) == 4
    taken = settings_in_use(connection, SyncState(), check_settings({}))
    assert taken.settings.models.labels == used.settings.models.labels
    assert "labels" in taken.notes[0]
