"""The queries of alerts: each shipped one fires when it should, and whatever a user writes stays harmless."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_histories import AS_OF, World
from portouts.monitor.alerts.finding import Alert
from portouts.monitor.alerts.search import CANNOT_BE_RUN, MOST_ROWS, Found, search
from portouts.monitor.alerts.values import LINE_LENGTH, line_of, safe_text
from portouts.names import columns, plain
from portouts.warehouse.sql import sql_folder
from published_worlds import own, publish

FILES = sorted((sql_folder() / "alerts").glob("*.sql"))
NAMES = [file.stem for file in FILES]
SHIPPED = [
    "authorised_by_silence_soon",
    "carrier_gains_many_numbers",
    "carrier_seen_first",
    "many_port_outs_this_week",
    "numbers_asked_for_again",
]
ENOUGH = 60.0  # seconds that no query takes
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def found_in(
    database: Path,
    own_folder: Path | None = None,
    now: datetime = AS_OF,
    hours_before: tuple[float, ...] = (24, 4),
    seconds: float = ENOUGH,
) -> Found:
    return search(database, own_folder, now, hours_before, seconds)


def lines_of(found: Found) -> dict[str, list[str]]:
    return {alert.name: [one.line for one in alert.findings] for alert in found.alerts if alert.findings}


def ported(world: World, number: int, at: datetime, **fields: Any) -> str:
    """Add an order that was received two days before it was ported."""
    order = world.add_order(number, at - 2 * DAY, "ported", **fields)
    world.add_event(order, "ported", at)
    return order


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"+1312{5550000 + first + number:07}" for number in range(count)]


# Shipped


def test_there_are_the_alerts_that_the_documents_name() -> None:
    assert NAMES == SHIPPED
    page = (Path(__file__).parents[1] / "docs" / "operating.md").read_text(encoding="utf-8")
    titles = [file.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ").rstrip(".") for file in FILES]
    assert [title for title in titles if title not in page] == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_shipped_alert_is_in_the_style_of_the_models(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z].*\.\n-- key: \w+(, \w+)*\n", text)
    sql = re.sub(r"--.*|'[^']*'", "", text)
    assert re.findall(r"[A-Z]+|\bqualify\b|\bnow\(|\bcurrent_\w+|\btoday\(|\bfilter\b|;|\*\s*\bfrom\b", sql) == []
    assert set(re.findall(r"\b(?:raw|staging|intermediate)\.\w+", sql)) == set()
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("empty"), World())


def test_an_account_without_orders_has_no_alerts(empty: Path) -> None:
    found = found_in(empty)
    assert ([alert.name for alert in found.alerts], lines_of(found), found.as_of) == (SHIPPED, {}, AS_OF)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_shipped_alert_runs_by_hand_on_the_published_file(empty: Path, file: Path) -> None:
    with duckdb.connect(str(empty), read_only=True) as shell:
        assert shell.execute(file.read_text(encoding="utf-8")).fetchall() == []


@pytest.fixture(scope="module")
def deadlines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish pending orders with 30, 20, 3, -2 and -25 hours left, and one that was answered."""
    world = World()
    for number, hours_left in enumerate([30, 20, 3, -2, -25]):
        world.add_order(number, AS_OF - (48 - hours_left) * HOUR, phone_numbers=numbers(number + 1, 10 * number))
    answered = world.add_order(9, AS_OF - 47 * HOUR, "authorized")
    world.add_event(answered, "authorized", AS_OF - HOUR)
    return publish(tmp_path_factory.mktemp("deadlines"), world)


def test_orders_near_their_deadline_are_found_most_urgent_first(deadlines: Path) -> None:
    lines = lines_of(found_in(deadlines))[SHIPPED[0]]
    assert lines == [
        "order: PO_000003; carrier: Example Telecom; numbers: 4; deadline: 20 Mar 2026 10:00 UTC; hours left: -2",
        "order: PO_000002; carrier: Example Telecom; numbers: 3; deadline: 20 Mar 2026 15:00 UTC; hours left: 3",
        "order: PO_000001; carrier: Example Telecom; numbers: 2; deadline: 21 Mar 2026 08:00 UTC; hours left: 20",
    ]


