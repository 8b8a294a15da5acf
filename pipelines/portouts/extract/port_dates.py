"""When orders were ported, where no event tells: which ranges of `ported_out_at` are worth asking for.

The API filters by `ported_out_at` and never returns it, so all that can be learned of an order is which ranges answer
it. An event tells more, and most orders have one. So of a history that is read for the first time only those days are
asked for on which an order can have been ported of which no event tells: from its `inserted_at` to its `updated_at`.
A range ends just before a midnight of the reporting time zone: its end, which is taken for the instant, then lies on
the right day.

Pure: no clock, no network, no database.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from portouts.extract.state import SyncState
from portouts.telnyx.queries import Axis, page_count
from portouts.windows import BEGINNING, RESOLUTION, Window, gaps, merge

if TYPE_CHECKING:
    import numpy.typing as npt

DAY = timedelta(days=1)
MONTHS = (1, 2, 3, 6, 12, 24)
# What the ranges may cost beyond one request per page of ported orders: every range leaves a page half filled.
SPARE_RANGES, SPARE_RANGES_PER_PAGE = 12, 0.3
# The same for the ranges since the last sync.
SPARE_NEW_RANGES = 2


class PortDating:
    """What one sync asks for to learn when orders were ported.

    Since the last sync that is a range or two, and cheap. Of a history that is new it is whatever no event told, so the
    ranges follow when all else has been read, and count as covered when all of them have been.
    """

    def __init__(self, time_zone: tzinfo = UTC) -> None:
        self._time_zone = time_zone
        self.undated = UndatedPorts(time_zone)
        self.is_of_new_history = False
        self.are_doubtful = False
        """Something was read of orders that could not be proven."""
        self._asked: list[Window] = []

    def begin(
        self, state: SyncState, within: Window, unread: Sequence[Window], *, has_events: bool
    ) -> Sequence[Window]:
        """Tell whether the history is new, and list the ranges since the last sync.

        Where no event tells the day, these are cut by days or months, as far as that is cheap.
        """
        inserted, ported = state.covered[Axis.INSERTED], state.covered[Axis.PORTED]
        self.is_of_new_history = not (inserted and ported) or within.start < inserted[0].start
        if self.is_of_new_history:  # a sync that is killed forgets what it has found
            state.covered[Axis.PORTED] = []
        if inserted and not ported:  # one was
            self.undated.see_every_day(state.first_inserted_at or BEGINNING)
        windows = [window for window in unread if ported and window.start >= ported[0].start]
        cut = [] if has_events else by_calendar(windows, self._time_zone, len(windows) + SPARE_NEW_RANGES)
        return cut or windows

    def are_wanted(self) -> bool:
        """Say whether ranges of a new history can still tell something."""
        return self.is_of_new_history and self.undated.are_left()

    def windows(self, within: Window, ported_count: int, page_size: int) -> Sequence[Window]:
        """List those that tell of all orders ported between their `inserted_at` and `updated_at`."""
        self._asked = self.undated.windows(within, ported_count, page_size)
        return self._asked

    def other_windows(self, within: Window) -> Sequence[Window]:
        """List all others."""
        return gaps(self._asked, within)

    def end(self, state: SyncState, within: Window) -> None:
        """Note that nothing more can be learned of when the orders held so far were ported."""
        if self.is_of_new_history and not self.are_doubtful:
            state.cover(Axis.PORTED, within)


class UndatedPorts:
    """The ported orders of one history of which neither an event nor a range tells when they were ported."""

    def __init__(self, time_zone: tzinfo = UTC) -> None:
        self._time_zone = time_zone
        # A hash of eight bytes tells orders apart as well as the id does.
        self._told = array("q")
        self._undated = array("q")
        self._are_unknown = False
        self._unsettled: list[pa.Table] = []
        # On this day begins (+1) or has ended (-1) the time in which so many undated orders can have been ported.
        self._turns: Counter[datetime] = Counter()

    def tell(self, order_ids: pa.ChunkedArray) -> None:
        """Take orders that an event or a range tells of."""
        self._told.extend(map(hash, order_ids.to_pylist()))

    def see(self, orders: pa.Table) -> None:
        """Take the ported ones among these orders."""
        ported = orders.filter(pc.equal(orders["status"], "ported"))
        first = pc.coalesce(ported["inserted_at"], ported["updated_at"])
        last = pc.coalesce(ported["updated_at"], ported["inserted_at"])
        last = pc.if_else(pc.less(last, first), first, last)
        self._unsettled.append(
            pa.table(
                {
                    "hash": pa.array(map(hash, ported["id"].to_pylist()), pa.int64()),
                    "first_day": pc.floor_temporal(first, unit="day"),
                    "last_day": pc.floor_temporal(last, unit="day"),
                }
            )
        )

    def see_every_day(self, since: datetime) -> None:
        """Take it that there are orders that can have been ported on any day from `since` on."""
        self._are_unknown = True
        self._turns[_midnight(since)] += 1

    def settle(self) -> None:
        """Keep of the orders seen so far those that nothing so far has told of."""
        if not self._unsettled:
            return
        versions, self._unsettled = pa.concat_tables(self._unsettled), []
        seen = versions.group_by("hash").aggregate([("first_day", "min"), ("last_day", "max")])
        seen = seen.rename_columns({"first_day_min": "first_day", "last_day_max": "last_day"})
        hashes = seen["hash"].to_numpy()
        is_known = _are_among(hashes, self._told) | _are_among(hashes, self._undated)
        undated = seen.filter(pa.array(~is_known))
        self._undated.extend(undated["hash"].to_pylist())
        for name, turn, days_later in (("first_day", 1, 0), ("last_day", -1, 2)):
            for counted in pc.value_counts(undated[name].drop_null()).to_pylist():
                self._turns[counted["values"] + days_later * DAY] += turn * counted["counts"]

    def are_left(self) -> bool:
        """Say whether there are, or may be, orders that no event and no range has told of."""
        if self._are_unknown:
            return True
        self.settle()
        return not _are_among(np.array(self._undated, np.int64), self._told).all()

    def windows(self, within: Window, ported_count: int, page_size: int) -> list[Window]:
        """List the ranges that will tell of them: of days, else of months, as short as an account of this size bears.

        Reading them takes about as many requests as reading each ported order once would.
        """
        self.settle()
        spells = merge(self._spells(within))
        if not spells:
            return []
        pages, undated_pages = page_count(ported_count, page_size), page_count(len(self._undated), page_size)
        most = max(pages - undated_pages, 0) + SPARE_RANGES_PER_PAGE * pages + SPARE_RANGES
        span = [Window(spells[0].start, spells[-1].end)]
        return by_calendar(spells, self._time_zone, most) or by_calendar(span, self._time_zone, most) or span

    def _spells(self, within: Window) -> Iterator[Window]:
        """List the time in which any of them can have been ported."""
        days = sorted({*self._turns, max([within.end + DAY, *self._turns])})
        open_counts = accumulate(self._turns[day] for day in days)
        for (day, next_day), open_count in zip(pairwise(days), open_counts, strict=False):
            start, end = max(_just_before(day), within.start), min(_just_before(next_day), within.end)
            if open_count and start < end:
                yield Window(start, end)


def _are_among(hashes: npt.NDArray[np.int64], known: array[int]) -> npt.NDArray[np.bool_]:
    """Look hashes up among the known ones, sorted in place: a set of them would take ten times the memory."""
    if not known:
        return np.zeros(len(hashes), np.bool_)
    sorted_in_place = np.frombuffer(known, np.int64)
    sorted_in_place.sort()
    are_among: npt.NDArray[np.bool_] = (
        sorted_in_place.take(np.searchsorted(sorted_in_place, hashes), mode="clip") == hashes
    )
    return are_among


def by_calendar(windows: Sequence[Window], time_zone: tzinfo, most: float) -> list[Window]:
    """Cut windows by days, else by months, into no more than `most`; an empty list where that cannot be done."""
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
