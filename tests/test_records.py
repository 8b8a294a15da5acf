"""What becomes of an order or event, whatever its fields hold."""

from __future__ import annotations

import copy
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from portouts.records.arrow import events_table, orders_table
from portouts.records.phone_numbers import phone_numbers_table
from portouts.records.privacy import Pii, Privacy
from portouts.records.rows import ids_of, separate_unusable
from portouts.records.schema import (
    EVENT_FIELDS,
    HAS_PIN,
    INSTANT,
    NUMBERS,
    ORDER_FIELDS,
    PAYLOAD_COLUMNS,
    PAYLOAD_NAMES,
    Event,
    Order,
)
from portouts.records.versions import newest_versions, observations_table, ported_ranges_table
from portouts.telnyx.page import parse_page
from stored_payloads import stored_payload

Row = dict[str, Any]

ORDER: Row = {
    "id": "ab06d54a-0000-4000-8000-00000005fe32",
    "record_type": "portout",
    "status": "rejected-pending",
    "phone_numbers": ["+12125550100", "+35315550100"],
    "carrier_name": "Télécom Example",
    "spid": "073H",
    "current_carrier": "telnyx",
    "created_at": "2022-04-26T15:50:15+00:00",
    "inserted_at": "2022-04-26T15:50:15+00:00",
    "updated_at": "2022-04-26T17:36:24.521Z",
    "requested_foc_date": "2022-04-29T00:00:00+00:00",
    "foc_date": None,
    "reason": "Not our customer",
    "rejection_code": 1002,
    "host_messaging": False,
    "already_ported": True,
    "authorized_name": "Zoë Example",
    "end_user_name": "Example & Daughters",
    "service_address": "1 Example Street",
    "city": "Sampleville",
    "state": "IL",
    "zip": "00000",
    "pon": "PON-1",
    "vendor": "00000000-0000-4000-8000-000000000001",
    "lsr": ["https://files.example.test/lsr.pdf"],
    "support_key": "PO_05fe32",
    "user_id": "00000000-0000-4000-8000-00000000cafe",
}
ORDER_ROW: Row = ORDER | {
    "created_at": datetime(2022, 4, 26, 15, 50, 15, tzinfo=UTC),
    "inserted_at": datetime(2022, 4, 26, 15, 50, 15, tzinfo=UTC),
    "updated_at": datetime(2022, 4, 26, 17, 36, 24, 521_000, tzinfo=UTC),
    "lsr": '["https://files.example.test/lsr.pdf"]',
    "extra": None,
}
EVENT: Row = {
    "id": "event-1",
    "event_type": "portout.status_changed",
    "portout_id": "order-1",
    "record_type": "portout_event",
    "available_notification_methods": ["email", "webhook"],
    "payload_status": "completed",
    "payload": {
        "id": "order-1",
        "status": "rejected",
        "phone_numbers": ["+12125550100"],
        "carrier_name": "Example",
        "spid": "073H",
        "user_id": "user-1",
        "subscriber_name": "Zoë Example",
        "rejection_reason": None,
        "attempted_pin": "1234",
    },
    "created_at": "2026-05-01T10:00:00.527000Z",
    "updated_at": "2026-05-01T10:00:01.527001Z",
}
PAYLOAD = {key: value for key, value in EVENT["payload"].items() if key != "attempted_pin"}
NO_PAYLOAD: Row = dict.fromkeys(["payload", PAYLOAD_NAMES, HAS_PIN, *PAYLOAD_COLUMNS])
EVENT_ROW: Row = (
    EVENT
    | NO_PAYLOAD
    | {
        "available_notification_methods": '["email","webhook"]',
        "payload_fields": ",".join(PAYLOAD),
        "has_attempted_pin": True,
        "payload__status": "rejected",
        "payload__phone_numbers": '["+12125550100"]',
        "payload__carrier_name": "Example",
        "payload__spid": "073H",
        "payload__user_id": "user-1",
        "payload__subscriber_name": "Zoë Example",
        "created_at": datetime(2026, 5, 1, 10, 0, 0, 527_000, tzinfo=UTC),
        "updated_at": datetime(2026, 5, 1, 10, 0, 1, 527_001, tzinfo=UTC),
        "extra": None,
    }
)
NO_ORDER: Row = {**dict.fromkeys(ORDER_FIELDS), "extra": None}
NO_EVENT: Row = {**dict.fromkeys(EVENT_FIELDS), **NO_PAYLOAD, "extra": None}
SALT = "not a secret"