def test_of_several_accounts_the_findings_about_orders_name_the_account(deadlines: Path, tmp_path: Path) -> None:
    database = Path(shutil.copy(deadlines, tmp_path))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into raw.syncs select * replace ('other' as sync_id, 'acme' as account) from raw.syncs"
        )
    assert [line.partition(";")[0] for line in lines_of(found_in(database))[SHIPPED[0]]] == ["account: default"] * 3


@pytest.mark.parametrize(("hours_before", "expected"), [((), 0), ((1.0,), 1), ((25.0, 2.5), 3), ((100.0,), 4)], ids=str)
def test_thresholds_are_those_of_the_setting(deadlines: Path, hours_before: tuple[float, ...], expected: int) -> None:
    assert len(lines_of(found_in(deadlines, hours_before=hours_before)).get(SHIPPED[0], [])) == expected


def test_an_order_is_a_new_finding_at_each_threshold_and_not_between_them(deadlines: Path) -> None:
    def keys(hours_later: float) -> set[str]:
        [alert] = [one for one in found_in(deadlines, now=AS_OF + hours_later * HOUR).alerts if one.name == SHIPPED[0]]
        return {one.key for one in alert.findings}

    assert keys(0) == keys(1)
    assert len(keys(7) - keys(1)) == 1  # 30 hours have become 23
    assert len(keys(17) - keys(7)) == 1  # 20 hours have become 3


def test_an_order_that_is_pending_again_is_a_new_finding(tmp_path: Path) -> None:
    def alert(world: World) -> Alert:
        found = found_in(publish(tmp_path, world))
        return next(one for one in found.alerts if one.name == SHIPPED[0])

    world = World()
    order = world.add_order(1, AS_OF - 46 * HOUR)
    world.add_event(order, "pending", AS_OF - 46 * HOUR)
    [first] = alert(world).findings
    world.add_event(order, "rejected-pending", AS_OF - 45 * HOUR)
    world.add_event(order, "pending", AS_OF - 44.5 * HOUR)
    world.syncs.clear()
    [second] = alert(world).findings
    assert first.key != second.key


def weekly(world: World, counts: list[int]) -> None:
    """Port so many orders in each week; the last one is that of as_of."""
    wednesday = datetime(2026, 3, 18, 9, tzinfo=UTC)
    number = 0
    for weeks_ago, count in enumerate(reversed(counts)):
        for _ in range(count):
            number += 1
            ported(
                world,
                number,
                wednesday - weeks_ago * 7 * DAY,
                carrier_name="Old",
                spid="1A",
                phone_numbers=numbers(1, number),
            )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([3, 2, 3, 2, 3, 7], ["week: 2026-03-16; port outs: 7; numbers: 7; port outs in the median week: 2.5"]),
        ([3, 3, 3, 3, 3, 6], []),
        ([1, 0, 0, 0, 0, 5], ["week: 2026-03-16; port outs: 5; numbers: 5; port outs in the median week: 0"]),
        ([1, 0, 0, 0, 0, 4], []),
        ([1, 0, 0, 0, 9], []),
    ],
    ids=["above twice the median", "twice the median", "after quiet weeks", "too few", "too few weeks"],
)
def test_a_week_of_many_port_outs_is_found(tmp_path: Path, counts: list[int], expected: list[str]) -> None:
    world = World()
    weekly(world, counts)
    assert lines_of(found_in(publish(tmp_path, world))).get("many_port_outs_this_week", []) == expected


