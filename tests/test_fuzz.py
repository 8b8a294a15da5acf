"""Whatever comes from the API, from files or from the environment is read or refused in words, and nothing breaks.

`make fuzz EXAMPLES=100000` tries many more examples than the tests do.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fake_transport import FakeClock
from hypothesis import example, given
from hypothesis import strategies as st
from portouts.answers.order import FreshOrder
from portouts.answers.reading import OrderReader
from portouts.commands.option_values import parse_duration
from portouts.commands.results.answering.order import print_order
from portouts.errors import PortoutsError, SettingsError
from portouts.load.settings.files import Setting, find_settings, parse_instant
from portouts.load.settings.settings import check_settings
from portouts.load.settings.tables import NAMES, SECRETS
from portouts.records.arrow import events_table, instant_of, orders_table
from portouts.records.privacy import Privacy
from portouts.records.rows import separate_unusable
from portouts.records.schema import (
    EVENT_FIELDS,
    FIRST_INSTANT,
    LAST_INSTANT,
    ORDER_FIELDS,
    PAYLOAD_FIELDS,
    Event,
    Order,
)
from portouts.telnyx.bodies import UnreadableBody
from portouts.telnyx.clock import ApiClock, Clock, parse_http_date
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.telnyx.page import JsonObject, Page, parse_object, parse_page
from typer import BadParameter

CANARY = "canary-4805931"
SHORT = st.text(max_size=8)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | SHORT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHORT, inner, max_size=3), max_leaves=6
)


# Instants


def written(at: datetime, separator: str, fraction: str, zone: str) -> str:
    offset = at.strftime("%z")
    ends = {"Z": "Z" if offset == "+0000" else offset, "+hhmm": offset, "+hh:mm": f"{offset[:3]}:{offset[3:5]}"}
    return f"{at:%Y-%m-%d}{separator}{at:%H:%M:%S}{fraction}{ends[zone]}"


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SECONDS_BEFORE_2110 = 140 * 365 * 86_400
MOMENTS = st.builds(datetime.fromtimestamp, st.integers(0, SECONDS_BEFORE_2110), st.just(UTC) | OFFSETS)
INSTANT_TEXTS = (
    st.builds(
        written,
        MOMENTS,
        st.sampled_from(["T", " ", "t"]),
        st.just("") | st.from_regex(r"\A[.,][0-9]{1,9}\Z"),
        st.sampled_from(["Z", "+hhmm", "+hh:mm"]),
    )
    | st.from_regex(r"\A[0-9]{4}-?[0-9]{2}-?[0-9]{2}([Tt ][0-9]{2}(:?[0-9]{2}){0,2}([.,][0-9]{0,9})?)?[Zz]?\Z")
    | st.text("0123456789-+:.,TtZz UTC", max_size=30)
    | SHORT
)


def read_alone(name: str, value: object) -> Any:
    return orders_table([{"id": "a", name: value}])[name][0].as_py()


@given(INSTANT_TEXTS | JSON)
def test_an_instant_is_read_or_not_and_lies_where_instants_lie(value: object) -> None:
    read = instant_of(value)
    assert read is None or (FIRST_INSTANT <= read <= LAST_INSTANT and read.utcoffset() == timedelta(0))


@given(MOMENTS, st.sampled_from(["T", " "]), st.sampled_from(["Z", "+hhmm", "+hh:mm"]))
def test_an_instant_that_is_written_properly_is_that_instant(at: datetime, separator: str, zone: str) -> None:
    expected = at if FIRST_INSTANT <= at <= LAST_INSTANT else None
    text = written(at, separator, "", zone)
    assert (instant_of(text), read_alone("inserted_at", text)) == (expected, expected)


@given(INSTANT_TEXTS, st.sampled_from(["inserted_at", "foc_date"]))
def test_what_a_date_means_does_not_depend_on_other_rows(text: str, name: str) -> None:
    beside = orders_table([{"id": "a", name: text}, {"id": "b", name: "no date"}])[name][0].as_py()
    assert read_alone(name, text) == beside


@given(INSTANT_TEXTS | SHORT)
def test_an_instant_of_the_settings_is_read_or_refused(text: str) -> None:
    with suppress(SettingsError):
        read = parse_instant("start_date", text)
        assert read is None or read.utcoffset() == timedelta(0)


@given(st.text(max_size=20) | st.from_regex(r"\A ?[0-9.]{1,8} ?[a-z] ?\Z"))
def test_a_duration_is_positive_or_refused(text: str) -> None:
    with suppress(BadParameter):
        assert timedelta(0) < parse_duration(text) < timedelta(days=100_000)


# Pages


def rows_of(fields: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(sorted(fields)) | st.just("attempted_pin") | SHORT
    values = JSON | INSTANT_TEXTS | st.lists(SHORT, max_size=2)
    return st.dictionaries(names, values, max_size=6) | JSON


METAS = st.dictionaries(st.sampled_from(["total_results", "page_size", "page_number"]) | SHORT, JSON, max_size=3) | JSON
KINDS = [pytest.param(Order, ORDER_FIELDS, id="orders"), pytest.param(Event, EVENT_FIELDS, id="events")]


@st.composite
def spoiled(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """Cut out a part of a body, and put a few bytes in its place."""
    body = draw(bodies)
    start, length = draw(st.integers(0, len(body))), draw(st.integers(0, 12))
    return body[:start] + draw(st.binary(max_size=6)) + body[start + length :]


@pytest.mark.parametrize(("row_type", "fields"), KINDS)
@given(data=st.data())
def test_every_row_of_a_page_becomes_a_row_or_is_counted(row_type: Any, fields: Any, data: st.DataObject) -> None:
    rows = data.draw(st.lists(rows_of(fields), max_size=3))
    body = json.dumps({"data": rows, "meta": data.draw(METAS)}).encode()
    page = parse_page(body, row_type=row_type)
    assert len(page.rows) == len(rows)
    require_tables(page, row_type)


@pytest.mark.parametrize(("row_type", "fields"), KINDS)
@given(data=st.data())
def test_a_body_is_read_or_refused(row_type: Any, fields: Any, data: st.DataObject) -> None:
    envelopes = st.fixed_dictionaries({"data": st.lists(rows_of(fields), max_size=2) | JSON}, optional={"meta": METAS})
    bodies = envelopes.map(lambda envelope: json.dumps(envelope, ensure_ascii=False).encode(errors="surrogatepass"))
    body = data.draw(spoiled(bodies) | st.binary(max_size=60))
    charset = data.draw(st.none() | st.sampled_from(["utf-8", "latin-1", "utf-16", "no such"]))
    with suppress(UnreadableBody):
        require_tables(parse_page(body, charset, row_type=row_type), row_type)
    with suppress(UnreadableBody):
        assert isinstance(parse_object(body, charset), dict)


def require_tables(page: Page, row_type: Any) -> None:
    """Make the tables that a sync would make of this page."""
    assert page.total is None or 0 <= page.total <= 2**53
    assert (page.total is None) == (page.uncounted is not None)
    usable, unusable = separate_unusable(page.rows, "page 1")
    assert len(usable) + len(unusable) == len(page.rows)
    for pii in ("keep", "hash", "drop"):
        table = (orders_table if row_type is Order else events_table)(usable, Privacy(pii, "salt"))
        assert len(table) == len(usable)


@given(JSON, st.sampled_from(["attempted_pin", "pin", "passcode", "PinHash", "portOutPin"]))
def test_no_value_of_a_field_that_names_a_pin_is_kept(payload: Any, name: str) -> None:
    row = {"id": "a", "event_type": "portout.status_changed", "payload": {"inner": payload, name: CANARY}, name: CANARY}
    order = {"id": "a", "unknown": {"inner": payload, name: CANARY}, name: CANARY}
    page = parse_page(json.dumps({"data": [row, order]}).encode())
    assert CANARY not in str(events_table([page.rows[0]]).to_pylist())
    assert CANARY not in str(orders_table([page.rows[1]]).to_pylist())


# Headers


HTTP_DATES = st.builds(
    lambda at, form: at.strftime(form),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%a, %d %b %Y %H:%M:%S %z", "%A, %d-%b-%y %H:%M:%S GMT", "%c"]),
)
HEADER = (
    st.text(st.characters(max_codepoint=255), max_size=24)
    | st.from_regex(r"\A[0-9]{1,25}(\.[0-9]{0,3})?(, ?[0-9]+;w(indow)?=[0-9]+)?\Z")
    | st.sampled_from(["nan", "inf", "-1", "1e9", "9" * 400, "0", "0.0", "1.2.3", "..", "1" * 5000])
    | HTTP_DATES
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "age"]),
    HEADER,
    max_size=6,
)
ANSWERS = st.tuples(HEADERS, st.booleans(), st.booleans(), st.floats(-1e9, 1e9))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


@given(st.lists(ANSWERS, max_size=6))
def test_no_header_makes_a_request_wait_for_ever_or_fail(
    answers: list[tuple[dict[str, str], bool, bool, float]],
) -> None:
    clock = FakeClock(NOW)
    rate_limit = RateLimit(Clock(clock, clock.sleep), longest_wait=60)
    for headers, failed, limited, step in answers:
        wait = rate_limit.learn(headers, failed=failed, limited=limited)
        assert wait is None or 0 <= wait < math.inf
        assert 0 <= rate_limit.seconds_held() <= 60
        asyncio.run(take_a_slot(rate_limit))
        clock.now += step


async def take_a_slot(rate_limit: RateLimit) -> None:
    async with rate_limit.slot():
        pass


@given(HEADER, HEADER)
def test_the_clock_of_the_api_is_a_date_or_unknown(date: str, age: str) -> None:
    read = parse_http_date(date)
    assert read is None or math.isfinite(read)
    clock = ApiClock()
    clock.learn({"date": date, "age": age}, NOW, NOW + 1)
    assert clock.date is None or clock.date.utcoffset() == timedelta(0)


# Settings


VALUES = JSON | st.dates() | st.datetimes() | st.sampled_from(["", "keep", "hash", "0600", "https://a.test/v2"])
FOUND = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(Setting, VALUES, st.sampled_from(["argument", "config.toml"])),
    min_size=1,
    max_size=4,
)


def problem_of(found: dict[str, Setting]) -> str | None:
    """Return why settings are refused; None if they are taken."""
    try:
        check_settings(found)
    except SettingsError as error:
        return str(error)
    return None


@given(FOUND)
def test_settings_are_taken_or_refused_with_their_name(found: dict[str, Setting]) -> None:
    said = problem_of(found)
    assert said is None or "API key" in said or any(name.rpartition(".")[2] in said for name in found)


@given(st.sampled_from(sorted(SECRETS)), st.text(max_size=5), st.lists(JSON, max_size=2))
def test_a_secret_that_cannot_be_used_is_never_shown(name: str, around: str, more: list[Any]) -> None:
    for value in (f"{around}{CANARY}{around}", [CANARY, *more], {CANARY: more}):
        assert CANARY not in (problem_of({name: Setting(value, "secrets.toml")}) or "")


TOML = st.text(max_size=60) | st.builds(
    lambda table, name, value: f"[{table}]\n{name} = {value}\n",
    st.sampled_from(["sources.telnyx", "publish", "metrics", "alerts", "sources", '"sources.telnyx"']),
    st.sampled_from([name.rpartition(".")[2] for name in NAMES]) | st.just('"publish.mode"') | SHORT,
    JSON.map(json.dumps) | SHORT,
)


@given(text=TOML)
@example(text="sources = 5\n")
@example(text="[[publish]]\n")
@example(text='publish = "x"\n')
def test_a_file_of_settings_is_read_or_refused_with_its_name(tmp_path_factory: Any, text: str) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "fuzzed.toml"
    file.write_bytes(text.encode(errors="surrogatepass"))
    with suppress(SettingsError):
        check_settings(find_settings({}, [file]))


# One order


class AnyApi:
    """Answers one order, its events, comments and codes, whatever they hold."""

    api_clock = ApiClock()

    def __init__(self, order: Any, rows: Any) -> None:
        self.order, self.rows = order, rows

    async def fetch_one(self, _path: str) -> JsonObject:
        return parse_object(json.dumps({"data": self.order}).encode())

    async def fetch_list(self, _path: str, _params: Mapping[str, str], row_type: Any = None) -> Page:
        return parse_page(json.dumps(self.rows).encode(), row_type=row_type)


def read_any(order: Any, rows: Any) -> FreshOrder:
    reader = OrderReader(AnyApi(order, rows), timedelta(hours=48), Privacy("keep"))
    return asyncio.run(reader.read("ab06d54a-0000-4000-8000-00000005fe32"))


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": SHORT | st.integers()},
        optional={
            "portout_id": st.just("ab06d54a-0000-4000-8000-00000005fe32") | SHORT,
            "event_type": st.sampled_from(sorted(PAYLOAD_FIELDS)),
            "payload": JSON | st.dictionaries(st.sampled_from(["status", "comment", "foc_date", "id"]), JSON),
            "created_at": JSON | INSTANT_TEXTS,
            "body": JSON,
            "code": JSON,
            "reason_required": JSON,
            "description": JSON,
        },
    )
    | JSON,
    max_size=4,
)


@given(
    st.dictionaries(st.sampled_from(sorted(ORDER_FIELDS.keys() - {"id"})), JSON | INSTANT_TEXTS, max_size=6),
    st.sampled_from(["pending", None, "ported"]),
    st.fixed_dictionaries({"data": ROWS}, optional={"meta": METAS}),
)
def test_an_order_is_shown_whatever_its_fields_hold(fields: dict[str, Any], status: Any, rows: Any) -> None:
    with suppress(PortoutsError):
        order = read_any({**fields, "id": "AB06D54A-0000-4000-8000-00000005FE32", "status": status}, rows)
        for as_json in (True, False):
            print_order(order, datetime(2026, 6, 1, tzinfo=UTC), as_json=as_json)
