"""Windows, what they leave open, how they split, and which way of reading again is cheaper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portouts.extract.plan import lookups, plan_axis, plan_lookups
from portouts.telnyx.queries import Axis, ListQuery, Lookup, format_instant, page_count
from portouts.windows import RESOLUTION, Window, ceil_to_resolution, cuts_between, floor_to_resolution, gaps, merge

START = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MOST = 60  # ticks of the small time lines below


def at(tick: int) -> datetime:
    return START + tick * RESOLUTION


def window(start: int, end: int) -> Window:
    return Window(at(start), at(end))


def ticks(windows: list[Window]) -> set[int]:
    """List every tick that lies in one of the windows."""
    return {tick for tick in range(-5, MOST + 5) if any(at(tick) in each for each in windows)}


def are_disjoint_and_sorted(windows: list[Window]) -> bool:
    return all(left.end < right.start for left, right in pairwise(windows))


WINDOWS = (
    st.tuples(st.integers(0, MOST), st.integers(0, MOST))
    .filter(lambda ends: ends[0] < ends[1])
    .map(lambda ends: window(*ends))
)
COVERED = st.lists(WINDOWS, max_size=6)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside it


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(START, START, id="empty"),
        pytest.param(START + DAY, START, id="backwards"),
        pytest.param(START.replace(tzinfo=None), START + DAY, id="naive start"),
        pytest.param(START, (START + DAY).replace(tzinfo=None), id="naive end"),
        pytest.param(START.astimezone(timezone(timedelta(hours=5.5))), START + DAY, id="another zone"),
        pytest.param(START + timedelta(microseconds=1), START + DAY, id="microseconds"),
    ],
)
def test_a_window_cannot_hold_an_invalid_range(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(start, end)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    assert [at(tick) in window(1, 3) for tick in range(5)] == [False, True, True, False, False]


@given(WINDOWS, st.integers(1, 80))
def test_parts_cover_exactly_the_whole_in_order_and_share_nothing(whole: Window, parts: int) -> None:
    cut = whole.split(parts)
    assert len(cut) == min(parts, whole.length // RESOLUTION)
    assert [cut[0].start, *(part.end for part in cut)] == [*(part.start for part in cut), whole.end]
    lengths = {part.length for part in cut}
    assert max(lengths) - min(lengths) <= RESOLUTION


@given(WINDOWS, st.lists(st.integers(0, MOST - 1)), st.integers(1, 20))
def test_a_range_is_cut_so_that_each_part_holds_at_most_so_many_instants(
    whole: Window, places: list[int], most: int
) -> None:
    instants = [at(place) for place in places if at(place) in whole]
    parts = whole.cut(cuts_between(instants, most))
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
    assert all(left.end == right.start for left, right in pairwise(parts))
    held = [[instant for instant in instants if instant in part] for part in parts]
    assert sum(map(len, held)) == len(instants)
    assert all(len(each) <= most or len(set(each)) == 1 for each in held)
    assert all(len(left) + right.count(min(right)) > most for left, right in pairwise(held)), "no part is cut early"


def test_one_millisecond_cannot_be_split() -> None:
    assert not window(0, 1).can_split
    assert window(0, 2).can_split


@given(COVERED)
def test_merged_windows_cover_the_same_sorted_and_apart(covered: list[Window]) -> None:
    merged = merge(covered)
    assert ticks(merged) == ticks(covered)
    assert are_disjoint_and_sorted(merged)


@given(COVERED, WINDOWS)
def test_gaps_are_exactly_what_is_not_covered(covered: list[Window], within: Window) -> None:
    found = gaps(covered, within)
    assert ticks(found) == ticks([within]) - ticks(covered)
    assert are_disjoint_and_sorted(found)


@given(COVERED, WINDOWS, st.integers(0, MOST))
def test_a_sync_reads_what_is_not_covered_and_the_newest_overlap_once_more(
    covered: list[Window], within: Window, overlap: int
) -> None:
    newest = max((each.end for each in covered), default=at(0))
    again = {tick for tick in range(MOST) if newest - overlap * RESOLUTION <= at(tick) < newest}
    planned = plan_axis(covered, within, overlap * RESOLUTION)
    assert ticks(planned) == ticks([within]) & (ticks([within]) - ticks(covered) | again)
    assert are_disjoint_and_sorted(planned)


def test_nothing_covered_means_one_window_over_everything() -> None:
    assert plan_axis([], window(0, 10), DAY) == [window(0, 10)]


@given(INSTANTS)
def test_rounding_encloses_an_instant_in_less_than_one_step(instant: datetime) -> None:
    floor, ceiling = floor_to_resolution(instant), ceil_to_resolution(instant)
    assert floor <= instant <= ceiling
    assert ceiling - floor in (timedelta(), RESOLUTION)
    assert (floor == ceiling) == (instant.microsecond % 1000 == 0)


@given(INSTANTS.map(floor_to_resolution))
def test_a_written_instant_is_utc_with_milliseconds_and_reads_back(instant: datetime) -> None:
    text = format_instant(instant)
    assert (len(text), text[-1], datetime.fromisoformat(text)) == (24, "Z", instant)


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert format_instant(datetime(2026, 5, 1, 5, 30, tzinfo=kolkata)) == "2026-05-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("axis", "status", "path"),
    [
        (Axis.INSERTED, None, "/portouts"),
        (Axis.INSERTED, "rejected-pending", "/portouts"),
        (Axis.PORTED, None, "/portouts"),
        (Axis.EVENTS, None, "/portouts/events"),
    ],
    ids=["inserted", "status", "ported", "events"],
)
def test_a_query_asks_for_a_closed_range_and_at_most_one_scalar_status(
    axis: Axis, status: str | None, path: str
) -> None:
    query = ListQuery(axis, Window(START, START + DAY), status)
    assert query.path == path
    assert query.params(3, 250) == {
        "page[number]": "3",
        "page[size]": "250",
        f"filter[{axis.value}][gte]": "2026-05-01T00:00:00.000Z",
        f"filter[{axis.value}][lte]": "2026-05-02T00:00:00.000Z",
    } | ({"filter[status]": status} if status else {})
    assert [part.status for part in query.split(2)] == [status, status]


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (250, 1), (251, 2), (20_000, 80)])
def test_pages_hold_a_total_and_even_nothing_takes_one(total: int, pages: int) -> None:
    assert page_count(total, 250) == pages


A_MINUTE = timedelta(minutes=1)
ONE_AN_HOUR = 1 / 3600  # half a page of 250 is then 125 hours


def test_a_dense_cluster_is_read_as_a_range_and_the_sparse_by_id() -> None:
    dense = {f"dense-{number}": START + number * A_MINUTE for number in range(5)}
    sparse = {"alone": START - 100 * DAY, "pair-1": START + 100 * DAY, "pair-2": START + 101 * DAY}
    assert plan_lookups(sparse | dense | {"unknown": None}, ONE_AN_HOUR, 250) == [
        ListQuery(Axis.INSERTED, Window(START, START + 4 * A_MINUTE + RESOLUTION), page_limit=5),
        Lookup(("alone", "pair-1", "pair-2", "unknown")),
    ]


def test_orders_of_unknown_age_or_density_are_read_by_id() -> None:
    unknown: dict[str, datetime | None] = {f"id-{number}": None for number in range(3)}
    known: dict[str, datetime | None] = {f"id-{number}": START + number * A_MINUTE for number in range(3)}
    assert plan_lookups(unknown, ONE_AN_HOUR, 250) == [Lookup(("id-0", "id-1", "id-2"))]
    assert plan_lookups(known, 0.0, 250) == [Lookup(("id-0", "id-1", "id-2"))]
    assert plan_lookups({}, ONE_AN_HOUR, 250) == []


ORDERS = st.dictionaries(
    st.integers(0, 500).map(lambda number: f"id-{number}"),
    st.one_of(st.none(), st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))),  # noqa: DTZ001  # see INSTANTS
    max_size=40,
)


@given(ORDERS, st.floats(1e-6, 1.0), st.integers(1, 250))
def test_every_order_is_read_by_exactly_one_query(
    orders: dict[str, datetime | None], density: float, page_size: int
) -> None:
    queries = plan_lookups(orders, density, page_size)
    by_id = [order_id for query in queries if isinstance(query, Lookup) for order_id in query.ids]
    ranges = [query.window for query in queries if isinstance(query, ListQuery)]
    in_ranges = {
        order_id: sum(instant in each for each in ranges) for order_id, instant in orders.items() if instant is not None
    }
    assert {order_id: by_id.count(order_id) + in_ranges.get(order_id, 0) for order_id in orders} == dict.fromkeys(
        orders, 1
    )
    assert all(len(query.ids) <= page_size for query in queries if isinstance(query, Lookup))


def test_batches_hold_every_id_once_and_remember_what_they_look_up() -> None:
    assert lookups(["a", "b", "c"], 2, is_of_events=True) == [Lookup(("a", "b"), True), Lookup(("c",), True)]
    assert [query.path for query in lookups(["a"], 2)] == ["/portouts"]
    assert [query.path for query in lookups(["a"], 2, is_of_events=True)] == ["/portouts/events"]