def test_a_carrier_that_gains_many_numbers_in_three_days_is_found(tmp_path: Path) -> None:
    world = World()
    ported(world, 1, AS_OF - 71 * HOUR, carrier_name="Fast", spid="1F", phone_numbers=numbers(30))
    ported(world, 2, AS_OF - HOUR, carrier_name="Fast", spid="1F", phone_numbers=numbers(20, 100))
    ported(world, 3, AS_OF - HOUR, carrier_name="Small", spid="2S", phone_numbers=numbers(49, 200))
    ported(world, 4, AS_OF - 73 * HOUR, carrier_name="Small", spid="2S", phone_numbers=numbers(20, 300))
    found = lines_of(found_in(publish(tmp_path, world)))
    assert found["carrier_gains_many_numbers"] == ["carrier: Fast; numbers: 50; orders: 2"]


def test_a_carrier_is_new_for_a_week_and_only_if_there_is_a_past(tmp_path: Path) -> None:
    world = World()
    world.add_order(1, AS_OF - 35 * DAY, "canceled", carrier_name="Old", spid="1A")
    world.add_order(2, AS_OF - 8 * DAY, "canceled", carrier_name="Known", spid="2B")
    world.add_order(3, AS_OF - 6 * DAY, "canceled", carrier_name="New", spid="3C")
    world.add_order(4, AS_OF - 5 * DAY, "canceled", carrier_name="NEW", spid="3C")
    expected = "carrier: NEW; first order: 14 Mar 2026 12:00 UTC; orders: 2; numbers: 2"
    assert lines_of(found_in(publish(tmp_path, world)))["carrier_seen_first"] == [expected]
    del world.orders[0]
    world.syncs.clear()
    assert "carrier_seen_first" not in lines_of(found_in(publish(tmp_path, world)))


def test_numbers_that_are_asked_for_again_are_counted_without_showing_them(tmp_path: Path) -> None:
    world = World()
    again, once, late = "+13125550101", "+13125550102", "+13125550103"
    world.add_order(1, AS_OF - 9 * DAY, "canceled", phone_numbers=[late], carrier_name="Old", spid="1A")
    world.add_order(2, AS_OF - 3 * DAY, "rejected", phone_numbers=[again, once], carrier_name="Old", spid="1A")
    world.add_order(3, AS_OF - 2 * DAY, "canceled", phone_numbers=[again, again], carrier_name="New", spid="2B")
    world.add_order(4, AS_OF - 1 * DAY, "canceled", phone_numbers=[late], carrier_name="New", spid="2B")
    expected = (
        "order: PO_000003; carrier: New; numbers asked for again: 1; earlier order: PO_000002; earlier carrier: Old; "
        "hours between: 24"
    )
    assert lines_of(found_in(publish(tmp_path, world)))["numbers_asked_for_again"] == [expected]


# Of a user


def test_a_query_of_the_user_has_a_title_a_key_and_lines(tmp_path: Path, deadlines: Path) -> None:
    sql = "-- Orders wait.\n-- key: _id\nselect carrier_name as gaining_carrier, count(*) as orders, 1 as _id\n"
    found = found_in(deadlines, own(tmp_path, waiting=f"{sql}from marts.rpt_open_orders group by all"))
    alert = found.alerts[-1]
    assert (alert.name, alert.title) == ("waiting", "Orders wait.")
    assert [one.line for one in alert.findings] == ["gaining carrier: Example Telecom; orders: 5"]


def test_a_file_of_the_user_replaces_a_shipped_one_and_an_empty_one_switches_it_off(
    tmp_path: Path, deadlines: Path
) -> None:
    folder = own(tmp_path, authorised_by_silence_soon="-- Other.\nselect 1 as other", carrier_seen_first="-- off\n")
    found = found_in(deadlines, folder)
    assert [alert.name for alert in found.alerts] == [*SHIPPED[1:2], *SHIPPED[3:], SHIPPED[0]]
    assert lines_of(found) == {SHIPPED[0]: ["other: 1"]}