def order_row(**fields: Any) -> Row:
    """Load one order with an id and these fields."""
    (row,) = orders_table([{"id": "a"} | copy.deepcopy(fields)]).to_pylist()
    return dict(row)


def event_row(**fields: Any) -> Row:
    (row,) = events_table([{"id": "a"} | copy.deepcopy(fields)]).to_pylist()
    return dict(row)


def keyed_hash(text: str) -> str:
    return hmac.new(SALT.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def test_a_full_order_becomes_exactly_its_row() -> None:
    assert orders_table([copy.deepcopy(ORDER)]).to_pylist() == [ORDER_ROW]


def test_a_full_event_becomes_exactly_its_row_without_its_pin() -> None:
    assert events_table([copy.deepcopy(EVENT)]).to_pylist() == [EVENT_ROW]


@pytest.mark.parametrize(
    ("payload", "has_pin"), [({"attempted_pin": ""}, False), ({"attempted_pin": None}, False), ({}, None), (None, None)]
)
def test_whether_a_pin_was_attempted_is_known_only_from_its_field(payload: object, has_pin: bool | None) -> None:
    assert event_row(event_type="portout.status_changed", payload=payload)[HAS_PIN] is has_pin


@pytest.mark.parametrize("parse", [orders_table, events_table])
def test_an_empty_page_keeps_the_schema(parse: Any) -> None:
    rows = [{"id": "a"}]
    assert parse([]).schema == parse(rows).schema
    assert len(parse([])) == 0


def test_every_column_has_one_type_whatever_the_page_holds() -> None:
    strange = {name: {"not": "expected"} for name in ORDER_FIELDS} | {"id": "a"}
    schemas = [orders_table([row]).schema for row in (ORDER, {"id": "a"}, strange)]
    assert schemas[0] == schemas[1] == schemas[2]
    assert (schemas[0].field("updated_at").type, schemas[0].field("phone_numbers").type) == (INSTANT, NUMBERS)


@pytest.mark.parametrize("name", sorted(ORDER_FIELDS.keys() - {"id"}))
@pytest.mark.parametrize("is_null", [True, False], ids=["null", "absent"])
def test_an_order_without_one_field_is_whole_but_for_it(name: str, is_null: bool) -> None:
    row = ORDER | {name: None}
    if not is_null:
        del row[name]
    assert orders_table([row]).to_pylist() == [ORDER_ROW | {name: None}]


TEXTS = tuple(sorted(name for name, kind in ORDER_FIELDS.items() if kind == pa.string() and name != "id"))
NO_TEXT: tuple[object, ...] = (7, 1.5, True, {"a": [1]}, ["a"])
NO_INTEGER: tuple[object, ...] = ("1002", 1.0, 1.5, True, [1], {}, 2**63)
NO_BOOLEAN: tuple[object, ...] = ("true", 0, 1, 0.0, [])
NO_DATE: tuple[object, ...] = (
    "",
    "soon",
    "2026-02-30",
    "20260501",
    "2026-W18-5",
    "2026-5-1",
    " 2026-05-01",
    20260501,
    ["2026-05-01"],
    False,
    "0001-01-01",
    "0001-01-01T00:00:00Z",
    "1899-12-30",
    "1970-01-01T00:00:00+00:00",
    "1999-12-31",
    "2100-01-01",
    "9999-12-31",
    "2026-05-01 or so",
)
NO_INSTANT: tuple[object, ...] = (
    "",
    "soon",
    "2026-02-30T00:00:00Z",
    "2026-05-01T23:59:61Z",
    "2026-05-01T24:00:01Z",
    "2026-05-01T24:01:00Z",
    "0001-01-01T00:00:00Z",
    "1899-12-30T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59.999999Z",
    "2100-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0000-00-00 00:00:00",
    1_780_000_000,
    1.5,
    True,
    {},
    ["2026-05-01"],
)
NO_LIST: tuple[object, ...] = ("+12125550100", 12125550100, {"a": "b"}, True, "")
WRONG_VALUES: tuple[tuple[tuple[str, ...], tuple[object, ...]], ...] = (
    (TEXTS, NO_TEXT),
    (("rejection_code",), NO_INTEGER),
    (("already_ported", "host_messaging"), NO_BOOLEAN),
    (("foc_date", "requested_foc_date"), NO_DATE),
    (("created_at", "inserted_at", "updated_at"), NO_INSTANT),
    (("phone_numbers",), NO_LIST),
)
WRONG = [
    pytest.param(name, value, id=f"{name} {value!r}")
    for names, values in WRONG_VALUES
    for name in names
    for value in values
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_value_of_the_wrong_kind_leaves_null_and_stands_verbatim_in_extra(name: str, value: object) -> None:
    rows = [ORDER | {"id": "before"}, ORDER | {name: value}, ORDER | {"id": "after"}]
    table = orders_table(copy.deepcopy(rows)).to_pylist()
    assert [msgspec.json.decode(row.pop("extra") or "{}") for row in table] == [{}, {name: value}, {}]
    expected = {key: value for key, value in ORDER_ROW.items() if key != "extra"}
    assert table == [expected | {"id": "before"}, expected | {name: None}, expected | {"id": "after"}]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-05-01T10:00:00+00:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00Z", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00.521Z", datetime(2026, 5, 1, 10, 0, 0, 521_000, tzinfo=UTC)),
        ("2026-05-01T10:00:00.527001Z", datetime(2026, 5, 1, 10, 0, 0, 527_001, tzinfo=UTC)),
        ("2026-05-01T10:00:00.1234567Z", datetime(2026, 5, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-05-01T10:00:00.123456789+00:00", datetime(2026, 5, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-05-01T15:30:00+05:30", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 10:00:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T24:00:00Z", datetime(2026, 5, 2, tzinfo=UTC)),
        ("2026-05-01T24:00:00.000+05:30", datetime(2026, 5, 1, 18, 30, tzinfo=UTC)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T18:59:60.5-05:00", datetime(2027, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-05-01t10:00:00z", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 10:00:00 UTC", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2099-12-31T23:59:59.999999Z", datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("neighbour", ["2022-04-26T15:50:15+00:00", None, "soon"], ids=["fits", "null", "unreadable"])
def test_every_style_of_instant_is_read_whatever_stands_beside_it(
    text: str, instant: datetime, neighbour: str | None
) -> None:
    table = orders_table([{"id": "a", "updated_at": text}, {"id": "b", "updated_at": neighbour}])
    assert table.slice(0, 1).to_pylist() == [NO_ORDER | {"id": "a", "updated_at": instant}]


@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
def test_a_date_that_cannot_be_stands_in_extra_in_every_mode(pii: Pii) -> None:
    dates = {"foc_date": "0001-01-01", "inserted_at": "9999-12-31T00:00:00Z"}
    (row,) = orders_table([{"id": "a"} | dates], Privacy(pii, SALT)).to_pylist()
    assert (row["foc_date"], row["inserted_at"], msgspec.json.decode(row["extra"])) == (None, None, dates)


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e400"], ids=bytes.decode)
@pytest.mark.parametrize("name", sorted(ORDER_FIELDS.keys() - {"id", "lsr"}))
def test_a_number_that_is_none_leaves_null_and_its_text_in_extra(name: str, number: bytes) -> None:
    page = b'{"data": [{"id": "a", "' + name.encode() + b'": ' + number + b"}]}"
    (row,) = orders_table(parse_page(page).rows).to_pylist()
    assert (row[name], msgspec.json.decode(row["extra"])) == (None, {name: number.decode()})


def test_a_value_too_deep_to_be_written_is_left_out() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    assert len(event_row_of(deep)["payload"]) < 300


def event_row_of(payload: object) -> Row:
    (row,) = events_table([{"id": "a", "payload": payload}]).to_pylist()
    return dict(row)


@pytest.mark.parametrize("text", ["2026-05-01", "2026-05-01T00:00:00+00:00", "2026-05-01T23:59:59-05:00"])
@pytest.mark.parametrize("neighbour", [None, "soon"], ids=["fits", "unreadable"])
def test_a_date_is_kept_as_it_was_written(text: str, neighbour: str | None) -> None:
    table = orders_table([{"id": "a", "foc_date": text}, {"id": "b", "foc_date": neighbour}])
    assert table["foc_date"].to_pylist() == [text, None]


@pytest.mark.parametrize(
    ("numbers", "kept", "extra"),
    [
        pytest.param([], [], None, id="none"),
        pytest.param(["+1", None, "+2"], ["+1", None, "+2"], None, id="a null"),
        pytest.param(["+1", 12125550100], ["+1", "12125550100"], {"phone_numbers": ["+1", 12125550100]}, id="a number"),
        pytest.param(["+1", {"e164": "+2"}], ["+1", None], {"phone_numbers": ["+1", {"e164": "+2"}]}, id="an object"),
        pytest.param(["+1", ["+2"]], ["+1", None], {"phone_numbers": ["+1", ["+2"]]}, id="a list"),
        pytest.param(["+1", True], ["+1", None], {"phone_numbers": ["+1", True]}, id="a boolean"),
    ],
)
@pytest.mark.parametrize("neighbour", [None, "a text"], ids=["fits", "does not fit"])
def test_numbers_keep_their_places_whatever_stands_beside_them(
    numbers: list[object], kept: list[str | None], extra: Row | None, neighbour: object
) -> None:
    rows: list[Row] = [{"id": "a", "phone_numbers": numbers}, {"id": "b", "phone_numbers": neighbour}]
    row = orders_table(rows).to_pylist()[0]
    assert (row["phone_numbers"], msgspec.json.decode(row["extra"] or "null")) == (kept, extra)


def test_ten_thousand_numbers_of_one_order_are_loaded() -> None:
    numbers = [f"+1212555{number:04}" for number in range(10_000)]
    assert order_row(phone_numbers=numbers)["phone_numbers"] == numbers


def test_names_of_400_characters_are_loaded_whole() -> None:
    name = "Zoë 例 花子 " * 40
    assert order_row(carrier_name=name)["carrier_name"] == name


def test_unknown_fields_stand_verbatim_in_extra() -> None:
    unknown = {"new": {"deep": [1, None, {"é": 1.5}]}, "flag": False, "nothing": None, "extra": "so named by the API"}
    row = order_row(status="pending", **unknown)
    assert msgspec.json.decode(row.pop("extra")) == unknown
    assert row == {key: value for key, value in NO_ORDER.items() if key != "extra"} | {"id": "a", "status": "pending"}


@pytest.mark.parametrize("payload", [None, "text", 5, [1, {"a": 2}], {"status": "ported"}], ids=repr)
@pytest.mark.parametrize("event_type", ["portout.new_comment", "portout.unheard_of", None])
def test_an_event_of_any_type_keeps_its_payload_and_only_a_status_change_has_a_status(
    payload: object, event_type: str | None
) -> None:
    text = None if payload is None else msgspec.json.encode(payload).decode()
    expected = NO_EVENT | {"id": "a", "event_type": event_type, "payload": text}
    assert event_row(event_type=event_type, payload=payload) == expected


def test_a_status_of_the_wrong_kind_in_a_payload_goes_to_extra() -> None:
    row = event_row(event_type="portout.status_changed", payload={"status": 5})
    assert (row["payload__status"], row["extra"]) == (None, '{"payload__status":5}')


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("status", "pin", "a")), inner),
    max_leaves=4,
)


def pages_like(row: Row) -> st.SearchStrategy[list[Row]]:
    """Make pages of this row with some fields gone, some null, some of any kind, and sometimes with unknown ones."""
    changes = st.dictionaries(st.sampled_from((*row, "new", "attempted_pin")), ANY_JSON, max_size=2)
    gone = st.sets(st.sampled_from(tuple(row)), max_size=2)
    changed = st.builds(lambda gone, changes: {k: v for k, v in row.items() if k not in gone} | changes, gone, changes)
    return st.lists(changed, max_size=4)


@pytest.mark.slow
@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
@pytest.mark.parametrize(
    ("row", "row_type", "parse"), [(ORDER, Order, orders_table), (EVENT, Event, events_table)], ids=["orders", "events"]
)
@given(data=st.data())
def test_a_page_gives_the_same_table_whichever_way_it_is_decoded(
    row: Row, row_type: Any, parse: Any, pii: Pii, data: st.DataObject
) -> None:
    body = msgspec.json.encode({"data": data.draw(pages_like(row))})
    fast, general = (parse_page(body, row_type=known).rows for known in (row_type, None))
    assert parse(fast, Privacy(pii, SALT)).equals(parse(general, Privacy(pii, SALT)))


def test_one_strange_row_makes_its_page_come_as_dicts_and_no_other_page() -> None:
    usual, strange = {"data": [ORDER]}, {"data": [ORDER, ORDER | {"new": 1}]}
    assert type(parse_page(msgspec.json.encode(usual), row_type=Order).rows[0]) is Order
    assert parse_page(msgspec.json.encode(strange), row_type=Order).rows == strange["data"]


def test_pages_of_both_forms_make_one_table() -> None:
    rows: list[Any] = [msgspec.convert(ORDER, Order), ORDER | {"new": 1}]
    assert orders_table(rows).to_pylist() == [ORDER_ROW, ORDER_ROW | {"extra": '{"new":1}'}]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64, 10**40], ids=str)
