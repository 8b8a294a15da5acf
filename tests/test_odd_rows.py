"""Whole syncs of accounts in which one row cannot be understood: the rest is published, and the row is named."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hostile_api import EVERYWHERE, NOW, NOWHERE, HostileAccount, HostileApi, Place, order
from portouts.records.arrow import orders_table
from portouts.records.odd_rows import OddRows
from portouts.telnyx.errors import TelnyxUnavailable
from portouts.verify.count_buckets import Depth

pytestmark = pytest.mark.slow  # a whole sync a test

ORDERS = 40
INSIDE = NOW - timedelta(days=20, hours=5)
PLACES = [INSIDE, datetime(2026, 5, 12, tzinfo=UTC), EVERYWHERE]


def api_with(row: Any, place: Place = INSIDE) -> HostileApi:
    return HostileApi(orders=[*(order(number) for number in range(1, ORDERS)), (place, row)])


def odd(**fields: Any) -> dict[str, Any]:
    return order(500)[1] | {"id": "odd", "created_at": None, "updated_at": None} | fields


UNREADABLE: list[tuple[object, str]] = [
    (None, "null"),
    ("", '""'),
    (1_780_000_000, "1780000000"),
    ("24:61:00", '"24:61:00"'),
    ("2026-05-01T24:30:00Z", '"2026-05-01T24:30:00Z"'),
    ("0001-01-01T00:00:00Z", '"0001-01-01T00:00:00Z"'),
    ("9999-12-31T00:00:00Z", '"9999-12-31T00:00:00Z"'),
    ("1970-01-01T00:00:00Z", '"1970-01-01T00:00:00Z"'),
    ({"at": 1}, "an object"),
]


@pytest.mark.parametrize("place", [INSIDE, EVERYWHERE], ids=["in its range", "in every range"])
def test_orders_without_a_readable_date_are_kept_named_and_published_with_the_rest(
    place: Place, tmp_path: Path
) -> None:
    api = HostileApi(orders=[order(number) for number in range(1, ORDERS)])
    api.orders += [(place, odd(id=f"odd-{number}", inserted_at=at)) for number, (at, _) in enumerate(UNREADABLE)]
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    for round_ in range(2):
        outcome = account.sync()
        assert outcome.certificate is not None
        assert (outcome.certificate.verdict, outcome.certificate.differences) == ("PROVEN", 0)
        [note] = outcome.report.notes if round_ == 0 else ["inserted_at"]
        assert "inserted_at" in note
        account.api.now += timedelta(hours=1)
    found = account.ask("select count(*), count(inserted_at) from marts.fct_portouts")
    assert found == [(ORDERS - 1 + len(UNREADABLE), ORDERS - 1)]


@pytest.mark.parametrize(("inserted_at", "shown"), UNREADABLE, ids=str)
def test_the_note_names_the_order_and_what_stands_in_place_of_its_date(inserted_at: object, shown: str) -> None:
    rows = OddRows()
    rows.see_dates("orders", orders_table([{"id": "odd", "inserted_at": inserted_at}]))
    [note] = rows.notes()
    assert note.startswith(f"1 order has no possible date in inserted_at, and counts on no day: odd ({shown}).")


def test_a_text_in_place_of_a_date_may_be_personal_and_is_only_measured() -> None:
    rows = OddRows()
    rows.see_dates("orders", orders_table([{"id": "odd", "inserted_at": "Zoë Example"}]))
    assert "odd (a text of 11 characters)" in rows.notes()[0]


@pytest.mark.parametrize(
    ("inserted_at", "read"),
    [("2026-05-12T24:00:00Z", "2026-05-13 00:00:00"), ("2026-05-12T23:59:60Z", "2026-05-13 00:00:00")],
    ids=["24:00", "leap second"],
)
def test_an_order_at_24_00_or_in_a_leap_second_is_received_then(inserted_at: str, read: str, tmp_path: Path) -> None:
    account = HostileAccount(api_with(odd(inserted_at=inserted_at)), tmp_path / "portouts.duckdb")
    outcome = account.sync()
    assert outcome.report.notes == []
    [(found,)] = account.ask("select inserted_at from marts.fct_portouts where portout_id = 'odd'")
    assert f"{found:%Y-%m-%d %H:%M:%S}" == read


@pytest.mark.parametrize("place", PLACES, ids=["in its range", "at midnight", "in every range"])
@pytest.mark.parametrize("row", [odd(inserted_at=None), odd(inserted_at=None, updated_at="2026-05-30T00:00:00Z"),
                                 odd(inserted_at="2031-01-01T00:00:00Z"), {"status": "ported"}],
                         ids=["no date", "changed on another day", "a date to come", "no id"])  # fmt: skip
def test_a_verification_counts_the_row_where_the_api_shows_it(
    row: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    account = HostileAccount(api_with(row, place), tmp_path / "portouts.duckdb")
    account.sync()
    outcome = account.verify(depth=Depth.WEEK, sample=3)
    assert (outcome.comparison.verdict, outcome.comparison.differences) == ("PROVEN", [])


def test_an_order_that_only_an_event_names_and_no_range_shows_is_held_and_explained(tmp_path: Path) -> None:
    api = api_with(odd(inserted_at=None), NOWHERE)
    event = {"id": "e", "event_type": "portout.status_changed", "portout_id": "odd", "payload": {"status": "ported"}}
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    account.sync()
    api.now += timedelta(hours=1)
    api.events.append((api.now, event | {"created_at": api.now.isoformat()}))
    for _ in range(2):
        outcome = account.sync()
        assert outcome.certificate is not None
        assert (outcome.certificate.verdict, outcome.certificate.differences) == ("PROVEN", 0)
    assert account.ask("select count(*) from marts.fct_portouts") == [(ORDERS,)]


@pytest.mark.parametrize("place", [INSIDE, EVERYWHERE], ids=["in its range", "in every range"])
@pytest.mark.parametrize("row", [{"status": "ported", "support_key": "PO_00beef"}, None], ids=str)
def test_a_row_without_id_is_left_out_counted_and_named_by_every_sync(row: Any, place: Place, tmp_path: Path) -> None:
    account = HostileAccount(api_with(row, place), tmp_path / "portouts.duckdb")
    for _ in range(2):
        outcome = account.sync()
        assert outcome.certificate is not None
        assert (outcome.certificate.verdict, outcome.certificate.orders) == ("PROVEN", ORDERS)
        [note] = outcome.report.all_notes
        assert re.search(r"^1 row was counted and left out.*page 1 of /portouts.*: row \d+ ", note)
        account.api.now += timedelta(hours=1)
    assert account.ask("select count(*) from marts.fct_portouts") == [(ORDERS - 1,)]


@pytest.mark.parametrize("inserted_at", ["2001-01-01T00:00:00Z", "2031-01-01T00:00:00Z"])
def test_an_order_with_a_date_outside_its_range_is_kept_and_named(inserted_at: str, tmp_path: Path) -> None:
    account = HostileAccount(api_with(odd(inserted_at=inserted_at)), tmp_path / "portouts.duckdb")
    for _ in range(2):
        outcome = account.sync()
        assert outcome.certificate is not None
        assert (outcome.certificate.verdict, outcome.certificate.differences) == ("PROVEN", 0)
        account.api.now += timedelta(hours=1)
    assert account.ask("select count(*) from marts.fct_portouts") == [(ORDERS,)]


IMPOSSIBLE = ["0001-01-01", "0001-01-01T00:00:00Z", "1899-12-30", "1970-01-01T00:00:00+00:00", "9999-12-31"]


def test_an_impossible_foc_date_is_null_named_and_kept_in_extra(tmp_path: Path) -> None:
    api = HostileApi(orders=[order(number) for number in range(1, ORDERS)])
    for (_, row), foc_date in zip(api.orders, IMPOSSIBLE, strict=False):
        row |= {"foc_date": foc_date, "requested_foc_date": "2026-05-30"}
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    outcome = account.sync()
    [note] = outcome.report.notes
    assert note.startswith(f"{len(IMPOSSIBLE)} orders have no possible date in foc_date: ")
    assert all(f'order-{number:03} ("{date}")' in note for number, date in enumerate(IMPOSSIBLE, 1))
    assert account.ask("select count(foc_on), count(requested_foc_on) from marts.fct_portouts") == [(0, 5)]
    extras = account.ask("select extra from raw.portouts where extra is not null order by id")
    assert extras == [(f'{{"foc_date":"{date}"}}',) for date in IMPOSSIBLE]


@pytest.mark.parametrize("place", [INSIDE, EVERYWHERE], ids=["in its range", "in every range"])
def test_events_without_date_and_payload_are_read_and_their_orders_too(place: Place, tmp_path: Path) -> None:
    api = HostileApi(orders=[order(number) for number in range(1, ORDERS)])
    lacking: list[dict[str, Any]] = [{}, {"created_at": None, "payload": None}, {"created_at": "soon"}]
    lacking += [one | {"payload": {"status": "ported"}} for one in lacking]
    for number, fields in enumerate(lacking):
        event = {"id": f"e-{number}", "event_type": "portout.status_changed", "portout_id": f"order-{number + 1:03}"}
        api.events.append((place, event | fields))
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    for _ in range(3):
        assert account.sync().is_proven
        api.now += timedelta(days=1)
    assert account.ask("select count(*), count(created_at) from raw.portout_events") == [(len(lacking), 0)]


SPOILT = [
    (rb'"\ud800"', "half a surrogate pair"),
    (b'"\xff\xfe"', "what is no character"),
    (b"NaN", "a number that is none"),
    (b"-1e400", "a number that is none"),
    (b"[" * 20_000 + b"]" * 20_000, "a value nested more than 100 deep"),
    (rb'"a\u0000b"', None),
    (b"9" * 5_000, "a number that is none"),
]


def test_fields_that_are_not_quite_json_are_read_as_far_as_they_can_be(tmp_path: Path) -> None:
    names = ["carrier_name", "unknown", "rejection_code", "reason", "lsr"]
    api = HostileApi(orders=[order(number) for number in range(1, ORDERS)])
    spoilt = {f"SPOILT-{kind}-{name}": value for kind, (value, _) in enumerate(SPOILT) for name in names}
    for (_, row), mark in zip(api.orders, spoilt, strict=False):
        row[mark.rpartition("-")[2]] = mark

    def spoil(body: bytes) -> bytes:
        for mark, value in spoilt.items():
            body = body.replace(f'"{mark}"'.encode(), value)
        return body

    api.spoil = spoil
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    outcome = account.sync()
    assert outcome.certificate is not None
    assert (outcome.certificate.verdict, outcome.certificate.orders) == ("PROVEN", ORDERS - 1)
    assert account.ask("select count(*) from marts.fct_portouts") == [(ORDERS - 1,)]
    [note] = [note for note in outcome.report.notes if "faults in the JSON of rows" in note]
    assert "row 1 (id order-001): half a surrogate pair" in note


def test_a_page_that_is_no_json_fails_at_once_and_says_where(tmp_path: Path) -> None:
    api = api_with(order(3)[1] | {"id": "odd", "pon": "SPOILT"})
    api.spoil = lambda body: body.replace(b'"SPOILT"', b"")
    with pytest.raises(TelnyxUnavailable, match=rf"page\[number\]=1.*row {ORDERS}, character \d+: Expecting value"):
        HostileAccount(api, tmp_path / "portouts.duckdb").sync()
    assert api.requests < 20


def test_a_quiet_account_whose_empty_lists_are_null_syncs_without_a_retry(tmp_path: Path) -> None:
    api = HostileApi(orders=[order(number) for number in range(1, ORDERS)])
    api.spoil = lambda body: body.replace(b'"data": []', b'"data": null')
    account = HostileAccount(api, tmp_path / "portouts.duckdb")
    account.sync()
    api.now += timedelta(hours=1)
    assert account.sync().report.requests <= 8