def test_without_a_key_a_row_is_known_by_what_it_shows(tmp_path: Path, empty: Path) -> None:
    def keys(sql: str) -> list[str]:
        return [one.key for one in found_in(empty, own(tmp_path, mine=f"-- Mine.\n{sql}")).alerts[-1].findings]

    assert keys("select 1 as a, 2 as _b") == keys("select 1 as a, 3 as _b")
    assert keys("select 1 as a, 2 as _b") != keys("select 2 as a, 2 as _b")
    assert keys("-- key: _b\nselect 1 as a, 2 as _b") == keys("-- key: _b\nselect 7 as a, 2 as _b")


UNUSABLE = {
    "select 1; select 2": "it is not exactly one select",
    "create table marts.mine as select 1": "it is not exactly one select",
    "copy (select 1) to 'mine.csv'": "it is not exactly one select",
    "selec 1": 'syntax error at or near "selec"',
    "select 1 as a from marts.nowhere": "Catalog Error: Table with name nowhere does not exist",
    "select end_user_name from raw.portouts": "it reads raw.portouts; an alert reads marts only",
    "with a as (from published.staging.stg_portouts) select 1 as a from a": "it reads staging.stg_portouts; an alert",
    "select end_user_name as text from marts.fct_portouts": "it names end_user_name, which may hold personal",
    "select rejection_reason as text from marts.fct_portouts": "it names rejection_reason, which may hold personal",
    'select f."REASON" as text from (select 1 as reason) as f': "it names reason, which may hold personal",
    "-- key: a, b\nselect 1 as a": "its key names b, which it does not select",
    "select * from read_csv('/etc/passwd')": "file system operations are disabled",
    f"from range({MOST_ROWS + 1})": f"it returns more than {MOST_ROWS:,} rows; let it select less",
    "select interval 3000000 year as a": "it returns a value that cannot be shown (OverflowError)",
    "select cast('+1312' || '5550100 x' as integer) as a": "Could not convert string '(number) x' to INT32",
}


@pytest.mark.parametrize("sql", UNUSABLE)
def test_a_query_that_cannot_be_run_is_an_alert_itself(tmp_path: Path, empty: Path, sql: str) -> None:
    folder = own(tmp_path, broken=f"-- Broken.\n{sql}")
    found = found_in(empty, folder)
    alert = found.alerts[-1]
    assert (alert.name, alert.title, [*found.unknown]) == ("failed: broken", CANNOT_BE_RUN, ["broken"])
    assert [UNUSABLE[sql] in one.line for one in alert.findings] == [True]
    assert [alert.name for alert in found.alerts[:-1]] == SHIPPED
    assert sorted(path.name for path in folder.iterdir()) == ["broken.sql"]
    assert alert == found_in(empty, folder).alerts[-1]


def test_a_file_that_cannot_be_read_is_an_alert_itself(tmp_path: Path, empty: Path) -> None:
    folder = own(tmp_path)
    (folder / "latin.sql").write_bytes(b"-- caf\xe9\nselect 1")
    (folder / "folder.sql").mkdir()
    lines = lines_of(found_in(empty, folder))
    assert lines["failed: latin"] == ["latin: its file cannot be read (UnicodeDecodeError)"]
    assert lines["failed: folder"] == ["folder: its file cannot be read (IsADirectoryError)"]


HEAVY = "-- Heavy.\nselect count(*) as n from range(1000000) a, range(1000000) b, range(1000000) c"


def test_a_heavy_query_is_interrupted_and_the_others_have_run(tmp_path: Path, deadlines: Path) -> None:
    found = found_in(deadlines, own(tmp_path, heavy=HEAVY), seconds=3)
    assert lines_of(found)["failed: heavy"] == ["heavy: it takes longer than all alerts together may take"]
    assert len(lines_of(found)[SHIPPED[0]]) == 3


def test_without_time_every_query_is_interrupted_and_none_is_taken_for_ended(tmp_path: Path, empty: Path) -> None:
    found = found_in(empty, own(tmp_path, heavy=HEAVY), seconds=0)
    assert "heavy" in found.unknown
    assert found.unknown | {alert.name for alert in found.alerts} >= {*SHIPPED, "failed: heavy"}