def test_a_whole_number_of_any_size_is_kept_to_the_digit(number: int) -> None:
    row = order_row(lsr={"size": number}, rejection_code=number)
    assert (row["lsr"], row["extra"]) == (f'{{"size":{number}}}', f'{{"rejection_code":{number}}}')


PIN = "8642"
SPELLINGS = (
    "attempted_pin", "attemptedPin", "ATTEMPTED_PIN", "AttemptedPIN", "attempted-pin", "attempted pin", "attemptedpin",
    "pin", "PIN", "account_pin", "portOutPin", "port-out-pin", "PinCode", "pin_number", "pins", "pin_1",
    "pin1", "pinHash", "PINhash", "passcode", "pass_code", "porting_pin", "TransferPins", "external_pin",
    "pin_sha256",
)  # fmt: skip


def as_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize("pin", SPELLINGS)
@pytest.mark.parametrize(
    "place",
    [
        pytest.param(lambda pin: {pin: PIN}, id="top"),
        pytest.param(lambda pin: {"payload": {pin: PIN}}, id="payload"),
        pytest.param(lambda pin: {"payload": {"a": [{"b": [[{pin: PIN}]]}]}}, id="deep in the payload"),
        pytest.param(lambda pin: {"payload": [{pin: {"value": PIN}}]}, id="payload list"),
        pytest.param(lambda pin: {"unknown": {"a": [{pin: [PIN]}]}}, id="unknown field"),
        pytest.param(lambda pin: {"status": {pin: PIN}}, id="known field of the wrong kind"),
        pytest.param(lambda pin: {"lsr": [{pin: PIN}]}, id="lsr"),
        pytest.param(lambda pin: {"phone_numbers": ["+1", {pin: PIN}]}, id="numbers"),
        pytest.param(lambda pin: {"updated_at": [{pin: PIN}]}, id="instant"),
        pytest.param(lambda pin: {"available_notification_methods": [{pin: PIN}]}, id="methods"),
        pytest.param(lambda pin: {"payload": as_text({pin: PIN})}, id="payload as text"),
        pytest.param(lambda pin: {"payload": as_text(as_text([{"a": {pin: [PIN]}}]))}, id="text inside text"),
        pytest.param(lambda pin: {"lsr": [as_text({pin: int(PIN)})]}, id="text in lsr"),
        pytest.param(lambda pin: {"unknown": as_text({pin: [[PIN]]})}, id="unknown field as text"),
        pytest.param(lambda pin: {"lsr": [f"https://files.example.test/a?b=1&{quote(pin)}={PIN}&c=2"]}, id="a link"),
    ],
)
@pytest.mark.parametrize("parse", [orders_table, events_table])
def test_a_pin_is_gone_wherever_it_stands_and_however_it_is_spelt(parse: Any, place: Any, pin: str) -> None:
    assert PIN not in str(parse([{"id": "a", "created_at": None} | place(pin)]).to_pylist())


