"""When orders without a ported event were ported: the ranges of `ported_out_at` to query.

The API filters by `ported_out_at` and never returns it. So a range that contains an order is all we can know, unless
the order has a ported event, as most have. On a first load we query only the days between `inserted_at` and
`updated_at` of ported orders without a ported event. A range ends just before a midnight of the reporting time zone:
models take its end for the instant, which then lies on the right day.

Pure: no clock, no network, no database.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import accumulate, pairwise

import pyarrow as pa
import pyarrow.compute as pc

from portouts.extract.state import SyncState
from portouts.telnyx.queries import Axis, page_count
from portouts.windows import BEGINNING, RESOLUTION, Window, gaps, merge

DAY = timedelta(days=1)
MONTHS = (1, 2, 3, 6, 12, 24)
# The requests that ranges may cost beyond one per page of ported orders: the last page of a range is not full.
SPARE_RANGES, SPARE_RANGES_PER_PAGE = 12, 0.3
# The same for the ranges since the last sync.
SPARE_NEW_RANGES = 2


class PortDating:
    """The ranges of `ported_out_at` that one sync queries.

    Since the last sync that is a range or two, and cheap. A new history is queried after everything else, because only
    then we know which orders have no ported event. Its ranges count as covered once all of them were read.
    """

    def __init__(self, time_zone: tzinfo = UTC) -> None:
        self._time_zone = time_zone
        self.undated = UndatedPorts(time_zone)
        self.is_new_history = False
        self.has_unproven = False
        """Some orders were read from a list that could not be proven."""
        self._queried: list[Window] = []

    def begin(
        self, state: SyncState, within: Window, unread: Sequence[Window], *, has_events: bool
    ) -> Sequence[Window]:
        """Determine whether the history is new, and list the ranges since the last sync.

        Without events, these are cut by days or months, as far as that is cheap.
        """
        inserted, ported = state.covered[Axis.INSERTED], state.covered[Axis.PORTED]
        self.is_new_history = not (inserted and ported) or within.start < inserted[0].start
        if self.is_new_history:  # after a kill, the next sync queries them all again
            state.covered[Axis.PORTED] = []
        if inserted and not ported:  # an earlier sync was killed
            self.undated.add_every_day(state.first_inserted_at or BEGINNING)
        windows = [window for window in unread if ported and window.start >= ported[0].start]
        cut = [] if has_events else by_calendar(windows, self._time_zone, len(windows) + SPARE_NEW_RANGES)
        return cut or windows

    def has_undated(self) -> bool:
        """Return whether orders of a new history are still without a date."""
        return self.is_new_history and self.undated.exist()

    def windows(self, within: Window, ported_count: int, page_size: int) -> Sequence[Window]:
        """List the ranges in which an order between its `inserted_at` and `updated_at` can have been ported."""
        self._queried = self.undated.windows(within, ported_count, page_size)
        return self._queried

    def other_windows(self, within: Window) -> Sequence[Window]:
        """List the other ranges."""
        return gaps(self._queried, within)

    def end(self, state: SyncState, within: Window) -> None:
        """Mark everything as covered: no range can date more of the orders that we have."""
        if self.is_new_history and not self.has_unproven:
            state.cover(Axis.PORTED, within)


class UndatedPorts:
    """The ported orders of one history that have neither an event nor a range yet."""

    def __init__(self, time_zone: tzinfo = UTC) -> None:
        self._time_zone = time_zone
        # A hash of eight bytes distinguishes orders as well as the id does.
        self._dated = array("q")
        self._undated = array("q")
        self._has_unknown = False
        self._added: list[pa.Table] = []
        # By day: how many more undated orders can have been ported from this day on, or how many fewer.
        self._changes: Counter[datetime] = Counter()

    def add_dated(self, order_ids: pa.ChunkedArray) -> None:
        """Add orders that have a ported event, or that a range contains."""
        self._dated.extend(map(hash, order_ids.to_pylist()))

    def add_orders(self, orders: pa.Table) -> None:
        """Add the ported ones among these orders."""
        ported = orders.filter(pc.equal(orders["status"], "ported"))
        first = pc.coalesce(ported["inserted_at"], ported["updated_at"])
        last = pc.coalesce(ported["updated_at"], ported["inserted_at"])
        last = pc.if_else(pc.less(last, first), first, last)
        self._added.append(
            pa.table(
                {
                    "hash": pa.array(map(hash, ported["id"].to_pylist()), pa.int64()),
                    "first_day": pc.floor_temporal(first, unit="day"),
                    "last_day": pc.floor_temporal(last, unit="day"),
                }
            )
        )

    def add_every_day(self, since: datetime) -> None:
        """Assume that unknown orders can have been ported on any day from `since` on."""
        self._has_unknown = True
        self._changes[_midnight(since)] += 1

    def remove_dated(self) -> None:
        """Keep the ported orders that have neither an event nor a range yet."""
        if not self._added:
            return
        versions, self._added = pa.concat_tables(self._added), []
        seen = versions.group_by("hash").aggregate([("first_day", "min"), ("last_day", "max")])
        seen = seen.rename_columns({"first_day_min": "first_day", "last_day_max": "last_day"})
        is_known = pc.or_(_are_among(seen["hash"], self._dated), _are_among(seen["hash"], self._undated))
        undated = seen.filter(pc.invert(is_known))
        self._undated.extend(undated["hash"].to_pylist())
        for name, sign, days_later in (("first_day", 1, 0), ("last_day", -1, 2)):
            for counted in pc.value_counts(undated[name].drop_null()).to_pylist():
                self._changes[counted["values"] + days_later * DAY] += sign * counted["counts"]

    def exist(self) -> bool:
        """Return whether there are, or may be, orders without an event and a range."""
        if self._has_unknown:
            return True
        self.remove_dated()
        return not pc.all(_are_among(_as_arrow(self._undated), self._dated), min_count=0).as_py()

    def windows(self, within: Window, ported_count: int, page_size: int) -> list[Window]:
        """List the ranges that date them: days, else months, as short as the size of the account allows.

        Reading them takes about as many requests as reading each ported order once.
        """
        self.remove_dated()
        possible = merge(self._possible_windows(within))
        if not possible:
            return []
        pages, undated_pages = page_count(ported_count, page_size), page_count(len(self._undated), page_size)
        most = max(pages - undated_pages, 0) + SPARE_RANGES_PER_PAGE * pages + SPARE_RANGES
        span = [Window(possible[0].start, possible[-1].end)]
        return by_calendar(possible, self._time_zone, most) or by_calendar(span, self._time_zone, most) or span

    def _possible_windows(self, within: Window) -> Iterator[Window]:
        """List the ranges of days on which any of them can have been ported."""
        days = sorted({*self._changes, max([within.end + DAY, *self._changes])})
        counts = accumulate(self._changes[day] for day in days)
        for (day, next_day), count in zip(pairwise(days), counts, strict=False):
            start, end = max(_just_before(day), within.start), min(_just_before(next_day), within.end)
            if count and start < end:
                yield Window(start, end)


def _are_among(hashes: pa.Array, known: array[int]) -> pa.Array:
    """Return for each hash whether it is known."""
    return pc.is_in(hashes, _as_arrow(known))


def _as_arrow(hashes: array[int]) -> pa.Array:
    """Return hashes as Arrow without a copy; until it is gone, none can be added."""
    return pa.Array.from_buffers(pa.int64(), len(hashes), [None, pa.py_buffer(hashes)])


def by_calendar(windows: Sequence[Window], time_zone: tzinfo, most: float) -> list[Window]:
    """Cut windows by days, else by months, into at most `most` parts; return an empty list if there are more."""
    ways: list[Callable[[datetime], datetime]] = [_next_midnight, *(partial(_next_month, step=step) for step in MONTHS)]
    return next((parts for way in ways if len(parts := _cut(windows, time_zone, way)) <= most), [])


def _cut(windows: Iterable[Window], time_zone: tzinfo, next_day: Callable[[datetime], datetime]) -> list[Window]:
    """Cut windows just before each of these days begins."""
    parts: list[Window] = []
    for window in windows:
        start = window.start
        while start < window.end:
            day = next_day((start + RESOLUTION).astimezone(time_zone))
            end = min(_just_before(day.astimezone(UTC)), window.end)
            parts.append(Window(start, end))
            start = end
    return parts


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _next_midnight(instant: datetime) -> datetime:
    return _midnight(instant) + DAY


def _next_month(instant: datetime, step: int) -> datetime:
    """Find the first day of a month after `instant`, of every `step` months."""
    months = (instant.year * 12 + instant.month - 1) // step * step + step
    return _midnight(instant).replace(year=months // 12, month=months % 12 + 1, day=1)


def _just_before(day: datetime) -> datetime:
    return day - RESOLUTION