def test_a_query_that_wants_much_memory_fails_alone(tmp_path: Path, empty: Path) -> None:
    sql = "-- Large.\nselect length(string_agg(repeat('x', 100000), '')) as n from range(100000)"
    assert "Out of Memory" in lines_of(found_in(empty, own(tmp_path, large=sql)))["failed: large"][0]


@pytest.mark.parametrize("content", [None, b"", b"no database"], ids=["missing", "empty", "damaged"])
def test_without_a_published_file_nothing_is_known(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "portouts.duckdb").write_bytes(content)
    found = found_in(tmp_path / "portouts.duckdb")
    assert (found.alerts, found.as_of) == ((), None)
    assert found.unknown >= {*SHIPPED}


def test_the_file_may_be_open_in_this_process_with_other_options(deadlines: Path) -> None:
    with duckdb.connect(str(deadlines), read_only=True, config={"threads": 1}) as other:
        assert len(lines_of(found_in(deadlines))[SHIPPED[0]]) == 3
        assert other.execute("select count(*) from marts.rpt_open_orders").fetchall() == [(5,)]


# Values


HOSTILE = {
    "@everyone <!channel> <b>Bold</b>": "＠everyone ‹!channel› ‹b›Bold‹/b›",
    "Call +13125550100 now": "Call (number) now",
    "+1 (312) 555-0100": "(number)",
    "312-555-0100, 312.555.0100": "(number), (number)",
    "13125550100": "(number)",
    "see https://trap.example/x": "see https:// trap.example/x",
    "two\nlines\r\nand\x1b[31m more\u202e": "two lines and[31m more",
    "2026-03-20 12:00:00": "2026-03-20 12:00:00",
    "00000000-0000-4000-8000-000000000001": "00000000-0000-4000-8000-000000000001",
    "PO_1234567890": "PO_1234567890",
    "x" * 100: "x" * 59 + "…",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_shown_as_it_is_and_without_numbers(text: str) -> None:
    assert safe_text(text) == HOSTILE[text]


def test_values_have_one_form_each() -> None:
    values: dict[str, object] = {
        "none": None,
        "yes": True,
        "count": 12345,
        "hours": 3.50,
        "decimal": Decimal("1234.10"),
        "not_a_number": float("nan"),
        "much": 13125550100,
        "at": AS_OF,
        "list": ["+13125550100", 1],
        "_hidden": 1,
        "Phone_Number": "+13125550100",
        "zip": "60601",
    }
    assert line_of(values.keys(), values.values()) == (
        "none: –; yes: yes; count: 12,345; hours: 3.5; decimal: 1,234.1; not a number: nan; much: (number); "
        "at: 20 Mar 2026 12:00 UTC; list: ['(number)', 1]"
    )


def test_a_line_has_an_end() -> None:
    assert len(line_of([f"column_{place}" for place in range(99)], ["x" * 99] * 99)) == 300


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([None, UTC]))
    | st.timedeltas(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NUMBER = st.from_regex(r"\+1312555[0-9]{4}", fullmatch=True)


@given(st.dictionaries(st.text(), VALUES))
def test_whatever_a_row_holds_it_becomes_one_short_line(row: dict[str, object]) -> None:
    line = line_of(row.keys(), row.values())
    assert columns(line) <= LINE_LENGTH
    assert len(line.splitlines()) <= 1
    assert line == plain(line)
    assert not set("@<>") & set(line)


@given(st.text(), NUMBER, st.text())
def test_a_phone_number_in_a_text_is_never_shown(before: str, number: str, after: str) -> None:
    assert number not in safe_text(f"{before} {number} {after}", LINE_LENGTH)
    assert number not in line_of(["x"], [[{before: number}]])
    assert number[1:] not in line_of(["x"], [int(number)])