@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
@pytest.mark.parametrize("place", ["payload", "reason", "unknown"])
def test_a_pin_in_a_sentence_is_removed_in_every_mode(place: str, pii: Pii) -> None:
    row: Row = {"id": "a", "created_at": None, place: {"comment": f"my PIN is {PIN}."}}
    if place == "reason":
        row["reason"] = f"PIN {PIN} does not match"
    for parse in (orders_table, events_table):
        assert PIN not in str(parse([copy.deepcopy(row)], Privacy(pii, SALT)).to_pylist())


@pytest.mark.parametrize(
    "name", ["shipping", "spin", "pinned", "pin_protection_enabled", "opinion", "pinpoint", "is_pin_required", "bypass"]
)
def test_what_only_looks_like_a_pin_is_kept(name: str) -> None:
    assert order_row(**{name: "x"})["extra"] == msgspec.json.encode({name: "x"}).decode()


def test_a_pin_whose_name_is_in_wide_letters_is_gone() -> None:
    wide = {"\uff30\uff29\uff2e": PIN}
    assert PIN not in str([event_row(payload=wide), event_row(payload=as_text(wide)), order_row(**wide)])


@pytest.mark.parametrize("value", [True, False], ids=repr)
def test_a_boolean_is_no_pin(value: bool) -> None:
    assert order_row(pin=value)["extra"] == msgspec.json.encode({"pin": value}).decode()


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [
        ("pin_attempts", 3, True),
        ("pin_attempts", [PIN], False),
        ("pin_validation", "failed", True),
        ("pin_validation", {"expected": PIN}, False),
        ("pin_set_at", "2026-05-01", True),
        ("pin_length", 4, True),
        ("pin_status", int(PIN), False),
    ],
)
def test_what_is_said_about_a_pin_is_kept_unless_it_looks_like_one(name: str, value: object, is_kept: bool) -> None:
    assert (name in (order_row(**{name: value})["extra"] or "")) is is_kept


