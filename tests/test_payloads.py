"""The payload of every event can be made again from its columns, or stands in the text that is kept for that."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hostile_api import NOW, HostileAccount, HostileApi, order
from hypothesis import given
from hypothesis import strategies as st
from portouts.records.arrow import events_table, mask_payload
from portouts.records.privacy import KEEP, Pii, Privacy, json_text
from portouts.records.schema import PAYLOAD_COLUMNS, PAYLOAD_FIELDS, PAYLOAD_NAMES
from portouts.telnyx.page import parse_page
from portouts.transform.held_payloads import split_payloads
from stored_payloads import stored_payload

Row = dict[str, Any]
ID = "0c902ed0-ac2b-4812-ac9e-e9a156087531"
NAME = "Quillon Vexwhistle"
CHANGE: Row = {
    "id": ID,
    "status": "rejected",
    "phone_numbers": ["+12125550100", "+35315550100"],
    "carrier_name": "Example",
    "spid": None,
    "user_id": "00000000-0000-4000-8000-00000000cafe",
    "subscriber_name": NAME,
    "rejection_reason": "Not ours – désolé",
    "attempted_pin": "4711",
}
COMMENT: Row = {"id": "a-comment", "portout_id": ID, "user_id": None, "comment": f"Ask {NAME}"}
DAY: Row = {"id": ID, "user_id": "an organization", "foc_date": "2026-05-01T00:00:00.000Z"}
DOCUMENTED = {
    "portout.status_changed": CHANGE,
    "portout.new_comment": COMMENT,
    "portout.foc_date_changed": DAY,
}
SALT = "not a secret"


def event(event_type: Any, payload: Any, **fields: Any) -> Row:
    return {"id": "e", "event_type": event_type, "portout_id": ID, "payload": copy.deepcopy(payload)} | fields


def as_text_alone(payload: Any, privacy: Privacy = KEEP) -> Any:
    """Return what the text of a payload says where all of it is kept as one text."""
    payload = copy.deepcopy(payload)
    shown = mask_payload(payload, privacy) if privacy.pii != "keep" else payload
    return None if shown is None else msgspec.json.decode(json_text(shown))


ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.sampled_from((ID, ID.upper(), "PIN: 4711", '{"pin": 4711}', "Pin Oak Court 1204", "")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("status", "pin", "a")), inner),
    max_leaves=4,
)  # fmt: skip
NAMES = sorted({name for fields in PAYLOAD_FIELDS.values() for name in fields} | {"new", "a,b", "", "attempted_pin"})


@st.composite
def any_payload(draw: st.DrawFn) -> Any:
    """Make payloads with the documented fields, of which some are gone, null, of any kind, or unknown; or any value."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANY_VALUE)
    payload: Row = dict(draw(st.sampled_from([*DOCUMENTED.values()])))
    changed: Row = draw(st.dictionaries(st.sampled_from(NAMES), ANY_VALUE, max_size=3))
    gone: set[str] = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    return {name: value for name, value in (payload | changed).items() if name not in gone}


ANY_EVENT = st.builds(
    lambda event_type, payload, order_id: event(event_type, payload, portout_id=order_id),
    st.sampled_from([*DOCUMENTED, "portout.unheard_of", None]) | ANY_VALUE,
    any_payload(),
    st.sampled_from([ID, ID.upper(), "order-A", None, 7]),
)


@pytest.mark.slow
@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
@given(rows=st.lists(ANY_EVENT, min_size=1, max_size=4))
def test_every_payload_can_be_made_again_from_what_is_stored(pii: Pii, rows: list[Row]) -> None:
    privacy = Privacy(pii, SALT)
    rows = parse_page(msgspec.json.encode({"data": rows})).rows
    expected = [as_text_alone(row["payload"], privacy) for row in rows]
    assert [stored_payload(row) for row in events_table(rows, privacy).to_pylist()] == expected


@pytest.mark.parametrize("event_type", DOCUMENTED)
def test_a_documented_payload_is_kept_in_columns_alone(event_type: str) -> None:
    payload = DOCUMENTED[event_type]
    (row,) = events_table([event(event_type, payload)]).to_pylist()
    assert row["payload"] is None
    assert stored_payload(row) == {name: value for name, value in payload.items() if name != "attempted_pin"}


