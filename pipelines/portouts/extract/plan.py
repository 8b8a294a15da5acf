"""What a sync asks for: the ranges that are not covered yet, and the cheaper way to read known orders again.

Pure: no clock, no network, no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from portouts.errors import SettingsError
from portouts.telnyx.queries import Axis, ListQuery, Lookup, Query
from portouts.windows import BEGINNING, RESOLUTION, Window, ceil_to_resolution, floor_to_resolution, gaps

RANGES_TRIED = 2


def require_range(name: str, start: datetime | None, as_of: datetime) -> None:
    """Raise `SettingsError` where nothing lies between the beginning named so and the instant to read up to."""
    if as_of < BEGINNING:
        raise SettingsError(
            f"--as-of {as_of.isoformat()} lies before {BEGINNING:%Y-%m-%d}, when Telnyx had no numbers yet. Give a "
            "later instant."
        )
    if start and start > as_of:
        raise SettingsError(
            f"{name} {start.isoformat()} lies after --as-of {as_of.isoformat()} (by default, now), so there is nothing "
            "to read in between. Give an earlier day."
        )


def ranges(axis: Axis, windows: Iterable[Window]) -> list[ListQuery]:
    """Ask for everything in these windows of one axis."""
    return [ListQuery(axis, window) for window in windows]


def plan_axis(covered: Sequence[Window], within: Window, overlap: timedelta) -> list[Window]:
    """List what to read on one axis: the gaps, and the newest `overlap` of what is covered once more.

    An order can be committed after orders with a later `inserted_at`; it shows up inside a range already read.
    """
    return gaps(settled(covered, overlap), within)


def settled(covered: Sequence[Window], overlap: timedelta) -> list[Window]:
    """List what is covered, less the newest `overlap` of it."""
    until = max((window.end for window in covered), default=BEGINNING) - overlap
    return [Window(window.start, min(window.end, until)) for window in covered if window.start < until]


def plan_lookups(orders: Mapping[str, datetime | None], orders_per_second: float, page_size: int) -> list[Query]:
    """Choose the cheaper way to read known orders again: one by one, or by re-reading the ranges they lie in.

    Two orders with less than half a page of neighbours expected between them are cheaper read together. (Half, since
    orders arrive unevenly.) An estimate can be wrong and then costs a request; so only the `RANGES_TRIED` largest such
    ranges are tried, and none is read beyond as many pages as it has orders. Orders of unknown `inserted_at` (value
    None) are read by id.
    """
    reach = timedelta(seconds=page_size / 2 / orders_per_second) if orders_per_second else timedelta()
    dated = sorted((inserted_at, order_id) for order_id, inserted_at in orders.items() if inserted_at)
    clusters = sorted(_clusters(dated, reach), key=len, reverse=True)[:RANGES_TRIED]
    ranges = [cluster for cluster in clusters if len(cluster) > 2]
    in_ranges = {order_id for cluster in ranges for _, order_id in cluster}
    queries: list[Query] = [
        ListQuery(
            Axis.INSERTED,
            Window(floor_to_resolution(cluster[0][0]), ceil_to_resolution(cluster[-1][0]) + RESOLUTION),
            page_limit=len(cluster),
        )
        for cluster in ranges
    ]
    return queries + lookups([order_id for order_id in orders if order_id not in in_ranges], page_size)


def lookups(ids: Sequence[str], at_a_time: int, *, is_of_events: bool = False) -> list[Query]:
    """Read by id, in batches."""
    starts = range(0, len(ids), at_a_time)
    return [Lookup(tuple(ids[start : start + at_a_time]), is_of_events) for start in starts]


def _clusters(dated: Sequence[tuple[datetime, str]], reach: timedelta) -> Iterator[Sequence[tuple[datetime, str]]]:
    """Cut a sorted list wherever two neighbours lie further apart than `reach`."""
    start = 0
    for position in range(1, len(dated) + 1):
        if position == len(dated) or dated[position][0] - dated[position - 1][0] > reach:
            yield dated[start:position]
            start = position