@pytest.mark.parametrize(
    "row", [{}, {"id": None}, {"id": ""}, {"id": 1.5}, {"id": ["a"]}, {"id": True}, None, 5, []], ids=repr
)
def test_a_row_without_id_is_set_apart_and_its_page_and_place_are_named(row: Any) -> None:
    good = {"id": "a"}
    usable, (apart,) = separate_unusable([good, row], "page 3 of the list")
    assert usable == [good]
    assert apart.description.startswith("page 3 of the list: row 2 ")


def test_a_row_set_apart_is_named_by_its_support_key_and_counted_with_its_status() -> None:
    _, (apart,) = separate_unusable([{"support_key": "PO_05fe32", "status": "ported"}], "page 1")
    assert (apart.status, apart.description) == ("ported", "page 1: row 1 (support_key PO_05fe32) has no id")


def test_rows_set_apart_have_marks_of_their_own_that_last() -> None:
    rows: list[Any] = [{"status": "ported"}, {"status": "ported"}, None]
    marks = [apart.fingerprint for apart in separate_unusable(rows, "page 1")[1]]
    assert len(set(marks)) == 3
    assert marks == [apart.fingerprint for apart in separate_unusable([{"id": "a"}, *rows], "page 7")[1]]


def test_an_id_that_came_as_a_whole_number_is_read_as_a_text() -> None:
    usable, apart = separate_unusable([{"id": 7}], "page 1")
    assert (ids_of(usable), apart) == (["7"], [])