@pytest.mark.parametrize(
    ("payload", "is_text_kept"),
    [
        pytest.param(DAY | {"user_id": None}, False, id="null"),
        pytest.param({"id": ID}, False, id="fields gone"),
        pytest.param({}, False, id="no field"),
        pytest.param(DAY | {"id": "another"}, False, id="another id"),
        pytest.param(DAY | {"id": None}, True, id="no id"),
        pytest.param(DAY | {"new": None}, True, id="an unknown field"),
        pytest.param(DAY | {"foc_date": 5}, True, id="another type"),
        pytest.param("a text", True, id="no object"),
    ],
)
def test_a_payload_is_kept_as_text_where_it_holds_something_that_no_column_does(
    payload: Any, is_text_kept: bool
) -> None:
    (row,) = events_table([event("portout.foc_date_changed", payload)]).to_pylist()
    assert (row["payload"] is not None, row[PAYLOAD_NAMES] is None) == (is_text_kept, is_text_kept)
    assert stored_payload(row) == payload


def test_an_event_whose_payload_is_not_there_yet_has_neither_text_nor_fields() -> None:
    (row,) = events_table([event("portout.status_changed", None)]).to_pylist()
    assert {row[name] for name in ("payload", PAYLOAD_NAMES, *PAYLOAD_COLUMNS)} == {None}


@pytest.mark.parametrize("pii", ["hash", "drop"])
@pytest.mark.parametrize("event_type", DOCUMENTED)
def test_personal_fields_of_a_payload_are_masked_in_their_columns(event_type: str, pii: Pii) -> None:
    table = events_table([event(event_type, DOCUMENTED[event_type])], Privacy(pii, SALT))
    assert [secret for secret in (NAME, "+1212", "désolé", "4711") if secret in str(table.to_pylist())] == []


ODD: list[Row] = [
    event(event_type, payload)
    for event_type in (*DOCUMENTED, "portout.unheard_of")
    for payload in (*DOCUMENTED.values(), {}, {"id": None}, DAY | {"new": {"deep": [1.5, None]}}, [1], "a text", 5)
] + [event("portout.status_changed", CHANGE | {name: 5}) for name in CHANGE]


@pytest.mark.slow  # a whole sync
def test_every_payload_of_a_hostile_account_can_be_made_again_from_the_published_file(tmp_path: Path) -> None:
    api = HostileApi(orders=[order(1)])
    for number, row in enumerate(ODD):
        stamp = {"id": f"event-{number:03}", "portout_id": "order-001", "created_at": NOW.isoformat()}
        api.events.append((NOW, row | stamp))
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    account.sync()
    with duckdb.connect(str(account.database), read_only=True) as connection:
        held = connection.sql("from raw.portout_events order by id").to_arrow_table().to_pylist()
    assert [stored_payload(row) for row in held] == [as_text_alone(row["payload"]) for _, row in api.events]


def as_an_earlier_version_loaded(connection: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Create the events' table with all payloads as text."""
    table = events_table(copy.deepcopy(rows)).select(["id", "event_type", "portout_id", "payload__status"])
    texts = [None if row["payload"] is None else json_text(copy.deepcopy(row["payload"])) for row in rows]
    connection.execute("create schema raw")
    connection.register("loaded", table.append_column("payload", [texts]))
    connection.execute("create table raw.portout_events as from loaded")
    connection.unregister("loaded")


def test_payloads_of_an_earlier_version_become_what_a_load_makes_of_them() -> None:
    rows = [row | {"id": f"event-{number:03}"} for number, row in enumerate([*ODD, event("portout.new_comment", None)])]
    columns = ["id", "payload", PAYLOAD_NAMES, *PAYLOAD_COLUMNS]
    with duckdb.connect() as connection:
        as_an_earlier_version_loaded(connection, rows)
        for _ in range(2):
            split_payloads(connection)
            held = connection.sql("from raw.portout_events order by id").to_arrow_table().select(columns)
            assert held.to_pylist() == events_table(copy.deepcopy(rows)).select(columns).to_pylist()
        assert connection.execute("from raw.changed_orders").fetchall() == [(None,)]


def test_a_text_of_an_earlier_version_that_is_no_json_stays() -> None:
    with duckdb.connect() as connection:
        as_an_earlier_version_loaded(connection, [event("portout.foc_date_changed", DAY)])
        connection.execute("update raw.portout_events set payload = 'no JSON'")
        split_payloads(connection)
        assert connection.execute("select payload, payload_fields from raw.portout_events").fetchall() == [
            ("no JSON", None)
        ]


def test_a_warehouse_in_which_nothing_is_loaded_yet_is_left_as_it_is() -> None:
    with duckdb.connect() as connection:
        split_payloads(connection)
        assert connection.execute("from duckdb_tables()").fetchall() == []