PERSONAL = ("authorized_name", "end_user_name", "service_address", "city", "state", "zip", "reason")


def test_hashed_orders_join_on_the_same_text_and_hide_who_it_was() -> None:
    row = orders_table([copy.deepcopy(ORDER)], Privacy("hash", SALT)).drop_columns(["phone_numbers"])
    expected = {key: value for key, value in ORDER_ROW.items() if key != "phone_numbers"}
    expected |= {name: keyed_hash(ORDER[name]) for name in PERSONAL}
    expected["lsr"] = msgspec.json.encode([keyed_hash(ORDER["lsr"][0])]).decode()
    assert row.to_pylist() == [expected]


def test_dropped_personal_fields_are_null_and_the_rest_is_whole() -> None:
    row = orders_table([copy.deepcopy(ORDER)], Privacy("drop")).drop_columns(["phone_numbers"])
    expected = {key: value for key, value in ORDER_ROW.items() if key != "phone_numbers"}
    assert row.to_pylist() == [expected | dict.fromkeys([*PERSONAL, "lsr"])]


def test_null_stays_null_when_hashed() -> None:
    assert orders_table([{"id": "a"}], Privacy("hash", SALT)).to_pylist() == [NO_ORDER | {"id": "a"}]


def test_another_salt_gives_other_hashes() -> None:
    hashes = {Privacy("hash", salt).mask("Zoë Example") for salt in ("a", "b")}
    assert len(hashes) == 2


NAME = "Zoë Example"
WHERE_A_NAME_MAY_STAND = [
    pytest.param({"end_user_name": NAME}, id="field"),
    pytest.param({"end_user_name": {"first": NAME}}, id="field of the wrong kind"),
    pytest.param({"zip": 5, "city": [NAME]}, id="list"),
    pytest.param({"unknown": {"name": NAME}}, id="unknown field"),
    pytest.param({"status": {"by": NAME}}, id="known field of the wrong kind"),
    pytest.param({"lsr": [{"by": NAME}]}, id="lsr"),
    pytest.param({"payload": {"subscriber_name": NAME}}, id="payload"),
    pytest.param({"payload": {"comment": {"text": NAME}}}, id="payload, deeper"),
    pytest.param({"payload": {"end_user_name": NAME}}, id="payload, unknown field"),
    pytest.param({"payload": NAME}, id="payload that is a text"),
    pytest.param({"payload": [NAME]}, id="payload that is a list"),
    pytest.param({"payload": {"status": {"by": NAME}}}, id="payload, status as an object"),
    pytest.param({"payload": {"id": [NAME]}}, id="payload, id as a list"),
    pytest.param({"payload": {"user_id": {"name": {"first": NAME}}}}, id="payload, user as an object"),
    pytest.param({"payload": {"foc_date": {"by": NAME}, "spid": [[NAME]]}}, id="payload, date and spid"),
    pytest.param({"payload": {NAME: 1}}, id="payload, name as a key"),
    pytest.param({NAME: {NAME: 1}}, id="name as a field"),
    pytest.param({"available_notification_methods": [{"email": NAME}, NAME]}, id="methods"),
    pytest.param({"born": "1980-01-01", "end_user_name": NAME}, id="birthday"),
    pytest.param({"foc_date": f"2026-05-01 {NAME}", "updated_at": NAME}, id="dates"),
    pytest.param({"rejection_code": NAME, "already_ported": NAME, "phone_numbers": NAME}, id="other fields"),
]


@pytest.mark.parametrize("fields", WHERE_A_NAME_MAY_STAND)
@pytest.mark.parametrize("pii", ["hash", "drop"])
@pytest.mark.parametrize("parse", [orders_table, events_table])
def test_a_name_is_covered_wherever_it_may_stand(parse: Any, pii: Pii, fields: Row) -> None:
    table = parse([{"id": "a"} | copy.deepcopy(fields)], Privacy(pii, SALT))
    assert NAME not in str(table.to_pylist())
    assert "1980" not in str(table.to_pylist())


def test_a_payload_keeps_what_is_not_personal() -> None:
    (row,) = events_table([copy.deepcopy(EVENT)], Privacy("drop")).to_pylist()
    nulls = dict.fromkeys(["phone_numbers", "subscriber_name", "rejection_reason"])
    assert stored_payload(row) == PAYLOAD | nulls
    assert row == EVENT_ROW | {f"payload__{name}": None for name in nulls}


def test_a_hashed_number_in_an_event_joins_the_hashed_number_of_its_order() -> None:
    privacy = Privacy("hash", SALT)
    numbers = phone_numbers_table(orders_table([copy.deepcopy(ORDER)], privacy), privacy)
    (event,) = events_table([copy.deepcopy(EVENT)], privacy).to_pylist()
    expected = keyed_hash("+12125550100")
    assert stored_payload(event)["phone_numbers"] == [expected]
    assert numbers["phone_number"].to_pylist()[0] == expected


MAYBE_INSTANT = st.one_of(st.none(), st.integers(0, 3).map(lambda day: f"2026-05-0{day + 1}T00:00:00Z"))
ARRIVALS = st.lists(st.lists(st.tuples(st.sampled_from("abc"), MAYBE_INSTANT), max_size=4), min_size=1, max_size=5)


@pytest.mark.slow
@given(ARRIVALS)
def test_the_newest_version_wins_in_whatever_order_versions_arrive(pages: list[list[tuple[str, str | None]]]) -> None:
    arrivals = [(id_, at, str(number)) for number, (id_, at) in enumerate(row for page in pages for row in page)]
    expected: dict[str, tuple[str, str]] = {}
    for id_, at, pon in arrivals:
        if (at or "") >= expected.get(id_, ("", ""))[0]:
            expected[id_] = (at or "", pon)
    tables = [
        orders_table([{"id": id_, "updated_at": at, "pon": pon} for id_, at, pon in part])
        for part in _resized(arrivals, pages)
    ]
    kept = newest_versions(tables)
    assert {row["id"]: row["pon"] for row in kept.to_pylist()} == {id_: pon for id_, (_, pon) in expected.items()}
    assert len(kept) == len(expected)
    assert kept.schema == tables[0].schema


def _resized(arrivals: list[Any], pages: list[list[Any]]) -> list[list[Any]]:
    """Cut a flat list of arrivals into the pages that they came in."""
    starts = [sum(map(len, pages[:number])) for number in range(len(pages))]
    return [arrivals[start : start + len(page)] for start, page in zip(starts, pages, strict=True)]


def test_an_order_of_unknown_age_gives_way_and_among_equals_the_last_arrival_stays() -> None:
    versions = [
        ("a", None, "1"),
        ("a", "2026-05-01T00:00:00Z", "2"),
        ("a", None, "3"),
        ("a", "2026-05-01T02:00:00+02:00", "4"),
    ]
    tables = [orders_table([{"id": id_, "updated_at": at, "pon": pon}]) for id_, at, pon in versions]
    assert newest_versions(tables)["pon"].to_pylist() == ["4"]


SEEN_AT = datetime(2026, 6, 1, tzinfo=UTC)


def test_observations_are_distinct_and_their_keys_are_never_null() -> None:
    rows: list[Row] = [
        {"id": "a", "status": "pending", "updated_at": "2026-05-01T00:00:00Z"},
        {"id": "a", "status": "pending", "updated_at": "2026-05-01T00:00:00.000+00:00"},
        {"id": "a", "status": "ported", "updated_at": "2026-05-01T00:00:00Z"},
        {"id": "b", "inserted_at": "2026-04-01T00:00:00Z", "rejection_code": 1003, "reason": "Sample reason"},
        {"id": "c", "status": "unheard-of"},
    ]
    table = observations_table([orders_table(rows), orders_table(rows)], SEEN_AT, "sync-1")
    seen = {"seen_at": SEEN_AT, "sync_id": "sync-1"}
    may, april = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    no_grounds, grounds = {"rejection_code": None, "reason": None}, {"rejection_code": 1003, "reason": "Sample reason"}
    assert sorted(table.to_pylist(), key=lambda row: (row["portout_id"], row["status"])) == [
        {"portout_id": "a", "status": "pending", "updated_at": may} | no_grounds | seen,
        {"portout_id": "a", "status": "ported", "updated_at": may} | no_grounds | seen,
        {"portout_id": "b", "status": "", "updated_at": april} | grounds | seen,
        {"portout_id": "c", "status": "unheard-of", "updated_at": SEEN_AT} | no_grounds | seen,
    ]


def test_tables_about_nothing_keep_their_schema() -> None:
    nothing, one = orders_table([]), orders_table([{"id": "a"}])
    observed = [observations_table([table], SEEN_AT, "sync-1") for table in (nothing, one)]
    assert observed[0].schema == observed[1].schema
    ranges = [ported_ranges_table(table["id"], SEEN_AT, SEEN_AT, SEEN_AT) for table in (nothing, one)]
    assert ranges[0].schema == ranges[1].schema == ported_ranges_table([], SEEN_AT, SEEN_AT, SEEN_AT).schema
    assert len(newest_versions([nothing, nothing])) == 0


def test_every_order_found_ported_gets_the_range_in_which_it_was_found() -> None:
    end = SEEN_AT + timedelta(days=1)
    assert ported_ranges_table(["a", "b"], SEEN_AT, end, end).to_pylist() == [
        {"portout_id": id_, "ported_from": SEEN_AT, "ported_to": end, "seen_at": end} for id_ in "ab"
    ]
